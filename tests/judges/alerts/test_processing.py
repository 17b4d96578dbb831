"""alerts-flow, alerts-not-dropped and error-rate-low; the books have a file of their own."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.judges.counting.counter_samples import (
    INSTALL,
    LIMITS,
    codes,
    earlier,
    examples,
    history,
    lives,
    outcome,
    snapshot,
    worse,
)
from tests.judges.samples import NOW, ago
from upkeep.errors import Absent, Forbidden, Malformed, TooEarly, Unmeasured
from upkeep.judges.alerts import processing
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.counters import CounterHistory, Sample, Snapshot
from upkeep.records.monitoring import RoutedAlerts

NOTHING_ROUTED = RoutedAlerts((), 0, None)
ROUTED = RoutedAlerts(("cano-collector",), 2, ago(days=9))


def flow(
    those: CounterHistory, routed: RoutedAlerts | Unmeasured | None = None, limits: Limits = LIMITS
) -> Judgement:
    return processing.flow(those, routed, now=NOW, limits=limits, install=INSTALL)


def not_dropped(those: CounterHistory, limits: Limits = LIMITS) -> Judgement:
    return processing.not_dropped(those, now=NOW, limits=limits, install=INSTALL)


def error_rate_low(those: CounterHistory, limits: Limits = LIMITS) -> Judgement:
    return processing.error_rate_low(those, now=NOW, limits=limits, install=INSTALL)


ALL = (lambda those: flow(those, ROUTED), not_dropped, error_rate_low)


@pytest.mark.parametrize("judge", ALL)
def test_zero_pods_are_no_verdict(judge):
    with pytest.raises(Absent):
        judge(history(before=(earlier(received=4, errors=4, no_team=1),)))


# alerts-flow


def test_alerts_that_arrived_in_the_window_pass():
    judgement = flow(history(snapshot(received=9), before=(earlier(received=4),)))
    assert judgement == Judgement(
        (),
        "5 alert groups received",
        1,
        "alert groups in 1 d",
        "1 d, earlier moment from Prometheus",
    )


def test_a_young_process_is_judged_on_its_uptime():
    judgement = flow(history(snapshot(started=ago(hours=3), received=1)))
    assert (judgement.findings, judgement.observed, judgement.basis) == (
        (),
        "1 alert group received",
        "since the process start 3 h ago",
    )


@pytest.mark.parametrize(
    "those",
    [
        history(snapshot(received=4), before=(earlier(received=4),)),
        history(snapshot()),
        history(snapshot(started=ago(hours=3))),
        history(snapshot(received=4)),
    ],
    ids=[
        "did not grow",
        "zero in an older process",
        "zero in a young process",
        "perhaps before the window",
    ],
)
def test_nothing_routed_here_passes_whatever_arrived(those):
    judgement = flow(those, NOTHING_ROUTED)
    assert judgement.findings == ()
    assert judgement.observed.endswith(", and Alertmanager has no receiver that leads to it")
    quiet = flow(those, RoutedAlerts(("cano-collector",), 0, None))
    assert (quiet.findings, quiet.observed.endswith(", and nothing is routed to it now")) == (
        (),
        True,
    )


@pytest.mark.parametrize(
    "those",
    [
        history(snapshot(received=4), before=(earlier(received=4),)),
        history(snapshot()),
        history(snapshot(started=ago(hours=5))),
    ],
    ids=["did not grow", "zero in an older process", "zero in a young process"],
)
def test_alerts_that_are_routed_here_and_do_not_arrive_are_a_finding(those):
    (finding,) = flow(those, ROUTED).findings
    assert (finding.object, finding.code, finding.observed, finding.limit, finding.unit) == (
        "Deployment/cano-collector",
        "routed-alerts-do-not-arrive",
        0,
        1,
        "alert groups in 1 d",
    )
    assert finding.message.startswith(
        "Alertmanager routes 2 active alerts to the collector (receiver cano-collector), the oldest since 2025-12-24T12:00:00Z (9 d), "
        "and none arrived since "
    )


def test_an_alert_that_alertmanager_may_still_be_grouping_is_too_early():
    recent = RoutedAlerts(("cano-collector",), 1, ago(minutes=4))
    with pytest.raises(TooEarly, match="there will be enough at 2026-01-02T12:01:00Z"):
        flow(history(snapshot()), recent)
    assert codes(flow(history(snapshot()), RoutedAlerts(("x",), 1, ago(minutes=5)))) == [
        "routed-alerts-do-not-arrive"
    ]


def routed_since(*, repeat_hours: float = 4, newest: float | None = None) -> RoutedAlerts:
    """Two alerts, the oldest since nine days."""
    return RoutedAlerts(
        ("cano-collector",),
        2,
        ago(days=9),
        ago(days=8) if newest is None else ago(minutes=newest),
        repeat_hours * 3600,
    )


def test_what_alertmanager_has_not_sent_again_yet_is_too_early_after_a_restart():
    """It sent them to the process before, which nobody can ask; four hours later it sends them again."""
    for those in (
        history(snapshot(started=ago(hours=4))),
        history(snapshot("b"), snapshot(started=ago(hours=4))),
    ):
        with pytest.raises(
            TooEarly,
            match=r"sends them again after 4 h \(repeat_interval\); there will be enough at 2026-01-02T12:05:00Z",
        ):
            flow(those, routed_since())
    assert codes(flow(history(snapshot(started=ago(hours=4, minutes=5))), routed_since())) == [
        "routed-alerts-do-not-arrive"
    ]
    with pytest.raises(TooEarly, match="after 12 h"):
        flow(history(snapshot(started=ago(hours=5))), routed_since(repeat_hours=12))


@pytest.mark.parametrize(("minutes", "arrives"), [(4, False), (5, True), (239, True), (241, False)])
def test_an_alert_that_started_since_the_restart_must_have_arrived(minutes, arrives):
    those = history(snapshot(started=ago(hours=4)))
    if arrives:
        assert codes(flow(those, routed_since(newest=minutes))) == ["routed-alerts-do-not-arrive"]
    else:
        with pytest.raises(TooEarly):
            flow(those, routed_since(newest=minutes))


def test_alerts_that_are_sent_again_only_after_the_window_explain_nothing_unless_one_started_in_it():
    silent, weekly = (
        history(snapshot(received=4), before=(earlier(received=4),)),
        {"repeat_hours": 168},
    )
    assert codes(flow(silent, routed_since(**weekly))) == ["no-alerts"]
    assert codes(flow(silent, routed_since(**weekly, newest=60))) == ["routed-alerts-do-not-arrive"]
    with pytest.raises(TooEarly, match="no Alertmanager can tell"):
        flow(history(snapshot(started=ago(hours=3))), routed_since(**weekly))


def test_silence_that_nobody_can_explain_is_a_finding():
    (finding,) = flow(history(snapshot(received=4), before=(earlier(received=4),))).findings
    assert finding.code == "no-alerts"
    assert finding.message == (
        "No alert reached the collector since 2026-01-01T12:00:00Z, and nobody can tell whether any should have: "
        "route a heartbeat (Watchdog) to it, or raise the limit alert_window (1 d)."
    )


def test_silence_of_young_processes_is_too_early_and_says_when_there_will_be_enough():
    with pytest.raises(
        TooEarly,
        match=r"in the 3 h since the oldest process started.*there will be enough at 2026-01-03T09:00:00Z",
    ):
        flow(history(snapshot(started=ago(hours=3)), snapshot("b", started=ago(hours=1))))
    one_is_old = history(snapshot(started=ago(hours=3)), snapshot("b", started=ago(days=3)))
    assert codes(flow(one_is_old)) == ["no-alerts"]


@pytest.mark.parametrize("routed", [ROUTED, None])
def test_alerts_that_perhaps_came_before_the_window_are_too_early(routed):
    with pytest.raises(
        TooEarly,
        match=r"4 alert groups arrived; what pod a counted .* there will be enough at 2026-01-03T12:00:00Z",
    ):
        flow(history(snapshot(received=4)), routed)


def test_growth_before_the_window_proves_no_arrival_in_it():
    long_before = history(
        snapshot(received=9),
        before=(earlier(hours=72, source="export", started=ago(days=9), received=4),),
    )
    long_before = history(snapshot(received=9, started=ago(days=9)), before=long_before.earlier)
    with pytest.raises(TooEarly, match="5 alert groups arrived"):
        flow(long_before, ROUTED)


def test_what_keeps_alertmanager_from_answering_matters_only_where_nothing_arrived():
    hidden = Forbidden("no right to see Alertmanager")
    assert flow(history(snapshot(received=9), before=(earlier(received=4),)), hidden).findings == ()
    with pytest.raises(Forbidden):
        flow(history(snapshot()), hidden)


def test_one_of_many_pods_that_hears_alerts_is_enough():
    assert (
        flow(
            history(snapshot(), snapshot("b", received=9), before=(earlier("b", received=4),)),
            ROUTED,
        ).findings
        == ()
    )


# alerts-not-dropped


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
        "Pod a dropped 3 alert groups since 2026-01-01T12:00:00Z: no team was found for them (no_team_resolved). "
        "Alertmanager was answered 200, and nobody was told."
    )
    assert first.next == (
        "kubectl -n monitoring logs a -c cano-collector --since-time=2026-01-01T12:00:00Z | grep -F 'Alert received but'"
    )
    assert second.message.startswith(
        "Pod a dropped 1 alert group since 2026-01-01T12:00:00Z: the team has no destination for it"
    )
    assert judgement.observed == "4 of 50 alert groups dropped"


def test_as_many_as_the_limit_allows_may_be_dropped():
    those = history(snapshot(received=90, no_team=4), before=(earlier(received=40, no_team=1),))
    assert not_dropped(those, Limits({"alerts_dropped": 3})).findings == ()
    assert codes(not_dropped(those, Limits({"alerts_dropped": 2}))) == ["alerts-dropped"]


def test_none_dropped_since_the_start_is_none_in_the_window():
    judgement = not_dropped(history(snapshot(received=90)))
    assert (judgement.findings, judgement.observed) == ((), "0 of 90 alert groups dropped")
    assert (
        judgement.basis
        == "since the process start (3 d ago); nothing bad since then, so nothing in 1 d"
    )
    assert not_dropped(history(snapshot())).observed == "no traffic"


def test_drops_in_an_open_window_are_too_early_until_a_moment_in_it_proves_them():
    with pytest.raises(TooEarly, match="1 alert group was dropped; what pod a counted since"):
        not_dropped(history(snapshot(received=90, no_team=1)))
    proven = history(
        snapshot(received=90, no_team=3), before=(earlier(hours=2, received=80, no_team=1),)
    )
    assert (
        not_dropped(proven)
        .findings[0]
        .message.startswith("Pod a dropped 2 alert groups in the last 1 d, at least,: no team")
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
        Malformed, match="without the label source: which alerts were dropped cannot be told"
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
        == "4 of 300 alert groups ended in an error (1.3333 %): conversion_failed 4. Most of them in pod a."
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
        == "3 of 100 requests at /api/alerts were refused (3 %): Bad Request 3. Most of them in pod a."
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
    with pytest.raises(Malformed, match="without the label path"):
        error_rate_low(requests(("POST", "", "OK", 9)))


def test_few_events_fail_from_the_second_bad_one_on_and_it_is_said():
    one = error_rate_low(history(snapshot(started=ago(hours=6), received=49, errors=1)))
    assert one.findings == ()
    assert one.observed == (
        "1 of 49 alert groups ended in an error; 0 of 49 requests at /api/alerts refused "
        "(fewer than 50 events: one bad one is said, and does not fail)"
    )
    (finding,) = error_rate_low(
        history(snapshot(started=ago(hours=6), received=49, errors=2))
    ).findings
    assert "They are fewer than 50, so the second bad one fails." in finding.message
    assert codes(
        error_rate_low(history(snapshot(started=ago(hours=6), received=50, errors=1)))
    ) == ["error-rate-high"]


def test_no_traffic_passes_and_says_so():
    assert error_rate_low(history(snapshot())) == Judgement(
        (),
        "no traffic",
        1.0,
        "% in 1 d",
        "since the process start (3 d ago); nothing bad since then, so nothing in 1 d",
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
        match="9 of 90 alert groups ended in an error; what pod a counted since 2025-12-30T12:00:00Z",
    ):
        error_rate_low(history(snapshot(received=90, errors=9)))
    assert error_rate_low(history(snapshot(received=90))).findings == ()


def test_a_closed_window_fails_only_when_the_open_ones_cannot_dilute_it():
    closed, before = snapshot(received=200, errors=9), (earlier(received=100),)
    assert codes(error_rate_low(history(closed, snapshot("b", received=700), before=before))) == [
        "error-rate-high"
    ]
    with pytest.raises(
        TooEarly, match="9 of 1000 alert groups ended in an error; what pod b counted since"
    ):
        error_rate_low(history(closed, snapshot("b", received=900), before=before))
    never = history(closed, snapshot("b", received=900), before=(earlier(received=100, errors=9),))
    assert error_rate_low(never).findings == ()


# Properties

BAD_COUNTS = {not_dropped: "no_team", error_rate_low: "errors"}


@pytest.mark.parametrize("judge", BAD_COUNTS)
@examples(50)
@given(life=lives())
def test_one_more_error_drop_or_loss_never_makes_a_failure_a_pass(judge, life):
    latest, before, settled = life
    assume(outcome(judge, history(latest, before=before, settled=settled)) == "fail")
    name = BAD_COUNTS[judge]
    assert (
        outcome(
            judge,
            history(
                worse(latest, name),
                before=before,
                settled=tuple(worse(one, name) for one in settled),
            ),
        )
        == "fail"
    )


@examples(50)
@given(growth=st.lists(st.sampled_from([0, 0, 0, 3]), min_size=8, max_size=8), data=st.data())
def test_forgetting_earlier_moments_never_makes_alerts_flow(growth, data):
    moments = [
        earlier(hours=8 * (7 - n), source="export", received=sum(growth[: n + 1])) for n in range(8)
    ]
    kept = [moment for moment in moments[:-1] if data.draw(st.booleans())] + moments[-1:]
    forgotten = data.draw(st.sampled_from(kept))
    assume(forgotten is not kept[-1])

    def outcome_of(some: list[Snapshot]) -> str:
        return outcome(
            lambda those: flow(those, ROUTED), history(some[-1], before=tuple(some[:-1]))
        )

    assume(outcome_of(kept) != "pass")
    assert outcome_of([moment for moment in kept if moment is not forgotten]) != "pass"


@pytest.mark.parametrize("judge", [not_dropped, error_rate_low])
@examples(50)
@given(life=lives(), data=st.data())
def test_forgetting_earlier_moments_never_makes_a_pass(judge, life, data):
    latest, before, settled = life
    assume(before and outcome(judge, history(latest, before=before, settled=settled)) != "pass")
    forgotten = data.draw(st.sampled_from(before))
    assert (
        outcome(
            judge,
            history(
                latest, before=tuple(one for one in before if one is not forgotten), settled=settled
            ),
        )
        != "pass"
    )


@pytest.mark.parametrize("judge", ALL)
@examples(50)
@given(one=lives("a"), two=lives("b"), data=st.data())
def test_the_order_of_snapshots_does_not_matter(judge, one, two, data):
    latest, before, settled = ((one[0], two[0]), (*one[1], *two[1]), (*one[2], *two[2]))
    shuffled = CounterHistory(
        *(tuple(data.draw(st.permutations(some))) for some in (latest, before, settled))
    )
    straight = CounterHistory(latest, before, settled)
    assert outcome(judge, shuffled) == outcome(judge, straight)
    if outcome(judge, straight) in ("pass", "fail"):
        assert judge(shuffled) == judge(straight)
