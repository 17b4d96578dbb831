"""Who watches the collector (guide: "Monitoring Alerts", "Metrics Review")."""

import pytest

from upkeep.guide import ALERTS
from upkeep.judges import monitoring


@pytest.mark.control(id="maintenance-alerts-quiet", severity="high", guide="Monitoring Alerts")
@pytest.mark.daily
def test_maintenance_alerts_are_loaded_and_quiet(judge, guide_rules, limits):
    """The guide's alerts are loaded, could fire, and none is firing.

    An alert on a metric that nothing exposes evaluates to nothing: it is quiet for ever.
    Fix: docs/runbook.md#maintenance-alerts-quiet
    """
    assert judge(monitoring.alerts_quiet(guide_rules, wanted=ALERTS, limits=limits))


@pytest.mark.control(id="metrics-scraped", severity="medium", guide="Metrics Review")
@pytest.mark.daily
def test_prometheus_scrapes_every_pod(judge, scrape_states, workload, now):
    """Prometheus scrapes every pod of the collector.

    What is not scraped has no history: rates, trends and alerts about it are blind.
    Fix: docs/runbook.md#metrics-scraped
    """
    assert judge(monitoring.scraped(scrape_states, workload, now=now))


@pytest.mark.control(id="maintenance-alerts-loaded", severity="medium", guide="Monitoring Alerts")
@pytest.mark.weekly
def test_maintenance_alerts_are_able_to_fire(judge, guide_rules):
    """The guide's alerts are loaded, evaluate without error, and every metric that they name exists.

    A rule that cannot fire looks like one that has no reason to.
    Fix: docs/runbook.md#maintenance-alerts-loaded
    """
    assert judge(monitoring.alerts_loaded(guide_rules, wanted=ALERTS))
