"""Pods as the API server admitted them: sidecars, debug containers, resources in force."""

from datetime import UTC, datetime
from typing import Any

import pytest

from upkeep.adapters.cluster import objects
from upkeep.errors import Malformed
from upkeep.records.workload import ContainerResources, Pod

MIB = 2**20


def limits(cpu: str, memory: str) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu, "memory": memory}}


def status(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "ready": True, "restartCount": 0, "state": {"running": {}}} | more


def read(spec: dict[str, Any], **fields: Any) -> Pod:
    metadata = {"name": "p", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return objects.pod(
        {
            "metadata": metadata | fields.pop("metadata", {}),
            "spec": spec,
            "status": {"phase": "Running"} | fields,
        }
    )


SPEC = {
    "containers": [{"name": "c", "image": "i", "resources": limits("250m", "1Gi")}],
    "initContainers": [
        {"name": "migrate", "image": "i"},
        {
            "name": "istio-proxy",
            "image": "i",
            "restartPolicy": "Always",
            "resources": limits("200m", "256Mi"),
        },
    ],
}


def test_a_native_sidecar_runs_as_long_as_its_pod():
    """https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/"""
    one = read(
        SPEC,
        containerStatuses=[status("c")],
        initContainerStatuses=[status("migrate"), status("istio-proxy")],
    )
    assert [(each.name, each.sidecar, each.runs_on) for each in one.containers] == [
        ("migrate", False, False),
        ("istio-proxy", True, True),
        ("c", False, True),
    ]
    assert [(each.name, each.memory_limit_bytes) for each in one.resources] == [
        ("c", 1024 * MIB),
        ("istio-proxy", 256 * MIB),
    ]
    assert [each.name for each in one.init_specs] == ["migrate", "istio-proxy"]


def test_the_kubelets_resources_replace_those_of_the_spec():
    """https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/"""
    one = read(SPEC, containerStatuses=[status("c", resources=limits("500m", "2Gi"))])
    assert one.resources[0].memory_limit_bytes == 2048 * MIB
    assert one.specs[0].resources is not None
    assert one.specs[0].resources.memory_limit_bytes == 1024 * MIB


def test_resources_of_the_pod_as_a_whole():
    """https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/"""
    whole = ContainerResources("", 500_000_000, 500_000_000, 768 * MIB, 768 * MIB)
    assert read(SPEC | {"resources": limits("500m", "768Mi")}).whole == whole
    assert read(SPEC).whole is None


def test_a_status_that_lost_a_key_of_the_pods_resources_keeps_that_of_the_spec():
    """kubernetes/kubernetes#141814: a resize of memory alone drops CPU from status.resources."""
    spec = SPEC | {"resources": limits("500m", "768Mi")}
    whole = read(spec, resources={"limits": {"memory": "1Gi"}}).whole
    assert whole is not None
    assert (whole.cpu_limit_nanocores, whole.memory_limit_bytes) == (500_000_000, 1024 * MIB)


@pytest.mark.parametrize(
    ("state", "found"),
    [({"running": {}}, ["debugger"]), ({"terminated": {"exitCode": 137}}, []), ({}, [])],
)
def test_of_debug_containers_those_that_run_are_kept(state: dict[str, Any], found: list[str]):
    """kubernetes/kubernetes#84764: an ephemeral container stays in the spec when it has ended."""
    one = read(
        SPEC | {"ephemeralContainers": [{"name": "debugger", "image": "busybox"}]},
        ephemeralContainerStatuses=[status("debugger", state=state)],
    )
    assert [each.name for each in one.debug_specs] == found


@pytest.mark.parametrize(
    ("owners", "uid", "orphan"),
    [
        ([{"kind": "ReplicaSet", "uid": "rs", "controller": True}], "rs", False),
        ([{"kind": "StatefulSet", "uid": "s", "controller": True}], "", False),
        ([{"kind": "ReplicaSet", "uid": "rs"}], "", True),
        ([], "", True),
    ],
)
def test_a_pod_without_a_controller_is_an_orphan(owners: list[Any], uid: str, orphan: bool):
    one = read(SPEC, metadata={"ownerReferences": [{"name": "x"} | owner for owner in owners]})
    assert (one.owner_uid, one.orphan) == (uid, orphan)


def test_host_namespaces_are_the_pods_own():
    assert read(SPEC | {"hostNetwork": True, "hostPID": False}).host_namespaces == ("hostNetwork",)


@pytest.mark.parametrize("time", ["1970-01-01T00:00:01Z", "2025-12-31T23:54:59Z"])
def test_times_of_a_container_from_before_its_pod_are_unknown(time: str):
    """The API server's clock dates the pod, the node's its containers: the exit may be of now."""
    ended = {"terminated": {"exitCode": 2, "startedAt": time, "finishedAt": time}}
    running = {"running": {"startedAt": time}}
    (one,) = read(
        SPEC, containerStatuses=[status("c") | {"state": running, "lastState": ended}]
    ).containers
    assert one.started is None
    assert one.last_termination is not None
    assert (one.last_termination.started, one.last_termination.finished) == (None, None)


def test_a_container_with_two_usages_and_two_conditions_of_a_type_are_malformed():
    used = {"name": "c", "usage": {"cpu": "1m", "memory": "9Mi"}}
    raw = {"metadata": {"name": "p"}, "timestamp": "2026-01-01T00:00:00Z", "window": "30s"}
    with pytest.raises(Malformed, match="containers has one name twice"):
        objects.container_usages(
            raw | {"containers": [used, used]}, now=datetime(2026, 1, 1, tzinfo=UTC)
        )
    twice = [{"type": "Ready", "status": said} for said in ("False", "True")]
    with pytest.raises(Malformed, match="conditions has one type twice"):
        read(SPEC, conditions=twice)


@pytest.mark.parametrize("state", [{}, {"waiting": {}}, {"terminated": {"exitCode": 1}}])
def test_a_container_that_is_ready_and_does_not_run_is_malformed(state: dict[str, Any]):
    """pkg/kubelet/prober/prober_manager.go; an init container that has ended is ready."""
    assert read(SPEC, initContainerStatuses=[status("migrate", state=state)])
    with pytest.raises(Malformed, match="ready and does not run"):
        read(SPEC, containerStatuses=[status("c", state=state)])
