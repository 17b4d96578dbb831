"""Change which network policies restrict the pods."""

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import stored
from upkeep.demo.state import State


@scenario("no-network-policy", "no NetworkPolicy selects the pods", "network-restricted")
def no_network_policy(state: State) -> None:
    state.drop("networkpolicies")


@scenario(
    "network-open",
    "a third NetworkPolicy selects every pod and admits every source",
    "network-restricted",
)
def network_open(state: State) -> None:
    state.add(
        stored.make(
            state,
            "NetworkPolicy",
            "allow-all",
            state.ago(days=2),
            spec={"podSelector": {}, "ingress": [{}]},
        )
    )


@scenario("egress-open", "no NetworkPolicy restricts egress", "network-restricted")
def egress_open(state: State) -> None:
    state.drop("networkpolicies", f"{state.fullname}-egress")


@scenario(
    "egress-to-everywhere",
    "a third NetworkPolicy selects every pod and admits egress to every destination",
    "network-restricted",
)
def egress_to_everywhere(state: State) -> None:
    state.add(
        stored.make(
            state,
            "NetworkPolicy",
            "allow-egress",
            state.ago(days=2),
            spec={"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
        )
    )


@scenario(
    "cilium-policies-only",
    "no NetworkPolicy selects the pods, and the cluster serves CiliumNetworkPolicy",
)
def cilium_policies_only(state: State) -> None:
    no_network_policy(state)
    state.served += [
        ("cilium.io/v2", "CiliumNetworkPolicy"),
        ("cilium.io/v2", "CiliumEndpoint"),
    ]
