"""scale-rehearsed: accepted, and room in quotas and on nodes that the pods may go to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.rehearsals.test_actions import ACCOUNT, MAY, POD, RAN, not_admitted
from tests.judges.samples import deployment, install, pod, template, workload
from upkeep.domain.access.granting import granting
from upkeep.errors import Absent
from upkeep.judges.rehearsals import scaling
from upkeep.limits import Limits
from upkeep.records.access import ActionRehearsal
from upkeep.records.placement import (
    Apart,
    LimitRange,
    NodeRoom,
    Placement,
    Quota,
    Spread,
    Toleration,
)
from upkeep.records.selectors import LabelSelector
from upkeep.records.usage import Autoscaler
from upkeep.records.workload import ContainerResources, Workload

INSTALL = install()
HOST = "kubernetes.io/hostname"
GIB = 1024**3
ROOMS = (NodeRoom("a", 10**9, 2 * GIB, 5), NodeRoom("b", 10**9, GIB // 2, 5))


def wants(replicas: int = 2, **said: int) -> Workload:
    has = ContainerResources(
        "c",
        **(
            {
                "cpu_request_nanocores": 250_000_000,
                "memory_request_bytes": GIB,
                "memory_limit_bytes": GIB,
            }
            | said
        ),
    )
    (container,) = template().containers
    made = deployment(
        replicas=replicas, template=template(containers=(replace(container, resources=has),))
    )
    return replace(workload(), deployment=made)


def scale(
    seen: Workload | None = None,
    quotas: tuple[Quota, ...] = (),
    rooms: tuple[NodeRoom, ...] = ROOMS,
    rehearsal: ActionRehearsal | None = None,
    ranges: tuple[LimitRange, ...] = (),
    autoscalers: tuple[Autoscaler, ...] | Exception = (),
):
    asked = rehearsal or ActionRehearsal((replace(MAY, subresource="scale"),), (RAN, RAN))
    return scaling.scale(
        asked,
        POD,
        ACCOUNT,
        quotas,
        ranges,
        rooms,
        seen or wants(),
        autoscalers,
        limits=Limits({}),
        install=INSTALL,
    )


def test_scaling_that_is_accepted_and_fits_passes():
    judgement = scale()
    assert (judgement.findings, judgement.observed) == (
        (),
        "2 dry runs; 1 further pod up to 3 replicas, room for 2 on 2 of 2 nodes",
    )


@pytest.mark.parametrize(
    ("replicas", "hard", "used", "found"),
    [
        (2, {"requests.memory": 4 * GIB * 1000}, {"requests.memory": 3 * GIB * 1000}, []),
        (
            2,
            {"requests.memory": 4 * GIB * 1000},
            {"requests.memory": 3 * GIB * 1000 + 1},
            [("1024Mi", "1024Mi")],
        ),
        (
            1,
            {"requests.memory": 4 * GIB * 1000},
            {"requests.memory": 3 * GIB * 1000},
            [("1024Mi", "2048Mi")],
        ),
        (2, {"requests.cpu": 1000}, {"requests.cpu": 900}, [("100m", "250m")]),
        (2, {"pods": 2000}, {"pods": 2000}, [("0", "1")]),
        # kubernetes/kubernetes#96634, rancher/rancher#17316: what a quota bounds must be stated.
        (2, {"limits.cpu": 0}, {}, [("not stated", "stated")]),
        (2, {"limits.cpu": 9000}, {"limits.cpu": 0}, [("not stated", "stated")]),
        (3, {"limits.cpu": 0}, {}, []),
        (2, {"persistentvolumeclaims": 0}, {}, []),
        (3, {"pods": 3000}, {"pods": 3000}, []),
    ],
)
def test_a_quota_must_leave_what_the_further_pods_take(replicas, hard, used, found):
    judgement = scale(wants(replicas), (Quota("q", hard, used),))
    assert [(one.observed, one.limit) for one in judgement.findings] == found
    assert {one.code for one in judgement.findings} <= {"quota-too-small"}


@pytest.mark.parametrize(
    ("rooms", "fit"),
    [
        ((), 0),
        ((NodeRoom("a", 10**9, GIB - 1, 5),), 0),
        ((NodeRoom("a", 249_999_999, 9 * GIB, 5),), 0),
        ((NodeRoom("a", 10**9, 9 * GIB, 0),), 0),
        ((NodeRoom("a", -1, -1, 5), NodeRoom("b", 10**9, 9 * GIB, 5)), 4),
    ],
)
def test_nodes_must_have_room_by_requests(rooms, fit):
    judgement = scale(rooms=rooms)
    assert [(one.code, one.observed, one.limit) for one in judgement.findings] == (
        [] if fit else [("nodes-full", 0, 1)]
    )


def test_scaling_that_is_forbidden_refused_or_not_rehearsed():
    denied = ActionRehearsal((replace(MAY, subresource="scale", allowed=False),))
    (finding,) = scale(rehearsal=denied).findings
    assert (finding.code, finding.next) == (
        "scale-forbidden",
        granting(
            "patch", "deployments", group="apps", subresource="scale", namespace="monitoring",
            name="cano-collector",
        ),
    )  # fmt: skip
    refused = ActionRehearsal(
        (MAY,), (replace(RAN, accepted=False, status=422, reason="Invalid", message="no"), RAN)
    )
    assert [one.code for one in scale(rehearsal=refused).findings] == ["scale-refused"]
    with pytest.raises(Absent, match="Scaling not rehearsed"):
        scale(rehearsal=ActionRehearsal((MAY,)))


def placed(**said: Any) -> Workload:
    seen = wants()
    placement = Placement(**said)
    return replace(
        seen,
        deployment=replace(
            seen.deployment, template=replace(seen.deployment.template, placement=placement)
        ),
    )


def test_nodes_that_the_pods_may_not_go_to_are_no_room_and_it_is_said_why():
    rooms = (
        replace(ROOMS[0], taints=(("dedicated", "db", "NoSchedule"),)),
        replace(ROOMS[0], name="b", labels={"disk": "hdd"}),
    )
    (finding,) = scale(placed(node_selector={"disk": "ssd"}), rooms=rooms).findings
    assert (finding.code, finding.observed, finding.limit) == ("nodes-full", 0, 1)
    assert (
        "on 0 of 2 nodes (a: it has no label disk=ssd, b: it has no label disk=ssd)"
        in finding.message
    )
    (finding,) = scale(rooms=rooms[:1]).findings
    assert "(a: its taint dedicated=db:NoSchedule is not tolerated)" in finding.message
    tolerant = placed(tolerations=(Toleration("dedicated", "Exists"),))
    assert scale(tolerant, rooms=rooms[:1]).findings == ()


def test_pods_that_must_be_apart_need_a_node_each():
    rooms = tuple(NodeRoom(name, 10**9, 4 * GIB, 9, labels={HOST: name}) for name in "abc")
    seen = placed(apart=(Apart(HOST),))
    seen = replace(seen, pods=tuple(replace(pod(name), node=name) for name in "ab"))
    assert scale(seen, rooms=rooms).findings == ()
    (finding,) = scale(seen, rooms=rooms[:2]).findings
    assert (finding.code, finding.observed) == ("nodes-full", 0)


def test_pods_that_must_be_spread_wait_for_the_node_that_takes_none():
    """The node that is closed to them is a domain all the same, and has fewest."""
    rooms = tuple(
        NodeRoom(name, 10**9, 4 * GIB, 9, labels={HOST: name}, spread=(count,))
        for name, count in (("a", 1), ("b", 1), ("c", 0))
    )
    seen = placed(spread=(Spread(HOST, 1, LabelSelector({})),))
    seen = replace(seen, pods=tuple(replace(pod(name), node=name) for name in "ab"))
    assert scale(seen, rooms=rooms).findings == ()
    closed = (*rooms[:2], replace(rooms[2], closed="it is not ready"))
    (finding,) = scale(seen, rooms=closed).findings
    assert (finding.code, finding.observed, finding.limit, finding.unit) == (
        "nodes-full",
        0,
        1,
        "pods",
    )
    assert (
        f"by requests and by spreading rules (in no {HOST} more than 1 above the emptiest, closed ones included)"
        in finding.message
    )
    assert "(c: it is not ready)" in finding.message


def test_what_is_not_looked_at_is_in_the_basis():
    unsure = tuple(replace(room, unsure="the anti-affinity of pod x") for room in ROOMS)
    assert scale(rooms=unsure).basis.endswith(
        "less requests; not evaluated: the anti-affinity of pod x"
    )
    assert scale(placed(unlooked=("topology spread",))).basis.endswith(
        "less requests; not evaluated: topology spread"
    )
    assert scale().basis.endswith("allocatable of nodes less requests")


def test_what_a_limit_range_gives_counts():
    """A container that requests nothing gets the namespace's default, and takes that of the quota."""
    ranges = (LimitRange("defaults", "Container", default_request={"memory": 3 * GIB}),)
    quota = Quota("q", {"requests.memory": GIB * 1000}, {})
    silent = wants(memory_request_bytes=None, memory_limit_bytes=None)
    assert [one.limit for one in scale(silent, (quota,)).findings] == ["stated"]
    assert [one.limit for one in scale(silent, (quota,), ranges=ranges).findings] == ["3072Mi", 1]


