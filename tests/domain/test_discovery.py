"""What is where, by what the objects say: Alertmanager's configuration by its Services, ConfigMaps and Secrets by the pod template."""

import pytest
from msgspec.structs import replace

from tests.judges.samples import deployment, service, template
from upkeep.domain import discovery
from upkeep.domain.monitoring_programs import alertmanager_config
from upkeep.errors import Absent
from upkeep.records.containers import Probe
from upkeep.records.serving import Service
from upkeep.records.workload import ContainerSpec, Volume

SIDECAR = ContainerSpec(
    "sidecar",
    "x",
    env_from=(("ConfigMap", "of-sidecar", True), ("Secret", "s-of-sidecar", False)),
    env_keys=(("A", "ConfigMap", "of-key", "k", False),),
)
FIRST = ContainerSpec(
    "first",
    "x",
    env_keys=(
        ("B", "ConfigMap", "of-first", "k", False),
        ("C", "Secret", "s-of-first", "k", False),
    ),
)
LABEL = {"app.kubernetes.io/name": "alertmanager"}
OPERATED = service("alertmanager-operated", selector=LABEL, labels={})
STACK = service(
    "kps-alertmanager",
    selector=LABEL | {"alertmanager": "kps"},
    labels={"app": "kube-prometheus-stack-alertmanager"},
)
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


def test_the_objects_of_sidecars_and_init_containers_count() -> None:
    own = template()
    volumes = (
        Volume("v", "ConfigMap", "of-volume"),
        Volume("w", "Secret", "s-of-volume"),
        Volume("x", "emptyDir", ""),
    )
    found = deployment(
        template=template(
            containers=(*own.containers, SIDECAR), init_containers=(FIRST,), volumes=volumes
        )
    )
    assert discovery.config_map_references(found) == (
        "of-first",
        "of-key",
        "of-sidecar",
        "of-volume",
    )
    assert {one.name for one in discovery.secret_references(found)} == {
        "s-of-first",
        "s-of-sidecar",
        "s-of-volume",
    }
    assert discovery.config_map_references(deployment()) == ()


@pytest.mark.parametrize(
    ("ports", "probes", "expected"),
    [
        ((("", 8080),), (), (8080, "HTTP", ("/health",))),
        (
            (("", 8080),),
            (("/livez", 8080, "HTTP"), ("/livez", 8080, "HTTP"), ("/readyz", 8080, "HTTP")),
            (8080, "HTTP", ("/livez", "/readyz")),
        ),
        ((("web", 9443),), (("/livez", "web", "HTTPS"),), (9443, "HTTPS", ("/livez",))),
        # What another port answers is not the collector's HTTP.
        (
            (("", 8080), ("admin", 9000)),
            (("/alive", "admin", "HTTP"), ("/readyz", 8080, "HTTP")),
            (8080, "HTTP", ("/readyz",)),
        ),
        ((("", 8080),), (("/livez", "nowhere", "HTTPS"),), (8080, "HTTP", ("/health",))),
    ],
)
def test_the_port_of_the_probes_is_the_collectors_with_their_scheme_and_paths(
    ports, probes, expected
) -> None:
    own = ContainerSpec(
        "cano-collector",
        "cano-collector:1",
        ports=ports,
        probes=tuple(Probe("liveness", *probe) for probe in probes),
    )
    found = discovery.install(deployment(template=template(containers=(own, SIDECAR))))
    assert (found.port, found.scheme, found.health_paths) == expected


def test_the_proxy_speaks_tls_to_a_pod_whose_probes_do() -> None:
    made = discovery.install(deployment())
    assert made.proxy("p") == "/api/v1/namespaces/monitoring/pods/p:8080/proxy"
    assert (
        replace(made, scheme="HTTPS").proxy("p")
        == "/api/v1/namespaces/monitoring/pods/https:p:8080/proxy"
    )


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "Namespace lab has no Deployment 'cano-collector'; it has no other"),
        (
            ("cano-collectr", "web"),
            r"has no Deployment 'cano-collector' \(did you mean 'cano-collectr'\?\); it has .*web",
        ),
    ],
)
def test_a_name_that_no_deployment_has_is_told_with_those_that_are_there(
    names: tuple[str, ...], words: str
) -> None:
    found = [replace(deployment(), name=name) for name in names]
    with pytest.raises(Absent, match=words):
        discovery.find_collector(found, namespace="lab", name="cano-collector")
