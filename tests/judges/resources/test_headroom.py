"""cpu-memory-headroom, disk-headroom and connections-headroom, and the table of df."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.resources import disk_table
from tests.fuzzing import examples
from tests.judges.samples import NOW, ago, install, pod, workload
from upkeep.adapters.cluster import objects
from upkeep.errors import Absent, Malformed, NotApplicable, TooEarly, Unmeasured
from upkeep.judges.resources import headroom
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.usage import Autoscaler, Connections, ContainerUsage, Filesystem, Filesystems
from upkeep.records.workload import Condition, ContainerResources, Workload

GIB, CORE = 1024**3, 10**9
FOUR_DAYS_AGO = ago(days=4)
HAS = ContainerResources(
    "cano-collector",
    cpu_request_nanocores=CORE // 4,
    memory_request_bytes=GIB,
    memory_limit_bytes=GIB,
)


def those(*has: ContainerResources, created=FOUR_DAYS_AGO) -> Workload:
    return workload(
        *(
            replace(pod(name), resources=(one,), created=created)
            for name, one in zip("ab", has or (HAS, HAS), strict=False)
        )
    )


def used(
    name: str = "a", *, cpu: float = 0.01, memory: float = 0.2, age: float = 20
) -> ContainerUsage:
    return ContainerUsage(
        f"cano-collector-{name}",
        "cano-collector",
        NOW - timedelta(seconds=age),
        round(cpu * CORE),
        round(memory * GIB),
    )


def judge(*usages: ContainerUsage, records: Workload | None = None, **limits: float) -> Judgement:
    return headroom.cpu_memory_headroom(
        usages, records or those(), now=NOW, limits=Limits(limits), install=install()
    )


def test_enough_room_passes_and_says_the_highest():
    assert judge(used("a"), used("b", memory=0.5)) == Judgement(
        (), "highest: CPU 4%, memory 50%, of 2 containers", 0.8, "ratio", "metrics.k8s.io, now"
    )


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"memory": 0.9}, "memory-nearly-used", "uses 90% of its memory limit: 922 of 1024 MiB"),
        (
            {"cpu": 0.3},
            "cpu-nearly-used",
            "uses 120% of its CPU request, for it has no limit: 0.3 of 0.25 cores",
        ),
    ],
)
def test_too_little_room_names_the_container_what_and_how_much(change, code: str, words: str):
    (finding,) = judge(used("a", **change), used("b")).findings
    assert (finding.object, finding.code) == ("Pod/cano-collector-a container/cano-collector", code)
    assert words in finding.message


@pytest.mark.parametrize(("memory", "fails"), [(GIB * 4 // 5, False), (GIB * 4 // 5 + 1, True)])
def test_the_limit_is_exact_to_the_byte(memory: int, fails: bool):
    assert bool(judge(replace(used("a"), memory_bytes=memory), used("b")).findings) is fails


def test_a_cpu_limit_counts_before_the_request():
    limited = replace(HAS, cpu_limit_nanocores=2 * CORE)
    assert not judge(used("a", cpu=1.5), used("b"), records=those(limited, limited)).findings


def test_nothing_to_compare_with_names_the_command_that_ends_it():
    with pytest.raises(Absent, match="neither a limit nor a request of CPU") as caught:
        judge(used("a"), used("b"), records=those(replace(HAS, cpu_request_nanocores=None), HAS))
    assert (
        caught.value.next_step
        == "kubectl -n monitoring set resources deployment cano-collector -c cano-collector --requests=cpu=250m"
    )


def test_a_usage_that_is_missing_or_old_is_no_pass():
    with pytest.raises(
        Absent, match="no usage of container cano-collector of pod cano-collector-b"
    ):
        judge(used("a"))
    with pytest.raises(
        Absent, match=r"younger than 5 min: the last one is of 2026-01-02T11:53:20Z"
    ):
        judge(used("a"), used("b", age=400))
    with pytest.raises(TooEarly, match="yet"):
        judge(used("a"), records=those(created=ago(minutes=1)))
    with pytest.raises(Absent, match="no pod"):
        judge(records=replace(workload(), pods=()))


def test_what_is_nearly_used_fails_although_the_rest_has_no_bound():
    """A container without any bound of memory, and one of CPU that it is beyond: the finding is said, and nothing of the memory."""
    bare = replace(HAS, memory_request_bytes=None, memory_limit_bytes=None)
    judgement = judge(used("a", cpu=0.3), used("b"), records=those(bare, bare))
    assert [finding.code for finding in judgement.findings] == ["cpu-nearly-used"]
    assert judgement.observed == "highest: CPU 120%, of 2 containers"


@pytest.mark.parametrize(
    ("phase", "asked"),
    [
        ("Running", True),
        ("Pending", True),
        ("Unknown", True),
        ("Succeeded", False),
        ("Failed", False),
    ],
)
def test_only_a_finished_pod_needs_no_usage(phase: str, asked: bool):
    records = those()
    records = replace(records, pods=(records.pods[0], replace(records.pods[1], phase=phase)))
    if asked:
        with pytest.raises(Absent, match="of pod cano-collector-b"):
            judge(used("a"), records=records)
    else:
        assert not judge(used("a"), records=records).findings


def test_a_pod_without_containers_is_no_pass():
    records = those()
    with pytest.raises(Absent, match="pod cano-collector-b is listed without a container"):
        judge(
            used("a"),
            records=replace(
                records, pods=(records.pods[0], replace(records.pods[1], resources=()))
            ),
        )


def test_what_is_nearly_used_fails_although_another_pod_is_not_known():
    assert judge(used("a", memory=0.95)).findings


def seen(**ratios: float) -> Filesystems:
    return Filesystems(
        "df in the container",
        tuple(Filesystem(f"cano-collector-{name}", "/", ratio) for name, ratio in ratios.items()),
    )


def disk(filesystems: Filesystems, **limits: float) -> Judgement:
    return headroom.disk_headroom(filesystems, those(), limits=Limits(limits), install=install())


def test_the_fullest_filesystem_is_said_with_the_way():
    assert disk(seen(a=0.3, b=0.8)) == Judgement(
        (), "highest: 80%, of 2 filesystems in 2 pods", 0.8, "ratio", "df in the container"
    )
    (finding,) = disk(seen(a=0.3, b=0.81)).findings
    assert (finding.object, finding.code, finding.observed) == (
        "Pod/cano-collector-b",
        "disk-nearly-full",
        0.81,
    )


def test_a_pod_that_was_not_looked_into_is_no_pass():
    with pytest.raises(Absent, match="pod cano-collector-b could not be looked at"):
        disk(seen(a=0.3))
    with pytest.raises(Absent, match="any pod could not be looked at"):
        headroom.disk_headroom(
            seen(), replace(workload(), pods=()), limits=Limits(), install=install()
        )
    assert disk(seen(a=0.9)).findings


def held(**open_files: int) -> list[Connections]:
    return [
        Connections(f"cano-collector-{name}", "netstat in the container", number, 100)
        for name, number in open_files.items()
    ]


def connections(*found: Connections, **limits: float) -> Judgement:
    return headroom.connections_headroom(found, those(), limits=Limits(limits), install=install())


def test_connections_are_held_against_the_most_descriptors():
    assert connections(*held(a=12, b=80)).observed == "highest: 80 of 100, of 2 pods"
    (finding,) = connections(*held(a=12, b=81)).findings
    assert (
        finding.message
        == "Pod cano-collector-b holds 81 of 100 descriptors open (netstat in the container)."
    )
    with pytest.raises(Absent, match="pod cano-collector-b"):
        connections(*held(a=12))


TABLE = """Filesystem     1024-blocks     Used Available Capacity Mounted on
overlay           52428800 47710208   4718592      91% /
proc                     0        0         0        - /proc
/dev/disk by id/x     1000      990       -10     100% /var/my data
"""


def test_the_table_of_df_is_read_whole():
    assert [(one.name, round(one.used_ratio, 2)) for one in disk_table("a", TABLE)] == [
        ("/", 0.91),
        ("/var/my data", 1.0),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "df: /x: Permission denied\n", TABLE + "df: cut in\n", "Filesystem\nproc 0 0 0 - /proc\n"],
)
def test_what_is_no_table_of_df_is_malformed(text: str):
    with pytest.raises(Malformed):
        disk_table("a", text)


@given(st.text(max_size=200))
def test_no_output_breaks_the_reader_of_df(text: str):
    try:
        found = disk_table("a", "Filesystem\n" + text)
    except Malformed:
        return  # the one error that there may be; any other fails
    assert found
    assert all(0 <= one.used_ratio <= 1 for one in found)


@pytest.mark.parametrize(
    ("text", "nanocores"),
    [
        ("250m", CORE // 4),
        ("9215417n", 9215417),
        ("100u", 100_000),
        ("2", 2 * CORE),
        ("1e-3", 10**6),
        ("0.1", 10**8),
    ],
)
def test_quantities_are_exact(text: str, nanocores: int):
    raw = {
        "metadata": {"name": "a"},
        "timestamp": "2026-01-02T12:00:00Z",
        "containers": [{"name": "c", "usage": {"cpu": text, "memory": "1Ki"}}],
    }
    assert objects.container_usages(raw, now=NOW) == (
        ContainerUsage("a", "c", NOW, nanocores, 1024),
    )


@pytest.mark.parametrize("text", ["", "x", "-1", "NaN", "Infinity", "1ki", "0x10", None, "0"])
def test_a_quantity_that_is_none_is_malformed(text):
    raw = {
        "metadata": {"name": "a"},
        "timestamp": "2026-01-02T12:00:00Z",
        "containers": [{"name": "c", "usage": {"cpu": "1", "memory": text}}],
    }
    with pytest.raises(Malformed):
        objects.container_usages(raw, now=NOW)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.floats(0, 2), min_size=2, max_size=2),
    st.floats(0, 2),
    st.sampled_from(["a", "b"]),
    st.booleans(),
)
def test_more_usage_never_turns_a_failure_into_a_pass(
    memory: list[float], more: float, name: str, known: bool
):
    def rank(first: float, second: float) -> int:
        usages = [used("a", memory=first), *([used("b", memory=second)] if known else [])]
        try:
            return 2 if judge(*usages).findings else 0
        except Unmeasured:
            return 1

    after = [memory[0] + more, memory[1]] if name == "a" else [memory[0], memory[1] + more]
    assert rank(*after) >= rank(*memory)


def autoscaler(current: int = 2, **said: str) -> Autoscaler:
    """One that is able, active and within its range, unless it says otherwise: ``ScalingActive="False"``."""
    states = {"AbleToScale": "True", "ScalingActive": "True", "ScalingLimited": "False"} | said
    reasons = {"ScalingLimited": "TooManyReplicas"}
    return Autoscaler(
        "cano",
        2,
        5,
        current,
        tuple(
            Condition(kind, word, reasons.get(kind, "x")) for kind, word in states.items() if word
        ),
    )


def scaling(*autoscalers: Autoscaler, usages: Any = (), **limits: float) -> Judgement:
    return headroom.scaling_sound(
        autoscalers, usages, those(), now=NOW, limits=Limits(limits), install=install()
    )


def test_an_autoscaler_with_room_passes_whatever_is_used():
    judgement = scaling(autoscaler(), usages=Absent("no metrics"))
    assert (judgement.findings, judgement.observed) == ((), "cano: 2 of 2 to 5 replicas")


@pytest.mark.parametrize(
    ("autoscalers", "codes"),
    [
        ((autoscaler(AbleToScale="False"),), ["cannot-scale"]),
        ((autoscaler(ScalingActive="False"),), ["scaling-inactive"]),
        ((autoscaler(ScalingActive="Unknown"),), ["scaling-inactive"]),
        ((autoscaler(ScalingLimited="True"),), ["pinned-at-maximum"]),
        ((autoscaler(5),), ["pinned-at-maximum"]),
        ((autoscaler(), autoscaler()), ["autoscalers-overlap"]),
    ],
)
def test_an_autoscaler_that_is_not_sound_is_named(autoscalers, codes):
    assert [finding.code for finding in scaling(*autoscalers).findings] == codes


def test_an_autoscaler_that_says_nothing_is_not_judged():
    with pytest.raises(TooEarly, match="has not said yet how it fares"):
        scaling(autoscaler(ScalingActive=""))


def test_without_an_autoscaler_the_use_must_be_known_and_leave_room():
    with pytest.raises(Absent, match="no metrics"):
        scaling(usages=Absent("no metrics"))
    with pytest.raises(NotApplicable, match="on purpose"):
        scaling(usages=NotApplicable("on purpose"))


@pytest.mark.parametrize(
    ("memory", "limit", "codes"),
    [(0.5, 0.6, []), (0.61, 0.6, ["no-room-to-grow"]), (0.61, 0.7, [])],
)
def test_without_an_autoscaler_growth_must_fit_into_what_is_there(
    memory: float, limit: float, codes: list[str]
):
    judgement = scaling(usages=(used("a", memory=memory), used("b")), scaling_usage=limit)
    assert ([finding.code for finding in judgement.findings], judgement.limit) == (codes, limit)
    assert judgement.observed.startswith(f"no autoscaler; highest: CPU 4%, memory {memory:.0%}")
