"""right-sized: the p95 of what the busiest pod uses, against what its container requests and may use."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.counting.counter_samples import DAY, INSTALL, codes, examples
from tests.judges.samples import NOW, pod, workload
from upkeep.errors import Absent, TooEarly, Unmeasured
from upkeep.judges.resources.shares import CPU_STEPS, MEMORY_STEPS, proposed
from upkeep.judges.resources.sizing import right_sized
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.usage import UsageHistory, UsageSeries
from upkeep.records.workload import ContainerResources, Workload

HOUR, MOMENTS = 3600, 168
MIB, MILLI = 1024 * 1024, 10**6
# What the chart gives: 250m and 1Gi, the memory limit being the request, and no limit of CPU.
CHART = ContainerResources(
    "cano-collector",
    cpu_request_nanocores=250 * MILLI,
    memory_request_bytes=1024 * MIB,
    memory_limit_bytes=1024 * MIB,
)


def when(hours: int) -> datetime:
    return NOW - timedelta(hours=hours)


def cpu(*millicores: float, name: str = "a", container: str = "cano-collector") -> UsageSeries:
    """A counter over the last hours, oldest first: so many millicores in each."""
    total, points = 0.0, [(when(len(millicores)), 0.0)]
    for number, used in enumerate(millicores):
        total += used / 1000 * HOUR
        points.append((when(len(millicores) - 1 - number), total))
    return UsageSeries(f"cano-collector-{name}", container, "cpu", tuple(points))


def memory(*mib: float, name: str = "a", container: str = "cano-collector") -> UsageSeries:
    points = tuple((when(len(mib) - 1 - number), used * MIB) for number, used in enumerate(mib))
    return UsageSeries(f"cano-collector-{name}", container, "memory", points)


GOOD_CPU, GOOD_MEMORY = cpu(*[80] * MOMENTS), memory(*[400] * MOMENTS)


def those(resources: ContainerResources = CHART, *more: ContainerResources) -> Workload:
    return workload(replace(pod("a"), resources=(resources, *more)))


def judge(*series: UsageSeries, records: Workload | None = None, **limits: float) -> Judgement:
    return right_sized(
        UsageHistory("Prometheus", HOUR, series),
        records or those(),
        now=NOW,
        limits=Limits(limits),
        install=INSTALL,
    )


def test_what_fits_passes_and_says_both():
    assert judge(GOOD_CPU, GOOD_MEMORY) == Judgement(
        (),
        "cano-collector: CPU p95 80m of 250m (32 %); cano-collector: memory p95 400Mi of 1Gi (39 %)",
        "20 % to 80 % of the request",
        "",
        "p95 of 7 d, by 1 h, of the busiest pod, from Prometheus",
    )


def test_the_chart_s_requests_for_a_collector_that_has_nothing_to_do_are_too_large():
    first, second = judge(cpu(*[9.2] * MOMENTS), memory(*[186] * MOMENTS)).findings
    assert (first.object, first.code, first.observed, first.limit, first.unit) == (
        "Deployment/cano-collector container/cano-collector", "cpu-request-too-large", 0.0368, 0.2, "ratio",
    )  # fmt: skip
    assert (
        first.message
        == "Container cano-collector requests 250m of CPU; its p95 is 9m (3.7 %, at least 20 %). 20m is enough."
    )
    assert first.next == (
        "kubectl -n monitoring set resources deployment cano-collector -c cano-collector --requests=cpu=20m --dry-run=server"
    )
    assert (second.code, second.message) == (
        "memory-request-too-large", "Container cano-collector requests 1Gi of memory; its p95 is 186Mi (18 %, at least 20 %). 384Mi is enough.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("resources", "series", "code", "observed", "words", "command"),
    [
        (CHART, [cpu(*[230] * MOMENTS), GOOD_MEMORY], "cpu-request-too-small", 0.92, "its p95 is 230m (92 %, at most 80 %). On a full node it gets no more. Set 500m.", "--requests=cpu=500m"),
        (
            CHART, [GOOD_CPU, memory(*[900] * MOMENTS)], "memory-limit-too-small", 0.8789,
            "has a memory limit of 1Gi; its p95 is 900Mi (88 %, at most 80 %). Beyond the limit it is OOMKilled. Set 2Gi.",
            "--requests=memory=2Gi --limits=memory=2Gi",
        ),
        (
            replace(CHART, memory_request_bytes=512 * MIB), [GOOD_CPU, memory(*[700] * MOMENTS)], "memory-request-too-small", 1.3672,
            "requests 512Mi of memory; its p95 is 700Mi (137 %, at most 80 %). On a full node it gets no more. Set 1Gi.", "--requests=memory=1Gi",  # not beyond the limit
        ),
        (
            replace(CHART, cpu_limit_nanocores=300 * MILLI), [cpu(*[270] * MOMENTS), GOOD_MEMORY], "cpu-limit-too-small", 0.9,
            "has a CPU limit of 300m; its p95 is 270m (90 %, at most 80 %). Beyond the limit it is throttled. Set 550m.", "--requests=cpu=550m --limits=cpu=550m",
        ),
        # With a limit and no request the API server requests the limit.
        (
            replace(CHART, cpu_request_nanocores=None, cpu_limit_nanocores=1000 * MILLI), [GOOD_CPU, GOOD_MEMORY], "cpu-request-too-large", 0.08,
            "requests 1000m of CPU; its p95 is 80m (8 %, at least 20 %). 200m is enough.", "--requests=cpu=200m",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_names_what_would(
    resources, series, code: str, observed: float, words: str, command: str
):
    (finding,) = judge(*series, records=those(resources)).findings
    assert (finding.code, finding.observed) == (code, observed)
    assert words in finding.message
    assert f" -c cano-collector {command} --dry-run=server" in finding.next


@pytest.mark.parametrize(
    ("used", "code"),
    [(50, []), (49.9, ["cpu-request-too-large"]), (200, []), (200.1, ["cpu-request-too-small"])],
)
def test_the_bounds_are_within(used: float, code: list[str]):
    assert codes(judge(cpu(*[used] * MOMENTS), GOOD_MEMORY)) == code


def test_a_limit_far_above_the_use_costs_nobody_anything():
    assert (
        judge(
            GOOD_CPU, GOOD_MEMORY, records=those(replace(CHART, memory_limit_bytes=64 * 1024 * MIB))
        ).findings
        == ()
    )


def test_the_busiest_twentieth_of_the_hours_is_left_out():
    quiet = [80.0] * 160
    assert judge(cpu(*quiet, *[2000] * 8), GOOD_MEMORY).findings == ()
    assert codes(judge(cpu(*quiet[1:], *[2000] * 9), GOOD_MEMORY)) == ["cpu-request-too-small"]


def test_the_busiest_pod_of_each_hour_counts_and_one_that_is_gone_too():
    idle = cpu(*[1] * MOMENTS, name="b")
    assert judge(GOOD_CPU, idle, GOOD_MEMORY).findings == ()
    gone = replace(cpu(*[80] * MOMENTS, name="gone"), points=GOOD_CPU.points[:90])
    young = replace(cpu(*[80] * MOMENTS), points=GOOD_CPU.points[89:])
    assert judge(gone, young, GOOD_MEMORY).findings == ()


def test_a_container_that_started_again_counts_from_zero():
    """Where its counter goes on under the same labels, what it shows after the drop is what it did since."""
    points = tuple(
        (at, 300.0 - number / 100) for number, (at, _) in enumerate(GOOD_CPU.points)
    )  # once an hour
    assert judge(replace(GOOD_CPU, points=points), GOOD_MEMORY).observed.startswith(
        "cano-collector: CPU p95 83m of 250m (33 %)"
    )


def test_hours_that_nobody_measured_may_have_been_anything():
    """Eight of 168 leave the p95 between the busiest known and the one of a week with eight idle hours."""
    short = replace(GOOD_CPU, points=GOOD_CPU.points[8:])
    assert judge(short, GOOD_MEMORY).findings == ()
    with pytest.raises(
        TooEarly, match=r"CPU of container cano-collector was measured for 95 % of the last 7 d"
    ) as caught:
        judge(replace(GOOD_CPU, points=GOOD_CPU.points[9:]), GOOD_MEMORY)
    assert "Retry after 2026-01-02 13:00 UTC." in caught.value.message


def test_a_day_that_was_too_busy_is_enough_to_fail_and_one_that_was_idle_is_not():
    assert codes(judge(cpu(*[240] * 24), GOOD_MEMORY)) == ["cpu-request-too-small"]
    with pytest.raises(TooEarly, match="measured for 14 %") as caught:
        judge(cpu(*[1] * 24), GOOD_MEMORY)
    assert caught.value.next_step.endswith("UTC, or --limit=sizing_window=1d")
    assert codes(judge(cpu(*[1] * 24), memory(*[400] * 24), sizing_window=DAY)) == [
        "cpu-request-too-large"
    ]


def test_one_moment_of_a_counter_is_too_early():
    with pytest.raises(TooEarly, match="measured for 0 %") as caught:
        judge(UsageSeries("cano-collector-a", "cano-collector", "cpu", ((NOW, 12.0),)), GOOD_MEMORY)
    assert caught.value.next_step.endswith("UTC")  # a window of a day would be no better known


def test_a_gap_is_not_filled_with_its_mean():
    points = (*GOOD_CPU.points[:60], *GOOD_CPU.points[90:])
    with pytest.raises(TooEarly, match="measured for 82 %"):
        judge(replace(GOOD_CPU, points=points), GOOD_MEMORY)


def test_what_nobody_measured_is_absent():
    with pytest.raises(
        Absent,
        match="Prometheus has no CPU usage of container cano-collector of pod cano-collector-a",
    ):
        judge(GOOD_MEMORY)
    with pytest.raises(Absent, match="no memory usage of container cano-collector"):
        judge(GOOD_CPU)
    with pytest.raises(Absent, match="no CPU usage of container proxy"):
        judge(GOOD_CPU, GOOD_MEMORY, records=those(CHART, replace(CHART, name="proxy")))
    with pytest.raises(Absent, match="No pod of the collector is running"):
        judge(GOOD_CPU, GOOD_MEMORY, records=replace(workload(), pods=()))
    with pytest.raises(Absent, match="listed without a container"):
        judge(GOOD_CPU, GOOD_MEMORY, records=workload())


def test_a_container_with_nothing_to_compare_with_names_what_would_fit():
    with pytest.raises(Absent, match="has no CPU request and no CPU limit") as caught:
        judge(GOOD_CPU, GOOD_MEMORY, records=those(replace(CHART, cpu_request_nanocores=None)))
    assert caught.value.next_step.endswith("-c cano-collector --requests=cpu=200m")


def test_what_is_wrong_is_said_although_the_rest_is_not_known():
    judgement = judge(cpu(*[240] * MOMENTS))
    assert codes(judgement) == ["cpu-request-too-small"]


def test_a_sidecar_is_judged_too_and_a_pod_of_the_template_before_is_not():
    proxy = ContainerResources(
        "proxy", cpu_request_nanocores=10 * MILLI, memory_request_bytes=64 * MIB
    )
    sidecar = [cpu(*[9] * MOMENTS, container="proxy"), memory(*[32] * MOMENTS, container="proxy")]
    (finding,) = judge(GOOD_CPU, GOOD_MEMORY, *sidecar, records=those(CHART, proxy)).findings
    assert (finding.object, finding.observed) == ("Deployment/cano-collector container/proxy", 0.9)
    old = replace(
        pod("old"),
        resources=(replace(CHART, cpu_request_nanocores=MILLI),),
        created=NOW - timedelta(days=9),
    )
    records = those()
    measured = [cpu(*[80] * MOMENTS, name="old"), memory(*[400] * MOMENTS, name="old")]
    assert (
        judge(
            GOOD_CPU, GOOD_MEMORY, *measured, records=replace(records, pods=(*records.pods, old))
        ).findings
        == ()
    )


@pytest.mark.parametrize(
    ("steps", "amount", "good"),
    [
        (CPU_STEPS, 0, 10), (CPU_STEPS, 9.2, 20), (CPU_STEPS, 50, 100), (CPU_STEPS, 51, 150), (CPU_STEPS, 700, 1400),
        (MEMORY_STEPS, 1, 16), (MEMORY_STEPS, 186, 384), (MEMORY_STEPS, 512, 1024), (MEMORY_STEPS, 900, 2048),
    ],
)  # fmt: skip
def test_proposals_are_numbers_that_people_write(steps, amount: float, good: float):
    assert proposed(amount, steps, limits=Limits()) == good


@examples(100)
@given(st.floats(0, 4000), st.floats(1, 8000), st.integers(1, 4000), st.integers(16, 16384))
def test_what_is_proposed_fits(used: float, mib: float, request: int, asked: int):
    """Whoever does what the findings say has none left."""
    has = ContainerResources(
        "cano-collector", cpu_request_nanocores=request * MILLI, memory_request_bytes=asked * MIB
    )
    series = (cpu(*[used] * MOMENTS), memory(*[mib] * MOMENTS))
    for finding in judge(*series, records=those(has)).findings:
        what, _, text = finding.next.split("--requests=")[1].split()[0].partition("=")
        if what == "cpu":
            has = replace(has, cpu_request_nanocores=int(text.removesuffix("m")) * MILLI)
        else:
            has = replace(
                has, memory_request_bytes=int(text[:-2]) * MIB * {"Mi": 1, "Gi": 1024}[text[-2:]]
            )
    assert judge(*series, records=those(has)).findings == ()


def rank(series, records: Workload) -> int:
    try:
        return 2 if judge(*series, records=records).findings else 0
    except Unmeasured:
        return 1


@examples(60)
@given(
    st.lists(st.sampled_from([1.0, 40.0, 120.0, 240.0]), min_size=MOMENTS, max_size=MOMENTS), st.integers(0, MOMENTS), st.integers(0, 60),
)  # fmt: skip
def test_looking_less_never_turns_a_failure_into_a_pass(used: list[float], begin: int, width: int):
    """A gap of any length anywhere leaves the outcome or makes it unknown; it never passes what failed, nor fails what passed."""
    whole = cpu(*used)
    points = (*whole.points[:begin], *whole.points[begin + width :])
    before, after = (
        rank((whole, GOOD_MEMORY), those()),
        rank((replace(whole, points=points), GOOD_MEMORY), those()),
    )
    assert after in (before, 1)


@examples(40)
@given(st.floats(0, 600), st.floats(0, 600))
def test_one_more_container_that_does_not_fit_never_makes_a_pass(used: float, other: float):
    more = replace(CHART, name="proxy")
    alone = rank((cpu(*[used] * MOMENTS), GOOD_MEMORY), those())
    series = (
        cpu(*[used] * MOMENTS),
        GOOD_MEMORY,
        cpu(*[other] * MOMENTS, container="proxy"),
        memory(*[400] * MOMENTS, container="proxy"),
    )
    assert rank(series, those(CHART, more)) >= alone


def test_a_pod_that_nobody_measured_may_be_the_busiest():
    """Half of the data is no p95 of the busiest pod: it proves what is too small, and nothing else."""
    chart, old, new = (
        those().pods[0],
        replace(pod("b"), resources=(CHART,)),
        replace(pod("c"), resources=(CHART,), created=when(1)),
    )
    with pytest.raises(
        Absent,
        match="Prometheus has no CPU usage of container cano-collector of pod cano-collector-b",
    ):
        judge(GOOD_CPU, GOOD_MEMORY, records=workload(chart, old))
    with pytest.raises(
        Absent, match="no memory usage of container cano-collector of pod cano-collector-b"
    ):
        judge(GOOD_CPU, GOOD_MEMORY, cpu(*[80] * MOMENTS, name="b"), records=workload(chart, old))
    with pytest.raises(Absent):
        judge(cpu(*[9] * MOMENTS), memory(*[400] * MOMENTS), records=workload(chart, old))
    assert codes(judge(cpu(*[240] * MOMENTS), GOOD_MEMORY, records=workload(chart, old))) == [
        "cpu-request-too-small"
    ]
    assert judge(GOOD_CPU, GOOD_MEMORY, records=workload(chart, new)).findings == ()
