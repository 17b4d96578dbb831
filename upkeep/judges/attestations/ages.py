"""How old is a value? What the metadata of its object prove.

managedFields say when a manager's entry last changed, whichever of its fields it was. So an old entry proves that its keys are at least as old,
and a young one proves a change only where it owns that one key and nothing else (collector.md, "Traps": seen on a real API server).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from upkeep.model import listed, span
from upkeep.records.configuration import FieldOwner, StoredObject


@dataclass(frozen=True, slots=True)
class Age:
    """What is proven of a value's age: ``fresh`` (changed within the limit), ``old`` (not changed within it), or neither.

    :ivar seconds: of an old one, at least; of a fresh one, at most.
    :ivar why: what it is proven by, or why it cannot be.
    """

    proven: Literal["fresh", "old", ""]
    seconds: float
    why: str


def age_of(stored: StoredObject, key: str, *, now: datetime, limit_seconds: float) -> Age:
    """What the object's metadata prove of a data key's age."""
    created = (now - stored.created).total_seconds()
    if created <= limit_seconds:
        return Age("fresh", created, f"created {span(created) or '0 s'} ago")
    owners = [owner for owner in stored.owners if key in owner.keys]
    ages = {
        owner: (now - owner.changed).total_seconds()
        for owner in owners
        if owner.changed is not None
    }
    alone = [
        owner
        for owner, age in ages.items()
        if age <= limit_seconds and owner.keys == (key,) and not owner.others
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
        return Age(
            "old",
            age,
            f"not changed for {span(age)}, as the entry of {', '.join(sorted({one.manager for one in owners}))} says",
        )
    if not stored.owners:
        return Age("", 0, "its managedFields were stripped")
    if not owners:
        return Age("", 0, "no manager's entry owns it")
    untimed = sorted({owner.manager for owner in owners if owner.changed is None})
    if untimed:
        return Age("", 0, f"the entry of {', '.join(untimed)} tells no time")
    return Age("", 0, _renewed(key, ages))


def _renewed(key: str, ages: Mapping[FieldOwner, float]) -> str:
    owner, age = min(ages.items(), key=lambda entry: entry[1])
    others = [other for other in owner.keys if other != key]
    what = listed([*others, *(["other fields"] if owner.others else [])])
    return f"{owner.manager} changed something {span(age) or '0 s'} ago, and owns {what} as well: which it was is not told"
