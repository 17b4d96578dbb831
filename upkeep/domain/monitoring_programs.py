"""Which Service leads to Prometheus or Alertmanager?

Source: https://prometheus-operator.dev/docs/platform/platform-guide/ (the governing Services).
"""

from collections.abc import Sequence

from upkeep.errors import Absent, Ambiguous
from upkeep.model import listed
from upkeep.records.serving import Service, ServicePort
from upkeep.shell import shell


def find_service(
    services: Sequence[Service], *, program: str, ports: Sequence[int]
) -> tuple[Service, ServicePort]:
    """Return the Service of a monitoring program and its port.

    Labels decide before the names that operators and charts use.

    :param program: ``prometheus`` or ``alertmanager``.
    :param ports: its usual port numbers, best first.
    :raises Absent: no Service matches.
    :raises Ambiguous: several Services match equally well.
    """
    ranked: dict[int, list[Service]] = {}
    for service in services:
        rank = _rank(service, program)
        if rank is not None and any(port.port in ports for port in service.ports):
            ranked.setdefault(rank, []).append(service)
    namespaces = listed(sorted({service.namespace for service in services}))
    if not ranked:
        raise Absent(
            f"No {program.capitalize()} found. No Service in {namespaces or 'the namespaces read'} has the label "
            f"app.kubernetes.io/name={program} or one of its usual names",
            next_step=shell("--{}=URL, or --absent={}=REASON", program, program),
        )
    best = ranked[min(ranked)]
    # The operator's governing Service leads to the pods of all its objects in the namespace, at random
    # (kubermatic/kubermatic#637). Services of single objects show that there are several.
    if 0 in ranked and len(best) == 1:
        single = [
            service
            for rank, group in ranked.items()
            if rank
            for service in group
            if service.namespace == best[0].namespace and service.selector
        ]
        if len({tuple(sorted(service.selector.items())) for service in single}) > 1:
            best = single
    if len(best) > 1:
        raise Ambiguous(
            f"{len(best)} Services could be {program}: "
            f"{listed([f'{s.namespace}/{s.name}' for s in best])}. Choose one with --{program}=URL",
            next_step=shell("--{}=URL", program),
        )
    return best[0], min(
        (port for port in best[0].ports if port.port in ports),
        key=lambda port: ports.index(port.port),
    )


def alertmanager_config(services: Sequence[Service], *, namespace: str) -> str:
    """Return where Alertmanager's configuration is probably stored; empty where unknown.

    The value has the form of ``--alertmanager-config``. The operator labels the pods of the
    Alertmanager NAME with ``alertmanager=NAME`` and stores the configuration in the Secret
    ``alertmanager-NAME-generated``. Other charts use a ConfigMap with the Service's name.
    """
    own = [
        service
        for service in services
        if service.namespace == namespace and _rank(service, "alertmanager") is not None
    ]
    names = {
        service.selector["alertmanager"] for service in own if "alertmanager" in service.selector
    }
    if len(names) == 1:
        return f"Secret/{namespace}/alertmanager-{names.pop()}-generated"
    operated = any(service.name == "alertmanager-operated" for service in own)
    return f"ConfigMap/{namespace}/{own[0].name}" if len(own) == 1 and not operated else ""


def _rank(service: Service, program: str) -> int | None:
    """Return how well a Service matches, 0 best; ``None`` where it does not."""
    if service.name == f"{program}-operated":  # the operator's Service for the running pods
        return 0
    if service.labels.get("app.kubernetes.io/name") == program:
        return 1
    if (
        service.labels.get("app", "").endswith(f"-{program}")
        or service.labels.get("app") == program
    ):
        return 2
    if service.name in (program, f"{program}-server", f"{program}-k8s", f"{program}-main"):
        return 3
    return None
