"""Read Services, EndpointSlices and NetworkPolicies.

Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/;
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from ipaddress import ip_network

from upkeep.adapters.cluster.fields import Raw, label_selector, labels_of, reading, text
from upkeep.records.serving import Endpoint, EndpointSlice, Service, ServicePort
from upkeep.records.usage import NetworkPolicy


def network_policy(raw: Raw) -> NetworkPolicy:
    """Return a NetworkPolicy (networking.k8s.io/v1).

    Without policyTypes it restricts ingress, and egress where it has egress rules.
    """
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
                    if _every_namespace(peer.get("namespaceSelector"))
                    and not peer.get("podSelector")
                ]
                if not peers or wide:
                    open_to.append(f"ingress rule {number}: {wide[0] if wide else 'any source'}")
        return NetworkPolicy(
            raw["metadata"]["name"],
            label_selector(spec.get("podSelector") or {}),
            types,
            tuple(open_to),
        )


def _every_namespace(selector: Raw | None) -> bool:
    """Return whether a namespaceSelector selects every namespace.

    The API server labels each namespace with its name, so ``Exists`` on that label selects all.
    """
    if selector is None or selector.get("matchLabels"):
        return False
    return all(
        (rule["key"], rule["operator"]) == ("kubernetes.io/metadata.name", "Exists")
        for rule in selector.get("matchExpressions") or []
    )


def service(raw: Raw) -> Service:
    """Return a Service (v1)."""
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
            families=tuple(text(family) for family in spec.get("ipFamilies") or []),
            local_only=spec.get("internalTrafficPolicy") == "Local",
        )


def endpoint_slice(raw: Raw) -> EndpointSlice:
    """Return an EndpointSlice (discovery.k8s.io/v1)."""
    with reading("EndpointSlice", raw):
        metadata = raw["metadata"]
        labels = labels_of(metadata)
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
            service=labels.get("kubernetes.io/service-name", ""),
            endpoints=tuple(endpoints),
            ports=tuple(
                (port.get("name") or "", port.get("port")) for port in raw.get("ports") or []
            ),
            family=text(raw["addressType"]),
            manager=labels.get("endpointslice.kubernetes.io/managed-by", ""),
        )
