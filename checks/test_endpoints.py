"""The collector's Services (guide: "Check service endpoints")."""

import pytest

from upkeep.judges import endpoints


@pytest.mark.control(id="endpoints-serving", severity="critical", guide="Check service endpoints")
@pytest.mark.daily
@pytest.mark.emergency
@pytest.mark.gate
def test_every_service_leads_to_every_ready_pod(judge, services, endpoints_seen, workload, install):
    """Every Service of the collector has a ready endpoint for each ready pod, and its target port resolves.

    Alertmanager posts to the Service: without an endpoint every alert is refused.
    Fix: docs/runbook.md#endpoints-serving
    """
    assert judge(endpoints.serving(services, endpoints_seen, workload, install=install))
