"""Where Alertmanager's configuration is likely to be stored: by what its Services select, or not at all."""

import pytest

from tests.judges.samples import service
from upkeep.discovery import alertmanager_config
from upkeep.records import Service

LABEL = {"app.kubernetes.io/name": "alertmanager"}
OPERATED = service("alertmanager-operated", selector=LABEL, labels={})
STACK = service("kps-alertmanager", selector=LABEL | {"alertmanager": "kps"}, labels={"app": "kube-prometheus-stack-alertmanager"})
PLAIN = service("alertmanager", selector=LABEL, labels=LABEL)


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ((OPERATED, STACK), "Secret/monitoring/alertmanager-kps-generated"),
        ((PLAIN,), "ConfigMap/monitoring/alertmanager"),
        ((OPERATED,), ""),
        ((STACK, service("two", selector={"alertmanager": "two"}, labels=LABEL)), ""),
        ((service("other", selector={"alertmanager": "x"}, labels={}),), ""),
        ((service("alertmanager", namespace="elsewhere"),), ""),
        ((), ""),
    ],
)
def test_what_tells_it_and_what_does_not(services: tuple[Service, ...], expected: str) -> None:
    assert alertmanager_config(services, namespace="monitoring") == expected
