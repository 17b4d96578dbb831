"""repeated-errors and no-send-failures."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fuzzing import examples
from tests.judges.samples import NOW, ago, install, pod, workload
from upkeep.errors import Absent, TooEarly, Unmeasured
from upkeep.judges.logs import history
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement
from upkeep.records.logs import LogPattern, LogSurvey, SendFailures
from upkeep.records.workload import Workload

OLD = {"created": ago(days=9)}
WEEK = workload(
    replace(pod("a"), **OLD),
    replace(pod("b"), **OLD),
)


def pattern(text: str = "Failed to resolve channel", count: int = 1, **changes) -> LogPattern:
    return replace(
        LogPattern(text, count, "error", ago(days=6), ago(days=2), f"{text} C042"), **changes
    )


def unsent(destination: str = "oncall", count: int = 1, **changes) -> SendFailures:
    return replace(
        SendFailures(destination, count, ago(days=6), ago(days=2), "Failed to send issue: timeout"),
        **changes,
    )


def survey(
    name: str = "a", *patterns: LogPattern, failures: tuple[SendFailures, ...] = (), **changes
) -> LogSurvey:
    """A log of the whole week, with these bad lines and no other."""
    bad = sum(each.count for each in patterns)
    whole = LogSurvey(
        f"cano-collector-{name}",
        "cano-collector",
        False,
        400,
        ago(days=7),
        NOW,
        bad,
        patterns,
        send_failures=failures,
    )
    return replace(whole, **changes)


BOTH = (survey("a"), survey("b"))


def repeated(surveys=BOTH, records: Workload = WEEK, **limits: float) -> Judgement:
    return history.repeated(surveys, records, now=NOW, limits=Limits(limits), install=install())


def all_sent(surveys=BOTH, records: Workload = WEEK, **limits: float) -> Judgement:
    return history.all_sent(surveys, records, now=NOW, limits=Limits(limits), install=install())


def test_a_week_without_a_bad_line_passes():
    assert repeated() == Judgement(
        findings=(),
        observed="0 error patterns in 800 lines",
        limit=10,
        unit="lines of one pattern",
        basis="pod logs from 2025-12-26 12:00 UTC to 2026-01-02 12:00 UTC, 100 % covered",
    )


def test_a_pattern_is_counted_over_all_logs_and_fails_beyond_the_limit():
    (finding,) = repeated(
        (survey("a", pattern(count=4)), survey("b", pattern(count=7, last=ago(days=1))))
    ).findings
    assert finding == Finding(
        object="Pod/cano-collector-b container/cano-collector",
        code="error-repeated",
        message="11 error lines of one pattern from 2025-12-27 12:00 UTC to 2026-01-01 12:00 UTC in 2 logs (limit 10): Failed to resolve channel C042",
        observed=11,
        limit=10,
        unit="lines of one pattern",
        next="kubectl -n monitoring logs cano-collector-b -c cano-collector --since=168h",
    )


@pytest.mark.parametrize(("count", "fails"), [(0, False), (10, False), (11, True)])
def test_as_many_lines_of_a_pattern_as_the_limit_allows_pass(count: int, fails: bool):
    patterns = [pattern(count=count)] if count else []
    assert bool(repeated((survey("a", *patterns), survey("b")))) is not fails


def test_many_different_errors_are_no_repetition_and_the_most_frequent_are_said():
    judgement = repeated(
        (
            survey(
                "a",
                *[pattern(f"Error {word}", count) for count, word in enumerate("abcd", start=1)],
            ),
            survey("b"),
        )
    )
    assert not judgement.findings
    assert (
        judgement.observed == "4 error patterns in 800 lines: 4 × Error d; 3 × Error c; 2 × Error b"
    )


def test_lines_that_were_not_kept_apart_are_held_against_the_limit():
    full = survey("a", pattern(count=2), bad_lines=14)
    (finding,) = repeated((full, survey("b"))).findings
    assert (finding.code, finding.observed) == ("more-repeated-errors", 12)
    assert repeated((replace(full, bad_lines=12), survey("b")))


def test_more_patterns_than_are_listed_are_said():
    judgement = repeated(
        (survey("a", *[pattern(f"Error {letter}", 11) for letter in "abcdefghijkl"]), survey("b"))
    )
    assert [finding.code for finding in judgement.findings] == ["error-repeated"] * 10 + [
        "more-repeated-errors"
    ]
    assert judgement.findings[-1].observed == 22


def test_a_failure_to_send_is_told_by_destination():
    judgement = all_sent(
        (
            survey("a", failures=(unsent(count=3), unsent("platform"))),
            survey("b", failures=(unsent(),)),
        )
    )
    assert judgement.observed == "5 lines of failed sends: oncall 4, platform 1"
    assert [(finding.object, finding.observed) for finding in judgement.findings] == [
        ("Destination/oncall", 4),
        ("Destination/platform", 1),
    ]
    assert judgement.findings[0].message == (
        "4 log lines of failed sends to destination oncall from 2025-12-27 12:00 UTC to 2025-12-31 12:00 UTC: "
        "Failed to send issue: timeout"
    )


def test_a_failure_that_names_no_destination_is_one_too():
    (finding,) = all_sent((survey("a", failures=(unsent(""),)), survey("b"))).findings
    assert finding.object == "Pod/cano-collector-a container/cano-collector"
    assert "failed sends to an unnamed destination" in finding.message


def test_failures_to_send_within_the_limit_pass_and_are_said():
    judgement = all_sent(
        (survey("a", failures=(unsent(count=3),)), survey("b")), send_failure_lines=3
    )
    assert not judgement.findings
    assert judgement.observed == "3 lines of failed sends: oncall 3"


@pytest.mark.parametrize("judge", [repeated, all_sent])
def test_half_a_week_is_too_early_and_says_which_window_is_covered(judge):
    short = (survey("a", covered_from=ago(days=3)), survey("b", covered_from=ago(days=3)))
    with pytest.raises(TooEarly, match="back 3 d of 7 d") as caught:
        judge(short)
    assert caught.value.next_step == "--limit=log_history_window=72h"
    judge(short, log_history_window=timedelta(days=3).total_seconds())


@pytest.mark.parametrize(
    ("judge", "extra"),
    [
        (repeated, {"patterns": (pattern(count=11),), "bad_lines": 11}),
        (all_sent, {"send_failures": (unsent(),)}),
    ],
)
def test_what_is_bad_in_an_hour_of_log_fails_all_the_same(judge, extra):
    assert judge((survey("a", covered_from=ago(hours=1), **extra), survey("b"))).findings


@pytest.mark.parametrize("judge", [repeated, all_sent])
def test_a_log_that_was_not_read_is_absent(judge):
    with pytest.raises(Absent, match="cano-collector-b was not read"):
        judge((survey("a"),))
    with pytest.raises(Absent):
        judge(())


@settings(max_examples=examples(60), deadline=None)
@given(
    counts=st.lists(st.integers(0, 12), max_size=4),
    failures=st.lists(st.integers(1, 3), max_size=3),
    days=st.floats(0.1, 7),
    more=st.integers(1, 20),
)
def test_a_further_bad_line_never_turns_a_failure_into_a_pass(counts, failures, days, more):
    patterns = tuple(
        pattern(f"Error {number}", count) for number, count in enumerate(counts) if count
    )
    sends = tuple(unsent(f"d{number}", count) for number, count in enumerate(failures))
    first = survey("a", *patterns, failures=sends, covered_from=ago(days=days))
    worse = survey(
        "a",
        *patterns,
        pattern("Another", more),
        failures=(*sends, unsent("other", more)),
        covered_from=ago(days=days),
    )
    for judge in (repeated, all_sent):
        assert _rank(judge, (worse, survey("b"))) >= _rank(judge, (first, survey("b")))


def _rank(judge, surveys) -> int:
    """Pass 0, could not measure 1, fail 2."""
    try:
        return 2 if judge(surveys).findings else 0
    except Unmeasured:
        return 1
