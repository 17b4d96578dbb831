"""recent-logs-clean."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from tests.judges.samples import (
    NOW,
    ago,
    container,
    install,
    no_pods,
    pod,
    termination,
    unready,
    waiting,
    workload,
)
from upkeep.errors import Absent, Forbidden, Malformed, TooEarly, Truncated, Unmeasured
from upkeep.judges.logs import coverage, recent
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement
from upkeep.records.logs import LogPattern, LogSurvey
from upkeep.records.stopped import Stopped
from upkeep.records.workload import Workload

WHERE = "Pod/cano-collector-a container/cano-collector"


def pattern(text: str = "Failed to send issue", count: int = 1, **changes) -> LogPattern:
    return replace(
        LogPattern(text, count, "error", ago(hours=3), ago(hours=2), f"{text} (team=default)"),
        **changes,
    )


def survey(name: str = "a", *patterns: LogPattern, **changes) -> LogSurvey:
    """A log of the whole window, with these bad lines and no other."""
    bad = sum(each.count for each in patterns)
    whole = LogSurvey(
        f"cano-collector-{name}", "cano-collector", False, 400, ago(days=1), NOW, bad, patterns
    )
    return replace(whole, **changes)


BOTH = (survey("a"), survey("b"))


def clean(surveys=BOTH, records: Workload | None = None, **limits: float) -> Judgement:
    return recent.clean(
        surveys, records or workload(), now=NOW, limits=Limits(limits), install=install()
    )


def test_logs_of_the_whole_window_without_a_bad_line_pass():
    judgement = clean()
    assert judgement == Judgement(
        findings=(),
        observed="0 bad lines in 800 lines of 2 logs",
        limit=0,
        unit="bad lines",
        basis="pod logs from 2026-01-01T12:00:00Z to 2026-01-02T12:00:00Z, 100 % covered",
    )


def test_a_bad_line_is_a_finding_that_says_what_when_where_and_how_to_look():
    (finding,) = clean((survey("a", pattern(count=7)), survey("b"))).findings
    assert finding == Finding(
        object=WHERE,
        code="error-logged",
        message="Container cano-collector of pod cano-collector-a logged 7 error lines from 2026-01-02T09:00:00Z to 2026-01-02T10:00:00Z: "
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
        "Container cano-collector of pod cano-collector-a, before its last restart, logged 1 panic line at 2026-01-02T09:00:00Z: "
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


def too_early(surveys=BOTH, records: Workload | None = None, **limits: float) -> TooEarly:
    with pytest.raises(TooEarly) as raised:
        clean(surveys, records, **limits)
    return raised.value


def test_a_rotated_log_is_too_little_and_the_message_says_what_is_enough():
    error = too_early((survey("a", covered_from=ago(hours=5)), survey("b")))
    assert error.message == (
        "Logs reach back 14 h 30 min of 1 d (60 %, 90 % required); errors so far are within the limit. Older lines were rotated or went "
        "with their pods. Retry after 2026-01-03T04:36:00Z, or use --limit=log_window=5h."
    )
    assert error.next_step == "--limit=log_window=5h"
    assert (
        clean((survey("a", covered_from=ago(hours=5)), survey("b")), log_window=5 * 3600).findings
        == ()
    )


def test_a_bad_line_beats_missing_coverage():
    assert (
        len(clean((survey("a", pattern(), covered_from=ago(minutes=5)), survey("b"))).findings) == 1
    )


def test_coverage_meets_its_limit_exactly_and_not_a_second_less():
    records = workload(pod("a"), replicas=1)
    edge = ago(hours=21.6)
    assert clean((survey("a", covered_from=edge),), records).basis.endswith(", 90 % covered")
    assert (
        "(89 %"
        in too_early((survey("a", covered_from=edge + timedelta(seconds=1)),), records).message
    )


def test_the_life_before_a_restart_covers_too_and_overlaps_count_once():
    restarted = pod(
        "a",
        containers=(container(restarts=1, started=ago(hours=3), last_termination=termination()),),
    )
    records = workload(restarted, replicas=1)
    current = survey("a", covered_from=ago(hours=3))
    before = survey("a", previous=True, covered_from=ago(hours=20), covered_until=ago(hours=2))
    assert coverage.coverage((current, before), records, start=ago(days=1), now=NOW) == 20 / 24
    short = replace(before, covered_from=ago(days=1), covered_until=ago(hours=12))
    assert coverage.coverage((current, short), records, start=ago(days=1), now=NOW) == 15 / 24


def test_a_missing_replica_is_not_covered_by_the_others():
    error = too_early((survey("a"),), workload(pod("a"), replicas=2))
    assert "back 12 h of 1 d (50 %" in error.message
    assert "A replica that writes no log must run first." in error.message


def test_pods_that_went_took_their_logs_along():
    young = [
        pod(name, created=ago(hours=3), containers=(container(started=ago(hours=3)),))
        for name in "ab"
    ]
    surveys = tuple(survey(name, covered_from=ago(hours=3)) for name in "ab")
    assert too_early(surveys, workload(*young)).next_step == "--limit=log_window=3h"


def test_a_surge_pod_of_a_rollout_takes_no_coverage_away():
    new = pod("b", created=ago(minutes=1), containers=(container(started=ago(minutes=1)),))
    surveys = (survey("a"), survey("b", covered_from=ago(minutes=1)))
    assert clean(surveys, workload(pod("a"), new, replicas=1)).findings == ()


def test_a_pod_is_covered_as_its_least_covered_container():
    both = pod("a", containers=(container(), container("proxy")))
    surveys = (survey("a", covered_from=ago(hours=6)), survey("a", container="proxy"))
    assert (
        coverage.coverage(surveys, workload(both, replicas=1), start=ago(days=1), now=NOW) == 6 / 24
    )


def test_the_window_of_a_young_deployment_begins_with_it():
    young = [
        pod(name, created=ago(hours=1), containers=(container(started=ago(hours=1)),))
        for name in "ab"
    ]
    surveys = tuple(survey(name, covered_from=ago(hours=1)) for name in "ab")
    assert clean(surveys, workload(*young, created=ago(hours=1))).basis == (
        "pod logs from 2026-01-02T11:00:00Z to 2026-01-02T12:00:00Z, 100 % covered"
    )


def test_a_deployment_made_only_now_has_no_log_to_judge_whatever_the_limit():
    assert too_early(records=workload(created=NOW), log_coverage=0).message == (
        "Deployment cano-collector was made only now: there is no log yet."
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


def test_the_log_before_a_restart_must_have_been_read_although_the_window_is_covered():
    restarted = pod(
        "a",
        containers=(
            container(
                restarts=1,
                started=ago(hours=23),
                last_termination=termination(finished=ago(hours=23)),
            ),
        ),
    )
    with pytest.raises(
        Absent, match=r"of pod cano-collector-a before its last restart was not read"
    ):
        clean(records=workload(restarted, pod("b")))


def test_a_life_that_ended_before_the_window_is_not_asked_for():
    restarted = pod(
        "a", containers=(container(restarts=1, last_termination=termination(finished=ago(days=4))),)
    )
    assert clean(records=workload(restarted, pod("b"))).findings == ()


def test_a_container_that_never_started_has_no_log_and_covers_nothing():
    never = unready("b", status=waiting("ImagePullBackOff"), phase="Pending", created=ago(hours=1))
    assert "(50 %" in too_early((survey("a"),), workload(pod("a"), never)).message


@pytest.mark.parametrize(
    "records",
    [no_pods(), workload(unready("b", status=waiting("ImagePullBackOff"), phase="Pending"))],
)
def test_no_log_at_all_is_absent_whatever_the_limit(records):
    with pytest.raises(Absent, match="There is no log"):
        clean((), records, log_coverage=0)


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


def outcome(surveys, limit: int) -> str:
    try:
        return "pass" if clean(tuple(surveys), log_error_lines=limit) else "fail"
    except Unmeasured as error:
        return error.reason


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


def test_a_process_that_is_seconds_old_covers_its_seconds():
    """It was made 16 s ago, and ran after 3 s: 81 % of the window, and all that there is."""
    young = [
        pod(name, created=ago(seconds=16), containers=(container(started=ago(seconds=13)),))
        for name in "ab"
    ]
    surveys = tuple(survey(name, covered_from=ago(seconds=13)) for name in "ab")
    assert clean(surveys, workload(*young, created=ago(seconds=16))).findings == ()
    # One of two replicas is not there yet.
    with pytest.raises(TooEarly):
        clean(surveys[:1], workload(young[0], created=ago(seconds=16)))
