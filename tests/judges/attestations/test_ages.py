"""The age of a value that metadata prove, and what they do not prove."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.attestations.stored import owner, stored
from tests.judges.samples import NOW
from upkeep.judges.attestations.ages import age_of
from upkeep.records.configuration import StoredObject

LIMIT = 90 * 86400.0


def proven(one: StoredObject, key: str = "key", *copied_by: str) -> tuple[str, str]:
    age = age_of(one, key, now=NOW, limit_seconds=LIMIT, copied_by=copied_by)
    return age.proven, age.why


@pytest.mark.parametrize(
    ("one", "verdict", "why"),
    [
        (stored(owner("key", days=90), days=90), "fresh", "created 90 d ago"),
        (stored(owner("key"), days=120), "old", "unchanged for 120 d by the managedFields entry of helm"),
        (stored(owner("key", days=6, manager="kubectl-patch")), "fresh", "changed 6 d ago by kubectl-patch"),
        # Seen: a patch of another key, or of a label alone, renews the time of the whole entry.
        (stored(owner("key", "other", days=6)), "", "helm changed this key, or other, 6 d ago"),
        (stored(owner("key", days=6, others=True)), "", "helm changed this key, or other fields, 6 d ago"),
        (stored(owner("key", days=6, timed=False)), "", "the managedFields entry of helm has no time"),
        (stored(owner("key", days=100), owner("key", manager="edit", timed=False)), "", "the managedFields entry of edit has no time"),
        (stored(owner("other", days=6)), "", "no managedFields entry owns it"),
        (stored(), "", "it has no managedFields"),
        (stored(owner("key", days=120), owner("key", "x", days=95, manager="edit")), "old", "unchanged for 95 d by the managedFields entry of edit, helm"),
        (stored(owner("key", days=120), owner("key", "x", days=5, manager="edit")), "", "edit changed this key, or x, 5 d ago"),
    ],
)  # fmt: skip
def test_fresh_old_or_neither(one: StoredObject, verdict: str, why: str):
    assert proven(one) == (verdict, why)


RESTORED = replace(stored(owner("key", "b", days=20), days=20), restored=True)


@pytest.mark.parametrize(
    ("one", "verdict", "why"),
    [
        # velero.io puts the managedFields of the backup back: entries older than their object.
        (stored(owner("key", "b", days=80), days=20), "", "created 20 d ago, but restored from a backup: the value is older"),
        (stored(owner("key", days=200), days=20), "old", "unchanged for 200 d by the managedFields entry of helm"),
        (RESTORED, "", "created 20 d ago, but restored from a backup: the value is older"),
        (replace(stored(owner("key", days=20), days=20), restored=True), "", "created 20 d ago, but restored from a backup: the value is older"),
        (replace(stored(owner("key", days=6), days=20), restored=True), "fresh", "changed 6 d ago by helm"),
        (replace(stored(days=20), restored=True), "", "created 20 d ago, but restored from a backup: the value is older"),
    ],
)  # fmt: skip
def test_a_restored_object_is_young_and_its_values_are_not(
    one: StoredObject, verdict: str, why: str
):
    assert proven(one) == (verdict, why)


def test_a_controllers_copy_is_as_young_as_the_copy_and_its_value_may_be_older():
    copy = stored(owner("key", days=20, manager="manager"), days=20)
    why = "created 20 d ago, but VaultStaticSecret/slack copied the value, which may be older"
    assert proven(copy, "key", "VaultStaticSecret/slack") == ("", why)
    changed = stored(owner("key", days=6, manager="manager"), days=20)
    assert proven(changed, "key", "VaultStaticSecret/slack")[0] == "fresh"


OWNERS = st.builds(
    owner,
    st.sampled_from(["key", "other"]),
    days=st.sampled_from([1.0, 89.0, 91.0, 150.0]),
    others=st.booleans(),
    timed=st.booleans(),
    manager=st.sampled_from(["a", "b"]),
)


@given(st.lists(OWNERS, max_size=4), st.sampled_from([10.0, 200.0]))
def test_nothing_is_fresh_without_a_young_creation_or_a_young_entry_of_that_key_alone(
    owners: list, days: float
):
    verdict, _ = proven(stored(*owners, days=days))
    young = [one for one in owners if one.changed and (NOW - one.changed).total_seconds() <= LIMIT]
    if verdict == "fresh":
        assert days == 10 or any(one.keys == ("key",) and not one.others for one in young)
    if verdict == "old":
        assert not any("key" in one.keys for one in young)


@given(st.lists(OWNERS, max_size=3))
def test_taking_an_entry_away_never_makes_an_old_key_fresh(owners: list):
    if proven(stored(*owners))[0] == "old":
        for number in range(len(owners)):
            assert proven(stored(*owners[:number], *owners[number + 1 :]))[0] != "fresh"
