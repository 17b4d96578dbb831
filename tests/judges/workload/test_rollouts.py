"""pods-ready during a rollout, before it, and where no rollout goes on."""

import pytest
from msgspec.structs import replace

from tests.judges.samples import (
    NOW,
    ago,
    condition,
    pod,
    replica_set,
    unready,
    waiting,
    workload,
)
from upkeep.errors import Absent, TooEarly
from upkeep.judges.workload import pods, readiness
from upkeep.model import Judgement
from upkeep.records.workload import Condition, Workload

ROLLING = (condition(reason="ReplicaSetUpdated"),)


def ready(records: Workload) -> Judgement:
    return readiness.ready(records, now=NOW)


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


def test_a_rollout_inside_its_deadline_counts_ready_pods_of_both_templates():
    starting = unready("c", status=waiting("ContainerCreating"))
    judgement = ready(workload(pod("a", revision=3), pod("b"), starting, conditions=ROLLING))
    assert judgement.findings == ()
    assert (
        judgement.observed
        == "2 of 2 replicas ready, 1 on the newest template, a rollout inside its deadline of 10 min"
    )


def test_a_rollout_is_said_only_while_something_of_it_is_open():
    late = unready("c", status=waiting("ContainerCreating"))
    open_ones = (
        (pod("a", revision=3), pod("b"), pod("c")),
        (pod("a"), late),
        (pod("a"), pod("b"), late),
    )
    for pods_of_one in open_ones:
        assert ready(workload(*pods_of_one, conditions=ROLLING)).observed.endswith(
            "a rollout inside its deadline of 10 min"
        )
    assert ready(workload(conditions=ROLLING)).observed == "2 of 2 replicas ready, newest template"


def test_a_pod_too_many_that_is_starting_fails_where_no_rollout_goes_on():
    starting = unready("c", status=waiting("ContainerCreating"))
    assert codes(ready(workload(pod("a"), pod("b"), starting))) == ["container-starting"]


def test_a_rollout_with_too_few_ready_pods_fails():
    judgement = ready(
        workload(
            pod("a", revision=3), unready(status=waiting("ContainerCreating")), conditions=ROLLING
        )
    )
    assert codes(judgement) == ["container-starting", "replicas-not-ready"]


def test_a_crash_loop_in_a_rollout_fails_while_old_pods_still_serve():
    crashing = unready("c", status=waiting("CrashLoopBackOff"))
    judgement = ready(
        workload(pod("a", revision=3), pod("b", revision=3), crashing, conditions=ROLLING)
    )
    assert codes(judgement) == ["container-waiting"]


def test_a_rollout_past_its_deadline_fails_while_old_pods_still_serve():
    late = condition(
        status="False", reason="ProgressDeadlineExceeded", message="has timed out progressing."
    )
    judgement = ready(workload(pod("a", revision=3), pod("b", revision=3), conditions=(late,)))
    assert codes(judgement) == ["rollout-failed", "old-template", "old-template"]
    assert judgement.findings[0].message == (
        "The rollout of Deployment/cano-collector failed: ProgressDeadlineExceeded, deadline 10 min (has timed out progressing)."
    )


def test_an_old_template_without_a_rollout_fails():
    finding = ready(workload(pod("a", revision=3), pod("b"))).findings[0]
    assert (finding.object, finding.code) == ("Pod/cano-collector-a", "old-template")
    assert (finding.observed, finding.limit, finding.unit) == ("3", "4", "revision")


def test_the_newest_template_is_that_of_the_highest_revision_as_a_number():
    sets = (replica_set(9), replica_set(10))
    judgement = ready(workload(pod("a", revision=10), pod("b", revision=10), replica_sets=sets))
    assert judgement.findings == ()


def test_replica_sets_of_another_deployment_are_not_the_newest():
    sets = (replica_set(4), replica_set(7, owner_uid="somebody else"))
    assert ready(workload(replica_sets=sets)).findings == ()


def test_a_generation_that_the_controller_has_not_seen_is_no_verdict():
    with pytest.raises(
        TooEarly,
        match="has seen generation 4, not yet 5: the newest template is not known to run",
    ):
        ready(workload(generation=5))


def test_a_failure_stays_one_while_the_controller_has_not_seen_the_newest_generation():
    judgement = ready(workload(pod("a"), generation=5))
    assert codes(judgement) == ["replicas-not-ready"]
    assert "the controller has seen generation 4, not yet 5" in judgement.observed


