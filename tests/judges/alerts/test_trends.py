"""latency-stable and destinations-fast."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.counting.counter_samples import INSTALL, codes, examples, snapshot
from tests.judges.samples import NOW, ago
from upkeep.errors import Absent, TooEarly, Unmeasured
from upkeep.judges.alerts.trends import destinations_fast, latency_stable
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.configuration import Destination
from upkeep.records.counters import CounterHistory, Sample, Snapshot

BOUNDS = ("0.5", "1", "5", "10", "+Inf")
PROCESSING, SENDING = (
    "cano_alerts_processing_duration_seconds_bucket",
    "cano_destination_send_duration_seconds_bucket",
)


def buckets(name: str, counts: tuple[int, ...], **labels: str) -> list[Sample]:
    """Events by bucket (not cumulative)."""
    return [
        Sample(name, {**labels, "le": bound}, float(sum(counts[: index + 1])))
        for index, bound in enumerate(BOUNDS)
    ]


def timed(
    pod: str = "a",
    *,
    alerts: tuple[int, ...] = (0, 0, 0, 0, 0),
    sends: dict[str, tuple[int, ...]] | None = None,
    days: float = 0,
    age: float = 20,
    source: str = "metrics",
) -> Snapshot:
    """A process's histograms so many days ago; it has run for ``age`` days."""
    plain = snapshot(
        pod,
        taken=ago(days=days),
        started=NOW - timedelta(days=age),
        received=sum(alerts),
        source=source,
    )
    own = buckets(PROCESSING, alerts, alert_name="Down") if any(alerts) else []
    for name, counts in (sends or {}).items():
        own += buckets(SENDING, counts, destination_name=name)
    return replace(plain, samples=(*plain.samples, *own))


def stable(*latest: Snapshot, before: tuple[Snapshot, ...] = (), **limits: float) -> Judgement:
    return latency_stable(
        CounterHistory(latest, before), now=NOW, limits=Limits(limits), install=INSTALL
    )


def fast(
    *latest: Snapshot,
    before: tuple[Snapshot, ...] = (),
    names: tuple[str, ...] = ("oncall",),
    **limits: float,
) -> Judgement:
    destinations = [Destination(name, "slack") for name in names]
    return destinations_fast(
        CounterHistory(latest, before),
        destinations,
        now=NOW,
        limits=Limits(limits),
        install=INSTALL,
    )


WEEK_AGO = timed(alerts=(100, 0, 0, 0, 0), days=7, source="export")


def test_the_same_p95_as_before_passes_and_says_both():
    judgement = stable(timed(alerts=(300, 0, 0, 0, 0)), before=(WEEK_AGO,))
    assert (judgement.findings, judgement.limit, judgement.unit) == ((), 1.5, "× the past")
    assert (
        judgement.observed
        == "p95 0.475 s of 200 alerts since 2025-12-26 12:00 UTC, 0.475 s of 100 before: ×1"
    )
    assert judgement.basis.startswith(
        "since 2025-12-26 12:00 UTC, 7 d ago (samples from a saved exposition), against the past from 2025-12-13"
    )


def test_a_p95_of_more_than_half_as_long_again_fails():
    judgement = stable(timed(alerts=(200, 100, 0, 0, 0)), before=(WEEK_AGO,))
    (finding,) = judgement.findings
    # p95 of 100 and 100: the 190th of 200, 90 of 100 into the bucket from 0.5 s to 1 s.
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "Deployment/cano-collector",
        "latency-grew",
        2,
        1.5,
    )
    assert (
        finding.message
        == "Processing takes 2 times as long as before (limit ×1.5): p95 0.95 s since 2025-12-26 12:00 UTC, 0.475 s before."
    )


def test_growth_that_nobody_notices_passes():
    assert not stable(
        timed(alerts=(200, 100, 0, 0, 0)), before=(WEEK_AGO,), latency_noticed=1
    ).findings


