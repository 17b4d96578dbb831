"""What metadata prove of a value's age, and what they do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judges.attestations.stored import owner, stored
from tests.judges.samples import NOW
from upkeep.judges.attestations.ages import age_of
from upkeep.records.configuration import StoredObject

LIMIT = 90 * 86400.0


def proven(one: StoredObject, key: str = "key") -> tuple[str, str]:
    age = age_of(one, key, now=NOW, limit_seconds=LIMIT)
    return age.proven, age.why


@pytest.mark.parametrize(
    ("one", "verdict", "why"),
    [
        (stored(owner("key"), days=90), "fresh", "created 90 d ago"),
        (stored(owner("key"), days=90.1), "old", "not changed for 120 d, as the entry of helm says"),
        (stored(owner("key", days=6, manager="kubectl-patch")), "fresh", "changed 6 d ago by kubectl-patch"),
        # Seen: a patch of another key, or of a label alone, renews the time of the whole entry.
        (stored(owner("key", "other", days=6)), "", "helm changed something 6 d ago, and owns other as well: which it was is not told"),
        (stored(owner("key", days=6, others=True)), "", "helm changed something 6 d ago, and owns other fields as well: which it was is not told"),
        (stored(owner("key", days=6, timed=False)), "", "the entry of helm tells no time"),
        (stored(owner("key", days=100), owner("key", manager="edit", timed=False)), "", "the entry of edit tells no time"),
        (stored(owner("other", days=6)), "", "no manager's entry owns it"),
        (stored(), "", "its managedFields were stripped"),
        (stored(owner("key", days=120), owner("key", "x", days=95, manager="edit")), "old", "not changed for 95 d, as the entry of edit, helm says"),
        (stored(owner("key", days=120), owner("key", "x", days=5, manager="edit")), "",
         "edit changed something 5 d ago, and owns x as well: which it was is not told"),
    ],
)  # fmt: skip
def test_fresh_old_or_neither(one: StoredObject, verdict: str, why: str):
    assert proven(one) == (verdict, why)


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
