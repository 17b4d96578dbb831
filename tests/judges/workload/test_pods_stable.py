"""pods-stable: what the kubelet remembers, and what it proves."""

from datetime import timedelta
from typing import Any

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
    termination,
    waiting,
    workload,
)
from upkeep.errors import Absent
from upkeep.judges.workload.restarts import restarts
from upkeep.judges.workload.restarts import stable as judge_stable
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.workload import ContainerStatus, Pod


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


def stable(
    *those: Pod, tails: dict[str, tuple[str, ...]] | None = None, **limits: float
) -> Judgement:
    return judge_stable(workload(*those), now=NOW, limits=Limits(limits), tails=tails)


def restarted(times: int = 1, **changes: Any) -> ContainerStatus:
    status = {"restarts": times, "started": ago(hours=3), "last_termination": termination()}
    return container(**(status | changes))


def with_status(status: ContainerStatus, **changes: Any) -> Pod:
    return pod("b", **({"containers": (status,)} | changes))


@pytest.mark.parametrize(("sidecar", "expected"), [(True, 1), (False, 0)])
def test_a_native_sidecar_that_exits_with_0_did_not_complete(sidecar, expected):
    ended = container(
        "istio-proxy", init=True, sidecar=sidecar, ready=False, state="terminated",
        terminated=termination(reason="Completed", exit_code=0),
    )  # fmt: skip
    assert sum(one.observed for one in stable(pod("a"), with_status(ended)).findings) == expected


def test_containers_that_never_restarted_pass():
    judgement = stable()
    assert judgement.findings == ()
    assert judgement.observed == "0 restarts in the last 1 d, 2 containers of 2 pods"
    assert (judgement.limit, judgement.unit) == (0, "restarts in 1 d")
    assert (
        judgement.basis
        == "Pods at 2026-01-02 12:00 UTC; the oldest is 4 d old; deleted pods are not seen"
    )


def test_a_restart_in_the_window_fails_with_reason_code_and_last_words():
    tails = {"cano-collector-b/cano-collector": ("one", "two", "panic: boom", "goroutine 1")}
    killed = termination(reason="OOMKilled", exit_code=137)
    (finding,) = stable(
        pod("a"), with_status(restarted(last_termination=killed)), tails=tails
    ).findings
    assert (finding.object, finding.code) == (
        "Pod/cano-collector-b container/cano-collector",
        "container-restarted",
    )
    assert finding.message == (
        "Container cano-collector of pod cano-collector-b restarted 1 time in the last 1 d (limit 0). Last exit: OOMKilled, "
        "exit code 137, 2026-01-02 09:00 UTC. Last lines: two | panic: boom | goroutine 1"
    )
    assert (finding.observed, finding.limit, finding.unit) == (1, 0, "restarts")
    assert (
        finding.next
        == "kubectl -n monitoring logs cano-collector-b -c cano-collector --previous --tail=50"
    )


@pytest.mark.parametrize(("reason", "exit_code"), [("Completed", 0), ("Error", 1), ("Error", 143)])
def test_every_exit_is_a_restart(reason, exit_code):
    status = restarted(last_termination=termination(reason=reason, exit_code=exit_code))
    (finding,) = stable(with_status(status)).findings
    assert f"Last exit: {reason}, exit code {exit_code}, " in finding.message


DAY = 24 * 3600


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(DAY + 1, []), (DAY, ["container-restarted"]), (DAY - 1, ["container-restarted"])],
)
def test_the_window_begins_a_day_ago_and_holds_its_first_instant(seconds, expected):
    ended = termination(finished=ago(seconds=seconds), started=ago(days=3))
    status = restarted(started=ago(seconds=seconds), last_termination=ended)
    assert codes(stable(with_status(status))) == expected


def test_restarts_older_than_the_window_do_not_count():
    old = termination(finished=ago(days=2), started=ago(days=3))
    judgement = stable(with_status(restarted(9, started=ago(days=2), last_termination=old)))
    assert judgement.findings == ()
    assert judgement.observed == "0 restarts in the last 1 d, 1 container of 1 pod"


def test_a_container_away_since_before_the_window_that_came_back_in_it_counts():
    old = termination(finished=ago(hours=25), started=ago(days=3))
    assert codes(stable(with_status(restarted(9, started=ago(hours=2), last_termination=old)))) == [
        "container-restarted"
    ]


