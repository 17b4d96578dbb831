"""pods-ready: what is ready, what is not and why, what must be there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fuzzing import examples
from tests.judges.samples import (
    NOW,
    ago,
    condition,
    container,
    no_pods,
    pod,
    replica_set,
    termination,
    unready,
    waiting,
    workload,
)
from upkeep.errors import Absent, Malformed, TooEarly
from upkeep.judges.workload import pods, readiness
from upkeep.model import Judgement
from upkeep.records.workload import Condition, Workload

ROLLING = (condition(reason="ReplicaSetUpdated"),)


def ready(records: Workload) -> Judgement:
    return readiness.ready(records, now=NOW)


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


def since(kind: str = "Ready", **span: float) -> Condition:
    """A condition that has been False for so long."""
    return replace(condition(kind, "False", "ContainersNotReady"), changed=ago(**span))


def test_two_ready_pods_of_the_newest_template_pass():
    judgement = ready(workload())
    assert judgement.findings == ()
    assert judgement.observed == "2 of 2 replicas ready, newest template"
    assert (judgement.limit, judgement.unit) == (2, "replicas")
    assert judgement.basis == "Deployment, ReplicaSets and Pods at 2026-01-02 12:00 UTC"


def test_one_replica_is_enough_where_one_is_desired():
    assert ready(workload(pod("a"), replicas=1)).findings == ()


def test_a_missing_replica_fails():
    (finding,) = ready(workload(pod("a"))).findings
    assert (finding.object, finding.code) == ("Deployment/cano-collector", "replicas-not-ready")
    assert (
        finding.message == "1 of 2 replicas of Deployment/cano-collector are ready; 1 pod active."
    )
    assert (finding.observed, finding.limit, finding.unit) == (1, 2, "replicas")
    assert finding.next == "kubectl -n monitoring describe deployment cano-collector"


def test_since_when_there_are_too_few_is_said():
    (finding,) = ready(
        workload(pod("a"), conditions=(condition(), since("Available", hours=3, minutes=7)))
    ).findings
    assert finding.message.endswith("1 pod active. Too few since 2026-01-02 08:53 UTC (3 h 7 min).")


def test_no_pod_at_all_fails_and_says_why_none_could_be_made():
    quota = condition("ReplicaFailure", reason="FailedCreate", message="exceeded quota: compute.")
    (finding,) = ready(no_pods(conditions=(condition(), quota))).findings
    assert finding.message == (
        "0 of 2 replicas of Deployment/cano-collector are ready; 0 pods active (exceeded quota: compute)."
    )


def test_zero_desired_replicas_fail():
    judgement = ready(no_pods(replicas=0))
    assert codes(judgement) == ["zero-replicas"]
    assert judgement.observed == "0 replicas desired"


@pytest.mark.parametrize(
    "reason", ["CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"]
)
def test_a_container_that_waits_in_a_fault_is_named(reason):
    broken = unready(
        status=waiting(reason, waiting_message="back-off 5m0s"), conditions=(since(minutes=23),)
    )
    judgement = ready(workload(pod("a"), broken))
    finding = judgement.findings[0]
    assert codes(judgement) == ["container-waiting", "replicas-not-ready"]
    assert finding.object == "Pod/cano-collector-b container/cano-collector"
    assert (
        finding.message
        == f"Container cano-collector of pod cano-collector-b is waiting: {reason} (back-off 5m0s). Not ready since 2026-01-02 11:37 UTC (23 min)."
    )
    assert (finding.observed, finding.limit, finding.unit) == (reason, "running", "container state")
    assert finding.next == "kubectl -n monitoring describe pod cano-collector-b"


def test_a_crash_loop_shows_the_last_exit_and_the_previous_log():
    killed = termination(reason="OOMKilled", exit_code=137)
    broken = unready(status=waiting("CrashLoopBackOff", last_termination=killed))
    finding = ready(workload(pod("a"), broken)).findings[0]
    assert (
        "is waiting: CrashLoopBackOff; last exit: OOMKilled, exit code 137. Not ready since "
        in finding.message
    )
    assert (
        finding.next
        == "kubectl -n monitoring logs cano-collector-b --tail=50 -c cano-collector --previous"
    )


def test_a_pod_that_its_node_shut_down_and_left_running_is_named():
    """kubernetes/kubernetes#104531: its container completed, and its ReplicaSet counts the pod."""
    done = container(
        ready=False, state="terminated", terminated=termination(reason="Completed", exit_code=0)
    )
    judgement = ready(workload(pod("a"), unready("b", status=done, reason="Terminated")))
    assert codes(judgement) == ["container-ended", "replicas-not-ready"]


