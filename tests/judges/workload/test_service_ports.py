"""endpoints-serving: the ports of Services."""

import pytest
from msgspec.structs import replace

from tests.judges.samples import (
    ago,
    deployment,
    endpoint,
    endpoint_slice,
    install,
    pod,
    service,
    template,
    workload,
)
from upkeep.judges.workload import endpoints
from upkeep.model import Judgement
from upkeep.records.serving import Endpoint, Service, ServicePort
from upkeep.records.workload import ContainerSpec

A, B = pod("a"), pod("b")
STRANGER = Endpoint(("10.9.9.9",), True, "other-1", "uid-other")


def serving(services=None, slices=None, records=None, **changes) -> Judgement:
    return endpoints.serving(
        (service(),) if services is None else services,
        (endpoint_slice(endpoint(A), endpoint(B)),) if slices is None else slices,
        workload() if records is None else records,
        install=install(**changes),
    )


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (ServicePort("http", 80, "http"), []),
        (ServicePort("http", 80, 8080), []),
        (ServicePort("http", 80, "web"), ["target-port-unresolved"]),
        (ServicePort("http", 80, 9090), ["no-port-to-collector"]),
        (ServicePort("http", 80, 8080, "UDP"), ["no-port-to-collector"]),
    ],
)
def test_a_target_port_must_resolve_and_lead_to_the_collector(port, expected):
    assert codes(serving((service(ports=(port,)),))) == expected


def test_a_port_that_leads_elsewhere_says_where():
    (finding,) = serving((service(ports=(ServicePort("http", 80, 9090),)),)).findings
    assert finding.message.endswith("leads to port 8080 of the collector; target ports: 9090.")
    assert (finding.observed, finding.limit, finding.unit) == ("9090", 8080, "target port")


@pytest.mark.parametrize(("port", "fails"), [(80, True), (8080, False)])
def test_a_headless_service_translates_no_port(port: int, fails: bool) -> None:
    found = serving((service(ports=(ServicePort("http", port, "http"),), headless=True),)).findings
    assert [one.code for one in found] == ["no-port-to-collector"] * fails
    if fails:
        assert found[0].message == (
            "Service/cano-collector is headless and translates no port. Its ports are 80, "
            "and the collector listens on 8080."
        )


def test_a_headless_service_beside_one_that_leads_to_the_collector_is_no_fault() -> None:
    both = [service(), service("second", headless=True)]
    slices = [endpoint_slice(endpoint(A), endpoint(B), service=one.name) for one in both]
    assert serving(both, slices).findings == ()
    both[0] = service(ports=(ServicePort("http", 80, "http"),), headless=True)
    assert len(serving(both, slices).findings) == 2


def test_a_service_without_ports_leads_nowhere():
    (finding,) = serving((service(ports=()),)).findings
    assert (
        finding.message
        == "No port of Service/cano-collector leads to port 8080 of the collector; target ports: none."
    )


def test_one_of_several_ports_is_enough_for_the_collector_and_each_must_resolve():
    ports = ServicePort("http", 80, "http"), ServicePort("admin", 81, 9000)
    both = (endpoint_slice(endpoint(A), endpoint(B), ports=(("http", 8080), ("admin", 9000))),)
    assert serving((service(ports=ports),), both).findings == ()
    one = (endpoint_slice(endpoint(A), endpoint(B), ports=(("http", 8080), ("admin", None))),)
    (finding,) = serving((service(ports=ports),), one).findings
    assert finding.code == "target-port-unresolved"
    assert finding.message == (
        "Target port 9000 of port 81 of Service/cano-collector does not resolve."
    )
    assert (finding.observed, finding.limit, finding.unit) == (
        9000,
        "a port of a container",
        "target port",
    )


@pytest.mark.parametrize("ports", [(), (("http", None),)])
def test_a_port_that_the_slice_does_not_number_is_unresolved(ports):
    slices = (endpoint_slice(endpoint(A), endpoint(B), ports=ports),)
    assert codes(serving(slices=slices)) == ["target-port-unresolved"]


def test_a_port_of_a_second_container_counts_where_it_is_the_collectors():
    both = (
        ContainerSpec("proxy", "proxy", ports=(("tls", 8443),)),
        ContainerSpec("c", "c", ports=(("http", 8080),)),
    )
    records = replace(workload(), deployment=deployment(template=template(containers=both)))
    slices = (endpoint_slice(endpoint(A), endpoint(B), ports=(("http", 8443),)),)
    assert codes(
        serving((service(ports=(ServicePort("http", 443, "tls"),)),), slices, records)
    ) == ["no-port-to-collector"]


SIDECAR = ContainerSpec("oauth", "oauth2-proxy:7", ports=(("proxy", 4180),))


def beside(*ports: ServicePort, own: Service | None = None, init: bool = False) -> Judgement:
    """A second Service with these ports beside the collector's own, or beside another, at pods with a sidecar."""
    sidecar = replace(SIDECAR, restarts=init)
    made = (
        template(init_containers=(sidecar,))
        if init
        else template(containers=(*template().containers, sidecar))
    )
    one = service() if own is None else own
    slices = [endpoint_slice(endpoint(A), endpoint(B), service=name, ports=tuple((port.name, 1) for port in ports_of))
              for name, ports_of in ((one.name, one.ports), ("second", ports))]  # fmt: skip
    return endpoints.serving(
        [one, service("second", ports=ports)],
        slices,
        workload(A, B, template=made),
        install=install(),
    )


@pytest.mark.parametrize("init", [False, True])
def test_a_service_of_a_sidecar_needs_no_way_to_the_collector_where_another_has_one(init):
    for port in (ServicePort("p", 80, "proxy"), ServicePort("p", 80, 4180)):
        assert beside(port, init=init).findings == ()


def test_a_service_that_leads_nowhere_or_a_sidecar_alone_is_not_enough():
    undeclared = beside(ServicePort("p", 80, 9999)).findings
    assert [(one.object, one.code) for one in undeclared] == [
        ("Service/second", "no-port-to-collector")
    ]
    wrong = service(ports=(ServicePort("http", 80, 4180),))
    assert [one.object for one in beside(ServicePort("p", 80, "proxy"), own=wrong).findings] == [
        "Service/cano-collector",
        "Service/second",
    ]
    assert [one.code for one in beside(ServicePort("p", 80, "web")).findings] == [
        "target-port-unresolved"
    ]
    assert [one.code for one in beside().findings] == ["no-port-to-collector"]


def test_a_port_of_a_container_that_a_webhook_injected_resolves():
    """The control plane resolves a named port in each pod, and not in the template."""
    injected = [replace(one, specs=(*template().containers, SIDECAR)) for one in (A, B)]
    second = service("second", ports=(ServicePort("p", 80, "proxy"),))
    slices = (
        endpoint_slice(endpoint(A), endpoint(B)),
        endpoint_slice(endpoint(A), endpoint(B), service="second", ports=(("p", 4180),)),
    )
    both = (service(), second)
    assert serving(both, slices, workload(*injected)).findings == ()
    assert codes(serving(both, slices)) == ["target-port-unresolved"]


def test_a_service_that_a_finalizer_keeps_after_its_deletion_fails() -> None:
    (finding,) = serving((service(deleted=ago(hours=1)),)).findings
    assert (finding.object, finding.code) == ("Service/cano-collector", "service-deleted")
    assert finding.message.startswith("Service/cano-collector was deleted at 2026-01-02 11:00 UTC")
