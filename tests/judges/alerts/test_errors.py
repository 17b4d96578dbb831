"""Test alerts-not-dropped and error-rate-low."""

import pytest

from tests.judges.counting.counter_samples import (
    INSTALL,
    LIMITS,
    codes,
    earlier,
    history,
    snapshot,
)
from tests.judges.samples import NOW, ago
from upkeep.errors import Malformed, TooEarly
from upkeep.judges.alerts import dropping, error_rate
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.counters import CounterHistory, Sample, Snapshot


def not_dropped(those: CounterHistory, limits: Limits = LIMITS) -> Judgement:
    return dropping.not_dropped(those, now=NOW, limits=limits, install=INSTALL)


def error_rate_low(those: CounterHistory, limits: Limits = LIMITS) -> Judgement:
    return error_rate.error_rate_low(those, now=NOW, limits=limits, install=INSTALL)


def test_dropped_alerts_name_pod_outcome_count_and_command():
    those = history(
        snapshot(received=90, no_team=4, no_destinations=1),
        snapshot("b"),
        before=(earlier(received=40, no_team=1),),
    )
    judgement = not_dropped(those)
    first, second = judgement.findings
    assert (first.object, first.code, first.observed, first.limit, first.unit) == (
        "Pod/a",
        "alerts-dropped",
        3,
        0,
        "alert groups in 1 d",
    )
    assert first.message == (
        "Pod a dropped 3 alert groups since 2026-01-01 12:00 UTC: no team (no_team_resolved). "
        "It answered 200 to Alertmanager and sent no message."
    )
    assert first.next == (
        "kubectl -n monitoring logs a -c cano-collector --since-time=2026-01-01T12:00:00Z | grep -F 'Alert received but'"
    )
    assert second.message.startswith(
        "Pod a dropped 1 alert group since 2026-01-01 12:00 UTC: a team without a destination"
    )
    assert judgement.observed == "4 of 50 alert groups dropped"


def test_as_many_as_the_limit_allows_may_be_dropped():
    those = history(snapshot(received=90, no_team=4), before=(earlier(received=40, no_team=1),))
    assert not_dropped(those, Limits({"alerts_dropped": 3})).findings == ()
    assert codes(not_dropped(those, Limits({"alerts_dropped": 2}))) == ["alerts-dropped"]


def test_none_dropped_since_the_start_is_none_in_the_window():
    judgement = not_dropped(history(snapshot(received=90)))
    assert (judgement.findings, judgement.observed) == ((), "0 of 90 alert groups dropped")
    assert judgement.basis == "since the process start (3 d ago); none since then, so none in 1 d"
    assert not_dropped(history(snapshot())).observed == "no traffic"


def test_drops_in_an_open_window_are_too_early_until_a_moment_in_it_proves_them():
    with pytest.raises(TooEarly, match="1 alert group was dropped since"):
        not_dropped(history(snapshot(received=90, no_team=1)))
    proven = history(
        snapshot(received=90, no_team=3), before=(earlier(hours=2, received=80, no_team=1),)
    )
    assert (
        not_dropped(proven)
        .findings[0]
        .message.startswith("Pod a dropped 2 alert groups at least, in the last 1 d: no team")
    )


def test_drops_of_a_pod_that_is_gone_count():
    gone = (earlier("b", received=4), earlier("b", hours=20, received=9, no_team=2))
    (finding,) = not_dropped(history(snapshot(), before=gone)).findings
    assert (finding.object, finding.observed) == ("Pod/b", 2)
    assert finding.next == "kubectl -n monitoring get events --field-selector=involvedObject.name=b"


def test_outcomes_that_nobody_knows_are_said_and_without_outcomes_nothing_is():
    def with_source(labels: dict[str, str]) -> CounterHistory:
        odd = Sample("cano_alerts_processed_total", labels, 2.0)
        return history(Snapshot("a", NOW, ago(hours=3), (odd,), "metrics"))

    assert (
        not_dropped(with_source({"source": "silenced"})).observed
        == "0 of 0 alert groups dropped; other outcomes: 2 silenced"
    )
    with pytest.raises(
        Malformed, match="no label source, so the number of dropped alerts is not known"
    ):
        not_dropped(with_source({}))


# error-rate-low


def test_errors_above_the_limit_say_their_share_and_kind():
    those = history(
        snapshot(received=300, errors=4),
        snapshot("b", received=100),
        before=(earlier(received=100, errors=1), earlier("b")),
    )
    judgement = error_rate_low(those)
    assert judgement.findings == ()
    assert (judgement.limit, judgement.unit) == (1.0, "% in 1 d")
    assert (
        judgement.observed
        == "3 of 300 alert groups ended in an error; 0 of 300 requests at /api/alerts refused"
    )
    worse = history(
        snapshot(received=300, errors=5), snapshot("b", received=100), before=those.earlier
    )
    (finding,) = error_rate_low(worse).findings
    assert (finding.object, finding.code, finding.observed, finding.limit, finding.unit) == (
        "Deployment/cano-collector",
        "error-rate-high",
        1.3333,
        1.0,
        "% in 1 d",
    )
    assert (
        finding.message
        == "4 of 300 alert groups ended in an error (1.3 %, limit 1 %): conversion_failed 4. Most of them in pod a."
    )
    assert finding.next == (
        'kubectl -n monitoring logs a -c cano-collector --since-time=2026-01-01T12:00:00Z | grep -F \'"level":"error"\''
    )