EDGE = ago(days=1)


def down(**changes: Any) -> ContainerStatus:
    return container(state="terminated", ready=False, started=None, **changes)


def running_with_an_old_end() -> ContainerStatus:
    """It runs; what is noted as its end is no end of now."""
    return container(terminated=termination())


@pytest.mark.parametrize(
    ("status", "created", "least", "most"),
    [
        (container(), ago(days=4), 0, 0),
        (container(started=ago(hours=1)), ago(days=4), 0, 0),
        (restarted(7), EDGE, 7, 7),
        (
            restarted(7, started=ago(hours=3), last_termination=termination(started=EDGE)),
            ago(days=4),
            1,
            7,
        ),
        (restarted(7, last_termination=termination(started=None)), ago(days=4), 1, 7),
        (
            waiting("CrashLoopBackOff", restarts=7, last_termination=termination(finished=EDGE)),
            ago(days=4),
            1,
            1,
        ),
        (down(terminated=termination(finished=EDGE)), ago(days=4), 1, 1),
        (down(terminated=termination(finished=None)), EDGE, 1, 1),
        (down(restarts=7, terminated=termination(finished=None)), ago(days=4), 0, 1),
        (running_with_an_old_end(), ago(days=4), 0, 0),
        (restarted(7), ago(hours=20), 7, 7),
        (restarted(7), ago(days=4), 1, 1),
        (restarted(7, last_termination=termination(started=ago(hours=5))), ago(days=4), 1, 7),
        (restarted(7, last_termination=None), ago(days=4), 1, 7),
        (restarted(1, last_termination=None), ago(days=4), 1, 1),
        (restarted(7, last_termination=None, started=ago(days=2)), ago(days=4), 0, 0),
        (
            restarted(7, last_termination=termination(finished=None, started=None)),
            ago(days=4),
            1,
            7,
        ),
        (waiting("CrashLoopBackOff", restarts=7), ago(days=4), 0, 7),
        (waiting("CrashLoopBackOff", last_termination=termination()), ago(days=4), 1, 1),
        (
            waiting(
                "ImagePullBackOff", restarts=2, last_termination=termination(finished=ago(days=2))
            ),
            ago(days=4),
            0,
            0,
        ),
        (container(state="terminated", started=None, terminated=termination()), ago(days=4), 1, 1),
        (
            container(state="terminated", started=None, terminated=termination(finished=None)),
            ago(days=4),
            0,
            1,
        ),
        (
            container(state="terminated", started=None, terminated=termination(finished=None)),
            ago(hours=1),
            1,
            1,
        ),
        (
            container(
                state="terminated", started=None, terminated=termination(finished=ago(days=2))
            ),
            ago(days=4),
            0,
            0,
        ),
        (
            container(init=True, state="terminated", terminated=termination(exit_code=0)),
            ago(days=4),
            0,
            0,
        ),
        (
            container(init=True, state="terminated", terminated=termination(exit_code=2)),
            ago(days=4),
            1,
            1,
        ),
    ],
)
def test_what_the_kubelet_remembers_proves_a_least_and_a_most(status, created, least, most):
    found = restarts(pod("b", created=created), status, since=NOW - timedelta(days=1))
    assert (found.least, found.most) == (least, most)


@pytest.mark.parametrize("gone", [{"deleted": NOW}, {"phase": "Failed"}])
def test_a_container_that_went_with_its_pod_did_not_restart(gone):
    ended = container(state="terminated", ready=False, terminated=termination())
    assert stable(pod("a"), with_status(ended, ready=False, **gone)).findings == ()


def evicted(**span: float) -> Pod:
    """A pod that was evicted so long ago; of its containers the kubelet keeps nothing."""
    why = replace(condition("DisruptionTarget"), changed=ago(**span) if span else None)
    gone = {"phase": "Failed", "reason": "Evicted", "ready": False, "conditions": (why,)}
    return pod("b", created=ago(days=4), **gone, containers=())


