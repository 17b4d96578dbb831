"""network-restricted: policies add up, select pods, and are not the only kind there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.workload.hardened import INSTALL, cluster, codes
from upkeep.errors import Absent
from upkeep.judges.workload.network import network_restricted
from upkeep.model import Judgement
from upkeep.records.selectors import LabelSelector
from upkeep.records.usage import NetworkPolicy, PolicyKind
from upkeep.records.workload import Workload

EVERY_POD = LabelSelector({})
POLICIES = (
    NetworkPolicy("in", EVERY_POD, ("Ingress",)),
    NetworkPolicy("out", EVERY_POD, ("Egress",)),
)
OPEN = NetworkPolicy("open", EVERY_POD, ("Ingress",), ("ingress rule 1: any source",))
OUT = NetworkPolicy(
    "out-all", EVERY_POD, ("Egress",), to_everywhere=("egress rule 1: any destination",)
)
CILIUM = PolicyKind("CiliumNetworkPolicy", "cilium.io", "ciliumnetworkpolicies.cilium.io")


def restricted(
    *policies: NetworkPolicy, kinds: tuple[PolicyKind, ...] = (), seen: Workload | None = None
) -> Judgement:
    return network_restricted(policies, kinds, seen or cluster(), install=INSTALL)


@pytest.mark.parametrize(
    ("policies", "found"),
    [
        (POLICIES, []),
        ((NetworkPolicy("both", EVERY_POD, ("Ingress", "Egress")),), []),
        ((), ["ingress-unrestricted", "egress-unrestricted"]),
        (POLICIES[:1], ["egress-unrestricted"]),
        (POLICIES[1:], ["ingress-unrestricted"]),
        ((*POLICIES, OPEN), ["ingress-from-everywhere"]),
        # gardener/diki#486: a default-allow policy beside those that restrict
        ((*POLICIES, OUT), ["egress-to-everywhere"]),
    ],
)
def test_policies_add_up(policies, found):
    assert codes(restricted(*policies)) == found


@given(st.permutations([*POLICIES, OPEN]))
def test_the_order_of_policies_never_matters(policies):
    assert codes(restricted(*policies)) == ["ingress-from-everywhere"]


def test_the_finding_names_the_direction():
    first, second = restricted().findings
    assert first.message == "No NetworkPolicy restricts ingress to the pods."
    assert second.message == "No NetworkPolicy restricts egress from the pods."


def test_a_policy_selects_the_labels_of_pods_and_not_of_the_template():
    seen = cluster()
    first, second = seen.pods
    seen = replace(seen, pods=(first, replace(second, labels={"app": "quarantined"})))
    narrow = [replace(one, selector=LabelSelector({"app": "cano-collector"})) for one in POLICIES]
    messages = [one.message for one in restricted(*narrow, seen=seen).findings]
    assert messages == [
        "No NetworkPolicy restricts ingress to pod cano-collector-p1.",
        "No NetworkPolicy restricts egress from pod cano-collector-p1.",
    ]


def test_without_a_pod_the_template_is_judged():
    nothing = replace(cluster(ready_replicas=0, updated_replicas=0), pods=())
    assert codes(restricted(*POLICIES, seen=nothing)) == []
    assert len(codes(restricted(seen=nothing))) == 2


def test_where_another_kind_is_served_a_direction_without_policy_is_not_measured():
    """kubescape/kubescape#1397: Cilium's policies restrict the pods, and no NetworkPolicy does."""
    with pytest.raises(
        Absent,
        match=r"restricts ingress to the pods or egress from the pods\. "
        r"The cluster also serves CiliumNetworkPolicy \(cilium\.io\)",
    ) as caught:
        restricted(kinds=(CILIUM,))
    assert caught.value.next_step == "kubectl get ciliumnetworkpolicies.cilium.io -A"


def test_a_finding_is_told_beside_a_direction_that_is_not_measured():
    judgement = restricted(POLICIES[0], OPEN, kinds=(CILIUM,))
    assert codes(judgement) == ["ingress-from-everywhere"]
    assert judgement.observed.endswith(
        "not measured: egress from the pods, which CiliumNetworkPolicy (cilium.io) may restrict"
    )


def test_policies_of_both_directions_pass_and_the_basis_names_the_other_kinds():
    judgement = restricted(*POLICIES, kinds=(CILIUM,))
    assert judgement.findings == ()
    assert judgement.basis.endswith("not read: CiliumNetworkPolicy (cilium.io)")
