"""Services, EndpointSlices and NetworkPolicies.

Source: Kubernetes API reference v1.36 (core/v1, discovery.k8s.io/v1, networking.k8s.io/v1).
"""

from ipaddress import ip_network

from upkeep.adapters.cluster.fields import Raw, label_selector, labels_of, reading, text
from upkeep.records.serving import Endpoint, EndpointSlice, Service, ServicePort
from upkeep.records.usage import NetworkPolicy


def network_policy(raw: Raw) -> NetworkPolicy:
    """A NetworkPolicy (networking.k8s.io/v1): without policyTypes it is about ingress, and about egress where it has rules of that."""
    with reading("NetworkPolicy", raw):
        spec = raw.get("spec") or {}
        types = tuple(
            text(kind)
            for kind in spec.get("policyTypes")
            or ("Ingress", *(("Egress",) if spec.get("egress") else ()))
        )
        open_to = []
        if "Ingress" in types:
            for number, rule in enumerate(spec.get("ingress") or [], 1):
                peers = rule.get("from") or []
                blocks = [peer["ipBlock"]["cidr"] for peer in peers if peer.get("ipBlock")]
                wide = [cidr for cidr in blocks if ip_network(cidr, strict=False).prefixlen == 0]
                wide += [
                    "every namespace"
                    for peer in peers
                    if peer.get("namespaceSelector") == {} and not peer.get("podSelector")
                ]
                if not peers or wide:
                    open_to.append(f"ingress rule {number}: {wide[0] if wide else 'from anybody'}")
        return NetworkPolicy(
            raw["metadata"]["name"],
            label_selector(spec.get("podSelector") or {}),
            types,
            tuple(open_to),
        )


def service(raw: Raw) -> Service:
    with reading("Service", raw):
        metadata, spec = raw["metadata"], raw["spec"]
        return Service(
            name=metadata["name"],
            namespace=metadata["namespace"],
            selector=dict(spec.get("selector") or {}),
            labels=labels_of(metadata),
            ports=tuple(
                ServicePort(
                    port.get("name") or "",
                    int(port["port"]),
                    port.get("targetPort") or int(port["port"]),
                    port.get("protocol") or "TCP",
                )
                for port in spec.get("ports") or []
            ),
            addresses=tuple(
                ip
                for ip in spec.get("clusterIPs") or [spec.get("clusterIP")]
                if ip and ip != "None"
            ),
        )


def endpoint_slice(raw: Raw) -> EndpointSlice:
    with reading("EndpointSlice", raw):
        metadata = raw["metadata"]
        endpoints = []
        for entry in raw.get("endpoints") or []:
            reference = entry.get("targetRef") or {}
            is_pod = reference.get("kind") == "Pod"
            ready = (entry.get("conditions") or {}).get("ready")
            endpoints.append(
                Endpoint(
                    addresses=tuple(entry["addresses"]),
                    ready=ready is None
                    or bool(ready),  # "nil should be interpreted as true" (discovery.k8s.io/v1)
                    pod=reference.get("name") or "" if is_pod else "",
                    pod_uid=reference.get("uid") or "" if is_pod else "",
                )
            )
        return EndpointSlice(
            name=metadata["name"],
            service=(metadata.get("labels") or {}).get("kubernetes.io/service-name") or "",
            endpoints=tuple(endpoints),
            ports=tuple(
                (port.get("name") or "", port.get("port")) for port in raw.get("ports") or []
            ),
        )
