"""How much of the window must the logs cover before their silence counts?"""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.judges.logs.recent_samples import clean, survey, too_early
from tests.judges.samples import (
    NOW,
    ago,
    container,
    no_pods,
    pod,
    termination,
    unready,
    waiting,
    workload,
)
from upkeep.errors import Absent, TooEarly
from upkeep.judges.logs import coverage


def test_a_rotated_log_is_too_little_and_the_message_says_what_is_enough():
    error = too_early((survey("a", covered_from=ago(hours=5)), survey("b")))
    assert error.message == (
        "Logs reach back 14 h 30 min of 1 d (60 %, 90 % required); errors so far are within the limit. Older lines were rotated or went "
        "with their pods. Retry after 2026-01-03 04:36 UTC, or use --limit=log_window=5h."
    )
    assert error.next_step == "--limit=log_window=5h"
    assert (
        clean((survey("a", covered_from=ago(hours=5)), survey("b")), log_window=5 * 3600).findings
        == ()
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
        "pod logs from 2026-01-02 11:00 UTC to 2026-01-02 12:00 UTC, 100 % covered"
    )


def test_a_deployment_made_only_now_has_no_log_to_judge_whatever_the_limit():
    assert too_early(records=workload(created=NOW), log_coverage=0).message == (
        "Deployment cano-collector was made only now: there is no log yet."
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
