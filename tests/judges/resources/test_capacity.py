"""capacity-ahead: the volume's line, the time that it takes, and when both reach the limit."""

from datetime import timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.counting.counter_samples import DAY, INSTALL, codes, examples, snapshot
from tests.judges.samples import NOW
from upkeep.errors import Absent, Malformed, TooEarly, Unmeasured
from upkeep.judges.resources.capacity import capacity_ahead
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.counters import CounterHistory, Sample, Snapshot
from upkeep.records.usage import Autoscaler

NAME = "cano_alerts_processing_duration_seconds"


def at(
    days: int,
    received: int,
    pod: str = "a",
    *,
    age: float,
    seconds: float = 0.1,
    handled: int | None = None,
) -> Snapshot:
    """A process's counts so many days ago; each of the groups that it handled took so long."""
    source = "prometheus" if days else "metrics"
    plain = snapshot(
        pod,
        taken=NOW - timedelta(days=days),
        started=NOW - timedelta(days=age),
        source=source,
        received=received,
    )
    groups = received if handled is None else handled
    effort = [
        Sample(f"{NAME}_sum", {"alert_name": "Down"}, groups * seconds),
        Sample(f"{NAME}_count", {"alert_name": "Down"}, float(groups)),
    ]
    return replace(plain, samples=(*plain.samples, *(effort if groups else ())))


def history(
    *daily: int, pod: str = "a", seconds: float = 0.1, handled: int | None = None
) -> CounterHistory:
    """One process that began with the first of these days, and was looked at after each."""
    received = list(accumulate(daily))
    age = len(daily)
    moments = [
        at(age - 1 - number, count, pod, age=age, seconds=seconds, handled=handled)
        for number, count in enumerate(received)
    ]
    return CounterHistory(tuple(moments[-1:]), tuple(moments[:-1]))


def judge(
    those: CounterHistory,
    *,
    work: CounterHistory | None = None,
    autoscalers: tuple[Autoscaler, ...] | Exception = (),
    **limits: float,
) -> Judgement:
    looked = those if work is None else work
    return capacity_ahead(
        volumes=those,
        work=looked,
        autoscalers=autoscalers,
        now=NOW,
        limits=Limits(limits),
        install=INSTALL,
    )


def growing(days: int, *, first: float, more: float) -> list[int]:
    return [round(first + more * number) for number in range(days)]


def test_steady_traffic_that_takes_little_time_passes_and_says_what_it_takes():
    judgement = judge(history(*[500] * 20))
    assert judgement.findings == ()
    assert (judgement.limit, judgement.unit) == (0.6, "ratio")
    assert judgement.observed == (
        "500 groups a day, +0 each day (95 %: +0 to +0); each of 1 pod busy 0.058 % of the time, 0.1 s for each of 3500 groups; "
        "60 % is not reached in ten years"
    )
    assert judgement.basis.startswith("volume: 20 complete days of 90")
    volume, busy = judgement.trends
    assert (len(volume.points), volume.points[-1]) == (20, (NOW, 500.0))
    assert (busy.unit, busy.points[0][1]) == ("ratio", round(500 * 0.1 / DAY, 6))


def test_where_an_autoscaler_would_take_the_pods_back_its_bounds_are_what_to_raise():
    """What it may add is not counted on, and said; also where nobody could look."""
    days = history(*growing(30, first=40_000 - 29 * 200, more=200), seconds=1)
    scaled = judge(days, autoscalers=(Autoscaler("cano", 1, 1, 1),))
    (finding,) = scaled.findings
    assert finding.code == "limit-reached-soon"
    assert finding.next == (
        """kubectl -n monitoring patch hpa cano -p '{"spec":{"minReplicas":2,"maxReplicas":2}}' --dry-run=server"""
    )
    assert scaled.basis.endswith(
        "; HorizontalPodAutoscaler cano allows 1 to 1 replicas, and its pods do not count"
    )
    (wide,) = judge(days, autoscalers=(Autoscaler("cano", 1, 9, 1),)).findings
    assert '"maxReplicas":9' in wide.next
    unseen = judge(days, autoscalers=Absent("gone"))
    assert unseen.basis.endswith("; autoscalers were not read")
    assert unseen.findings == judge(days).findings
    (busy,) = judge(
        history(*[80_000] * 20, seconds=1), autoscalers=(Autoscaler("cano", 1, 3, 1),)
    ).findings
    assert (busy.code, busy.next.startswith("kubectl -n monitoring patch hpa cano")) == (
        "utilisation-high",
        True,
    )


