"""Services, EndpointSlices and NetworkPolicies.

Source: Kubernetes API reference v1.36 (core/v1, discovery.k8s.io/v1, networking.k8s.io/v1).
"""

from ipaddress import ip_network

from upkeep.adapters.cluster.fields import label_selector, reads
from upkeep.adapters.wire import serving as wire
from upkeep.adapters.wire.meta import LabelSelector
from upkeep.records.serving import Endpoint, EndpointSlice, Service, ServicePort
from upkeep.records.usage import NetworkPolicy


@reads(wire.NetworkPolicy)
def network_policy(raw: wire.NetworkPolicy) -> NetworkPolicy:
    """A NetworkPolicy (networking.k8s.io/v1): without policyTypes it is about ingress, and about egress where it has rules of that."""
    spec = raw.spec
    types = spec.policyTypes or ("Ingress", *(("Egress",) if spec.egress else ()))
    open_to = []
    if "Ingress" in types:
        for number, rule in enumerate(spec.ingress, 1):
            blocks = [peer.ipBlock.cidr for peer in rule.from_ if peer.ipBlock]
            wide = [cidr for cidr in blocks if ip_network(cidr, strict=False).prefixlen == 0]
            wide += [
                "every namespace"
                for peer in rule.from_
                if peer.namespaceSelector == LabelSelector()
                and peer.podSelector in (None, LabelSelector())
            ]
            if not rule.from_ or wide:
                open_to.append(f"ingress rule {number}: {wide[0] if wide else 'from anybody'}")
    return NetworkPolicy(
        raw.metadata.name, label_selector(spec.podSelector), tuple(types), tuple(open_to)
    )


@reads(wire.Service)
def service(raw: wire.Service) -> Service:
    """Return a Service as a record."""
    spec = raw.spec
    return Service(
        name=raw.metadata.name,
        namespace=raw.metadata.namespace,
        selector=spec.selector,
        labels=raw.metadata.labels,
        ports=tuple(
            ServicePort(port.name, port.port, port.targetPort or port.port, port.protocol)
            for port in spec.ports
        ),
        addresses=tuple(ip for ip in spec.clusterIPs or (spec.clusterIP,) if ip and ip != "None"),
    )


@reads(wire.EndpointSlice)
def endpoint_slice(raw: wire.EndpointSlice) -> EndpointSlice:
    """Return an EndpointSlice as a record."""
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
        service=raw.metadata.labels.get("kubernetes.io/service-name", ""),
        endpoints=tuple(endpoints),
        ports=tuple((port.name or "", port.port) for port in raw.ports or ()),
    )