def test_what_pods_counted_that_are_gone_is_of_the_past():
    gone = (
        timed("old", alerts=(80, 0, 0, 0, 0), days=9, age=30, source="export"),
        timed("old", alerts=(90, 0, 0, 0, 0), days=8, age=30, source="export"),
    )
    judgement = stable(timed("new", alerts=(0, 100, 0, 0, 0), age=5), before=gone)
    assert judgement.observed.startswith(
        "p95 0.975 s of 100 alerts since 2025-12-26 12:00 UTC, 0.475 s of 90 before"
    )
    assert codes(judgement) == ["latency-grew"]


def test_without_an_earlier_moment_there_is_no_past():
    with pytest.raises(
        TooEarly,
        match=r"Pod a has no earlier sample.*Retry after 2026-01-09 12:00 UTC",
    ) as caught:
        stable(timed(alerts=(300, 0, 0, 0, 0)))
    assert caught.value.next_step.startswith("--prometheus=URL, or --exports=DIR")


def test_a_process_younger_than_the_window_has_no_past():
    with pytest.raises(
        TooEarly,
        match=r"Only 0 alerts were processed before 2025-12-26 12:00 UTC.*Retry after 2026-01-06 12:00 UTC",
    ):
        stable(timed(alerts=(300, 0, 0, 0, 0), age=3))


def test_few_alerts_are_noise_and_the_limit_that_ends_it_is_named():
    with pytest.raises(
        TooEarly,
        match="Only 40 alerts were processed since 2025-12-26 12:00 UTC; a p95 needs 50",
    ) as caught:
        stable(timed(alerts=(140, 0, 0, 0, 0)), before=(WEEK_AGO,))
    assert caught.value.next_step == "--limit=small_sample=40"
    assert not stable(timed(alerts=(140, 0, 0, 0, 0)), before=(WEEK_AGO,), small_sample=40).findings


def test_no_alert_in_the_whole_window_passes_as_no_traffic():
    assert stable(timed(alerts=(100, 0, 0, 0, 0)), before=(WEEK_AGO,)).observed == "no traffic"


def test_no_alert_in_a_part_of_the_window_is_too_early():
    yesterday = timed(alerts=(100, 0, 0, 0, 0), days=1, source="export")
    with pytest.raises(TooEarly, match="Only 0 alerts were processed since 2026-01-01 12:00 UTC"):
        stable(timed(alerts=(100, 0, 0, 0, 0)), before=(yesterday,))


def test_the_past_ends_after_its_four_weeks():
    before = (
        timed(alerts=(0, 0, 500, 0, 0), days=36, age=60, source="export"),
        timed(alerts=(100, 0, 500, 0, 0), days=7, age=60, source="export"),
    )
    judgement = stable(timed(alerts=(300, 0, 500, 0, 0), age=60), before=before)
    assert judgement.observed.endswith("0.475 s of 100 before: ×1")


def test_beyond_the_last_bucket_growth_cannot_be_told():
    before = (timed(alerts=(0, 0, 0, 0, 100), days=7, source="export"),)
    with pytest.raises(Absent, match="Both p95 lie beyond 10 s, the last bucket"):
        stable(timed(alerts=(0, 0, 0, 0, 300)), before=before)


def test_processed_alerts_without_a_histogram_are_absent():
    with pytest.raises(Absent, match="5 alerts were processed"):
        stable(snapshot("a", received=5))


def test_the_trend_has_a_point_for_each_part_with_events():
    before = tuple(
        timed(alerts=(10 * (20 - days), 0, 0, 0, 0), days=days, source="export")
        for days in range(19, 0, -1)
    )
    (trend,) = stable(timed(alerts=(200, 0, 0, 0, 0)), before=before).trends
    assert (trend.name, trend.unit) == ("p95 of processing time", "s")
    assert {value for _, value in trend.points} == {0.475}
    assert [at for at, _ in trend.points] == sorted({at for at, _ in trend.points})
    assert trend.points[-1][0] == NOW
    assert len(trend.points) == 16  # twenty days in parts of a day and a quarter


