"""What protects the collector's pods: a PodDisruptionBudget, and NetworkPolicies for both directions."""

from upkeep.demo.objects.stored import make
from upkeep.demo.objects.workload import pod_labels
from upkeep.demo.state import State


def store(state: State) -> None:
    """A budget that keeps one pod up, and policies for both directions: alerts and scrapes from the monitoring namespace, messages to anywhere."""
    created, selector = state.ago(days=30), {"matchLabels": pod_labels(state)}
    count = len(state.pods)
    status = {
        "disruptionsAllowed": count - 1,
        "currentHealthy": count,
        "desiredHealthy": 1,
        "expectedPods": count,
        "observedGeneration": 1,
    }
    budget = make(
        state,
        "PodDisruptionBudget",
        state.fullname,
        created,
        spec={"minAvailable": 1, "selector": selector},
        status=status,
    )
    budget["metadata"]["generation"] = 1
    peers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    port = [{"port": 8080, "protocol": "TCP"}]
    incoming = {
        "podSelector": selector,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": peers, "ports": port}],
    }
    outgoing = {
        "podSelector": selector,
        "policyTypes": ["Egress"],
        "egress": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
    }
    state.add(
        budget,
        make(state, "NetworkPolicy", f"{state.fullname}-ingress", created, spec=incoming),
        make(state, "NetworkPolicy", f"{state.fullname}-egress", created, spec=outgoing),
    )
