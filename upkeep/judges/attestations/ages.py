"""The age of a value, as far as the metadata of its object prove it.

An entry of managedFields has one time for all of its fields. An old entry proves that its keys are at least as old.
A young entry proves a change only where it owns that one key: a patch of another key, or of a label, renews the time
for all. The creation time proves the age of the object, and of its values only where nothing copied them into it.
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from upkeep.model import listed, span
from upkeep.records.configuration import FieldOwner, StoredObject

# API servers stamp creation and entries by their own clocks: so much apart they are the same moment.
CLOCKS_APART = timedelta(minutes=1)


class Age(Struct, frozen=True):
    """The proven age of a value: ``fresh`` (changed within the limit), ``old`` (not changed within it), or neither.

    :ivar seconds: the least age of an old value, the greatest of a fresh one.
    :ivar why: the proof, or the reason why there is none.
    """

    proven: Literal["fresh", "old", ""]
    seconds: float
    why: str


def age_of(
    stored: StoredObject,
    key: str,
    *,
    now: datetime,
    limit_seconds: float,
    copied_by: Sequence[str] = (),
) -> Age:
    """Return the age of a data key that the object's metadata prove.

    :param copied_by: controllers that copy the value from a source of their own. The object is then as old as the copy.
    """
    created = (now - stored.created).total_seconds()
    owners = [owner for owner in stored.owners if key in owner.keys]
    ages = {
        owner: (now - owner.changed).total_seconds()
        for owner in owners
        if owner.changed is not None
    }
    copied = _copied(stored, owners, copied_by)
    if created <= limit_seconds and not copied:
        return Age("fresh", created, f"created {span(created) or '0 s'} ago")
    alone = [
        owner
        for owner, age in ages.items()
        if age <= limit_seconds
        and owner.keys == (key,)
        and not owner.others
        and not (copied and age >= created - CLOCKS_APART.total_seconds())
    ]
    if alone:
        youngest = min(alone, key=lambda owner: ages[owner])
        return Age(
            "fresh",
            ages[youngest],
            f"changed {span(ages[youngest]) or '0 s'} ago by {youngest.manager}",
        )
    if owners and len(ages) == len(owners) and min(ages.values()) > limit_seconds:
        age = min(ages.values())
        managers = ", ".join(sorted({one.manager for one in owners}))
        return Age(
            "old", age, f"unchanged for {span(age)} by the managedFields entry of {managers}"
        )
    if copied and created <= limit_seconds:
        return Age("", 0, f"created {span(created) or '0 s'} ago, but {copied}")
    if not stored.owners:
        return Age("", 0, "it has no managedFields")
    if not owners:
        return Age("", 0, "no managedFields entry owns it")
    untimed = sorted({owner.manager for owner in owners if owner.changed is None})
    if untimed:
        return Age("", 0, f"the managedFields entry of {', '.join(untimed)} has no time")
    return Age("", 0, _renewed(key, ages))


def _copied(stored: StoredObject, owners: Sequence[FieldOwner], copied_by: Sequence[str]) -> str:
    """Return why the creation time says nothing about the value; empty where it does."""
    # Velero puts the managedFields of the backup back after it created the object (velero.io, pull request 5843).
    earlier = [
        owner
        for owner in owners
        if owner.changed is not None and owner.changed < stored.created - CLOCKS_APART
    ]
    if stored.restored or earlier:
        return "restored from a backup: the value is older"
    return f"{listed(list(copied_by))} copied the value, which may be older" if copied_by else ""


def _renewed(key: str, ages: Mapping[FieldOwner, float]) -> str:
    owner, age = min(ages.items(), key=lambda entry: entry[1])
    others = [other for other in owner.keys if other != key]
    owned = listed([*others, *(["other fields"] if owner.others else [])])
    return f"{owner.manager} changed this key, or {owned}, {span(age) or '0 s'} ago"
