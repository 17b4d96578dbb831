"""Lists of pods and the counts of their ReplicaSets: what contradicts, and what explains it."""

import pytest
from msgspec.structs import replace

from tests.judges.samples import LABELS, NOW, pod, replica_set
from upkeep.domain.pod_lists import contradictions, unlisted
from upkeep.records.selectors import LabelSelector

HASHED = {**LABELS, "pod-template-hash": "r4"}
SET = replica_set(4, counted_replicas=2, selector=LabelSelector(HASHED))
A, B = pod("a", labels=HASHED), pod("b", labels=HASHED)


def test_lists_that_agree_contradict_nothing():
    assert contradictions([SET, replica_set(3)], [A, B]) == []


def test_a_pod_that_its_replica_set_counts_and_no_list_has_is_told():
    assert contradictions([SET], [A]) == [
        "ReplicaSet/cano-collector-r4 counts 2 active pods, and the list holds 1"
    ]


@pytest.mark.parametrize("changes", [{"deleted": NOW}, {"phase": "Failed"}, {"phase": "Succeeded"}])
def test_a_pod_that_ends_explains_a_count_that_follows_later(changes):
    assert contradictions([SET], [A, replace(B, **changes)]) == []


def test_more_pods_than_are_counted_hide_none():
    third = pod("c", labels=HASHED, ready=False)
    assert contradictions([SET], [A, B, third]) == []


def test_more_ready_pods_than_are_counted_are_of_an_earlier_time():
    """A list from before a failure shows pods ready; fewer ready ones are findings anyway."""
    behind = replace(SET, ready_replicas=1)
    assert contradictions([behind], [A, B]) == [
        "ReplicaSet/cano-collector-r4 counts 1 ready pods, and the list holds 2"
    ]
    assert contradictions([behind], [A, replace(B, ready=False)]) == []
    assert contradictions([SET], [A, replace(B, ready=False)]) == []


def test_a_matching_pod_without_owner_is_told():
    orphan = replace(pod("c", labels=HASHED, owner_uid=""), orphan=True)
    assert contradictions([SET], [A, B, orphan]) == [
        "Pod/cano-collector-c matches ReplicaSet/cano-collector-r4 and has no owner"
    ]
    for other in (
        replace(orphan, phase="Failed"),
        replace(orphan, deleted=NOW),
        replace(orphan, orphan=False),  # a StatefulSet's
        replace(orphan, labels=LABELS),  # a bare pod of that label: no ReplicaSet selects it
    ):
        assert contradictions([SET], [A, B, other]) == []


def test_a_pod_whose_replica_set_is_not_listed_is_told():
    assert unlisted([SET], [A, B]) == []
    assert unlisted([replica_set(3)], [A, replace(B, deleted=NOW)]) == [
        "Pod/cano-collector-a belongs to a ReplicaSet that the list lacks"
    ]
    assert unlisted([], [replace(A, owner_uid="")]) == []
