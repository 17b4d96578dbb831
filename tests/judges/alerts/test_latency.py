"""processing-fast."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.counting.counter_samples import INSTALL, codes, examples, snapshot
from tests.judges.samples import NOW, ago
from upkeep.errors import Absent, TooEarly, Unmeasured
from upkeep.judges.alerts.latency import processing_fast
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.counters import CounterHistory, Sample, Snapshot
from upkeep.records.logs import LogSurvey, SlowWork

BOUNDS = ("0.5", "5", "10", "+Inf")


def timed(
    pod: str = "a",
    *,
    fast: int = 0,
    slow: int = 0,
    days: float = 0,
    started: timedelta = timedelta(days=9),
    source: str = "metrics",
) -> Snapshot:
    """A process that worked at so many alerts in half a second, and at so many in seven, read so many days ago."""
    buckets = (fast, fast, fast + slow, fast + slow)
    name = "cano_alerts_processing_duration_seconds_bucket"
    own = [
        Sample(name, {"alert_name": "Down", "le": bound}, float(count))
        for bound, count in zip(BOUNDS, buckets, strict=True)
    ]
    plain = snapshot(
        pod, taken=ago(days=days), started=NOW - started, received=fast + slow, source=source
    )
    return replace(plain, samples=(*plain.samples, *own))


def survey(slow: int = 0, of: int = 100) -> LogSurvey:
    slowest = tuple(
        SlowWork("request", 8.0 + number, ago(hours=number)) for number in range(min(slow, 3))
    )
    return LogSurvey(
        "a",
        "cano-collector",
        False,
        400,
        ago(days=7),
        NOW,
        0,
        (),
        timed_lines=of,
        slow_lines=slow,
        slowest=slowest,
    )


def judge(
    *latest: Snapshot,
    before: tuple[Snapshot, ...] = (),
    lines: LogSurvey | None = None,
    **limits: float,
) -> Judgement:
    history = CounterHistory(latest, before, ())
    return processing_fast(
        history, [lines or survey()], now=NOW, limits=Limits(limits), install=INSTALL
    )


WEEK_AGO = timed(fast=100, days=7, source="export")


def test_a_fast_week_passes_and_says_its_p95():
    judgement = judge(timed(fast=300), before=(WEEK_AGO,))
    assert judgement == Judgement(
        (),
        "p95 0.475 s of 200 events; 0 of 100 log lines with a time are slower",
        5,
        "s at p95",
        judgement.basis,
    )
    assert judgement.basis.startswith("7 d, earlier sample from a saved exposition")


def test_more_than_one_in_twenty_slow_fails_and_says_how_many():
    judgement = judge(timed(fast=200, slow=40), before=(WEEK_AGO,))
    (finding,) = judgement.findings
    # Of 40 in the bucket from 5 s to 10 s all lie beyond 5 s; p95 is the 133rd of 140, 33/40 into that bucket.
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "Deployment/cano-collector",
        "processing-slow",
        9.125,
        5,
    )
    assert (
        finding.message
        == "40 of 140 alerts took longer than 5 s: p95 is 9.12 s. Most of them in pod a."
    )
    assert finding.next.startswith("kubectl -n monitoring logs a -c cano-collector --since-time=")


@pytest.mark.parametrize(("slow", "fails"), [(5, False), (6, True)])
def test_the_limit_is_five_in_a_hundred(slow: int, fails: bool):
    assert bool(judge(timed(fast=200 - slow, slow=slow), before=(WEEK_AGO,)).findings) is fails


def test_one_slow_alert_of_few_is_noise_and_two_are_not():
    assert not judge(timed(fast=103, slow=1), before=(WEEK_AGO,)).findings
    assert codes(judge(timed(fast=103, slow=2), before=(WEEK_AGO,))) == ["processing-slow"]


def test_without_an_earlier_moment_a_process_that_was_never_slow_passes():
    judgement = judge(timed(fast=300))
    assert not judgement.findings
    assert "no slow alert since then, so none in 7 d" in judgement.basis


def test_slow_alerts_that_may_be_older_than_the_window_are_too_early():
    with pytest.raises(TooEarly, match="30 alerts took longer than 5 s since") as caught:
        judge(timed(fast=300, slow=30))
    assert caught.value.next_step.startswith("--prometheus=URL")


def test_slow_alerts_of_a_process_younger_than_the_window_fail():
    assert codes(judge(timed(fast=300, slow=30, started=timedelta(days=2)))) == ["processing-slow"]


def test_beyond_the_last_bucket_nobody_knows_how_far():
    """Buckets end at 10 s: what is beyond may be within a limit of 20 s, or not."""
    name = "cano_alerts_processing_duration_seconds_bucket"
    beyond = Sample(name, {"alert_name": "Stuck", "le": "+Inf"}, 40.0)
    latest = timed(fast=200)
    latest = replace(latest, samples=(*latest.samples, beyond))
    with pytest.raises(
        Absent,
        match="40 alerts took longer than 10 s, the last bucket",
    ) as caught:
        judge(latest, before=(WEEK_AGO,), processing_latency=20)
    assert caught.value.next_step == "--limit=processing_latency=10s"
    assert codes(judge(latest, before=(WEEK_AGO,), processing_latency=10)) == ["processing-slow"]


def test_no_traffic_passes():
    assert judge(timed()).observed == "no traffic; 0 of 100 log lines with a time are slower"


def test_processed_alerts_without_a_histogram_are_absent():
    with pytest.raises(
        Absent,
        match="5 alerts were processed, but cano_alerts_processing_duration_seconds has no buckets",
    ):
        judge(snapshot("a", received=5))


@pytest.mark.parametrize(("slow", "fails"), [(10, False), (11, True)])
def test_slow_lines_beyond_the_limit_fail(slow: int, fails: bool):
    judgement = judge(timed(fast=300), lines=survey(slow=slow))
    assert judgement.observed.endswith(f"{slow} of 100 log lines with a time are slower")
    assert codes(judgement) == (["slow-lines"] if fails else [])
    if fails:
        (finding,) = judgement.findings
        assert (finding.observed, finding.limit, finding.unit) == (11, 10, "lines")
        assert "The slowest, in pod a, took 8 s at 2026-01-02 12:00 UTC" in finding.message


@examples(80)
@given(
    st.integers(0, 300),
    st.integers(0, 40),
    st.integers(1, 40),
    st.sampled_from([0.5, 3, 8, 20]),
    st.booleans(),
    st.integers(0, 20),
)
def test_a_further_slow_alert_never_turns_a_failure_into_a_pass(
    fast: int, slow: int, more: int, life: float, known: bool, lines: int
):
    before = (
        (
            timed(
                fast=fast // 2,
                slow=slow // 2,
                days=7.1,
                started=timedelta(days=life),
                source="export",
            ),
        )
        if known and life > 8
        else ()
    )

    def rank(number: int, slow_lines: int) -> int:
        try:
            latest = timed(fast=fast, slow=number, started=timedelta(days=life))
            return 2 if judge(latest, before=before, lines=survey(slow=slow_lines)).findings else 0
        except Unmeasured:
            return 1

    assert rank(slow + more, lines) >= rank(slow, lines)
    assert rank(slow, lines + more) >= rank(slow, lines)