def test_requests_that_are_refused_are_a_finding_of_their_own():
    (finding,) = error_rate_low(
        history(snapshot(started=ago(hours=6), received=97, refused=3))
    ).findings
    assert (finding.code, finding.observed) == ("requests-refused", 3.0)
    assert (
        finding.message
        == "3 of 100 requests at /api/alerts were refused (3 %, limit 1 %): Bad Request 3. Most of them in pod a."
    )
    both = error_rate_low(history(snapshot(started=ago(hours=6), received=97, errors=9, refused=3)))
    assert codes(both) == ["error-rate-high", "requests-refused"]


def requests(*rows: tuple[str, str, str, float]) -> CounterHistory:
    samples = tuple(
        Sample("http_requests_total", {"method": method, "path": path, "status": status}, value)
        for method, path, status, value in rows
    )
    return history(Snapshot("a", NOW, ago(hours=3), samples, "metrics"))


@pytest.mark.parametrize(
    "status",
    [
        "400",
        "404",
        "500",
        "503",
        "Bad Request",
        "Internal Server Error",
        "Request URI Too Long",
        "I'm a teapot",
    ],
)
def test_4xx_and_5xx_are_refusals_by_number_and_by_reason_phrase(status):
    assert codes(error_rate_low(requests(("POST", "/api/alerts", status, 2)))) == [
        "requests-refused"
    ]


@pytest.mark.parametrize("status", ["200", "202", "302", "OK", "Accepted", "No Content"])
def test_other_statuses_are_none(status):
    judgement = error_rate_low(requests(("POST", "/api/alerts", status, 2)))
    assert judgement.observed.startswith(
        "0 of 0 alert groups ended in an error; 0 of 2 requests at /api/alerts refused"
    )
    assert judgement.findings == ()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/alerts"), ("POST", "/api/other"), ("GET", "/health")]
)
def test_requests_elsewhere_do_not_count(method, path):
    judgement = error_rate_low(requests((method, path, "Not Found", 9)))
    assert (judgement.findings, judgement.observed) == ((), "no traffic")


@pytest.mark.parametrize("status", ["", "Fine", "999", "20"])
def test_a_status_that_is_none_is_no_verdict(status):
    with pytest.raises(Malformed):
        error_rate_low(requests(("POST", "/api/alerts", status, 9)))


def test_requests_without_a_path_are_no_verdict():
    with pytest.raises(Malformed, match="no label path"):
        error_rate_low(requests(("POST", "", "OK", 9)))


def test_few_events_fail_from_the_second_bad_one_on_and_it_is_said():
    one = error_rate_low(history(snapshot(started=ago(hours=6), received=49, errors=1)))
    assert one.findings == ()
    assert one.observed == (
        "1 of 49 alert groups ended in an error; 0 of 49 requests at /api/alerts refused "
        "(fewer than 50 events: one bad event is allowed)"
    )
    (finding,) = error_rate_low(
        history(snapshot(started=ago(hours=6), received=49, errors=2))
    ).findings
    assert "Fewer than 50 events: two bad ones are the limit." in finding.message
    assert codes(
        error_rate_low(history(snapshot(started=ago(hours=6), received=50, errors=1)))
    ) == ["error-rate-high"]


def test_no_traffic_passes_and_says_so():
    assert error_rate_low(history(snapshot())) == Judgement(
        (),
        "no traffic",
        1.0,
        "% in 1 d",
        "since the process start (3 d ago); none since then, so none in 1 d",
    )


@pytest.mark.parametrize(("received", "errors"), [(0, 1), (3, 4)])
def test_more_errors_than_alerts_are_a_finding_and_no_division(received, errors):
    (finding,) = error_rate_low(
        history(snapshot(started=ago(hours=6), received=received, errors=errors, processed=0))
    ).findings
    assert (finding.code, finding.observed, finding.limit) == (
        "errors-exceed-received",
        errors,
        received,
    )


def test_errors_in_an_open_window_are_too_early_and_none_is_a_pass():
    with pytest.raises(
        TooEarly,
        match="9 of 90 alert groups ended in an error since 2025-12-30 12:00 UTC",
    ):
        error_rate_low(history(snapshot(received=90, errors=9)))
    assert error_rate_low(history(snapshot(received=90))).findings == ()


def test_a_closed_window_fails_only_when_the_open_ones_cannot_dilute_it():
    closed, before = snapshot(received=200, errors=9), (earlier(received=100),)
    assert codes(error_rate_low(history(closed, snapshot("b", received=700), before=before))) == [
        "error-rate-high"
    ]
    with pytest.raises(TooEarly, match="9 of 1000 alert groups ended in an error since"):
        error_rate_low(history(closed, snapshot("b", received=900), before=before))
    never = history(closed, snapshot("b", received=900), before=(earlier(received=100, errors=9),))
    assert error_rate_low(never).findings == ()


# Properties
