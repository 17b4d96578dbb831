"""scale-rehearsed: only the quotas count that count the collector's pods."""

import pytest
from msgspec.structs import replace

from tests.judges.rehearsals.test_scaling import GIB, scale, wants
from tests.judges.samples import pod
from upkeep.errors import TooEarly
from upkeep.records.placement import Demand, LimitRange, Placement, Quota
from upkeep.records.workload import ContainerResources, Workload

FULL = Quota("pods-high", {"pods": 0}, {"pods": 0})
Scope = tuple[str, str, tuple[str, ...]]


def of_class(name: str) -> Workload:
    """Two pods of a PriorityClass, as admission left it; the template names none."""
    return replace(wants(), pods=tuple(replace(pod(one), priority_class=name) for one in "ab"))


@pytest.mark.parametrize(
    ("scopes", "priority_class", "counts"),
    [
        ((), "", True),
        # https://kubernetes.io/docs/concepts/policy/resource-quotas/#resource-quota-per-priorityclass
        ((("PriorityClass", "In", ("high",)),), "", False),
        ((("PriorityClass", "In", ("high",)),), "low", False),
        ((("PriorityClass", "In", ("high", "low")),), "low", True),
        ((("PriorityClass", "NotIn", ("high",)),), "", True),
        ((("PriorityClass", "NotIn", ("high",)),), "high", False),
        ((("PriorityClass", "Exists", ()),), "", False),
        ((("PriorityClass", "Exists", ()),), "low", True),
        ((("PriorityClass", "DoesNotExist", ()),), "", True),
        ((("PriorityClass", "DoesNotExist", ()),), "low", False),
        ((("Terminating", "Exists", ()),), "", False),
        ((("NotTerminating", "Exists", ()),), "", True),
        ((("BestEffort", "Exists", ()),), "", False),
        ((("NotBestEffort", "Exists", ()),), "", True),
        ((("NotTerminating", "Exists", ()), ("BestEffort", "Exists", ())), "", False),
        ((("CrossNamespacePodAffinity", "Exists", ()),), "", False),
        ((("VolumeAttributesClass", "In", ("gold",)),), "", False),
    ],
)
def test_all_scopes_must_match_the_pods(
    scopes: tuple[Scope, ...], priority_class: str, counts: bool
):
    """kubernetes/kubernetes#73698, #117676."""
    found = scale(of_class(priority_class), (replace(FULL, scopes=scopes),)).findings
    assert [one.code for one in found] == (["quota-too-small"] if counts else [])


def test_pods_that_state_nothing_are_best_effort():
    nothing = wants(cpu_request_nanocores=None, memory_request_bytes=None, memory_limit_bytes=None)
    quota = replace(FULL, scopes=(("BestEffort", "Exists", ()),))
    assert scale(nothing, (quota,)).findings
    given = (LimitRange("r", "Container", default_request={"cpu": 10**6}),)
    assert not scale(nothing, (quota,), ranges=given).findings


def test_an_affinity_into_other_namespaces_is_counted():
    seen = wants()
    template = replace(seen.deployment.template, placement=Placement(cross_namespace=True))
    seen = replace(seen, deployment=replace(seen.deployment, template=template))
    quota = replace(FULL, scopes=(("CrossNamespacePodAffinity", "Exists", ()),))
    assert scale(seen, (quota,)).findings


def test_a_quota_that_is_not_counted_yet_is_no_pass():
    new = Quota("new", {}, {}, uncounted=("pods",))
    with pytest.raises(TooEarly, match="ResourceQuota/new does not count pods yet"):
        scale(quotas=(new,))
    other = replace(new, scopes=(("PriorityClass", "In", ("high",)),))
    assert not scale(quotas=(other,)).findings
    assert [one.object for one in scale(quotas=(new, FULL)).findings] == ["ResourceQuota/pods-high"]


def test_what_admission_states_is_stated():
    """An admission webhook, or the pod as a whole, may state what the template does not."""
    quota = Quota("q", {"limits.cpu": 9000}, {"limits.cpu": 0})
    assert [one.observed for one in scale(quotas=(quota,)).findings] == ["not stated"]
    stated = ContainerResources("cano-collector", cpu_limit_nanocores=10**9)
    seen = replace(wants(), pods=(replace(pod("a"), resources=(stated,)),))
    assert not scale(seen, (quota,)).findings
    template = replace(
        wants().deployment.template, resources=ContainerResources("", cpu_limit_nanocores=10**9)
    )
    seen = wants()
    seen = replace(seen, deployment=replace(seen.deployment, template=template))
    assert not scale(seen, (quota,)).findings


def test_an_injected_sidecar_must_state_it_too():
    """istio/istio and linkerd inject containers that a quota counts."""
    quota = Quota("q", {"limits.memory": 99 * GIB * 1000}, {"limits.memory": 0})
    own = ContainerResources("cano-collector", memory_limit_bytes=GIB)
    pods = (replace(pod("a"), resources=(own, ContainerResources("linkerd-proxy"))),)
    (finding,) = scale(replace(wants(), pods=pods), (quota,)).findings
    assert "Container linkerd-proxy does not" in finding.message


def test_what_admission_adds_takes_room():
    """A RuntimeClass's overhead and injected sidecars are in no template."""
    takes = Demand(250_000_000, 0, 3 * GIB, 3 * GIB)
    seen = replace(wants(), pods=(replace(pod("a"), demand=takes),))
    (finding,) = scale(seen).findings
    assert (finding.code, finding.observed) == ("nodes-full", 0)


def test_a_limit_range_that_came_later_refuses_further_pods():
    ranges = (LimitRange("narrow", "Container", most={"memory": GIB // 2}),)
    assert [one.code for one in scale(ranges=ranges).findings] == ["limit-range-refuses"]
    assert not scale(wants(3), ranges=ranges).findings


def test_a_limit_range_refuses_pods_with_an_injected_container():
    """linkerd/linkerd2#2750: a maximum and no default refuse a proxy without a limit."""
    own = ContainerResources("c", 250_000_000, None, GIB, GIB)
    proxy = ContainerResources("linkerd-proxy", memory_request_bytes=GIB // 8)
    pods = (replace(pod("a"), resources=(own, proxy)),)
    ranges = (LimitRange("most", "Container", most={"memory": 2 * GIB}),)
    (finding,) = scale(replace(wants(), pods=pods), ranges=ranges).findings
    assert "container linkerd-proxy would have no limit of memory" in finding.message
    assert not scale(replace(wants(3), pods=pods), ranges=ranges).findings


def test_what_a_webhook_states_in_the_pods_is_no_fault_of_a_limit_range():
    seen = wants(memory_limit_bytes=None)
    ranges = (LimitRange("most", "Container", most={"memory": 2 * GIB}),)
    assert scale(seen, ranges=ranges).findings
    stated = ContainerResources("c", 250_000_000, None, GIB, GIB)
    named = replace(stated, name=seen.deployment.template.containers[0].name)
    pods = (replace(pod("a"), resources=(named,)),)
    assert not scale(replace(seen, pods=pods), ranges=ranges).findings
