"""Resources of a running pod: those in force in its containers, and those that the scheduler counts.

A resize in place changes a pod without its template. ``spec`` is then what is wanted, and
``status.containerStatuses[].resources`` what the kubelet has set.
Source: https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/;
k8s.io/component-helpers, resource/helpers.go (PodRequests, PodLimits).
"""

from collections.abc import Iterator

from upkeep.adapters.cluster.fields import Raw, bytes_of, nanocores, resources
from upkeep.domain.demands import effective
from upkeep.records.placement import Demand
from upkeep.records.workload import ContainerResources


def in_force(raw: Raw) -> tuple[ContainerResources, ...]:
    """Return the resources of each container of a pod that keeps running.

    Native sidecars are init containers with ``restartPolicy: Always``; the kubelet enforces their
    limits as any container's.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    """
    statuses = _statuses(raw)
    entries = [
        *(raw["spec"].get("containers") or []),
        *(entry for entry in raw["spec"].get("initContainers") or [] if _restarts(entry)),
    ]
    return tuple(_enforced(entry, statuses.get(entry["name"], {})) for entry in entries)


def pod_level(raw: Raw) -> ContainerResources | None:
    """Return the resources of the pod as a whole; ``None`` where it has none.

    Source: https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/
    """
    if not raw["spec"].get("resources"):
        return None
    whole = {"name": "", "resources": raw["spec"]["resources"]}
    return _enforced(whole, raw.get("status") or {})


def demand(raw: Raw) -> Demand:
    """Return what the scheduler and quotas count for a pod.

    During a resize in place they count the larger of the specification and the status.
    """
    return Demand(
        cpu_request=_counted(raw, "requests", "cpu"),
        cpu_limit=_counted(raw, "limits", "cpu"),
        memory_request=_counted(raw, "requests", "memory"),
        memory_limit=_counted(raw, "limits", "memory"),
    )


def _enforced(entry: Raw, status: Raw) -> ContainerResources:
    """Return the kubelet's own word, field by field, where it has one."""
    said, actual = entry.get("resources") or {}, status.get("resources") or {}
    parts = {
        part: {**(said.get(part) or {}), **(actual.get(part) or {})}
        for part in ("requests", "limits")
    }
    return resources({"name": entry["name"], "resources": parts})


def _statuses(raw: Raw) -> dict[str, Raw]:
    status = raw.get("status") or {}
    return {
        entry["name"]: entry
        for field in ("initContainerStatuses", "containerStatuses")
        for entry in status.get(field) or []
    }


def _restarts(entry: Raw) -> bool:
    return entry.get("restartPolicy") == "Always"


def _counted(raw: Raw, part: str, name: str) -> int:
    spec, statuses = raw["spec"], _statuses(raw)
    amount = nanocores if name == "cpu" else bytes_of
    # An infeasible resize stays in the specification, and no node was ever asked for it.
    infeasible = any(
        entry.get("type") == "PodResizePending" and entry.get("reason") == "Infeasible"
        for entry in (raw.get("status") or {}).get("conditions") or []
    )

    def largest(entry: Raw, status: Raw) -> int | None:
        def told() -> Iterator[int]:
            actual = amount(((status.get("resources") or {}).get(part) or {}).get(name))
            wanted = amount(((entry.get("resources") or {}).get(part) or {}).get(name))
            allocated = amount((status.get("allocatedResources") or {}).get(name))
            if actual is not None:
                yield actual
            if wanted is not None and not (infeasible and actual is not None):
                yield wanted
            if allocated is not None and part == "requests":
                yield allocated

        return max(told(), default=None)

    needed = effective(
        (largest(entry, statuses.get(entry["name"], {})) for entry in spec.get("containers") or []),
        (
            (largest(entry, statuses.get(entry["name"], {})), _restarts(entry))
            for entry in spec.get("initContainers") or []
        ),
        whole=largest(spec, raw.get("status") or {}) if spec.get("resources") else None,
    )
    overhead = amount((spec.get("overhead") or {}).get(name)) or 0
    # Overhead belongs to every request; a limit that is not set stays unset.
    return needed + overhead if part == "requests" or needed else 0
