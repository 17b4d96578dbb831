"""Check that alerts arrive, are processed and reach their destinations (guide: "Metrics Review")."""

import pytest

from upkeep.judges.alerts import accounting, delivery, dropping, error_rate, flow, latency, trends


@pytest.mark.control(id="alerts-flow", severity="high", guide="Check alert processing rate")
@pytest.mark.daily
def test_alerts_arrive(judge, counter_history, routed, install, now, limits):
    """Alerts arrive, or Alertmanager shows that none is routed here.

    A collector that hears nothing looks as healthy as one that has nothing to hear. A heartbeat alert tells them apart.
    Fix: docs/runbook.md#alerts-flow
    """
    assert judge(flow.flow(counter_history, routed, now=now, limits=limits, install=install))


@pytest.mark.control(id="alerts-not-dropped", severity="high", guide="(beyond)")
@pytest.mark.daily
def test_no_alert_is_dropped(judge, counter_history, install, now, limits):
    """No alert was dropped because no team, or no destination, was found for it.

    The collector answers 200 to such an alert and sends it to nobody.
    Fix: docs/runbook.md#alerts-not-dropped
    """
    assert judge(dropping.not_dropped(counter_history, now=now, limits=limits, install=install))


@pytest.mark.control(id="alerts-accounted-for", severity="critical", guide="(beyond)")
@pytest.mark.daily
@pytest.mark.gate
def test_every_alert_is_accounted_for(judge, counter_history, install, now, limits):
    """Every alert that was received is in the books: processed, or counted as an error.

    What is in neither was lost without a trace, in a crash for instance; the guide's error rate cannot see it.
    Fix: docs/runbook.md#alerts-accounted-for
    """
    assert judge(accounting.accounted_for(counter_history, now=now, limits=limits, install=install))


@pytest.mark.control(id="error-rate-low", severity="critical", guide="Check error rate")
@pytest.mark.daily
@pytest.mark.gate
def test_few_alerts_end_in_an_error(judge, counter_history, install, now, limits):
    """Of the alerts received, few end in an error, and few requests are refused.

    A counter alone says nothing: errors are judged against what was received in the same window.
    Fix: docs/runbook.md#error-rate-low
    """
    assert judge(
        error_rate.error_rate_low(counter_history, now=now, limits=limits, install=install)
    )


@pytest.mark.control(id="processing-fast", severity="medium", guide="Check for slow processing")
@pytest.mark.weekly
@pytest.mark.emergency
def test_alerts_are_processed_quickly(judge, timing_history, log_history, install, now, limits):
    """Alerts are processed quickly: the p95 of processing time is within its limit, and few log lines tell of slower work.

    The line that the guide greps for is logged at level debug only; the histogram is always there.
    Fix: docs/runbook.md#processing-fast
    """
    assert judge(
        latency.processing_fast(
            timing_history, log_history, now=now, limits=limits, install=install
        )
    )


@pytest.mark.control(id="latency-stable", severity="medium", guide="Processing latency trends")
@pytest.mark.monthly
def test_alerts_take_no_longer_than_before(judge, timing_history, install, now, limits):
    """Alerts take no longer than before: the p95 of the window against that of the four weeks before it.

    A limit is passed on one day; that it comes nearer is seen weeks earlier.
    Fix: docs/runbook.md#latency-stable
    """
    assert judge(trends.latency_stable(timing_history, now=now, limits=limits, install=install))


@pytest.mark.control(
    id="destinations-succeed", severity="high", guide="Check destination success rates"
)
@pytest.mark.daily
@pytest.mark.gate
def test_every_destination_takes_its_messages(
    judge, counter_history, destinations, install, now, limits
):
    """Every destination takes the messages that are sent to it; each configured one is listed, also without traffic.

    A destination that fails is a team that is not told.
    Fix: docs/runbook.md#destinations-succeed
    """
    assert judge(
        delivery.succeed(counter_history, destinations, now=now, limits=limits, install=install)
    )


@pytest.mark.control(id="destinations-used", severity="low", guide="Check for unused destinations")
@pytest.mark.weekly
def test_every_destination_is_used(
    judge, counter_history, destinations, configuration_documents, install, now, limits
):
    """Every destination is named by the team that alerts reach, and got a message in the window.

    What nobody is told through is a promise that is not kept, or a key that should be taken back.
    Fix: docs/runbook.md#destinations-used
    """
    assert judge(
        delivery.used(
            counter_history,
            destinations,
            configuration_documents,
            now=now,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(
    id="destinations-fast", severity="medium", guide="Analyze destination performance"
)
@pytest.mark.monthly
@pytest.mark.emergency
def test_every_destination_takes_its_messages_quickly(
    judge, timing_history, destinations, install, now, limits
):
    """Every destination takes its messages quickly, and no slower than it used to.

    The guide prints the buckets of a histogram; what they say of each destination is nobody's to add up by hand.
    Fix: docs/runbook.md#destinations-fast
    """
    assert judge(
        trends.destinations_fast(
            timing_history, destinations, now=now, limits=limits, install=install
        )
    )