ONCALL_WEEK_AGO = timed(sends={"oncall": (100, 0, 0, 0, 0)}, days=7, source="export")


def test_every_destination_is_listed_with_its_p95_and_its_past():
    judgement = fast(
        timed(sends={"oncall": (300, 0, 0, 0, 0)}),
        before=(ONCALL_WEEK_AGO,),
        names=("oncall", "audit"),
    )
    assert (
        judgement.observed
        == "audit: no traffic; oncall: p95 0.475 s of 200 messages, 0.475 s before"
    )
    assert (judgement.findings, judgement.limit, judgement.unit) == ((), 2, "s at p95")
    assert [trend.name for trend in judgement.trends] == ["p95 of send time, oncall"]


def test_a_slow_destination_fails_by_name():
    judgement = fast(timed(sends={"oncall": (300, 0, 100, 0, 0)}), before=(ONCALL_WEEK_AGO,))
    assert codes(judgement) == ["sending-slow", "sending-slower"]
    slow, slower = judgement.findings
    # 100 from 1 s to 5 s: three quarters of them beyond 2 s; p95 is the 285th of 300, 85 of 100 into that bucket.
    assert (slow.object, slow.observed, slow.limit) == ("Destination/oncall", 4.4, 2)
    assert (
        slow.message == "At least 75 of 300 messages to oncall took longer than 2 s: p95 is 4.4 s."
    )
    assert slower.message.startswith(
        "Messages to oncall take 9.26 times as long as before (limit ×1.5): p95 4.4 s since 2025-12-26"
    )


def test_a_destination_with_few_messages_is_judged_by_the_limit_alone():
    before = (timed(sends={"oncall": (5, 0, 0, 0, 0)}, days=7, source="export"),)
    judgement = fast(timed(sends={"oncall": (25, 0, 0, 0, 0)}), before=before)
    assert (
        judgement.observed
        == "oncall: p95 0.475 s of 20 messages, too few to compare (20 at present, 5 before)"
    )
    assert codes(fast(timed(sends={"oncall": (25, 0, 0, 2, 0)}), before=before)) == ["sending-slow"]


def test_without_an_earlier_moment_a_fast_destination_is_too_early_and_a_slow_young_one_fails():
    with pytest.raises(TooEarly, match="Pod a has no earlier sample"):
        fast(timed(sends={"oncall": (300, 0, 0, 0, 0)}))
    with pytest.raises(TooEarly, match="50 messages to oncall took longer than 2 s since"):
        fast(timed(sends={"oncall": (300, 0, 0, 50, 0)}))
    assert codes(fast(timed(sends={"oncall": (300, 0, 0, 50, 0)}, age=2))) == ["sending-slow"]


def test_one_that_is_not_configured_is_judged_too():
    assert codes(fast(timed(sends={"ghost": (0, 0, 0, 60, 0)}, age=2), names=("oncall",))) == [
        "sending-slow"
    ]


def test_no_destination_and_no_traffic_passes():
    assert fast(timed(), names=()).observed == "no destination"


@examples(60)
@given(
    st.integers(50, 300),
    st.integers(0, 60),
    st.integers(1, 60),
    st.booleans(),
    st.sampled_from([3.0, 20.0]),
)
def test_a_slower_message_never_turns_a_failure_into_a_pass(
    quick: int, slow: int, more: int, known: bool, age: float
):
    half = (quick // 2, 0, slow // 2, 0, 0)
    before = (
        (timed(sends={"oncall": half}, alerts=half, days=7.1, age=age, source="export"),)
        if known and age > 8
        else ()
    )

    def rank(judge, number: int) -> int:
        counts = (quick, 0, number, 0, 0)
        try:
            return (
                2
                if judge(
                    timed(sends={"oncall": counts}, alerts=counts, age=age), before=before
                ).findings
                else 0
            )
        except Unmeasured:
            return 1

    for judge in (fast, stable):
        assert rank(judge, slow + more) >= rank(judge, slow)