def test_an_evicted_pod_counts_as_a_restart_of_its_replacement():
    judgement = stable(pod("a"), evicted(hours=2))
    (finding,) = judgement.findings
    assert (finding.object, finding.code) == ("Pod/cano-collector-b", "pod-evicted")
    assert finding.message == (
        "Pod cano-collector-b was evicted at 2026-01-02 10:00 UTC (limit 0). "
        "Its node ran out of memory, disk or process ids."
    )
    assert judgement.observed.endswith("1 pod evicted")
    assert stable(pod("a"), evicted(hours=2), restarts=1).findings == ()
    assert stable(pod("a"), evicted(hours=30)).findings == ()
    with pytest.raises(
        Absent, match="Pod cano-collector-b was evicted at a time that nothing tells"
    ):
        stable(pod("a"), evicted())


@pytest.mark.parametrize("phase", ["Pending", "Failed", "Succeeded"])
def test_a_pod_that_has_no_container_yet_or_any_more_is_nothing_to_count(phase):
    assert stable(pod("a"), pod("b", phase=phase, ready=False, containers=())).observed == (
        "0 restarts in the last 1 d, 1 container of 2 pods"
    )


def test_a_container_that_is_down_now_shows_how_it_ended_now():
    earlier = termination(reason="Error", exit_code=1, finished=ago(days=3), started=ago(days=4))
    killed = termination(reason="OOMKilled", exit_code=137)
    (finding,) = stable(
        with_status(down(restarts=1, terminated=killed, last_termination=earlier))
    ).findings
    assert "Last exit: OOMKilled, exit code 137, 2026-01-02 09:00 UTC" in finding.message


def test_restarts_are_added_up_over_all_pods():
    once = restarted()
    two = pod("a", containers=(once,)), pod("b", containers=(once,))
    assert stable(*two, restarts=2).findings == ()
    assert stable(*two, restarts=2).observed == "2 restarts in the last 1 d, 2 containers of 2 pods"
    assert codes(stable(*two, restarts=1)) == ["container-restarted", "container-restarted"]


def test_what_a_restart_left_unknown_is_no_verdict():
    forgotten = restarted(7, last_termination=None)
    with pytest.raises(Absent, match=r"1 to 7 container restarts are in the last 1 d \(limit 3\)"):
        stable(with_status(forgotten), restarts=3)
    (finding,) = stable(with_status(forgotten)).findings
    assert (
        "restarted at least 1 time in the last 1 d (limit 0). Last exit: unknown" in finding.message
    )
    assert finding.next == "kubectl -n monitoring describe pod cano-collector-b"


@pytest.mark.parametrize(
    "nothing",
    [
        no_pods(),
        replace(workload(), pods=()),
        workload(pod("a", containers=()), pod("b")),
        workload(pod("a", phase="Pending", ready=False, containers=())),
    ],
    ids=["no pod", "pods withheld", "containers withheld", "no container yet"],
)
def test_nothing_to_look_at_is_no_verdict(nothing):
    with pytest.raises(Absent):
        judge_stable(nothing, now=NOW, limits=Limits())


# Properties

statuses = st.one_of(
    st.just(container()),
    st.builds(restarted, st.integers(0, 3), started=st.sampled_from([ago(hours=1), ago(days=2)])),
    st.just(waiting("CrashLoopBackOff", restarts=2, last_termination=termination())),
)
some_pods = st.lists(
    st.builds(
        lambda name, status: pod(name, containers=(status,)), st.sampled_from("abcd"), statuses
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.name,
)


@settings(max_examples=examples(60), deadline=None)
@given(some_pods, st.integers(1, 5), st.integers(0, 3))
def test_a_restarting_pod_more_never_makes_a_failure_a_pass(those, times, limit):
    bad = pod("x", containers=(restarted(times),))
    if not stable(*those, restarts=limit):
        assert not stable(*those, bad, restarts=limit)


@settings(max_examples=examples(60), deadline=None)
@given(some_pods)
def test_containers_that_are_withheld_never_make_a_pass(those):
    for blind in (
        replace(workload(*those), pods=()),
        workload(*(replace(one, containers=()) for one in those)),
    ):
        with pytest.raises(Absent):
            judge_stable(blind, now=NOW, limits=Limits())


@settings(max_examples=examples(60), deadline=None)
@given(some_pods, st.data())
def test_the_order_of_pods_does_not_matter(those, data):
    assert stable(*those) == stable(*data.draw(st.permutations(those)))
