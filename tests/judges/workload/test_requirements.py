"""limits-set: the values in force, wherever they are set."""

import pytest
from msgspec.structs import replace

from tests.judges.workload.hardened import BARE, GOOD, INSTALL, cluster, codes
from upkeep.errors import Absent
from upkeep.judges.workload.requirements import limits_set
from upkeep.model import Judgement
from upkeep.records.workload import ContainerResources, PodTemplate, Workload

WHOLE = ContainerResources("", 250_000_000, 500_000_000, 2**29, 3 * 2**28)


def judged(seen: Workload) -> Judgement:
    return limits_set(seen, install=INSTALL)


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        (None, "CPU request, memory request, memory limit"),
        (ContainerResources("c", cpu_request_nanocores=1), "memory request, memory limit"),
        (ContainerResources("c", 0, None, 1, 1), "CPU request"),
    ],
)
def test_a_limit_that_is_missing_is_named(said, missing):
    (finding,) = judged(cluster(replace(GOOD, resources=said))).findings
    assert (finding.code, finding.observed) == ("limit-missing", missing)
    assert judged(cluster()).observed == "1 of 1 container with requests and a memory limit"


def test_a_template_or_a_pod_without_a_container_cannot_be_judged():
    seen = cluster()
    empty = replace(seen, deployment=replace(seen.deployment, template=PodTemplate({}, ())))
    with pytest.raises(Absent, match="has no container"):
        judged(empty)
    with pytest.raises(Absent, match="Pod cano-collector-p0 is listed without a container"):
        judged(cluster(admitted=()))


def test_requests_of_the_pod_as_a_whole_cover_its_containers():
    """KEP-2837: https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/"""
    seen = cluster(BARE)
    whole = replace(
        seen,
        deployment=replace(
            seen.deployment, template=replace(seen.deployment.template, resources=WHOLE)
        ),
        pods=tuple(replace(pod, whole=WHOLE) for pod in seen.pods),
    )
    assert judged(whole).findings == ()
    half = replace(WHOLE, memory_limit_bytes=None)
    (finding,) = judged(
        replace(whole, pods=tuple(replace(pod, whole=half) for pod in whole.pods))
    ).findings
    assert finding.observed == "memory limit"


def test_defaults_of_a_limit_range_count_and_are_told():
    """FairwindsOps/polaris#163: the template sets nothing, the LimitRanger does."""
    judgement = judged(cluster(BARE, admitted=(GOOD,)))
    assert judgement.findings == ()
    assert judgement.observed == (
        "1 of 1 container with requests and a memory limit; "
        "admission corrected the template: limit-missing of container/cano-collector"
    )


def test_without_a_pod_the_template_is_judged():
    seen = replace(cluster(BARE), pods=())
    assert codes(judged(seen)) == ["limit-missing"]
    assert judged(replace(cluster(), pods=())).findings == ()


def test_an_injected_container_without_limits_is_named_with_its_pods():
    proxy = replace(BARE, name="istio-proxy")
    judgement = judged(cluster(admitted=(GOOD, proxy)))
    (finding,) = judgement.findings
    assert finding.object == "Deployment/cano-collector container/istio-proxy"
    assert finding.message.endswith(
        " 2 of 2 pods (cano-collector-p0, cano-collector-p1), and not the template: "
        "admission or a later change made it so."
    )
    assert finding.next == "kubectl -n monitoring get pod cano-collector-p0 -o yaml"
    assert judgement.observed == (
        "1 of 2 containers with requests and a memory limit; "
        "in the pods and not in the template: istio-proxy"
    )


@pytest.mark.parametrize(("restarts", "found"), [(True, ["limit-missing"]), (False, [])])
def test_a_native_sidecar_needs_limits_and_an_init_container_that_ends_does_not(restarts, found):
    one = replace(BARE, name="istio-proxy", restarts=restarts)
    seen = cluster()
    made = replace(
        seen.deployment, template=replace(seen.deployment.template, init_containers=(one,))
    )
    pods = tuple(replace(pod, init_specs=(one,)) for pod in seen.pods)
    assert codes(judged(replace(seen, deployment=made, pods=pods))) == found


def test_an_in_place_resize_is_told():
    resized = ContainerResources("cano-collector", 250_000_000, None, 2**30, 2**31)
    seen = cluster()
    pods = tuple(replace(pod, resources=(resized,)) for pod in seen.pods)
    judgement = judged(replace(seen, pods=pods))
    assert judgement.findings == ()
    assert judgement.observed.endswith(
        "; in force and not the template's value: memory limit of cano-collector"
    )
