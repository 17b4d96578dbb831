"""Which nodes and pods do the fields of a Service leave out, or send alerts to by mistake?

Source: https://kubernetes.io/docs/concepts/services-networking/service-traffic-policy/;
https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/#ServiceSpec
(publishNotReadyAddresses).
"""

from collections.abc import Sequence

from upkeep.domain.discovery import selects
from upkeep.model import Finding, utc
from upkeep.records.serving import Service
from upkeep.records.workload import Pod
from upkeep.shell import shell


def misdirected(service: Service, pods: Sequence[Pod]) -> list[Finding]:
    """Return the faults of a Service's traffic fields.

    :param pods: the active pods of the collector.
    """
    where, patch = (
        f"Service/{service.name}",
        shell("kubectl -n {} patch service", service.namespace),
    )
    found = []
    if service.deleted is not None:
        message = (
            f"{where} was deleted at {utc(service.deleted)}, and a finalizer keeps it. "
            "Alerts are lost when it goes."
        )
        look = shell(
            "kubectl -n {} get service {} -o jsonpath={}",
            service.namespace,
            service.name,
            "{.metadata.finalizers}",
        )
        found.append(Finding(where, "service-deleted", message, "deleted", "kept", "", look))
    if service.local_only:
        message = (
            f"{where} has internalTrafficPolicy Local: "
            "nodes without a pod of the collector drop its alerts."
        )
        fix = shell(
            "{} {} -p {}", patch, service.name, '{"spec":{"internalTrafficPolicy":"Cluster"}}'
        )
        found.append(Finding(where, "node-local-traffic", message, "Local", "Cluster", "", fix))
    if service.serves_unready:
        fix = shell(
            "{} {} -p {}", patch, service.name, '{"spec":{"publishNotReadyAddresses":false}}'
        )
        for pod in pods:
            if not pod.ready and pod.ip and selects(service.selector, pod.labels):
                message = (
                    f"{where} sends alerts to pod {pod.name}, which is not ready: "
                    "publishNotReadyAddresses is true."
                )
                found.append(
                    Finding(where, "unready-endpoint", message, "not ready", "ready", "", fix)
                )
    return found
