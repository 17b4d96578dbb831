"""Does every Service of the collector lead to every ready pod, on the collector's port?

Source: the guide's "Check service endpoints"; the Kubernetes API's Service (core/v1) and EndpointSlice
(discovery.k8s.io/v1), which took the place of Endpoints.
"""

from collections.abc import Sequence
from shlex import quote

from upkeep.errors import Absent
from upkeep.judges.wording import counted
from upkeep.judges.workload.pods import live
from upkeep.model import Finding, Judgement, listed
from upkeep.records.serving import Endpoint, EndpointSlice, Service, ServicePort
from upkeep.records.workload import ContainerSpec, Install, Pod, Workload


def serving(
    services: Sequence[Service],
    slices: Sequence[EndpointSlice],
    workload: Workload,
    *,
    install: Install,
) -> Judgement:
    """endpoints-serving: each Service has a ready endpoint for each ready pod, none for a stranger; its ports resolve.

    :param services: those of the namespace; the ones whose selector matches the pod template are judged. An empty
        selector matches nothing (the endpoints of such a Service are somebody else's work).
    :raises Absent: no slice of a Service is listed (the control plane keeps at least an empty one for each Service that
        has a selector), or no pod where the Deployment counts some.
    """
    pods = live(workload)
    labels = workload.deployment.template.labels
    mine = [
        service
        for service in services
        if service.selector and service.selector.items() <= labels.items()
    ]
    mine.sort(key=lambda service: service.name)
    expected = [pod for pod in pods if pod.ready]
    found: list[Finding] = []
    observed: list[str] = []
    for service in mine:
        own = sorted(
            (entry for entry in slices if entry.service == service.name),
            key=lambda entry: entry.name,
        )
        if not own:
            raise _no_slices(service)
        serving_pods = [pod for pod in expected if _endpoints_of(pod, own)]
        found += _of_endpoints(
            service, own, workload.pods, expected=expected, serving_pods=serving_pods
        )
        others = [other for other in mine if other is not service]
        found += _of_ports(service, own, workload, others=others, install=install)
        observed.append(
            f"Service {service.name} leads to {len(serving_pods)} of {counted(len(expected), 'ready pod')}"
        )
    if not mine:
        found.append(_no_service(services, workload, install=install))
        observed.append("no Service selects the collector's pods")
    basis = f"{counted(len(mine), 'Service')}, their EndpointSlices, the Pods and the pod template"
    return Judgement(
        tuple(found), "; ".join(observed), len(expected), "ready endpoints for each Service", basis
    )


def _of_endpoints(
    service: Service,
    slices: Sequence[EndpointSlice],
    pods: Sequence[Pod],
    *,
    expected: Sequence[Pod],
    serving_pods: Sequence[Pod],
) -> list[Finding]:
    """What is wrong with the endpoints of a Service.

    :param expected: the pods that must have one; ``serving_pods``: those of them that have one.
    """
    look = _look(service)
    where = f"Service/{service.name}"
    found = []
    ready = [endpoint for entry in slices for endpoint in entry.endpoints if endpoint.ready]
    if not ready:
        message = f"{where} has no ready endpoint: nobody answers behind it ({counted(len(expected), 'pod')} ready)."
        most = max(len(expected), 1)
        found.append(Finding(where, "no-ready-endpoint", message, 0, most, "ready endpoints", look))
    else:
        for pod in expected:
            if pod not in serving_pods:
                message = f"Pod {pod.name} is ready, and {where} has no ready endpoint for it: it gets no alerts."
                found.append(
                    Finding(
                        f"Pod/{pod.name}",
                        "pod-without-endpoint",
                        message,
                        0,
                        1,
                        "ready endpoints",
                        look,
                    )
                )
    for address, name in sorted(
        {(listed(one.addresses), one.pod) for one in ready if not _has_pod(one, pods)}
    ):
        who = f"{address} (pod {name})" if name else address
        message = (
            f"{where} sends to {who}, which is no pod of the collector: those alerts are lost."
        )
        found.append(
            Finding(
                where,
                "stale-endpoint",
                message,
                address,
                "a pod of the collector",
                "endpoint",
                look,
            )
        )
    return found


