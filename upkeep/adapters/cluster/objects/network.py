"""Read Services, EndpointSlices and NetworkPolicies.

Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/;
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from upkeep.adapters.cluster.fields import instant, label_selector, reads
from upkeep.adapters.wire import serving as wire
from upkeep.adapters.wire.meta import LabelSelector
from upkeep.records.serving import Endpoint, EndpointSlice, Service, ServicePort
from upkeep.records.usage import NetworkPolicy

MOST_PORT = 65535


@reads(wire.NetworkPolicy)
def network_policy(raw: wire.NetworkPolicy) -> NetworkPolicy:
    """Return a NetworkPolicy (networking.k8s.io/v1).

    Without policyTypes it restricts ingress, and egress where it has egress rules.
    """
    spec = raw.spec
    types = spec.policyTypes or ("Ingress", *(("Egress",) if spec.egress else ()))
    open_to = []
    if "Ingress" in types:
        for number, rule in enumerate(spec.ingress, 1):
            wide = _every_address(rule.from_)
            wide += [
                "every namespace"
                for peer in rule.from_
                if _every_namespace(peer.namespaceSelector)
                and peer.podSelector in (None, LabelSelector())
            ]
            if not rule.from_ or wide:
                open_to.append(f"ingress rule {number}: {wide[0] if wide else 'any source'}")
    open_from = []
    if "Egress" in types:
        for number, out in enumerate(spec.egress, 1):
            wide = _every_address(
                [one for one in out.to if one.ipBlock and not one.ipBlock.except_]
            )
            if _every_port(out.ports) and (not out.to or wide):
                open_from.append(f"egress rule {number}: {wide[0] if wide else 'any destination'}")
    return NetworkPolicy(
        raw.metadata.name,
        label_selector(spec.podSelector),
        tuple(types),
        tuple(open_to),
        tuple(open_from),
    )


def _every_address(peers: Sequence[wire.Peer]) -> list[str]:
    """Return the blocks that are together all addresses of a family; empty where none are."""
    blocks = [peer.ipBlock for peer in peers if peer.ipBlock]
    for block in blocks:
        if ip_network(block.cidr, strict=False).prefixlen == 0:
            less = f" except {', '.join(block.except_)}" if block.except_ else ""
            return [f"{block.cidr}{less}"]
    nets = [ip_network(one.cidr, strict=False) for one in blocks if not one.except_]
    old = [one for one in nets if isinstance(one, IPv4Network)]
    new = [one for one in nets if isinstance(one, IPv6Network)]
    whole = [
        *(old if any(one.prefixlen == 0 for one in collapse_addresses(old)) else ()),
        *(new if any(one.prefixlen == 0 for one in collapse_addresses(new)) else ()),
    ]
    return [" and ".join(map(str, whole))] if whole else []


def _every_port(ports: Sequence[wire.PolicyPort]) -> bool:
    """Return whether a rule's ports are all ports of TCP; no port at all is every port."""
    return not ports or any(
        one.protocol == "TCP"
        and (one.port is None or (one.port == 1 and (one.endPort or 1) == MOST_PORT))
        for one in ports
    )


def _every_namespace(selector: LabelSelector | None) -> bool:
    """Return whether a namespaceSelector selects every namespace.

    The API server labels each namespace with its name, so ``Exists`` on that label selects all.
    """
    if selector is None or selector.matchLabels:
        return False
    return all(
        (rule.key, rule.operator) == ("kubernetes.io/metadata.name", "Exists")
        for rule in selector.matchExpressions
    )


@reads(wire.Service)
def service(raw: wire.Service) -> Service:
    """Return a Service (v1)."""
    spec = raw.spec
    return Service(
        name=raw.metadata.name,
        namespace=raw.metadata.namespace,
        # The API ignores the selector of a Service of this type.
        selector=spec.selector if spec.type != "ExternalName" else {},
        labels=raw.metadata.labels,
        ports=tuple(
            ServicePort(port.name, port.port, port.targetPort or port.port, port.protocol)
            for port in spec.ports
        ),
        addresses=tuple(ip for ip in spec.clusterIPs or (spec.clusterIP,) if ip and ip != "None"),
        families=spec.ipFamilies,
        local_only=spec.internalTrafficPolicy == "Local",
        serves_unready=spec.publishNotReadyAddresses,
        headless=spec.clusterIP == "None",
        deleted=instant(raw.metadata.deletionTimestamp),
    )


@reads(wire.EndpointSlice)
def endpoint_slice(raw: wire.EndpointSlice) -> EndpointSlice:
    """Return an EndpointSlice (discovery.k8s.io/v1)."""
    labels = raw.metadata.labels
    endpoints = []
    for entry in raw.endpoints or ():
        reference = entry.targetRef if entry.targetRef and entry.targetRef.kind == "Pod" else None
        endpoints.append(
            Endpoint(
                addresses=entry.addresses,
                # "nil should be interpreted as true" (discovery.k8s.io/v1)
                ready=entry.conditions.ready is not False,
                pod=reference.name if reference else "",
                pod_uid=reference.uid if reference else "",
            )
        )
    return EndpointSlice(
        name=raw.metadata.name,
        service=labels.get("kubernetes.io/service-name", ""),
        endpoints=tuple(endpoints),
        ports=tuple((port.name or "", port.port) for port in raw.ports or ()),
        family=raw.addressType,
        manager=labels.get("endpointslice.kubernetes.io/managed-by", ""),
    )