def test_traffic_that_reaches_the_limit_within_the_quarter_fails_with_the_day():
    # 1 s for each: 60 % of a day are 51,840 groups. The middle of the last day saw 40,000, and each day brings 200 more.
    judgement = judge(history(*growing(30, first=40_000 - 29 * 200, more=200), seconds=1))
    (finding,) = judgement.findings
    assert (finding.object, finding.code, finding.limit, finding.unit) == (
        "Deployment/cano-collector",
        "limit-reached-soon",
        90,
        "days",
    )
    assert finding.observed == pytest.approx((51_840 - 40_000) / 200 - 0.5, abs=0.05)
    assert finding.message == (
        "The limit of 60 % busy time is reached in 59 d (59 d at the earliest, 59 d at the latest), on 2026-03-02. Volume: "
        "40100 groups a day, +200 each day (95 %: +200 to +200), 1 s each."
    )
    # In 90 days 58,100 of 1 s: two thirds of a day, which two pods share.
    assert (
        finding.next
        == "kubectl -n monitoring scale deployment cano-collector --replicas=2 --dry-run=server"
    )


def test_the_same_growth_further_from_the_limit_passes():
    judgement = judge(history(*growing(30, first=20_000, more=200), seconds=1))
    assert judgement.findings == ()
    assert judgement.observed.endswith(
        "60 % is reached in 130 d (130 d at the earliest, 130 d at the latest)"
    )


@pytest.mark.parametrize(
    ("name", "value"), [("capacity_horizon", 50 * DAY), ("capacity_utilisation", 0.7)]
)
def test_the_limits_decide(name: str, value: float):
    those = history(*growing(30, first=40_000 - 29 * 200, more=200), seconds=1)
    assert codes(judge(those)) == ["limit-reached-soon"]
    assert codes(judge(those, **{name: value})) == []


def test_two_pods_have_twice_the_time():
    one, two = (
        history(*growing(30, first=20_000 - 29 * 100, more=100), pod=pod, seconds=1) for pod in "ab"
    )
    both = CounterHistory((*one.latest, *two.latest), (*one.earlier, *two.earlier))
    assert "each of 2 pods busy 23 % of the time" in judge(both).observed
    assert judge(both, capacity_horizon=100 * DAY).observed.startswith(
        "40100 groups a day, +200 each day"
    )
    (finding,) = judge(both, capacity_horizon=366 * DAY).findings
    assert finding.observed == pytest.approx((2 * 51_840 - 40_000) / 200 - 0.5, abs=0.05)


def test_pods_that_are_too_busy_now_fail_whatever_the_line_says():
    """A change of last week is an outlier to the line; what the pods did last week is not."""
    quiet_then_storm = [1000] * 60 + [70_000] * 7
    (finding,) = judge(history(*quiet_then_storm, seconds=1)).findings
    assert (finding.code, finding.observed, finding.limit) == (
        "utilisation-high",
        round(70_000 / DAY, 4),
        0.6,
    )
    assert finding.message.startswith(
        "Each of 1 pod is busy 81 % of the time (limit 60 %): 490000 groups of 1 s each in the last 7 d."
    )
    assert finding.next.endswith("--replicas=2 --dry-run=server")


def test_pods_that_are_too_busy_fail_also_where_days_are_few():
    assert codes(judge(history(70_000, 70_000, seconds=1))) == ["utilisation-high"]


@pytest.mark.parametrize("first", [50_000, 30_000])
def test_traffic_that_shrinks_never_reaches_it(first: int):
    judgement = judge(history(*growing(30, first=first, more=-200), seconds=1))
    assert judgement.findings == ()
    assert judgement.observed.endswith("60 % is not reached in ten years")


def test_an_interval_that_holds_both_is_too_early_until_the_whole_window_is_known():
    """Noise around 60 % of the limit: flat at best, and at the earliest within the quarter. More days would tell; there are none after the window."""
    noisy = [30_000, 46_000, 24_000, 41_000, 35_000, 48_000, 27_000] * 2
    with pytest.raises(
        TooEarly,
        match=r"14 complete days are too few for 90 d: 60 % .* d at the earliest",
    ) as caught:
        judge(history(*noisy, seconds=1))
    assert (
        "Each day narrows it, until 2026-03-10 12:00 UTC." in caught.value.message
    )  # 81 of 90 days
    judgement = judge(history(*noisy, seconds=1), capacity_window=14 * DAY)
    assert judgement.findings == ()
    assert " d at the earliest" in judgement.observed
    whole = history(*noisy, *noisy[:6], seconds=1)
    gap = replace(whole, earlier=tuple(one for one in whole.earlier if (NOW - one.taken).days != 9))
    judgement = judge(
        gap, capacity_window=20 * DAY
    )  # two days are missing, and the window is known from its begin
    assert (judgement.findings, judgement.basis.partition(" (")[0]) == (
        (),
        "volume: 18 complete days of 20",
    )
    assert " d at the earliest" in judgement.observed


