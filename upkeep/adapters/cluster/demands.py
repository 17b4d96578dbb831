"""Resources of a running pod: those in force in its containers, and those that the scheduler counts.

A resize in place changes a pod without its template. ``spec`` is then what is wanted, and
``status.containerStatuses[].resources`` what the kubelet has set.
Source: https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/;
k8s.io/component-helpers, resource/helpers.go (PodRequests, PodLimits).
"""

from collections.abc import Iterator

from upkeep.adapters.cluster.fields import bytes_of, nanocores, reads, resources
from upkeep.adapters.wire.meta import Quantities
from upkeep.adapters.wire.pods import Container, ContainerStatus, PlacedPod, Resources
from upkeep.domain.demands import effective
from upkeep.records.placement import Demand
from upkeep.records.workload import ContainerResources

_NONE = Resources()


@reads(PlacedPod)
def in_force(raw: PlacedPod) -> tuple[ContainerResources, ...]:
    """Return the resources of each container of a pod that keeps running.

    Native sidecars are init containers with ``restartPolicy: Always``; the kubelet enforces their
    limits as any container's.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    """
    statuses = _statuses(raw)
    entries = (*raw.spec.containers, *(one for one in raw.spec.initContainers if _restarts(one)))
    return tuple(
        _enforced(one.name, one.resources, said.resources if said else None)
        for one in entries
        for said in (statuses.get(one.name),)
    )


@reads(PlacedPod)
def pod_level(raw: PlacedPod) -> ContainerResources | None:
    """Return the resources of the pod as a whole; ``None`` where it has none.

    Source: https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/
    """
    whole = raw.spec.resources
    if whole is None or whole == _NONE:
        return None
    return _enforced("", whole, raw.status.resources)


@reads(PlacedPod)
def demand(raw: PlacedPod) -> Demand:
    """Return what the scheduler and quotas count for a pod.

    During a resize in place they count the larger of the specification and the status.
    """
    return Demand(
        cpu_request=_counted(raw, "requests", "cpu"),
        cpu_limit=_counted(raw, "limits", "cpu"),
        memory_request=_counted(raw, "requests", "memory"),
        memory_limit=_counted(raw, "limits", "memory"),
    )


def _enforced(name: str, said: Resources, actual: Resources | None) -> ContainerResources:
    """Return the kubelet's own word, field by field, where it has one."""
    actual = actual or _NONE
    return resources(
        name,
        Resources(
            requests={**said.requests, **actual.requests}, limits={**said.limits, **actual.limits}
        ),
    )


def _statuses(raw: PlacedPod) -> dict[str, ContainerStatus]:
    both = (*raw.status.initContainerStatuses, *raw.status.containerStatuses)
    return {one.name: one for one in both}


def _restarts(container: Container) -> bool:
    return container.restartPolicy == "Always"


def _counted(raw: PlacedPod, part: str, name: str) -> int:
    spec, statuses = raw.spec, _statuses(raw)
    amount = nanocores if name == "cpu" else bytes_of
    # An infeasible resize stays in the specification, and no node was ever asked for it.
    infeasible = any(
        one.type == "PodResizePending" and one.reason == "Infeasible"
        for one in raw.status.conditions
    )

    def of(said: Resources | None) -> Quantities:
        said = said or _NONE
        return said.requests if part == "requests" else said.limits

    def largest(said: Resources, actual: Resources | None, allocated: Quantities) -> int | None:
        def told() -> Iterator[int]:
            enforced, wanted = amount(of(actual).get(name)), amount(of(said).get(name))
            kept = amount(allocated.get(name))
            if enforced is not None:
                yield enforced
            if wanted is not None and not (infeasible and enforced is not None):
                yield wanted
            if kept is not None and part == "requests":
                yield kept

        return max(told(), default=None)

    def counted(container: Container) -> int | None:
        status = statuses.get(container.name)
        if status is None:
            return largest(container.resources, None, {})
        return largest(container.resources, status.resources, status.allocatedResources)

    needed = effective(
        map(counted, spec.containers),
        ((counted(one), _restarts(one)) for one in spec.initContainers),
        whole=largest(spec.resources, raw.status.resources, raw.status.allocatedResources)
        if spec.resources
        else None,
    )
    overhead = amount(spec.overhead.get(name)) or 0
    # Overhead belongs to every request; a limit that is not set stays unset.
    return needed + overhead if part == "requests" or needed else 0
