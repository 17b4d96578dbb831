"""What running pods have and take: resizes in place, overhead, pod-level resources."""

from typing import Any

import pytest

from tests.adapters.cluster.test_nodes import container, pod
from upkeep.adapters.cluster import demands
from upkeep.records.placement import Demand

MIB, MILLI = 1024**2, 10**6


def resized(
    wanted: str, actual: str | None, allocated: str | None = None, reason: str = ""
) -> dict[str, Any]:
    """A pod whose container asks for other memory than it has."""
    raw = pod(container(memory=wanted))
    status: dict[str, Any] = {"name": "a"}
    if actual:
        status["resources"] = {"requests": {"memory": actual}}
    if allocated:
        status["allocatedResources"] = {"memory": allocated}
    conditions = [{"type": "PodResizePending", "status": "True", "reason": reason}]
    return raw | {
        "status": {"containerStatuses": [status], "conditions": conditions if reason else []}
    }


@pytest.mark.parametrize(
    ("raw", "counted", "enforced"),
    [
        (resized("100Mi", None), 100, 100),
        (resized("100Mi", "100Mi", "100Mi"), 100, 100),
        (resized("300Mi", "100Mi", "100Mi"), 300, 100),
        (resized("300Mi", "100Mi", "100Mi", "Deferred"), 300, 100),
        (resized("300Mi", "100Mi", "100Mi", "Infeasible"), 100, 100),
        (resized("100Mi", "300Mi", "300Mi"), 300, 300),
        (resized("100Mi", "100Mi", "300Mi"), 300, 100),
    ],
)
def test_a_resize_in_place_counts_with_the_larger_request(
    raw: dict[str, Any], counted: int, enforced: int
):
    """k8s.io/component-helpers, resource/helpers.go: max of spec, allocated and actual."""
    assert demands.demand(raw).memory_request == counted * MIB
    (found,) = demands.in_force(raw)
    assert found.memory_request_bytes == enforced * MIB


def test_overhead_is_added_to_requests_and_to_limits_that_are_set():
    raw = pod(container(cpu="100m"), overhead={"cpu": "50m", "memory": "200Mi"})
    assert demands.demand(raw) == Demand(cpu_request=150 * MILLI, memory_request=200 * MIB)
    raw["spec"]["containers"][0]["resources"]["limits"] = {"memory": "1Gi"}
    assert demands.demand(raw).memory_limit == 1224 * MIB


def test_pod_level_resources_count_instead_of_the_containers():
    """https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/."""
    whole = {"requests": {"memory": "300Mi"}, "limits": {"memory": "500Mi"}}
    raw = pod(container(memory="100Mi", cpu="20m"), resources=whole)
    assert demands.demand(raw) == Demand(20 * MILLI, 0, 300 * MIB, 500 * MIB)
    found = demands.pod_level(raw)
    assert found is not None
    assert (found.memory_request_bytes, found.memory_limit_bytes) == (300 * MIB, 500 * MIB)
    assert demands.pod_level(pod(container())) is None


def test_native_sidecars_run_and_other_init_containers_do_not():
    raw = pod(
        container("a", cpu="1"),
        initContainers=[
            container("setup", cpu="2"),
            container("proxy", cpu="3", restartPolicy="Always"),
        ],
    )
    assert [one.name for one in demands.in_force(raw)] == ["a", "proxy"]
