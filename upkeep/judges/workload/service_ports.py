"""Does each port of a Service resolve, and does one lead to the collector?

Source: https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
"""

from collections.abc import Sequence

from upkeep.model import Finding, listed
from upkeep.records.serving import EndpointSlice, Service, ServicePort
from upkeep.records.workload import ContainerSpec, Install, Workload
from upkeep.shell import shell


def of_service(
    service: Service,
    slices: Sequence[EndpointSlice],
    workload: Workload,
    *,
    others: Sequence[Service],
    install: Install,
) -> list[Finding]:
    """Return the faults of a Service's ports.

    Each must resolve, and one must lead to the collector's HTTP port. Where another Service leads
    there, this one may be a sidecar's and lead to ports that the pods declare. A headless Service
    translates no port: its name resolves to the pods (kubernetes/kubernetes#20488).
    """
    where = f"Service/{service.name}"
    look = shell(
        "kubectl -n {} get endpointslices -l kubernetes.io/service-name={} -o yaml",
        service.namespace,
        service.name,
    )
    found, numbers = [], []
    for port in sorted(service.ports, key=lambda port: (port.port, port.name)):
        number = _target(port, workload)
        if number is None or _unresolved(port, slices):
            message = f"Target port {port.target} of port {port.port} of {where} does not resolve."
            limit = "a port of a container"
            found.append(
                Finding(
                    where,
                    "target-port-unresolved",
                    message,
                    port.target,
                    limit,
                    "target port",
                    look,
                )
            )
        elif port.protocol == "TCP":
            numbers.append(port.port if service.headless else number)
    declared = {number for container in _with_ports(workload) for _, number in container.ports}
    sidecars = (
        bool(numbers)
        and declared.issuperset(numbers)
        and any(_leads(other, workload, install.port) for other in others)
    )
    beside = service.headless and any(_leads(one, workload, install.port) for one in others)
    if install.port not in numbers and not sidecars and not beside and not found:
        seen = listed([str(number) for number in numbers]) or "none"
        message = (
            f"No port of {where} leads to port {install.port} of the collector; target ports: {seen}."
            if not service.headless
            else f"{where} is headless and translates no port. Its ports are {seen}, "
            f"and the collector listens on {install.port}."
        )
        found.append(
            Finding(where, "no-port-to-collector", message, seen, install.port, "target port", look)
        )
    return found


def _target(port: ServicePort, workload: Workload) -> int | None:
    """Return the number of a target port; ``None`` where no container port has that name."""
    if isinstance(port.target, int):
        return port.target
    named = [
        number
        for container in _with_ports(workload)
        for name, number in container.ports
        if name == port.target
    ]
    return named[0] if named else None


def _with_ports(workload: Workload) -> list[ContainerSpec]:
    """Return the containers that run as long as their pod, those that a webhook injected too.

    The pods come first: a named port resolves in each pod, and not in the template.
    """
    template = workload.deployment.template
    shapes = [(pod.specs, pod.init_specs) for pod in workload.pods if pod.works]
    return [
        container
        for specs, init in (*shapes, (template.containers, template.init_containers))
        for container in (*specs, *(one for one in init if one.restarts))
    ]


def _leads(service: Service, workload: Workload, number: int) -> bool:
    """Return whether one of its ports leads to the port of this number."""
    return any(
        port.protocol == "TCP"
        and (port.port if service.headless else _target(port, workload)) == number
        for port in service.ports
    )


def _unresolved(port: ServicePort, slices: Sequence[EndpointSlice]) -> bool:
    """Return whether a slice with ready endpoints lacks the number of the port.

    The control plane leaves out a port that it cannot resolve.
    """
    used = [
        dict(entry.ports)
        for entry in slices
        if not entry.foreign and any(endpoint.ready for endpoint in entry.endpoints)
    ]
    return any(ports.get(port.name) is None for ports in used)
