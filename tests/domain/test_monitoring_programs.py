"""Which Service leads to Prometheus or Alertmanager?"""

import pytest

from tests.judges.samples import service
from upkeep.domain.monitoring_programs import find_service
from upkeep.errors import Ambiguous
from upkeep.records.serving import Service, ServicePort

PORTS = (ServicePort("web", 9090, "web"),)
OPERATED = service(
    "prometheus-operated", selector={"operated-prometheus": "true"}, labels={}, ports=PORTS
)


def of_one(name: str, instance: str) -> Service:
    selector = {"app.kubernetes.io/name": "prometheus", "prometheus": instance}
    return service(
        name, selector=selector, labels={"app": "kube-prometheus-stack-prometheus"}, ports=PORTS
    )


def test_the_governing_service_is_taken_where_one_prometheus_runs() -> None:
    both = [of_one("a", "a"), OPERATED, of_one("a-external", "a")]
    assert find_service(both, program="prometheus", ports=[9090])[0].name == "prometheus-operated"


def test_the_governing_service_of_several_leads_to_any_of_them() -> None:
    """kubermatic/kubermatic#637: requests are balanced between two of them at random."""
    both = [of_one("platform", "platform"), OPERATED, of_one("team", "team")]
    with pytest.raises(Ambiguous, match="monitoring/platform, monitoring/team"):
        find_service(both, program="prometheus", ports=[9090])