def progressing(reason: str = "ReplicaSetUpdated", **span: float) -> Condition:
    """A rollout whose controller last saw progress so long ago."""
    return replace(condition(reason=reason), updated=ago(**span))


@pytest.mark.parametrize(
    ("seconds", "expected"), [(599, []), (660, []), (661, ["rollout-forgotten", "old-template"])]
)
def test_a_rollout_past_its_deadline_fails_also_where_no_controller_says_so(seconds, expected):
    judgement = ready(
        workload(pod("a", revision=3), pod("b"), conditions=(progressing(seconds=seconds),))
    )
    assert codes(judgement) == expected
    assert ("a rollout inside its deadline" in judgement.observed) is (not expected)


def test_a_rollout_that_nobody_watches_says_since_when():
    finding = ready(
        workload(pod("a", revision=3), pod("b"), conditions=(progressing(hours=5),))
    ).findings[0]
    assert (finding.object, finding.code) == ("Deployment/cano-collector", "rollout-forgotten")
    assert finding.message == (
        "The rollout of Deployment/cano-collector has made no progress for 5 h, since 2026-01-02 07:00 UTC (deadline 10 min). "
        "Its controller has not reported this: kube-controller-manager probably does not run."
    )
    assert (finding.observed, finding.limit, finding.unit) == ("5 h", "10 min", "progress deadline")


@pytest.mark.parametrize(
    "changes",
    [
        {"conditions": (progressing("NewReplicaSetAvailable", days=20),)},
        {"conditions": (progressing(days=20),), "progress_deadline_seconds": 2**31 - 1},
    ],
)
def test_a_rollout_that_is_over_or_has_no_deadline_is_not_forgotten(changes):
    assert ready(workload(**changes)).findings == ()


def test_a_newest_replica_set_that_is_not_in_the_list_is_no_verdict():
    with pytest.raises(
        Absent,
        match="at revision 5, and the newest ReplicaSet in the list has 4: the list is incomplete",
    ):
        ready(workload(revision="5"))
    assert ready(workload(revision="4")).findings == ()


def test_pods_that_only_need_time_are_those_of_a_rollout_that_goes_on_beside_enough_ready_ones():
    late, crashing = (
        unready("c", status=waiting("ContainerCreating")),
        unready("d", status=waiting("CrashLoopBackOff")),
    )
    rolling = workload(pod("a"), pod("b"), late, crashing, conditions=(progressing(minutes=3),))
    assert pods.starting(rolling, now=NOW) == {"cano-collector-c"}
    for other in (
        workload(pod("a"), pod("b"), late),
        workload(pod("a"), pod("b"), late, conditions=(progressing(hours=5),)),
        workload(pod("a"), late, conditions=(progressing(minutes=3),)),
        workload(late, conditions=(progressing(minutes=3),), replicas=0),
    ):
        assert pods.starting(other, now=NOW) == frozenset()


def test_a_deployment_paused_with_its_newest_template_everywhere_passes():
    judgement = ready(
        workload(paused=True, conditions=(condition(status="Unknown", reason="DeploymentPaused"),))
    )
    assert judgement.findings == ()
    assert judgement.observed.endswith("the Deployment is paused")


@pytest.mark.parametrize(("old", "updated"), [(3, 1), (4, 0)])
def test_a_deployment_paused_before_its_newest_template_is_everywhere_fails(old, updated):
    judgement = ready(
        workload(pod("a", revision=old), pod("b"), paused=True, updated_replicas=updated)
    )
    assert codes(judgement) == ["rollout-paused"]
    assert (
        judgement.findings[0].next
        == "kubectl -n monitoring rollout resume deployment cano-collector"
    )


def test_a_deployment_that_a_finalizer_keeps_after_its_deletion_fails():
    (finding,) = ready(workload(deleted=ago(hours=1))).findings
    assert finding.code == "deployment-deleted"
    assert finding.message == (
        "Deployment/cano-collector was deleted at 2026-01-02 11:00 UTC, and a finalizer keeps it. "
        "Its controller rolls out nothing and does not scale."
    )
    assert finding.next.endswith("-o jsonpath='{.metadata.finalizers}'")


def test_without_a_deadline_a_rollout_is_never_late_and_says_so():
    judgement = ready(
        workload(pod("a", revision=3), pod("b"), conditions=(), progress_deadline_seconds=2**31 - 1)
    )
    assert judgement.findings == ()
    assert judgement.observed.endswith("a rollout without a deadline")
