"""The collector's pods (guide: "Check pod status")."""

import pytest

from upkeep.judges import pods


@pytest.mark.control(id="pods-ready", severity="critical", guide="Check pod status")
@pytest.mark.daily
@pytest.mark.emergency
@pytest.mark.gate
def test_every_pod_is_ready(judge, workload, now):
    """Every desired replica runs the newest template and is ready.

    Alerts are lost while no pod is ready: Alertmanager retries, then drops.
    Fix: docs/runbook.md#pods-ready
    """
    assert judge(pods.ready(workload, now=now))


@pytest.mark.control(id="pods-stable", severity="high", guide="Check pod status")
@pytest.mark.daily
@pytest.mark.emergency
def test_no_container_restarted(judge, workload, previous_tails, now, limits):
    """No container of the collector restarted in the window.

    A restart loses what was in flight. It is judged apart from readiness so that it does not block deploying its fix.
    Fix: docs/runbook.md#pods-stable
    """
    assert judge(pods.stable(workload, now=now, limits=limits, tails=previous_tails))
