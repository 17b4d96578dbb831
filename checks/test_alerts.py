"""Check that alerts arrive, are processed and reach their destinations (guide: "Metrics Review")."""

import pytest

from upkeep.judges.alerts import accounting, delivery, dropping, error_rate, flow, latency, trends


@pytest.mark.control(id="alerts-flow", severity="high", guide="Check alert processing rate")
@pytest.mark.daily
def test_alerts_arrive(judge, counter_history, routed, install, now, limits):
    """Alerts arrive, or Alertmanager routes none to the collector.

    A collector that is cut off looks as healthy as one without alerts. A heartbeat alert separates the two.
    Fix: docs/runbook.md#alerts-flow
    """
    assert judge(flow.flow(counter_history, routed, now=now, limits=limits, install=install))


@pytest.mark.control(id="alerts-not-dropped", severity="high", guide="(beyond)")
@pytest.mark.daily
def test_no_alert_is_dropped(judge, counter_history, install, now, limits):
    """No alert is dropped for want of a team or a destination.

    The collector answers 200 to such an alert and sends no message.
    Fix: docs/runbook.md#alerts-not-dropped
    """
    assert judge(dropping.not_dropped(counter_history, now=now, limits=limits, install=install))


@pytest.mark.control(id="alerts-accounted-for", severity="critical", guide="(beyond)")
@pytest.mark.daily
@pytest.mark.gate
def test_every_alert_is_accounted_for(judge, counter_history, install, now, limits):
    """Every received alert group is processed or counted as an error.

    Any other is lost, usually in a handler panic; the guide's error rate does not show it.
    Fix: docs/runbook.md#alerts-accounted-for
    """
    assert judge(accounting.accounted_for(counter_history, now=now, limits=limits, install=install))


@pytest.mark.control(id="error-rate-low", severity="critical", guide="Check error rate")
@pytest.mark.daily
@pytest.mark.gate
def test_few_alerts_end_in_an_error(judge, counter_history, install, now, limits):
    """Few of the received alert groups end in an error, and few requests are refused.

    Errors are divided by the groups received in the same window: a counter alone means nothing.
    Fix: docs/runbook.md#error-rate-low
    """
    assert judge(
        error_rate.error_rate_low(counter_history, now=now, limits=limits, install=install)
    )


@pytest.mark.control(id="processing-fast", severity="medium", guide="Check for slow processing")
@pytest.mark.weekly
@pytest.mark.emergency
def test_alerts_are_processed_quickly(judge, timing_history, log_history, install, now, limits):
    """The p95 of processing time is within its limit, and few access lines are slower.

    The line that the guide greps for exists only at log level debug; the histogram always exists.
    Fix: docs/runbook.md#processing-fast
    """
    assert judge(
        latency.processing_fast(
            timing_history, log_history, now=now, limits=limits, install=install
        )
    )


@pytest.mark.control(
    id="latency-stable", severity="medium", guide="Check processing latency trends"
)
@pytest.mark.monthly
def test_alerts_take_no_longer_than_before(judge, timing_history, install, now, limits):
    """The p95 of processing time is no longer than in the four weeks before.

    A growing p95 shows weeks before it passes a limit.
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
    """Every destination takes its messages.

    A team behind a failing destination misses its alerts. Each configured destination is listed, also without traffic.
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
    """Every destination belongs to the first team and got a message in the window.

    An unused destination is a missing route, or a key to revoke.
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
    """Every destination takes its messages within the limit, and no slower than before.

    The guide prints the buckets of a histogram; here they are summed for each destination.
    Fix: docs/runbook.md#destinations-fast
    """
    assert judge(
        trends.destinations_fast(
            timing_history, destinations, now=now, limits=limits, install=install
        )
    )