def test_a_container_whose_probe_fails_is_named():
    judgement = ready(workload(pod("a"), unready(status=container(ready=False))))
    assert codes(judgement) == ["container-not-ready", "replicas-not-ready"]
    assert judgement.observed == "1 of 2 replicas ready, newest template"


def test_one_unready_container_of_two_makes_the_pod_unready():
    half = pod("b", containers=(container(), container("sidecar", ready=False)))
    judgement = ready(workload(pod("a"), half))
    assert [finding.object for finding in judgement.findings] == [
        "Pod/cano-collector-b container/sidecar",
        "Deployment/cano-collector",
    ]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (waiting("CrashLoopBackOff", init=True), "container-waiting"),
        (
            container("i", init=True, ready=False, state="terminated", terminated=termination()),
            "container-ended",
        ),
        (
            container("i", init=True, ready=False, restarts=3, last_termination=termination()),
            "init-container-failing",
        ),
    ],
)
def test_an_init_container_that_keeps_failing_is_named(status, code):
    broken = unready(status=replace(status, name="migrate"))
    finding = ready(workload(pod("a"), broken)).findings[0]
    assert (finding.object, finding.code) == ("Pod/cano-collector-b container/migrate", code)
    assert finding.message.startswith("Init container migrate of pod cano-collector-b ")


def test_an_init_container_that_completed_is_no_fault():
    done = container(
        "migrate",
        init=True,
        state="terminated",
        terminated=termination(reason="Completed", exit_code=0),
    )
    assert ready(workload(pod("a"), pod("b", containers=(done, container())))).findings == ()


def test_a_completed_init_container_is_not_blamed_for_the_rest():
    done = container(
        "migrate",
        init=True,
        state="terminated",
        terminated=termination(reason="Completed", exit_code=0),
    )
    broken = unready(status=container(ready=False), containers=(done, container(ready=False)))
    assert [finding.object for finding in ready(workload(pod("a"), broken)).findings] == [
        "Pod/cano-collector-b container/cano-collector",
        "Deployment/cano-collector",
    ]


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (waiting("CrashLoopBackOff"), "container-waiting", "is waiting: CrashLoopBackOff"),
        (container(ready=False), "container-not-ready", "runs and is not ready"),
        (
            container(
                ready=False,
                state="terminated",
                terminated=termination(reason="Completed", exit_code=0),
            ),
            "container-ended",
            "ended and the kubelet has not restarted it",
        ),
    ],
)
def test_a_native_sidecar_that_is_not_ready_is_named(status, code, words):
    """It runs as long as its pod: exit code 0 is no completion of its work."""
    proxy = replace(status, name="istio-proxy", init=True, sidecar=True)
    broken = unready(status=proxy, containers=(proxy, container()))
    finding = ready(workload(pod("a"), broken)).findings[0]
    assert (finding.object, finding.code) == ("Pod/cano-collector-b container/istio-proxy", code)
    assert finding.message.startswith("Sidecar container istio-proxy of pod cano-collector-b ")
    assert words in finding.message


def test_a_pod_whose_sidecar_is_not_ready_is_not_ready_whatever_its_condition_says():
    proxy = container("istio-proxy", ready=False, init=True, sidecar=True)
    done = replace(proxy, sidecar=False, state="terminated")
    assert not pods.is_ready(pod("b", containers=(proxy, container())))
    assert pods.is_ready(pod("b", containers=(done, container())))


