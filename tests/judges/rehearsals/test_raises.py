"""limits-rehearsed: the limits in force are those of the pods and of the pod as a whole."""

import pytest
from msgspec.structs import replace

from tests.judges.rehearsals.test_actions import MAY, RAN
from tests.judges.rehearsals.test_raised_limits import GIB, MIB, MILLI, codes, judged, running
from upkeep.records.access import ActionRehearsal
from upkeep.records.placement import Demand, LimitRange, Quota
from upkeep.records.workload import ContainerResources, Workload

OWN = "cano-collector"


def with_pods(seen: Workload, **said: int) -> Workload:
    """The pods run with other resources than their template."""
    has = ContainerResources(OWN, **said)
    return replace(seen, pods=tuple(replace(pod, resources=(has,)) for pod in seen.pods))


def test_a_limit_that_was_resized_in_place_is_not_lowered():
    """kubernetes/autoscaler, mode InPlaceOrRecreate: pods change, and their template stays."""
    seen = with_pods(running(), memory_limit_bytes=2 * GIB, cpu_limit_nanocores=500 * MILLI)
    judgement = judged(seen)
    assert [(one.code, one.observed) for one in judgement.findings] == [("limit-lowered", "2Gi")]
    assert judgement.observed == (
        "container cano-collector: memory 2Gi (template 768Mi) → 1Gi, CPU 500m → 1000m"
    )


def shared(**said: int) -> Workload:
    """The limits are the pod's (KEP-2837), and the container has none of its own."""
    seen = running(
        cpu_limit_nanocores=None,
        memory_limit_bytes=None,
        cpu_request_nanocores=None,
        memory_request_bytes=None,
    )
    whole = ContainerResources("", **said)
    template = replace(seen.deployment.template, resources=whole)
    return replace(seen, deployment=replace(seen.deployment, template=template))


def test_the_limit_of_a_pod_is_the_one_in_force():
    """More replicas are no advice there: a patch of the pod's limits helps."""
    has = {"memory_limit_bytes": 768 * MIB, "cpu_limit_nanocores": 500 * MILLI}
    refused = replace(
        RAN,
        accepted=False,
        status=422,
        reason="Invalid",
        message="must be less than or equal to pod limits of 768Mi",
    )
    judgement = judged(shared(**has), rehearsal=ActionRehearsal((MAY,), (refused,)))
    assert codes(judgement) == ["limits-refused", "raises-nothing"]
    assert codes(judged(shared(**has))) == ["raises-nothing"]
    (command,) = {one.next for one in judgement.findings}
    assert command == (
        "kubectl -n monitoring patch deployment cano-collector -p "
        '\'{"spec":{"template":{"spec":{"resources":{"limits":{"memory":"1Gi","cpu":"1000m"}}}}}}\' '
        "--dry-run=server"
    )
    larger = {"memory_limit_bytes": 2 * GIB, "cpu_limit_nanocores": 2000 * MILLI}
    judgement = judged(shared(**larger))
    assert codes(judgement) == ["limit-lowered", "limit-lowered", "raises-nothing"]
    assert {one.next.partition(" -p ")[2] for one in judgement.findings} == {
        '\'{"spec":{"template":{"spec":{"resources":{"limits":{"memory":"4Gi","cpu":"4000m"}}}}}}\' '
        "--dry-run=server"
    }


def test_a_default_limit_below_the_request_refuses_new_pods():
    """kubernetes/kubernetes#51430, #112835: the LimitRanger compares its default with nothing."""
    seen = running(memory_request_bytes=GIB, memory_limit_bytes=None, cpu_limit_nanocores=None)
    ranges = (LimitRange("defaults", "Container", default_limit={"cpu": 200 * MILLI}),)
    judgement = judged(
        seen, ranges=ranges, emergency_memory_mebibytes=2048, emergency_cpu_millicores=0
    )
    (finding,) = [one for one in judgement.findings if one.code == "limit-range-refuses"]
    assert finding.message == (
        "LimitRange/defaults refuses new pods: container cano-collector requests 250m of cpu, "
        "above the default limit of 200m."
    )


@pytest.mark.parametrize(("left", "found"), [(1, []), (0, ["quota-refuses-raise"])])
def test_a_rollout_makes_a_replica_set(left: int, found: list[str]):
    """joe-elliott/cert-exporter#205, openshift/origin#8748: quotas bound revisions too."""
    quota = Quota(
        "objects",
        {"count/replicasets.apps": 10_000},
        {"count/replicasets.apps": 10_000 - left * 1000},
    )
    assert codes(judged(quotas=(quota,))) == found


def test_an_injected_container_takes_room_too():
    """kubernetes-sigs/kueue#119, #12405: sidecars and overhead are in no template."""
    seen = running()
    takes = Demand(350 * MILLI, 500 * MILLI, 3 * GIB, 3 * GIB)
    seen = replace(seen, pods=tuple(replace(pod, demand=takes) for pod in seen.pods))
    quota = Quota("q", {"requests.memory": 8 * GIB * 1000}, {"requests.memory": 6 * GIB * 1000})
    (finding,) = judged(seen, quotas=(quota,)).findings
    assert (finding.observed, finding.limit) == ("2048Mi", "3072Mi")
