"""Check that Prometheus and Alertmanager watch the collector (guide: "Monitoring alerts", "Fallback plan")."""

import pytest

from upkeep.domain.guide import ALERTS
from upkeep.judges.monitoring import exports, notifications, rules


@pytest.mark.control(id="fallback-notification", severity="high", guide="Fallback Plan")
@pytest.mark.quarterly
@pytest.mark.emergency
def test_alerts_have_a_receiver_without_the_collector(
    judge, alertmanager_configuration, silences, collector_services, limits, install
):
    """Alerts reach the collector at the right port and path, and a receiver that works without it.

    When the only receiver is down, no alert about it is sent.
    Fix: docs/runbook.md#fallback-notification
    """
    assert judge(
        notifications.fallback(
            alertmanager_configuration,
            collector_services,
            silences=silences,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(id="metrics-exported", severity="low", guide="Export metrics for analysis")
@pytest.mark.monthly
def test_the_metrics_were_exported(judge, export_folder, workload, install, now, limits):
    """This month's export holds the metrics of every pod, whole.

    The guide's command asks one pod, whichever the Service picks; the others are in no file.
    Fix: docs/runbook.md#metrics-exported
    """
    assert judge(
        exports.metrics_exported(export_folder, workload, install=install, now=now, limits=limits)
    )


@pytest.mark.control(id="maintenance-alerts-quiet", severity="high", guide="Monitoring Alerts")
@pytest.mark.daily
def test_maintenance_alerts_are_loaded_and_quiet(judge, guide_rules, now, limits):
    """The guide's alerts are loaded, can fire, and none is firing.

    An alert on a metric without series never fires.
    Fix: docs/runbook.md#maintenance-alerts-quiet
    """
    assert judge(rules.alerts_quiet(guide_rules, wanted=ALERTS, now=now, limits=limits))


@pytest.mark.control(id="metrics-scraped", severity="medium", guide="Metrics Review")
@pytest.mark.daily
def test_prometheus_scrapes_every_pod(judge, scrape_states, workload, now):
    """Prometheus scrapes every pod of the collector.

    A pod without scrapes has no history, so rates, trends and alerts miss it.
    Fix: docs/runbook.md#metrics-scraped
    """
    assert judge(rules.scraped(scrape_states, workload, now=now))


@pytest.mark.control(id="maintenance-alerts-loaded", severity="medium", guide="Monitoring Alerts")
@pytest.mark.weekly
def test_maintenance_alerts_are_able_to_fire(judge, guide_rules, now):
    """The guide's alerts are loaded, evaluate without error, and every metric that they name exists.

    A rule that cannot fire looks like one that is quiet.
    Fix: docs/runbook.md#maintenance-alerts-loaded
    """
    assert judge(rules.alerts_loaded(guide_rules, wanted=ALERTS, now=now))
