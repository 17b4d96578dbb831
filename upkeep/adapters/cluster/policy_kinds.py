"""Which kinds of network policy does the cluster serve beside the standard one?

Cilium, Calico, Antrea, OVN-Kubernetes and the Network Policy API each have kinds of their own. A
cluster that serves one may restrict the pods although no NetworkPolicy selects them.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery;
https://network-policy-api.sigs.k8s.io/; https://docs.cilium.io/en/stable/network/kubernetes/policy/
"""

from collections.abc import Iterator
from typing import Any

from upkeep.adapters.cluster.kube import Kube
from upkeep.errors import Absent, Malformed
from upkeep.records.usage import PolicyKind

STANDARD = ("networking.k8s.io", "NetworkPolicy")
# Restricts egress by another name: https://docs.openshift.com/container-platform/latest/networking/
OTHER_NAMES = frozenset({("k8s.ovn.org", "EgressFirewall")})
# One answer with every kind, by Kubernetes 1.30 (v2) or 1.26 (v2beta1); older ones list groups.
AGGREGATED = ",".join(
    (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    )
)
# Groups of the API server itself; they need no look of their own.
BUILT_IN = frozenset(
    f"{name}.k8s.io"
    for name in (
        "admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization", "certificates",
        "coordination", "discovery", "events", "flowcontrol.apiserver", "internal.apiserver", "metrics", "networking", "node",
        "rbac.authorization", "resource", "scheduling", "storage", "storagemigration",
    )
)  # fmt: skip


def other_kinds(kube: Kube) -> tuple[PolicyKind, ...]:
    """Return the kinds of network policy that the API server serves beside NetworkPolicy.

    A group that an unreachable extension server serves is missing; the same policies are then
    stored in a group of custom resources, which the API server itself serves.

    :raises Unmeasured: a discovery document could not be read.
    """
    source = "GET /apis"
    document = kube.get("/apis", accept=AGGREGATED)
    try:
        if document.get("kind") == "APIGroupDiscoveryList":
            found = list(_aggregated(document))
        else:
            found = list(_by_group(kube, document))
    except (KeyError, TypeError, AttributeError):
        raise Malformed("GET /apis: the answer is no list of API groups", source=source) from None
    if not found and not (document.get("items") or document.get("groups")):
        raise Absent(
            "GET /apis: the API server lists no API group",
            source=source,
            next_step="kubectl api-versions",
        )
    kinds = {
        (one.group, one.kind): one
        for one in found
        if (one.kind.endswith("NetworkPolicy") or (one.group, one.kind) in OTHER_NAMES)
        and (one.group, one.kind) != STANDARD
    }
    return tuple(kinds[key] for key in sorted(kinds))


def _aggregated(document: dict[str, Any]) -> Iterator[PolicyKind]:
    """Yield every kind of an APIGroupDiscoveryList."""
    for group in document["items"]:
        name = str(group["metadata"]["name"])
        for version in group["versions"]:
            for resource in version.get("resources") or []:
                kind = (resource.get("responseKind") or {}).get("kind") or ""
                yield PolicyKind(str(kind), name, f"{resource['resource']}.{name}")


def _by_group(kube: Kube, document: dict[str, Any]) -> Iterator[PolicyKind]:
    """Yield every kind of the groups that are not the API server's own, one request a group."""
    for group in document["groups"]:
        name = str(group["name"])
        if name in BUILT_IN or "." not in name:
            continue
        version = group.get("preferredVersion") or group["versions"][0]
        try:
            resources = kube.get(f"/apis/{version['groupVersion']}")["resources"]
        except Absent:  # the group went away after it was listed
            continue
        for resource in resources:
            if "/" not in str(resource["name"]):
                yield PolicyKind(str(resource["kind"]), name, f"{resource['name']}.{name}")
