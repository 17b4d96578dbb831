"""limits-rehearsed: accepted, a real raise of what is there, and room for the rollout."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.rehearsals.test_actions import ACCOUNT, MAY, POD, RAN, not_admitted
from tests.judges.samples import install, pod, template, workload
from upkeep.domain.access.granting import granting
from upkeep.errors import Absent
from upkeep.judges.rehearsals import raised_limits
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.access import ActionRehearsal
from upkeep.records.placement import Apart, LimitRange, NodeRoom, Placement, Quota
from upkeep.records.workload import ContainerResources, Workload

INSTALL = install()
MIB, GIB, MILLI = 1024**2, 1024**3, 10**6
PATCH = '{"spec":{"template":{"spec":{"containers":[{"name":"cano-collector","resources":{"limits":{%s}}}]}}}}'
ROOMS = tuple(
    NodeRoom(name, 2 * 10**9, 4 * GIB, 20, 4 * 10**9, 8 * GIB, {"host": name}) for name in "ab"
)
HEALTHY = {
    "cpu_request_nanocores": 250 * MILLI,
    "cpu_limit_nanocores": 500 * MILLI,
    "memory_request_bytes": 512 * MIB,
    "memory_limit_bytes": 768 * MIB,
}


def running(
    *,
    replicas: int = 2,
    max_unavailable: int = 0,
    placement: Placement | None = None,
    **said: int | None,
) -> Workload:
    """The healthy collector with other resources; one pod on each node."""
    has = ContainerResources("cano-collector", **(HEALTHY | said))
    (container,) = template().containers
    made = template(
        containers=(replace(container, resources=has),), placement=placement or Placement()
    )
    pods = tuple(replace(pod(name), node=name) for name in "ab"[:replicas])
    seen = workload(*pods, template=made, replicas=replicas, max_unavailable=max_unavailable)
    return seen if replicas else replace(seen, pods=())


def judged(
    seen: Workload | None = None,
    *,
    quotas: tuple[Quota, ...] = (),
    ranges: tuple[LimitRange, ...] = (),
    rooms: tuple[NodeRoom, ...] = ROOMS,
    rehearsal: ActionRehearsal | None = None,
    **limits: float,
) -> Judgement:
    asked = rehearsal or ActionRehearsal((MAY,), (RAN,))
    return raised_limits.raised(
        asked,
        POD,
        ACCOUNT,
        quotas,
        ranges,
        rooms,
        seen or running(),
        limits=Limits(limits),
        install=INSTALL,
    )


def codes(judgement: Judgement) -> list[str]:
    return [one.code for one in judgement.findings]


def test_limits_that_rise_and_fit_pass():
    judgement = judged()
    assert (judgement.findings, judgement.observed) == (
        (),
        "container cano-collector: memory 768Mi → 1Gi, CPU 500m → 1000m",
    )


def test_the_charts_defaults_are_not_raised_and_throttled():
    """Memory is 1Gi already and CPU unlimited there: twice the memory helps, and no CPU limit."""
    judgement = judged(
        running(cpu_limit_nanocores=None, memory_request_bytes=GIB, memory_limit_bytes=GIB)
    )
    assert [(one.code, one.object, one.observed, one.limit) for one in judgement.findings] == [
        ("limit-added", "Deployment/cano-collector container/cano-collector", "no limit", "1000m"),
        (
            "raises-nothing",
            "Deployment/cano-collector container/cano-collector",
            "memory 1Gi, CPU no limit",
            "a higher limit",
        ),
    ]
    assert {one.next for one in judgement.findings} == {
        f"kubectl -n monitoring patch deployment cano-collector -p '{PATCH % chr(34)}".replace(
            '{"}', '{"memory":"2Gi"}'
        )
        + "' --dry-run=server"
    }
    assert "throttled" in judgement.findings[0].message
    better = {"emergency_memory_mebibytes": 2048.0, "emergency_cpu_millicores": 0.0}
    assert (
        codes(
            judged(
                running(cpu_limit_nanocores=None, memory_request_bytes=GIB, memory_limit_bytes=GIB),
                **better,
            )
        )
        == []
    )


@pytest.mark.parametrize(
    ("memory", "cpu", "found", "better"),
    [
        (768 * MIB, 500 * MILLI, [], ""),
        (GIB, 500 * MILLI, [], ""),  # one that rises is a raise
        (768 * MIB, 1000 * MILLI, [], ""),
        (GIB, 1000 * MILLI, ["raises-nothing"], '"memory":"2Gi","cpu":"2000m"'),
        (2 * GIB, 500 * MILLI, ["limit-lowered"], '"memory":"4Gi","cpu":"1000m"'),
        (
            2 * GIB,
            4000 * MILLI,
            ["limit-lowered", "limit-lowered", "raises-nothing"],
            '"memory":"4Gi","cpu":"8000m"',
        ),
        (None, 500 * MILLI, ["limit-added"], '"cpu":"1000m"'),
        (768 * MIB, None, ["limit-added"], '"memory":"1Gi"'),
        (1000, 500 * MILLI, [], ""),
    ],
)
def test_a_raise_lowers_nothing_and_adds_nothing(
    memory: int | None, cpu: int | None, found: list[str], better: str
):
    judgement = judged(running(memory_limit_bytes=memory, cpu_limit_nanocores=cpu))
    assert codes(judgement) == found
    assert {one.next for one in judgement.findings} <= {
        f"kubectl -n monitoring patch deployment cano-collector -p '{PATCH.replace('%s', better)}' --dry-run=server"
    }


def test_where_nothing_is_limited_more_replicas_help():
    judgement = judged(running(memory_limit_bytes=None, cpu_limit_nanocores=None))
    assert codes(judgement) == ["limit-added", "limit-added", "raises-nothing"]
    assert {one.next for one in judgement.findings} == {
        "kubectl -n monitoring scale deployment cano-collector --replicas=3 --dry-run=server"
    }


def test_limits_of_nothing_raise_nothing():
    judgement = judged(emergency_memory_mebibytes=0, emergency_cpu_millicores=0)
    assert [(one.code, one.observed) for one in judgement.findings] == [
        ("raises-nothing", "it names no limit")
    ]


def test_what_a_limit_range_gives_is_what_is_there():
    ranges = (
        LimitRange("defaults", "Container", default_limit={"cpu": 500 * MILLI, "memory": 2 * GIB}),
    )
    judgement = judged(running(memory_limit_bytes=None, cpu_limit_nanocores=None), ranges=ranges)
    assert [(one.code, one.observed, one.limit) for one in judgement.findings] == [
        ("limit-lowered", "2Gi", "1Gi")
    ]


@pytest.mark.parametrize(
    ("item", "found"),
    [
        (LimitRange("r", "Container", most={"memory": GIB, "cpu": 1000 * MILLI}), []),
        (LimitRange("r", "Container", most={"memory": GIB - 1}), [("1Gi", str(GIB - 1))]),
        (LimitRange("r", "Pod", most={"cpu": 999 * MILLI}), [("1000m", "999m")]),
        (LimitRange("r", "Container", least={"memory": 512 * MIB}), []),
        (LimitRange("r", "Container", least={"memory": 600 * MIB}), [("512Mi", "600Mi")]),
        (LimitRange("r", "Pod", ratio={"memory": 2, "cpu": 4}), []),
        (LimitRange("r", "Pod", ratio={"memory": 1.5}), [("×2", "×1.5")]),
        (LimitRange("r", "Container", ratio={"cpu": 3.9}), [("×4", "×3.9")]),
    ],
)
def test_the_pods_that_would_come_must_fit_a_limit_range(item: LimitRange, found: list):
    judgement = judged(ranges=(item,))
    assert [(one.object, one.code, one.observed, one.limit) for one in judgement.findings] == [
        ("LimitRange/r", "limit-range-refuses", *values) for values in found
    ]


def test_what_has_no_limit_is_refused_where_there_must_be_one():
    """A second container has no limits; the patch sets those of the collector."""
    seen = running()
    own = seen.deployment.template
    silent = replace(own.containers[0], name="beside", resources=None)
    seen = replace(
        seen,
        deployment=replace(
            seen.deployment, template=replace(own, containers=(*own.containers, silent))
        ),
    )
    (finding,) = judged(
        seen, ranges=(LimitRange("r", "Container", most={"memory": 2 * GIB}),)
    ).findings
    assert "container beside would have no limit of memory; the maximum is 2Gi" in finding.message
    assert judged(seen, ranges=(LimitRange("r", "Pod", most={"memory": 2 * GIB}),)).findings == ()
    (finding,) = judged(seen, ranges=(LimitRange("r", "Container", least={"cpu": MILLI}),)).findings
    assert finding.observed == "no request"


@pytest.mark.parametrize(
    ("change", "hard", "used", "found"),
    [
        # Two replicas from 768Mi to 1Gi, and one of the old beside them.
        ({}, {"limits.memory": 1280 * MIB * 1000}, {}, []),
        ({}, {"limits.memory": 1280 * MIB * 1000 - 1}, {}, [("1280Mi", "1280Mi")]),
        ({}, {"limits.cpu": 2500}, {"limits.cpu": 1000}, []),
        ({}, {"limits.cpu": 2499}, {"limits.cpu": 1000}, [("1499m", "1500m")]),
        ({"max_unavailable": 1}, {"limits.cpu": 2000}, {"limits.cpu": 1000}, []),
        ({"max_unavailable": 1}, {"limits.cpu": 1999}, {"limits.cpu": 1000}, [("999m", "1000m")]),
        ({"replicas": 0}, {"limits.cpu": 0}, {}, []),
        ({}, {"pods": 2000}, {"pods": 2000}, [("0", "1")]),
        ({"max_unavailable": 1}, {"pods": 2000}, {"pods": 2000}, []),
        # A limit of a container without a request is its request.
        (
            {"memory_request_bytes": None, "max_unavailable": 1},
            {"requests.memory": 512 * MIB * 1000},
            {"requests.memory": MIB * 1000},
            [("511Mi", "512Mi")],
        ),
        (
            {"max_unavailable": 1},
            {"requests.memory": 512 * MIB * 1000},
            {"requests.memory": 512 * MIB * 1000},
            [],
        ),
    ],
)
def test_the_rollout_must_fit_the_quotas(change: dict, hard: dict, used: dict, found: list):
    judgement = judged(running(**change), quotas=(Quota("q", hard, used),))
    assert [(one.code, one.observed, one.limit) for one in judgement.findings] == [
        ("quota-refuses-raise", *values) for values in found
    ]


FULL = tuple(replace(room, memory_bytes=511 * MIB) for room in ROOMS)


@pytest.mark.parametrize(
    ("change", "rooms", "found"),
    [
        ({}, ROOMS[:1], []),
        ({}, FULL, [("no-node-for-raise", 0, 1)]),
        ({"max_unavailable": 1}, FULL, []),
        ({"replicas": 0}, FULL, []),
        ({"placement": Placement(apart=(Apart("host"),))}, ROOMS, [("no-node-for-raise", 0, 1)]),
        ({"placement": Placement(apart=(Apart("host", across_revisions=False),))}, ROOMS, []),
        # The request grows with the limit from 768Mi to 1Gi: each node has that of its old pod, and 200Mi or 300Mi.
        (
            {"memory_request_bytes": None, "max_unavailable": 1},
            tuple(replace(room, memory_bytes=300 * MIB) for room in ROOMS),
            [],
        ),
        (
            {"memory_request_bytes": None, "max_unavailable": 1},
            tuple(replace(room, memory_bytes=200 * MIB) for room in ROOMS),
            [("no-node-for-raise", 0, 2)],
        ),
        (
            {},
            tuple(replace(room, memory_allocatable_bytes=GIB - 1) for room in ROOMS),
            [("node-too-small", str(GIB - 1), "1Gi")],
        ),
        (
            {},
            tuple(replace(room, cpu_allocatable_nanocores=900 * MILLI) for room in ROOMS),
            [("node-too-small", "900m", "1000m")],
        ),
        ({}, (), [("no-node-for-raise", 0, 1)]),
    ],
)
def test_the_rollout_must_find_a_node(change: dict, rooms: tuple, found: list):
    judgement = judged(running(**change), rooms=rooms)
    assert [(one.code, one.observed, one.limit) for one in judgement.findings] == found


def test_a_refusal_and_a_missing_right():
    denied = ActionRehearsal((replace(MAY, allowed=False),))
    (finding,) = judged(rehearsal=denied).findings
    assert (finding.code, finding.observed, finding.next) == (
        "limits-forbidden", "forbidden", granting("patch", "deployments", group="apps", namespace="monitoring", name="cano-collector"),
    )  # fmt: skip
    refused = replace(
        RAN,
        accepted=False,
        status=422,
        reason="Invalid",
        message="must be less than or equal to memory limit",
    )
    (finding,) = judged(rehearsal=ActionRehearsal((MAY,), (refused,))).findings
    assert (finding.code, finding.observed, finding.limit) == ("limits-refused", 422, 200)
    assert finding.next.startswith("kubectl -n monitoring patch deployment cano-collector -p '{")


@pytest.mark.parametrize(
    "rehearsal", [ActionRehearsal(()), ActionRehearsal((MAY,)), ActionRehearsal((), (RAN,))]
)
def test_what_was_not_rehearsed_is_not_judged(rehearsal: ActionRehearsal):
    with pytest.raises(Absent, match="Raised limits not rehearsed"):
        judged(rehearsal=rehearsal)


def test_a_template_without_the_container_is_not_judged():
    seen = running()
    other = replace(
        seen.deployment.template,
        containers=(replace(seen.deployment.template.containers[0], name="other"),),
    )
    with pytest.raises(Absent, match="has no container cano-collector"):
        judged(replace(seen, deployment=replace(seen.deployment, template=other)))


AMOUNTS = st.one_of(st.none(), st.integers(0, 3 * GIB))


@given(memory=AMOUNTS, cpu=AMOUNTS, most=st.integers(0, 2 * GIB), free=st.integers(0, 4 * GIB))
def test_one_thing_more_that_is_wrong_never_makes_a_fail_a_pass(
    memory: int | None, cpu: int | None, most: int, free: int
):
    seen = running(
        memory_limit_bytes=memory,
        cpu_limit_nanocores=cpu,
        memory_request_bytes=1,
        cpu_request_nanocores=1,
    )
    before = judged(seen)
    narrow = judged(seen, ranges=(LimitRange("r", "Pod", most={"memory": most}),))
    full = judged(
        seen,
        rooms=tuple(
            replace(room, memory_bytes=free, memory_allocatable_bytes=free) for room in ROOMS
        ),
    )
    assert bool(narrow) <= bool(before)
    assert bool(full) <= bool(before)


def test_a_limit_of_zero_is_none():
    """The kubelet sets no bound then, so the emergency's limit would be the first."""
    judgement = judged(running(memory_limit_bytes=0, cpu_limit_nanocores=0))
    assert codes(judgement) == ["limit-added", "limit-added", "raises-nothing"]
    assert (
        judgement.observed
        == "container cano-collector: memory no limit → 1Gi, CPU no limit → 1000m"
    )


@pytest.mark.parametrize(
    ("why", "fails"), [("violates PodSecurity", True), ("exceeded quota: compute", False)]
)
def test_new_pods_that_admission_refuses_fail_and_quotas_are_judged_by_what_they_leave(why, fails):
    found = raised_limits.raised(
        ActionRehearsal((MAY,), (RAN,)),
        not_admitted(why),
        ACCOUNT,
        (),
        (),
        ROOMS,
        running(),
        limits=Limits({}),
        install=INSTALL,
    ).findings
    assert [one.code for one in found] == ["new-pod-refused"] * fails