def test_too_few_days_are_too_early_and_say_when_there_will_be_enough():
    with pytest.raises(
        TooEarly, match="13 complete days of metrics in 90; the forecast needs 14"
    ) as caught:
        judge(history(*[500] * 13))
    assert "Retry after 2026-01-03 12:00 UTC." in caught.value.message
    assert caught.value.next_step.startswith("--prometheus=URL")
    assert judge(history(*[500] * 13), capacity_days=13).findings == ()


def test_no_traffic_on_enough_days_passes_as_such():
    assert judge(history(*[0] * 14)).observed == "no traffic"
    with pytest.raises(TooEarly, match="13 complete days"):
        judge(history(*[0] * 13))


def test_alerts_of_which_none_was_processed_tell_no_time():
    with pytest.raises(
        TooEarly, match="500 alert groups arrived a day, and none was processed in the last 7 d"
    ):
        judge(history(*[500] * 20, handled=0))


def test_work_of_a_process_without_an_earlier_moment_is_counted_from_its_start():
    those = history(*[500] * 20)
    judgement = judge(those, work=CounterHistory(those.latest))
    assert "0.1 s for each of 10000 groups" in judgement.observed
    assert "since the process start (20 d ago); longer than 7 d" in judgement.basis


def test_without_a_pod_nothing_can_be_told():
    with pytest.raises(Absent, match="no pod"):
        judge(CounterHistory(()))


def test_seconds_that_shrink_are_not_of_one_process():
    those = history(*[500] * 20)
    shrunk = replace(
        those.latest[0],
        samples=tuple(
            replace(one, value=one.value / 2) if one.name.endswith("_sum") else one
            for one in those.latest[0].samples
        ),
    )
    with pytest.raises(Malformed, match="Counter work of pod a fell"):
        judge(those, work=replace(those, latest=(shrunk,)))


def rank(those: CounterHistory) -> int:
    try:
        return 2 if judge(those).findings else 0
    except Unmeasured:
        return 1


@examples(60)
@given(
    st.lists(st.sampled_from([0, 10_000, 30_000, 50_000]), min_size=10, max_size=40),
    st.integers(1, 20),
    st.sampled_from([1000, 20_000]),
    st.sampled_from([0.1, 1.0]),
)
def test_more_alerts_at_the_end_never_turn_a_failure_into_a_pass(
    daily: list[int], late: int, more: int, seconds: float
):
    """More of them on each of the last days is a steeper line, and a busier week."""
    busier = [
        count + (more if number >= len(daily) - late else 0) for number, count in enumerate(daily)
    ]
    before, after = rank(history(*daily, seconds=seconds)), rank(history(*busier, seconds=seconds))
    assert (before, after) not in ((2, 0), (2, 1))


@examples(60)
@given(
    st.lists(st.sampled_from([0, 10_000, 40_000, 60_000]), min_size=14, max_size=30),
    st.sets(st.integers(0, 29)),
)
def test_forgetting_moments_leaves_no_pass_with_too_few_days(daily: list[int], forgotten: set[int]):
    those = history(*daily, seconds=1)
    kept = replace(
        those,
        earlier=tuple(one for number, one in enumerate(those.earlier) if number not in forgotten),
    )
    try:
        passed = not judge(kept).findings
    except TooEarly:
        return
    assert not passed or len(daily) - 2 * len(forgotten) >= 0
    assert not passed or int(judge(kept).basis.split()[1]) >= 14


def test_groups_that_took_no_time_are_half_a_histogram():
    """A relabelling that drops the sum would make every forecast one of never."""
    with pytest.raises(Malformed, match="Pod a counts 3500 handled groups and no processing time"):
        judge(history(*[500] * 20, seconds=0))


@pytest.mark.parametrize("dropped", ["alerts_total", "_count"])
def test_a_prometheus_that_throws_a_family_away_is_no_history_of_none(dropped: str):
    """It has the process, and the process has the family: to count from zero would make one day of months, or months of nothing."""
    whole = history(*[500] * 20)
    now = at(0, 10_000, age=20)
    names = {sample.name for sample in now.samples if dropped in sample.name}
    cut = tuple(
        replace(
            one,
            source="prometheus",
            samples=tuple(sample for sample in one.samples if sample.name not in names),
        )
        for one in (*whole.earlier, now)
    )
    blind = CounterHistory((now,), cut)
    assert names
    with pytest.raises(
        Malformed, match=r"Prometheus scrapes pod a and has no .*, which the pod exposes"
    ):
        judge(
            blind if dropped == "alerts_total" else whole,
            work=whole if dropped == "alerts_total" else blind,
        )
    # The first alerts of its life, since Prometheus last looked.
    with pytest.raises(TooEarly):
        judge(CounterHistory((at(0, 9, age=2),), (at(1, 0, age=2),)))
