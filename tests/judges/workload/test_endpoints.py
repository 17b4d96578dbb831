"""endpoints-serving."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from tests.judges.samples import (
    LABELS,
    NOW,
    container,
    deployment,
    endpoint,
    endpoint_slice,
    install,
    no_pods,
    pod,
    service,
    template,
    unready,
    workload,
)
from upkeep.errors import Absent
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


def test_a_ready_endpoint_for_each_ready_pod_passes():
    judgement = serving()
    assert judgement.findings == ()
    assert judgement.observed == "Service cano-collector leads to 2 of 2 ready pods"
    assert (judgement.limit, judgement.unit) == (2, "ready endpoints for each Service")
    assert judgement.basis == "1 Service, their EndpointSlices, the Pods and the pod template"


@pytest.mark.parametrize(
    "services",
    [(), (service("other", selector={}),), (service("other", selector={"app": "other"}),)],
)
def test_no_service_that_selects_the_pods_fails(services):
    (finding,) = serving(services).findings
    assert (finding.object, finding.code) == ("Deployment/cano-collector", "no-service")
    assert (finding.observed, finding.limit, finding.unit) == (0, 1, "Services")
    assert finding.next == "kubectl -n monitoring expose deployment cano-collector --port=8080"


def test_a_service_of_the_collectors_name_that_selects_something_else_is_named_and_set_right():
    """It cannot be made a second time: kubectl expose would end with AlreadyExists."""
    (finding,) = serving((service(selector={"app": "cano-colector"}),)).findings
    assert finding.message.endswith(
        "Service/cano-collector selects app=cano-colector; no pod has these labels."
    )
    assert (
        finding.next
        == "kubectl -n monitoring set selector service cano-collector app=cano-collector"
    )


def test_a_service_with_an_empty_selector_is_not_judged():
    judgement = serving((service(), service("by-hand", selector={})))
    assert judgement.findings == ()
    assert judgement.observed == "Service cano-collector leads to 2 of 2 ready pods"


def test_every_service_is_judged():
    slices = (
        endpoint_slice(endpoint(A), endpoint(B)),
        endpoint_slice(endpoint(A), service="second"),
    )
    judgement = serving((service(), service("second")), slices)
    (finding,) = judgement.findings
    assert finding.message == (
        "Pod cano-collector-b is ready, and Service/second has no ready endpoint for it: it gets no alerts."
    )
    assert judgement.observed == (
        "Service cano-collector leads to 2 of 2 ready pods; Service second leads to 1 of 2 ready pods"
    )


def test_a_ready_pod_without_a_ready_endpoint_fails():
    (finding,) = serving(slices=(endpoint_slice(endpoint(A), endpoint(B, ready=False)),)).findings
    assert (finding.object, finding.code) == ("Pod/cano-collector-b", "pod-without-endpoint")
    assert (finding.observed, finding.limit, finding.unit) == (0, 1, "ready endpoints")
    assert finding.next == (
        "kubectl -n monitoring get endpointslices -l kubernetes.io/service-name=cano-collector -o yaml"
    )


def test_endpoints_may_be_spread_over_slices():
    slices = (endpoint_slice(endpoint(A), name="one"), endpoint_slice(endpoint(B), name="two"))
    assert serving(slices=slices).findings == ()


@pytest.mark.parametrize(
    "slices", [(endpoint_slice(),), (endpoint_slice(endpoint(A, ready=False)),)]
)
def test_no_ready_endpoint_at_all_fails(slices):
    (finding,) = serving(slices=slices).findings
    assert (finding.object, finding.code) == ("Service/cano-collector", "no-ready-endpoint")
    assert finding.message == (
        "Service/cano-collector has no ready endpoint: no connection through it reaches a pod (2 pods ready)."
    )


def test_no_pod_and_no_endpoint_fail():
    (finding,) = serving(slices=(endpoint_slice(),), records=no_pods()).findings
    assert (finding.code, finding.observed, finding.limit) == ("no-ready-endpoint", 0, 1)


def test_pods_that_are_not_ready_or_terminate_need_no_endpoint():
    others = unready("b", status=container(ready=False)), pod("c", deleted=NOW)
    assert (
        serving(slices=(endpoint_slice(endpoint(A)),), records=workload(A, *others)).findings == ()
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (endpoint(B), []),
        (endpoint(B, pod_uid=""), []),
        (endpoint(B, pod_uid="", pod=""), []),
        (
            endpoint(B, pod_uid="", pod="", addresses=("10.9.9.9",)),
            ["pod-without-endpoint", "stale-endpoint"],
        ),
        (endpoint(B, pod_uid="earlier"), ["pod-without-endpoint", "stale-endpoint"]),
        (endpoint(B, pod_uid="", pod="earlier"), ["pod-without-endpoint", "stale-endpoint"]),
    ],
)
def test_an_endpoint_is_a_pods_by_uid_else_by_name_else_by_address(found, expected):
    assert codes(serving(slices=(endpoint_slice(endpoint(A), found),))) == expected


def test_a_ready_address_that_is_no_pod_of_the_collector_fails():
    (finding,) = serving(slices=(endpoint_slice(endpoint(A), endpoint(B), STRANGER),)).findings
    assert (finding.object, finding.code) == ("Service/cano-collector", "stale-endpoint")
    assert finding.message == (
        "Service/cano-collector sends alerts to 10.9.9.9 (pod other-1), which is no pod of the collector: they are lost."
    )


def test_an_address_that_is_not_ready_is_not_stale():
    assert (
        serving(
            slices=(endpoint_slice(endpoint(A), endpoint(B), replace(STRANGER, ready=False)),)
        ).findings
        == ()
    )


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


@pytest.mark.parametrize(
    ("slices", "records"),
    [
        ((), None),
        ((endpoint_slice(endpoint(A), service="other"),), None),
        (None, replace(workload(), pods=())),
    ],
    ids=["no slices", "slices of another Service", "pods withheld"],
)
def test_what_must_be_there_and_is_not_listed_is_no_verdict(slices, records):
    with pytest.raises(Absent):
        serving(slices=slices, records=records)


# Properties

some_endpoints = st.lists(
    st.one_of(
        st.builds(endpoint, st.sampled_from([A, B]), ready=st.booleans()),
        st.builds(endpoint, st.sampled_from([A, B]), pod_uid=st.just("")),
        st.builds(replace, st.just(STRANGER), ready=st.booleans()),
    ),
    max_size=4,
)
some_slices = st.lists(
    st.builds(
        lambda name, entries, ports: endpoint_slice(*entries, name=name, ports=ports),
        st.sampled_from("xyz"),
        some_endpoints,
        st.sampled_from([(("http", 8080),), (("http", None),), ()]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda entry: entry.name,
)


@settings(max_examples=examples(60), deadline=None)
@given(some_slices, st.sampled_from(["endpoint", "service", "pod"]))
def test_a_bad_object_more_never_makes_a_failure_a_pass(slices, bad):
    before = serving(slices=slices)
    records, services, more = workload(), (service(),), slices
    if bad == "endpoint":
        more = [*slices, endpoint_slice(STRANGER, endpoint(A, ready=False), name="bad")]
    elif bad == "service":
        services = (service(), service("astray", ports=(ServicePort("http", 80, 9),)))
        more = [*slices, endpoint_slice(service="astray")]
    else:
        records = workload(A, B, pod("without"))
    if not before:
        assert not serving(services, more, records)
    else:
        assert codes(serving(services, more, records)) != []


@settings(max_examples=examples(60), deadline=None)
@given(some_slices)
def test_withheld_slices_or_pods_never_make_a_pass(slices):
    for kept, records in (((), workload()), (slices, replace(workload(), pods=()))):
        with pytest.raises(Absent):
            serving(slices=kept, records=records)


@settings(max_examples=examples(60), deadline=None)
@given(some_slices, st.data())
def test_the_order_does_not_matter(slices, data):
    services = (
        service(),
        service("second", ports=(ServicePort("x", 1, "x"), ServicePort("http", 80, "http"))),
    )
    both = [*slices, endpoint_slice(endpoint(A), service="second")]
    turned = [
        replace(entry, endpoints=entry.endpoints[::-1])
        for entry in data.draw(st.permutations(both))
    ]
    other = workload(B, A)
    backwards = [replace(entry, ports=entry.ports[::-1]) for entry in services[::-1]]
    assert serving(services, both) == serving(backwards, turned, other)


def test_the_labels_of_the_template_may_be_more_than_the_selector():
    more = template(labels=LABELS | {"pod-template-hash": "r4"})
    assert serving(records=replace(workload(), deployment=deployment(template=more))).findings == ()
