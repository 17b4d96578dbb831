"""endpoints-serving: does every Service of the collector lead to every ready pod?

Source: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/;
https://kubernetes.io/docs/concepts/services-networking/dual-stack/; the guide's "Check service
endpoints".
"""

from collections.abc import Sequence
from re import fullmatch

from upkeep.domain import pod_names
from upkeep.domain.discovery import runs_collector, selects
from upkeep.errors import Absent
from upkeep.judges.wording import counted
from upkeep.judges.workload import service_ports, traffic
from upkeep.judges.workload.pods import live
from upkeep.model import Finding, Judgement, listed
from upkeep.records.serving import Endpoint, EndpointSlice, Service
from upkeep.records.workload import Deployment, Install, Pod, Workload
from upkeep.shell import Command, shell


def serving(
    services: Sequence[Service],
    slices: Sequence[EndpointSlice],
    workload: Workload,
    *,
    deployments: Sequence[Deployment] = (),
    install: Install,
) -> Judgement:
    """Judge endpoints-serving: each Service has a ready endpoint for each ready pod it selects.

    Each IP family of a Service needs one. Slices of another controller (a service mesh's or a
    multi-cluster service's) are reported and not judged: their addresses are of other clusters.

    :param services: those of the namespace; those that select the template or an active pod count.
        A Service without a selector has hand-made endpoints and does not count.
    :param deployments: those of the namespace. Pods of another collector (a canary, the other
        colour) behind the same Service are reported and not judged.
    :raises Absent: the control plane's slice of a Service is not listed and nothing else is wrong,
        or no pod is listed although the Deployment counts some.
    """
    pods = live(workload)
    labels = [workload.deployment.template.labels, *(pod.labels for pod in pods)]
    mine = sorted(
        (one for one in services if any(selects(one.selector, each) for each in labels)),
        key=lambda service: service.name,
    )
    ready = [pod for pod in pods if pod.ready]
    found: list[Finding] = []
    observed: list[str] = []
    unlisted: list[Absent] = []
    for service in mine:
        own = sorted(
            (entry for entry in slices if entry.service == service.name),
            key=lambda entry: entry.name,
        )
        kept = [entry for entry in own if not entry.foreign]
        if not kept:
            unlisted.append(_no_slices(service))
            continue
        expected = [pod for pod in ready if selects(service.selector, pod.labels)]
        reached = list(expected)
        for family in service.families or ("",):
            of_family = [entry for entry in own if family in ("", entry.family)]
            if not any(entry in kept for entry in of_family):
                unlisted.append(_no_slices(service, family))
                continue
            serving_pods = [pod for pod in expected if _endpoints_of(pod, of_family)]
            reached = [pod for pod in reached if pod in serving_pods]
            found += _of_family(
                service,
                of_family,
                family=family if len(service.families) > 1 else "",
                expected=expected,
                serving_pods=serving_pods,
            )
        siblings = [
            one
            for one in deployments
            if one.uid != workload.deployment.uid
            and selects(service.selector, one.template.labels)
            and runs_collector(one)
        ]
        strangers = _strangers(kept, workload.pods)
        found += _lost(service, strangers, siblings)
        found += traffic.misdirected(service, pods)
        others = [other for other in mine if other is not service]
        found += service_ports.of_service(service, own, workload, others=others, install=install)
        text = _observed(service, own, reached=len(reached), expected=len(expected))
        observed.append(text + _shared(strangers, siblings))
    if not mine:
        found.append(_no_service(services, workload, install=install))
        observed.append("no Service selects the collector's pods")
    else:
        found += _unselected(ready, mine)
    observed += [f"not measured: {one.message}" for one in unlisted]
    basis = f"{counted(len(mine), 'Service')}, their EndpointSlices, the Pods and the pod template"
    return Judgement(
        tuple(found),
        "; ".join(observed),
        len(ready),
        "ready endpoints for each Service",
        basis,
        unmeasured=next(iter(unlisted), None),
    )


def _observed(
    service: Service, slices: Sequence[EndpointSlice], *, reached: int, expected: int
) -> str:
    text = f"Service {service.name} leads to {reached} of {counted(expected, 'ready pod')}"
    if len(service.families) > 1:
        text += f" over {' and '.join(service.families)}"
    foreign = [entry for entry in slices if entry.foreign]
    if foreign:
        number = sum(len(entry.endpoints) for entry in foreign)
        managers = listed(sorted({entry.manager for entry in foreign}))
        text += f", and to {counted(number, 'endpoint')} of {managers}, not judged"
    return text


def _of_family(
    service: Service,
    slices: Sequence[EndpointSlice],
    *,
    family: str,
    expected: Sequence[Pod],
    serving_pods: Sequence[Pod],
) -> list[Finding]:
    """Return the faults of a Service's endpoints of one IP family.

    :param family: empty where the Service has only one.
    :param expected: the pods that must have an endpoint; ``serving_pods``: those that have one.
    """
    where, look = f"Service/{service.name}", _look(service)
    kind = f"ready {family} endpoint" if family else "ready endpoint"
    if not any(endpoint.ready for entry in slices for endpoint in entry.endpoints):
        message = (
            f"{where} has no {kind}: no connection through it reaches a pod "
            f"({counted(len(expected), 'pod')} ready)."
        )
        most = max(len(expected), 1)
        return [Finding(where, "no-ready-endpoint", message, 0, most, "ready endpoints", look)]
    return [
        Finding(
            f"Pod/{pod.name}",
            "pod-without-endpoint",
            f"Pod {pod.name} is ready, and {where} has no {kind} for it: it gets no alerts.",
            0,
            1,
            "ready endpoints",
            look,
        )
        for pod in expected
        if pod not in serving_pods
    ]


