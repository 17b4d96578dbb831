"""Test alerts-flow."""

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
from upkeep.errors import Forbidden, TooEarly, Unmeasured
from upkeep.judges.alerts import flow as flows
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.counters import CounterHistory
from upkeep.records.monitoring import RoutedAlerts

NOTHING_ROUTED = RoutedAlerts((), 0, None)
ROUTED = RoutedAlerts(("cano-collector",), 2, ago(days=9))


def flow(
    those: CounterHistory, routed: RoutedAlerts | Unmeasured | None = None, limits: Limits = LIMITS
) -> Judgement:
    return flows.flow(those, routed, now=NOW, limits=limits, install=INSTALL)


def test_alerts_that_arrived_in_the_window_pass():
    judgement = flow(history(snapshot(received=9), before=(earlier(received=4),)))
    assert judgement == Judgement(
        (),
        "5 alert groups received",
        1,
        "alert groups in 1 d",
        "1 d, earlier sample from Prometheus",
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
    assert judgement.observed.endswith("; Alertmanager has no receiver that leads to the collector")
    quiet = flow(those, RoutedAlerts(("cano-collector",), 0, None))
    assert (
        quiet.findings,
        quiet.observed.endswith("; Alertmanager routes no active alert to the collector"),
    ) == (
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
        "Alertmanager routes 2 active alerts to the collector (receiver cano-collector), the oldest since 2025-12-24 12:00 UTC (9 d). "
        "None arrived since "
    )


def test_an_alert_that_alertmanager_may_still_be_grouping_is_too_early():
    recent = RoutedAlerts(("cano-collector",), 1, ago(minutes=4))
    with pytest.raises(TooEarly, match="Retry after 2026-01-02 12:01 UTC"):
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
            match=r"repeats them after 4 h \(repeat_interval\)\. Retry after 2026-01-02 12:05 UTC",
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
    with pytest.raises(TooEarly, match="No Alertmanager shows that one was due"):
        flow(history(snapshot(started=ago(hours=3))), routed_since(**weekly))


def test_silence_that_nobody_can_explain_is_a_finding():
    (finding,) = flow(history(snapshot(received=4), before=(earlier(received=4),))).findings
    assert finding.code == "no-alerts"
    assert finding.message == (
        "No alert reached the collector since 2026-01-01 12:00 UTC. No Alertmanager shows that one was due. "
        "Route a heartbeat (Watchdog) to it, or raise the limit alert_window (1 d)."
    )


def test_silence_of_young_processes_is_too_early_and_says_when_there_will_be_enough():
    with pytest.raises(
        TooEarly,
        match=r"in the 3 h since the oldest process started.*Retry after 2026-01-03 09:00 UTC",
    ):
        flow(history(snapshot(started=ago(hours=3)), snapshot("b", started=ago(hours=1))))
    one_is_old = history(snapshot(started=ago(hours=3)), snapshot("b", started=ago(days=3)))
    assert codes(flow(one_is_old)) == ["no-alerts"]


@pytest.mark.parametrize("routed", [ROUTED, None])
def test_alerts_that_perhaps_came_before_the_window_are_too_early(routed):
    with pytest.raises(
        TooEarly,
        match=r"4 alert groups arrived since .* Retry after 2026-01-03 12:00 UTC",
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