def _of_ports(
    service: Service,
    slices: Sequence[EndpointSlice],
    workload: Workload,
    *,
    others: Sequence[Service],
    install: Install,
) -> list[Finding]:
    """What is wrong with the ports of a Service: each must resolve, and one must lead to the collector's HTTP port.

    Where another Service leads there, this one may be a sidecar's, and lead to what the pods declare.
    """
    where, look = f"Service/{service.name}", _look(service)
    found, numbers = [], []
    for port in sorted(service.ports, key=lambda port: (port.port, port.name)):
        number = _target(port, workload)
        if number is None or _unresolved(port, slices):
            message = f"Port {port.port} of {where} leads nowhere: its target port {port.target} does not resolve."
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
            numbers.append(number)
    declared = {number for container in _with_ports(workload) for _, number in container.ports}
    sidecars = (
        bool(numbers)
        and declared.issuperset(numbers)
        and any(_leads(other, workload, install.port) for other in others)
    )
    if install.port not in numbers and not sidecars and not found:
        seen = listed([str(number) for number in numbers]) or "none"
        message = f"No port of {where} leads to port {install.port} of the collector; it leads to: {seen}."
        found.append(
            Finding(where, "no-port-to-collector", message, seen, install.port, "target port", look)
        )
    return found


def _target(port: ServicePort, workload: Workload) -> int | None:
    """The number that a target port stands for in the pod template; ``None`` when no container port has that name."""
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
    """The containers that run as long as the pod does: an init container that goes on is one of them."""
    template = workload.deployment.template
    return [
        *template.containers,
        *(container for container in template.init_containers if container.restarts),
    ]


def _leads(service: Service, workload: Workload, number: int) -> bool:
    """Whether one of its ports leads to the port of this number."""
    return any(
        port.protocol == "TCP" and _target(port, workload) == number for port in service.ports
    )


def _unresolved(port: ServicePort, slices: Sequence[EndpointSlice]) -> bool:
    """A slice with ready endpoints has no number for the port: the control plane leaves out what it cannot resolve."""
    used = [
        dict(entry.ports) for entry in slices if any(endpoint.ready for endpoint in entry.endpoints)
    ]
    return any(ports.get(port.name) is None for ports in used)


def _endpoints_of(pod: Pod, slices: Sequence[EndpointSlice]) -> list[Endpoint]:
    every = [endpoint for entry in slices for endpoint in entry.endpoints]
    return [endpoint for endpoint in every if endpoint.ready and _is_of(endpoint, pod)]


def _has_pod(endpoint: Endpoint, pods: Sequence[Pod]) -> bool:
    return any(_is_of(endpoint, pod) for pod in pods)


def _is_of(endpoint: Endpoint, pod: Pod) -> bool:
    """By uid, else by name, else by address: a name alone could be that of an earlier pod."""
    if endpoint.pod_uid:
        return endpoint.pod_uid == pod.uid
    if endpoint.pod:
        return endpoint.pod == pod.name
    return bool(pod.ip) and pod.ip in endpoint.addresses


def _look(service: Service) -> str:
    selector = f"-l kubernetes.io/service-name={service.name}"
    return f"kubectl -n {service.namespace} get endpointslices {selector} -o yaml"


def _no_slices(service: Service) -> Absent:
    return Absent(
        f"no EndpointSlice of Service {service.name} is listed, and the control plane keeps at least an empty one",
        source=f"GET /apis/discovery.k8s.io/v1/namespaces/{service.namespace}/endpointslices",
        next_step=f"kubectl -n {service.namespace} get endpointslices -l kubernetes.io/service-name={service.name}",
    )


def _no_service(services: Sequence[Service], workload: Workload, *, install: Install) -> Finding:
    """One whose name is taken cannot be made: it is there, and selects something else."""
    name = workload.deployment.name
    where = f"Deployment/{name}"
    message = f"No Service selects the pods of {where}: nobody can reach the collector."
    fix = f"kubectl -n {install.namespace} expose deployment {name} --port={install.port}"
    namesake = next((service for service in services if service.name == name), None)
    if namesake is not None:
        selector = ",".join(f"{key}={value}" for key, value in sorted(namesake.selector.items()))
        message += f" Service/{name} selects {selector or 'nothing'}, and they are not labelled so."
        fix = f"kubectl -n {install.namespace} set selector service {name} {quote(workload.deployment.selector)}"
    return Finding(where, "no-service", message, 0, 1, "Services", fix)