def _strangers(slices: Sequence[EndpointSlice], pods: Sequence[Pod]) -> list[tuple[str, str]]:
    """Return (address, pod) of the ready endpoints that are no pod of the Deployment."""
    ready = [endpoint for entry in slices for endpoint in entry.endpoints if endpoint.ready]
    return sorted({(listed(one.addresses), one.pod) for one in ready if not _has_pod(one, pods)})


def _sibling(name: str, siblings: Sequence[Deployment]) -> str:
    """Return the other collector whose pod has the name; empty where it is none's."""
    return next(
        (one.name for one in siblings if fullmatch(pod_names.of_deployment(one.name), name)), ""
    )


def _lost(
    service: Service, strangers: Sequence[tuple[str, str]], siblings: Sequence[Deployment]
) -> list[Finding]:
    where = f"Service/{service.name}"
    found = []
    for address, name in strangers:
        if _sibling(name, siblings):
            continue
        who = f"{address} (pod {name})" if name else address
        message = f"{where} sends alerts to {who}, which is no pod of the collector: they are lost."
        limit = "a pod of the collector"
        found.append(
            Finding(where, "stale-endpoint", message, address, limit, "endpoint", _look(service))
        )
    return found


def _shared(strangers: Sequence[tuple[str, str]], siblings: Sequence[Deployment]) -> str:
    """Return how many endpoints belong to another collector behind the same Service."""
    names = [one for _, pod in strangers if (one := _sibling(pod, siblings))]
    if not names:
        return ""
    number = counted(len(names), "pod")
    return f", and to {number} of Deployment {listed(sorted(set(names)))}, not judged"


def _unselected(ready: Sequence[Pod], services: Sequence[Service]) -> list[Finding]:
    """Return the ready pods that no Service selects."""
    names = listed([service.name for service in services])
    return [
        Finding(
            f"Pod/{pod.name}",
            "pod-without-endpoint",
            f"Pod {pod.name} is ready, and no Service selects its labels ({names}): "
            "it gets no alerts.",
            0,
            1,
            "Services",
            shell("kubectl -n {} get pod {} --show-labels", services[0].namespace, pod.name),
        )
        for pod in ready
        if not any(selects(service.selector, pod.labels) for service in services)
    ]


def _endpoints_of(pod: Pod, slices: Sequence[EndpointSlice]) -> list[Endpoint]:
    every = [endpoint for entry in slices for endpoint in entry.endpoints]
    return [endpoint for endpoint in every if endpoint.ready and _is_of(endpoint, pod)]


def _has_pod(endpoint: Endpoint, pods: Sequence[Pod]) -> bool:
    return any(_is_of(endpoint, pod) for pod in pods)


def _is_of(endpoint: Endpoint, pod: Pod) -> bool:
    """Return whether it is the pod's, by UID, else by name, else by address.

    A name alone could be that of an earlier pod.
    """
    if endpoint.pod_uid:
        return endpoint.pod_uid == pod.uid
    if endpoint.pod:
        return endpoint.pod == pod.name
    return bool(pod.ip) and pod.ip in endpoint.addresses


def _look(service: Service) -> Command:
    return shell(
        "kubectl -n {} get endpointslices -l kubernetes.io/service-name={} -o yaml",
        service.namespace,
        service.name,
    )


def _no_slices(service: Service, family: str = "") -> Absent:
    return Absent(
        f"No {family + ' ' if family else ''}EndpointSlice of Service {service.name} is listed. "
        "The control plane keeps one even without endpoints",
        source=f"GET /apis/discovery.k8s.io/v1/namespaces/{service.namespace}/endpointslices",
        next_step=shell(
            "kubectl -n {} get endpointslices -l kubernetes.io/service-name={}",
            service.namespace,
            service.name,
        ),
    )


def _no_service(services: Sequence[Service], workload: Workload, *, install: Install) -> Finding:
    """Return the fault of a collector without a Service.

    A Service of its name that selects other labels must be corrected: it cannot be made anew.
    """
    name = workload.deployment.name
    where = f"Deployment/{name}"
    message = f"No Service selects the pods of {where}: no client reaches the collector."
    fix = shell(
        "kubectl -n {} expose deployment {} --port={}", install.namespace, name, install.port
    )
    namesake = next((service for service in services if service.name == name), None)
    if namesake is not None:
        selector = ",".join(f"{key}={value}" for key, value in sorted(namesake.selector.items()))
        message += f" Service/{name} selects {selector or 'nothing'}; no pod has these labels."
        fix = shell(
            "kubectl -n {} set selector service {} {}",
            install.namespace,
            name,
            workload.deployment.selector,
        )
    return Finding(where, "no-service", message, 0, 1, "Services", fix)
