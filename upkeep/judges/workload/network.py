"""network-restricted: do policies restrict ingress to the pods and egress from them?

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/; the guide's
"Check network policies".
"""

from collections.abc import Sequence

from upkeep.domain.discovery import matches
from upkeep.errors import Absent
from upkeep.judges.workload.pods import live
from upkeep.model import Finding, Judgement, listed
from upkeep.records.usage import NetworkPolicy, PolicyKind
from upkeep.records.workload import Install, Workload
from upkeep.shell import shell

DIRECTIONS = (
    ("Ingress", "ingress-unrestricted", "ingress to"),
    ("Egress", "egress-unrestricted", "egress from"),
)


def network_restricted(
    policies: Sequence[NetworkPolicy],
    kinds: Sequence[PolicyKind],
    workload: Workload,
    *,
    install: Install,
) -> Judgement:
    """Judge network-restricted: policies restrict both directions and name the sources of ingress.

    Policies select the labels of each pod. Rules add up: one that admits any source opens the
    pods, whatever the others say. So does one that admits every port of any destination. No rule
    at all admits none.

    :param policies: the NetworkPolicies that select the template or one of the pods.
    :param kinds: the other kinds of network policy that the cluster serves; none of them is read.
    :raises Absent: no NetworkPolicy restricts a direction, and a policy of another kind may.
    """
    where = f"Deployment/{workload.deployment.name}"
    subjects = [(pod.name, pod.labels) for pod in live(workload)]
    subjects = subjects or [("", workload.deployment.template.labels)]
    found, unseen = [], []
    for kind, code, preposition in DIRECTIONS:
        bare = [
            name
            for name, labels in subjects
            if not any(kind in one.types and matches(one.selector, labels) for one in policies)
        ]
        if not bare:
            continue
        pods = "the pods" if len(bare) == len(subjects) else f"pod {listed(bare, most=2)}"
        if kinds:
            unseen.append(f"{preposition} {pods}")
            continue
        message = f"No NetworkPolicy restricts {preposition} {pods}."
        look = shell("kubectl -n {} get networkpolicies", install.namespace)
        found.append(Finding(where, code, message, 0, 1, "policies", look))
    for policy in sorted(policies, key=lambda one: one.name):
        for rule in policy.from_everywhere:
            message = f"NetworkPolicy/{policy.name} admits every source ({rule})."
            fix = shell("kubectl -n {} edit networkpolicy {}", install.namespace, policy.name)
            found.append(
                Finding(
                    f"NetworkPolicy/{policy.name}",
                    "ingress-from-everywhere",
                    message,
                    rule,
                    "named peers",
                    "",
                    fix,
                )
            )
        for rule in policy.to_everywhere:
            message = f"NetworkPolicy/{policy.name} admits egress to every address ({rule})."
            fix = shell("kubectl -n {} edit networkpolicy {}", install.namespace, policy.name)
            where_open, limit = f"NetworkPolicy/{policy.name}", "named peers or ports"
            found.append(Finding(where_open, "egress-to-everywhere", message, rule, limit, "", fix))
    others = listed([f"{one.kind} ({one.group})" for one in kinds])
    unmeasured = None
    if unseen:
        unmeasured = Absent(
            f"No NetworkPolicy restricts {' or '.join(unseen)}. The cluster also serves {others}, "
            "which upkeep does not read",
            source="GET /apis",
            next_step=shell("kubectl get {} -A", ",".join(one.resource for one in kinds)),
        )
    names = [
        f"{policy.name} ({', '.join(policy.types)})"
        for policy in sorted(policies, key=lambda one: one.name)
    ]
    observed = (
        f"{listed(names)}; the API does not show whether the network enforces them"
        if names
        else "no NetworkPolicy selects the pods"
    )
    if unseen:
        observed += f"; not measured: {' and '.join(unseen)}, which {others} may restrict"
    basis = "NetworkPolicies of the namespace and the labels of the pods"
    if kinds:
        basis += f"; not read: {others}"
    return Judgement(tuple(found), observed, "ingress and egress", "", basis, unmeasured=unmeasured)
