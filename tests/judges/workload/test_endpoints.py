"""endpoints-serving."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

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
from upkeep.records.serving import Endpoint, EndpointSlice, ServicePort
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


def test_a_terminating_pod_that_a_service_publishes_is_no_stranger():
    """kubernetes/kubernetes#116285: publishNotReadyAddresses keeps it ready in the slice."""
    going = replace(pod("c"), deleted=NOW)
    slices = (endpoint_slice(endpoint(A), endpoint(B), endpoint(going)),)
    seen = replace(workload(), pods=(A, B, going))
    published = (replace(service(), serves_unready=True),)
    assert serving(published, slices, seen).findings == ()


def test_an_address_that_is_not_ready_is_not_stale():
    assert (
        serving(
            slices=(endpoint_slice(endpoint(A), endpoint(B), replace(STRANGER, ready=False)),)
        ).findings
        == ()
    )


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


# What clients of one IP family, of another cluster and of other nodes reach

FAMILIES = ("IPv6", "IPv4")
DUAL = service(families=FAMILIES)
FOUR = endpoint_slice(endpoint(A), endpoint(B))


def six(*endpoints: Endpoint) -> EndpointSlice:
    return endpoint_slice(*endpoints, name="six", family="IPv6")


def test_a_dual_stack_service_needs_endpoints_of_both_families():
    both = [FOUR, six(endpoint(A, addresses=("fd00::a",)), endpoint(B, addresses=("fd00::b",)))]
    judgement = serving((DUAL,), both)
    assert judgement.findings == ()
    assert (
        judgement.observed == "Service cano-collector leads to 2 of 2 ready pods over IPv6 and IPv4"
    )


def test_a_family_without_an_endpoint_is_named():
    """kubernetes/kubernetes#94505: whoever comes by that family reaches no pod."""
    (finding,) = serving((DUAL,), [FOUR, six()]).findings
    assert (finding.code, finding.message) == (
        "no-ready-endpoint",
        "Service/cano-collector has no ready IPv6 endpoint: "
        "no connection through it reaches a pod (2 pods ready).",
    )
    judgement = serving((DUAL,), [FOUR, six(endpoint(A))])
    assert codes(judgement) == ["pod-without-endpoint"]
    assert "no ready IPv6 endpoint for it" in judgement.findings[0].message
    assert judgement.observed.startswith("Service cano-collector leads to 1 of 2 ready pods")


def test_a_family_without_a_slice_is_not_measured():
    with pytest.raises(Absent, match="No IPv6 EndpointSlice of Service cano-collector is listed"):
        serving((DUAL,), [FOUR])


FOREIGN = endpoint_slice(STRANGER, name="far", manager="endpointslice-mesh-controller.cilium.io")


def test_endpoints_of_another_controllers_slice_are_told_and_not_judged():
    """cilium/cilium#28440: they are another cluster's pods."""
    judgement = serving(slices=[FOUR, FOREIGN])
    assert judgement.findings == ()
    assert judgement.observed.endswith(
        ", and to 1 endpoint of endpointslice-mesh-controller.cilium.io, not judged"
    )


@pytest.mark.parametrize("manager", ["", "endpointslice-controller.k8s.io"])
def test_a_strange_endpoint_in_the_control_planes_slice_or_one_of_nobody_is_stale(manager):
    mine = replace(FOREIGN, manager=manager)
    assert codes(serving(slices=[FOUR, mine])) == ["stale-endpoint"]


def test_a_slice_of_another_controller_does_not_stand_for_the_control_planes():
    with pytest.raises(Absent, match="No EndpointSlice of Service cano-collector"):
        serving(slices=[FOREIGN])


def test_a_service_that_nodes_without_a_pod_drop_is_a_finding():
    (finding,) = serving((service(local_only=True),)).findings
    assert (finding.code, finding.observed, finding.limit) == (
        "node-local-traffic",
        "Local",
        "Cluster",
    )


def test_a_service_selects_labels_of_pods_and_each_pod_needs_one():
    """A version in the selector: during a rollout each Service has the pods of its version."""
    old, new = replace(A, labels=LABELS | {"v": "1"}), replace(B, labels=LABELS | {"v": "2"})
    versions = [service(f"v{n}", selector=LABELS | {"v": str(n)}) for n in (1, 2)]
    slices = [
        endpoint_slice(endpoint(old), service="v1"),
        endpoint_slice(endpoint(new), service="v2"),
    ]
    assert serving(versions, slices, workload(old, new)).findings == ()
    (finding,) = serving(versions[:1], slices, workload(old, new)).findings
    assert finding.message == (
        "Pod cano-collector-b is ready, and no Service selects its labels (v1): it gets no alerts."
    )


def test_a_sibling_collector_behind_the_same_service_is_told_and_not_lost():
    """fluxcd/flagger#826: a canary's pods, or those of the other colour."""
    blue = deployment(name="cano-collector-blue", uid="blue")
    endpoint_of_blue = Endpoint(("10.9.9.9",), True, "cano-collector-blue-6f7d9c5b84-x7k2p", "b")
    slices = [endpoint_slice(endpoint(A), endpoint(B), endpoint_of_blue)]
    others = replace(blue, template=template(labels={"app": "another"}))
    worker = replace(blue, template=template(containers=(ContainerSpec("w", "worker:1"),)))

    def seen(*deployments):
        return endpoints.serving(
            (service(),), slices, workload(), deployments=deployments, install=install()
        )

    assert seen(deployment(), blue).findings == ()
    assert seen(blue).observed.endswith(
        ", and to 1 pod of Deployment cano-collector-blue, not judged"
    )
    for other in (others, worker, replace(blue, name="green")):
        assert codes(seen(other)) == ["stale-endpoint"]


def test_a_service_that_publishes_pods_that_are_not_ready_is_a_finding_while_there_is_one():
    """kubernetes/kubernetes#118952: their endpoints are ready, and alerts go to them."""
    publishing = service(serves_unready=True)
    assert serving((publishing,)).findings == ()
    late = unready("b", status=container(ready=False))
    (finding,) = serving((publishing,), records=workload(A, late)).findings
    assert (
        finding.code,
        finding.next.endswith("""'{"spec":{"publishNotReadyAddresses":false}}'"""),
    ) == (
        "unready-endpoint",
        True,
    )
    assert serving(records=workload(A, late)).findings == ()
    assert serving((publishing,), records=workload(A, replace(late, ip=""))).findings == ()


def test_what_is_wrong_with_one_service_is_told_where_the_slices_of_another_are_not_listed():
    services = (service(local_only=True), service("second"))
    judgement = serving(services)
    assert codes(judgement) == ["node-local-traffic"]
    assert "not measured: No EndpointSlice of Service second is listed" in judgement.observed


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