def test_a_pod_that_no_node_takes_says_why():
    unmet = condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available.")
    judgement = ready(
        workload(
            pod("a"), pod("b", ready=False, phase="Pending", containers=(), conditions=(unmet,))
        )
    )
    told = "Pod cano-collector-b is not ready: Unschedulable (0/3 nodes are available). Not ready since 2025-12-29 12:00 UTC (4 d)."
    assert judgement.findings[0].message == told


def test_terminating_finished_and_foreign_pods_do_not_count():
    strangers = (
        pod("c", deleted=NOW),
        pod("d", phase="Failed", reason="Evicted"),
        pod("e", owner_uid="other"),
    )
    judgement = ready(workload(pod("a"), *strangers))
    assert codes(judgement) == ["replicas-not-ready"]
    assert judgement.observed == (
        "1 of 2 replicas ready, newest template, 3 pods not counted (terminating, finished or of another owner)"
    )


@pytest.mark.parametrize(
    "withheld",
    [
        replace(workload(), pods=()),
        replace(workload(ready_replicas=0), pods=()),
        workload(replica_sets=()),
        workload(replica_sets=(replica_set(4, owner_uid="somebody else"),)),
        replace(workload(replica_sets=(), ready_replicas=1, updated_replicas=0), pods=(pod("a"),)),
        workload(pod("a", containers=()), pod("b")),
    ],
    ids=[
        "pods",
        "pods not ready",
        "replica sets",
        "own replica sets",
        "replica sets of a broken one",
        "containers",
    ],
)
def test_what_must_be_there_and_is_not_listed_is_no_verdict(withheld):
    with pytest.raises(Absent):
        ready(withheld)


def test_a_replica_set_without_a_revision_is_no_verdict():
    with pytest.raises(Malformed, match="ReplicaSet cano-collector-r4"):
        ready(workload(replica_sets=(replace(replica_set(4), revision=""),)))


# Properties


def verdict(records: Workload) -> str:
    try:
        return "pass" if ready(records) else "fail"
    except TooEarly:
        return "unknown"


bad_pods = st.sampled_from(
    [
        unready("x", status=waiting("CrashLoopBackOff")),
        unready("x", status=waiting("ImagePullBackOff")),
        unready("x", status=container(ready=False)),
        unready("x", revision=3, status=container(ready=False)),
        pod("x", ready=False, phase="Pending", containers=()),
    ]
)
some_pods = st.lists(
    st.one_of(
        st.builds(pod, st.sampled_from("abc"), revision=st.sampled_from([3, 4])),
        st.builds(lambda name: pod(name, deleted=NOW), st.sampled_from("de")),
        st.just(unready("f", status=waiting("ErrImagePull"))),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.name,
)
deployments = st.fixed_dictionaries(
    {
        "replicas": st.integers(0, 3),
        "paused": st.booleans(),
        "observed_generation": st.sampled_from([3, 4]),
        "conditions": st.sampled_from([(condition(),), ROLLING, ()]),
    }
)


@settings(max_examples=examples(60), deadline=None)
@given(some_pods, bad_pods, deployments)
def test_a_bad_pod_more_never_makes_a_failure_a_pass(those, bad, changes):
    before, after = workload(*those, **changes), workload(*those, bad, **changes)
    if verdict(before) != "pass":
        assert verdict(after) != "pass"
    if verdict(before) == "fail":
        assert verdict(after) == "fail"


@settings(max_examples=examples(60), deadline=None)
@given(some_pods, deployments)
def test_pods_or_replica_sets_that_are_withheld_never_make_a_pass(those, changes):
    whole = workload(*those, **changes)
    for blind in (replace(whole, pods=()), replace(whole, replica_sets=())):
        if whole.deployment.replicas:
            with pytest.raises(Absent):
                ready(blind)


@settings(max_examples=examples(60), deadline=None)
@given(some_pods, deployments, st.data())
def test_the_order_of_pods_and_replica_sets_does_not_matter(those, changes, data):
    one = workload(*those, **changes)
    other = replace(
        one, pods=tuple(data.draw(st.permutations(those))), replica_sets=one.replica_sets[::-1]
    )
    assert verdict(one) == verdict(other)
    if verdict(one) != "unknown":
        assert ready(one) == ready(other)
