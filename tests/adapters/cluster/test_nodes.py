"""Free room on nodes, and the pods there."""

from typing import Any

import pytest

from upkeep.adapters.cluster import nodes
from upkeep.errors import Malformed
from upkeep.records.placement import NodeRoom

GIB = 1024**3


def container(
    name: str = "a", *, cpu: str | None = None, memory: str | None = None, **more: Any
) -> dict[str, Any]:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": name, "resources": {"requests": requests}} | more


def pod(*containers: dict[str, Any], node: str = "n", **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": list(containers), "nodeName": node} | more,
    }


SIDECAR = {"restartPolicy": "Always"}


@pytest.mark.parametrize(
    ("raw", "cpu"),
    [
        (pod(container(cpu="500m"), container("b"), container("c", cpu="1")), 1500),
        (
            pod(
                container(cpu="500m"),
                initContainers=[container("i", cpu="1"), container("j", cpu="800m")],
            ),
            1000,
        ),
        (pod(container(cpu="500m"), initContainers=[container("s", cpu="300m", **SIDECAR)]), 800),
        # A sidecar runs beside the init containers after it, and not beside those before it.
        (
            pod(
                container(cpu="500m"),
                initContainers=[container("s", cpu="300m", **SIDECAR), container("i", cpu="1")],
            ),
            1300,
        ),
        (
            pod(
                container(cpu="500m"),
                initContainers=[container("i", cpu="1"), container("s", cpu="300m", **SIDECAR)],
            ),
            1000,
        ),
        (pod(container(cpu="500m"), overhead={"cpu": "250m"}), 750),
        (
            pod(
                container(cpu="500m"),
                overhead={"cpu": "250m"},
                resources={"requests": {"cpu": "2"}},
            ),
            2250,
        ),
        (pod(container(cpu="500m"), resources={"requests": {"memory": "2Gi"}}), 500),
        (pod(container()), 0),
    ],
)
def test_a_pod_takes_what_kubernetes_reserves_for_it(raw: dict[str, Any], cpu: int):
    found = nodes.taken([raw])["n"]
    assert (found.cpu_nanocores, found.pods) == (cpu * 10**6, 1)


def test_pods_are_summed_by_node_one_by_one():
    passed = iter(
        [
            pod(container(memory="1Gi")),
            pod(container(memory="2Gi"), node="m"),
            pod(container(memory="1Gi")),
            pod(container(), node=""),
        ]
    )
    found = nodes.taken(passed)
    assert {name: (one.memory_bytes // GIB, one.pods) for name, one in found.items()} == {
        "n": (2, 2),
        "m": (2, 1),
        "": (0, 1),
    }


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"spec": None},
        pod(container(cpu="many")),
        pod({"resources": {}}),
        {"spec": {"containers": "x"}},
    ],
)
def test_a_pod_that_is_none_is_malformed(raw: dict[str, Any]):
    with pytest.raises(Malformed, match="is not as the API describes it"):
        nodes.taken([raw])


def node(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "metadata": {"name": "n", "labels": {"zone": "a"}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": "2", "memory": "4Gi", "pods": "10"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }
    return plain | changes


def room(raw: dict[str, Any], *pods: dict[str, Any]) -> NodeRoom:
    return nodes.node_room(raw, nodes.taken(pods))


def test_a_node_has_what_requests_leave():
    found = room(
        node(), pod(container(cpu="500m", memory="1Gi")), pod(container(cpu="1", memory="1Gi"))
    )
    assert found == NodeRoom("n", 500_000_000, 2 * GIB, 8, 2 * 10**9, 4 * GIB, {"zone": "a"})


@pytest.mark.parametrize(
    ("spec", "taints"),
    [
        ({}, ()),
        ({"unschedulable": True}, (("node.kubernetes.io/unschedulable", "", "NoSchedule"),)),
        (
            {
                "unschedulable": True,
                "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}],
            },
            (("node.kubernetes.io/unschedulable", "", "NoSchedule"),),
        ),
        (
            {"taints": [{"key": "dedicated", "value": "db", "effect": "NoExecute"}]},
            (("dedicated", "db", "NoExecute"),),
        ),
        ({"taints": [{"key": "dedicated", "effect": "PreferNoSchedule"}]}, ()),
        # Kubernetes repeats its conditions, which are read themselves.
        ({"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]}, ()),
        (
            {
                "taints": [
                    {
                        "key": "node.kubernetes.io/out-of-service",
                        "value": "x",
                        "effect": "NoExecute",
                    }
                ]
            },
            (("node.kubernetes.io/out-of-service", "x", "NoExecute"),),
        ),
    ],
)
def test_the_taints_of_a_node_that_keep_pods_away(spec: dict[str, Any], taints: tuple):
    found = room(node(spec=spec))
    assert found.taints == taints


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        ([], "it is not ready"),
        ([{"type": "Ready", "status": "Unknown"}], "it is not ready"),
        (
            [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "True"}],
            "it is under DiskPressure",
        ),
        ([{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "False"}], ""),
    ],
)
def test_a_node_that_does_not_run_or_is_under_pressure_is_closed(
    conditions: list[dict[str, str]], why: str
):
    assert room(node(status=node()["status"] | {"conditions": conditions})).closed == why


def test_a_node_that_does_not_say_what_it_has_is_malformed():
    status = {"allocatable": {"cpu": "2"}, "conditions": [{"type": "Ready", "status": "True"}]}
    with pytest.raises(
        Malformed, match="Node/n is not as the API describes it: 'memory' is missing"
    ):
        room(node(status=status))


@pytest.mark.parametrize(
    "raw", [{}, {"metadata": {}}, {"metadata": None}, {"metadata": {"name": []}}]
)
def test_a_node_without_a_name_is_malformed(raw: dict[str, Any]):
    with pytest.raises(Malformed):
        room(raw)
