"""recent-logs-clean."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fuzzing import examples
from tests.judges.logs.recent_samples import BOTH, WHERE, clean, outcome, pattern, survey
from tests.judges.samples import (
    NOW,
    ago,
    container,
    pod,
    termination,
    unready,
    waiting,
    workload,
)
from upkeep.errors import Absent, Forbidden, Malformed, Truncated
from upkeep.model import Finding, Judgement
from upkeep.records.stopped import Stopped


def test_logs_of_the_whole_window_without_a_bad_line_pass():
    judgement = clean()
    assert judgement == Judgement(
        findings=(),
        observed="0 bad lines in 800 lines of 2 logs",
        limit=0,
        unit="bad lines",
        basis="pod logs from 2026-01-01 12:00 UTC to 2026-01-02 12:00 UTC, 100 % covered",
    )


def test_a_bad_line_is_a_finding_that_says_what_when_where_and_how_to_look():
    (finding,) = clean((survey("a", pattern(count=7)), survey("b"))).findings
    assert finding == Finding(
        object=WHERE,
        code="error-logged",
        message="Container cano-collector of pod cano-collector-a logged 7 error lines from 2026-01-02 09:00 UTC to 2026-01-02 10:00 UTC: "
        "Failed to send issue (team=default)",
        observed=7,
        limit=0,
        unit="bad lines",
        next="kubectl -n monitoring logs cano-collector-a -c cano-collector --since=24h",
    )


def test_a_bad_line_of_the_life_before_is_found_with_previous():
    restarted = pod(
        "a",
        containers=(container(restarts=1, started=ago(hours=3), last_termination=termination()),),
    )
    surveys = (
        survey("a", covered_from=ago(hours=3)),
        survey("a", pattern(level="panic"), previous=True, covered_until=ago(hours=3)),
        survey("b"),
    )
    (finding,) = clean(surveys, workload(restarted, pod("b"))).findings
    assert (finding.object, finding.code) == (WHERE, "panic-logged")
    assert finding.message == (
        "Container cano-collector of pod cano-collector-a, before its last restart, logged 1 panic line at 2026-01-02 09:00 UTC: "
        "Failed to send issue (team=default)"
    )
    assert (
        finding.next
        == "kubectl -n monitoring logs cano-collector-a -c cano-collector --since=24h --previous"
    )


def test_a_bad_line_of_before_the_window_is_shown_by_the_tail():
    old = pattern(first=ago(days=3), last=ago(days=3))
    (finding,) = clean((survey("a", old), survey("b"))).findings
    assert (
        finding.next == "kubectl -n monitoring logs cano-collector-a -c cano-collector --tail=100"
    )


@pytest.mark.parametrize(
    ("seconds", "flag"), [(5400, "90m"), (7200, "2h"), (90, "90s"), (604800, "168h")]
)
def test_since_is_a_duration_that_kubectl_takes(seconds, flag):
    recent = pattern(first=ago(seconds=5), last=ago(seconds=5))
    (finding,) = clean((survey("a", recent), survey("b")), log_window=seconds).findings
    assert finding.next.endswith(f"--since={flag}")


def test_bad_lines_up_to_the_limit_pass_and_one_more_fails():
    surveys = (survey("a", pattern(count=2)), survey("b", pattern(count=1)))
    assert clean(surveys, log_error_lines=3).findings == ()
    assert [finding.observed for finding in clean(surveys, log_error_lines=2).findings] == [2, 1]


def test_ten_patterns_most_frequent_first_and_one_finding_for_the_rest():
    patterns = [pattern(f"p{number:02d}", count=number) for number in range(1, 14)]
    findings = clean((survey("a", *patterns), survey("b"))).findings
    assert [finding.observed for finding in findings] == [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 6]
    assert findings[-1] == Finding(
        "Deployment/cano-collector",
        "more-error-patterns",
        "6 more bad lines of 3 more patterns are not listed.",
        6,
        0,
        "bad lines",
    )


def test_exactly_ten_patterns_leave_nothing_out():
    patterns = [pattern(f"p{number}") for number in range(10)]
    assert len(clean((survey("a", *patterns), survey("b"))).findings) == 10


def test_bad_lines_that_were_in_no_pattern_are_findings_too():
    (finding,) = clean((survey("a", bad_lines=1), survey("b"))).findings
    assert finding.message == "1 more bad line of further patterns is not listed."


def test_lines_too_long_are_said():
    assert (
        clean((survey("a", cut_lines=1), survey("b"))).observed
        == "0 bad lines in 800 lines of 2 logs, 1 line longer than the reader's limit"
    )


# --- coverage ---


def test_a_bad_line_beats_missing_coverage():
    assert (
        len(clean((survey("a", pattern(), covered_from=ago(minutes=5)), survey("b"))).findings) == 1
    )


# --- the look ---


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (container(), "The log of container cano-collector of pod cano-collector-b was not read."),
        (container(state="terminated", started=None, terminated=termination()), "The log of container cano-collector of pod cano-collector-b was not read."),
        (
            waiting("CrashLoopBackOff", last_termination=termination()),
            "The log of container cano-collector of pod cano-collector-b before its last restart was not read.",
        ),
        (
            waiting("CrashLoopBackOff", last_termination=termination(finished=None)),
            "The log of container cano-collector of pod cano-collector-b before its last restart was not read.",
        ),
    ],
)  # fmt: skip
def test_a_started_container_whose_log_was_not_read_is_absent(status, message):
    with pytest.raises(Absent) as raised:
        clean((survey("a"),), workload(pod("a"), unready("b", status=status)))
    assert raised.value.message == message
    assert raised.value.next_step.startswith(
        "kubectl -n monitoring logs cano-collector-b -c cano-collector"
    )


def test_a_log_that_was_read_twice_is_malformed():
    with pytest.raises(Malformed, match="pod cano-collector-a was read twice"):
        clean((survey("a"), survey("a"), survey("b")))


# --- properties ---

moments = st.integers(0, 30).map(lambda hours: ago(hours=hours))
surveyed = st.builds(
    lambda name, begin, end, counts: survey(
        name,
        *(pattern(f"p{n}", count) for n, count in enumerate(counts)),
        covered_from=begin,
        covered_until=end,
    ),
    st.sampled_from("ab"),
    moments,
    moments,
    st.lists(st.integers(1, 3), max_size=3),
)


@settings(max_examples=examples(150), deadline=None)
@given(
    surveyed.map(lambda s: replace(s, pod="cano-collector-a")),
    surveyed.map(lambda s: replace(s, pod="cano-collector-b")),
    st.integers(0, 4),
)
def test_one_more_bad_line_never_turns_fail_into_pass_nor_less_coverage_anything_into_pass(
    first, second, limit
):
    before = outcome((first, second), limit)
    worse = replace(
        first, bad_lines=first.bad_lines + 1, patterns=(*first.patterns, pattern("one more"))
    )
    shorter = replace(first, covered_from=max(first.covered_from, ago(hours=1)))
    if before != "pass":
        assert outcome((worse, second), limit) != "pass"
        assert outcome((shorter, second), limit) != "pass"
    assert outcome((second,), limit) in ("absent", "fail")
    assert outcome((second, first), limit) == before


# --- what a pass needs beside the window ---


@pytest.mark.parametrize(
    ("changes", "stopped", "words"),
    [
        ({"unread_lines": 400}, Malformed, "400 of 400 lines of container cano-collector of pod cano-collector-a have no log level"),
        ({"unread_lines": 41}, Malformed, "have no log level"),
        ({"lines": 3, "unread_lines": 3}, Malformed, "have no log level"),
        ({"silent_since": ago(hours=3), "longest_quiet_seconds": 600}, Truncated, "3 h ago. The longest pause before was 10 min"),
        ({"stopped": Stopped("truncated", "The log ends early.")}, Truncated, "ends early"),
        ({"stopped": Stopped("forbidden", "pods/log")}, Forbidden, "pods/log"),
    ],
)  # fmt: skip
def test_a_log_that_cannot_carry_a_pass_is_no_verdict_and_hides_no_finding(changes, stopped, words):
    weak = survey("a", **changes)
    with pytest.raises(stopped, match=words):
        clean((weak, survey("b")))
    assert len(clean((weak, survey("b", pattern()))).findings) == 1
    assert len(clean((replace(survey("a", pattern()), **changes), survey("b"))).findings) == 1


def test_the_format_and_the_silence_of_another_container_are_said_and_do_not_matter():
    """A sidecar writes what it likes, and may write nothing."""
    side = container("envoy")
    records = workload(pod("a", containers=(container(), side)), replicas=1)
    quiet = replace(survey("a"), container="envoy", lines=0)
    assert clean((survey("a"), quiet), records).findings == ()
    foreign = replace(quiet, lines=90, unread_lines=90)
    assert clean((survey("a"), foreign), records).basis.endswith(
        "; 90 lines of container envoy without a level that is read"
    )
    stopped = replace(quiet, stopped=Stopped("forbidden", "no"), covered_from=NOW)
    with pytest.raises(Forbidden):
        clean((survey("a"), stopped), records)
    judged = clean((survey("a", pattern()), stopped), records)
    assert len(judged.findings) == 1
    assert judged.basis.endswith("not read to the end: cano-collector-a/envoy (forbidden)")


def test_a_few_lines_without_a_level_are_usual():
    assert (
        clean((survey("a", unread_lines=40), survey("b", lines=12, unread_lines=10))).findings == ()
    )
    before = survey("a", previous=True, lines=1, unread_lines=1, covered_until=ago(days=1))
    assert clean((*BOTH, before)).findings == ()