@given(
    taints=st.lists(st.sampled_from(["NoSchedule", "NoExecute"]), max_size=2),
    free=st.integers(-GIB, 3 * GIB),
    pods=st.integers(-1, 3),
)
def test_a_worse_node_never_makes_a_fail_a_pass(taints: list[str], free: int, pods: int):
    room = NodeRoom("a", 10**9, free, pods)
    worse = replace(
        room, taints=tuple(("k", "", effect) for effect in taints), memory_bytes=free - GIB
    )
    assert bool(scale(rooms=(worse,))) <= bool(scale(rooms=(room,)))


@pytest.mark.parametrize(
    ("why", "fails"), [("violates PodSecurity", True), ("exceeded quota: compute", False)]
)
def test_new_pods_that_admission_refuses_fail_and_quotas_are_judged_by_what_they_leave(why, fails):
    found = scaling.scale(
        ActionRehearsal((replace(MAY, subresource="scale"),), (RAN, RAN)),
        not_admitted(why),
        ACCOUNT,
        (),
        (),
        ROOMS,
        wants(),
        (),
        limits=Limits({}),
        install=INSTALL,
    ).findings
    assert [one.code for one in found] == ["new-pod-refused"] * fails


@pytest.mark.parametrize(
    ("autoscalers", "told"),
    [
        ((Autoscaler("cano", 2, 6, 2),), "cano undoes a scaling: raise its minReplicas instead"),
        ((Autoscaler("cano", 3, 6, 3),), "on 2 of 2 nodes"),
        (Absent("no answer"), "autoscalers were not read, and one would undo a scaling"),
    ],
)
def test_an_autoscaler_that_undoes_a_scaling_is_told(autoscalers, told):
    assert scale(autoscalers=autoscalers).observed.endswith(told)
