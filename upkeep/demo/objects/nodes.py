"""Where pods can go: nodes, and the ResourceQuota and LimitRange of the namespace."""

from upkeep.demo.objects.stored import make
from upkeep.demo.state import State, stamp


def store(state: State) -> None:
    """Three nodes, the last one of the control plane; and a quota and a limit range that leave room."""
    for number in (1, 2, 3):
        free = {"cpu": "3920m", "memory": "7Gi", "pods": "110"}
        ready = {
            "type": "Ready", "status": "True", "lastHeartbeatTime": stamp(state.now), "lastTransitionTime": stamp(state.ago(days=40)),
            "reason": "KubeletReady", "message": "kubelet is posting ready status",
        }  # fmt: skip
        info = {"kubeletVersion": f"v1.{state.minor}.3", "operatingSystem": "linux", "architecture": "amd64"}  # fmt: skip
        taints = (
            [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
            if number == 3
            else []
        )
        made = make(
            state,
            "Node",
            f"node-{number}",
            state.ago(days=40),
            spec={"taints": taints},
            status={"allocatable": free, "conditions": [ready], "nodeInfo": info},
        )
        made["metadata"]["labels"] = {
            "kubernetes.io/hostname": f"node-{number}",
            "kubernetes.io/os": "linux",
            **({"node-role.kubernetes.io/control-plane": ""} if number == 3 else {}),
        }
        del made["metadata"]["namespace"]
        state.add(made)
    status = {
        "hard": {"pods": "20", "requests.memory": "16Gi"},
        "used": {"pods": "4", "requests.memory": "4Gi"},
    }
    item = {
        "type": "Container",
        "max": {"cpu": "2", "memory": "4Gi"},
        "default": {"cpu": "500m", "memory": "768Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "256Mi"},
    }
    state.add(
        make(
            state,
            "ResourceQuota",
            "compute",
            state.ago(days=40),
            spec={"hard": status["hard"]},
            status=status,
        ),
        make(state, "LimitRange", "containers", state.ago(days=40), spec={"limits": [item]}),
    )
