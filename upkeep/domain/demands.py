"""What a pod takes of nodes and quotas, after the API server has set its defaults.

Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers;
https://kubernetes.io/docs/concepts/policy/limit-range/;
https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from upkeep.records.placement import Demand, LimitRange
from upkeep.records.workload import ContainerResources, ContainerSpec, Pod, PodTemplate, Workload


def effective(
    running: Iterable[int | None],
    first: Iterable[tuple[int | None, bool]],
    *,
    whole: int | None = None,
) -> int:
    """Return what a pod takes of a resource: the most that it needs at any time.

    :param running: of each container; ``None`` where it says nothing.
    :param first: of each init container, in order, and whether it keeps running (a sidecar).
    :param whole: the pod-level value, which counts instead.
    """
    beside = most = 0
    for amount, restarts in first:
        most = max(most, beside + (amount or 0))
        if restarts:
            beside += amount or 0
    needed = max(beside + sum(amount or 0 for amount in running), most)
    return needed if whole is None else whole


def with_defaults(container: ContainerSpec, ranges: Sequence[LimitRange]) -> ContainerResources:
    """Return a container's resources after the API server's and the limit ranges' defaults.

    The API server first makes a limit the request where none is set; the LimitRanger fills the
    rest.
    """
    said = container.resources or ContainerResources(container.name)

    def default(limits: bool, resource: str) -> int | None:
        items = (
            item.default_limit if limits else item.default_request
            for item in ranges
            if item.kind == "Container"
        )
        return next((item[resource] for item in items if resource in item), None)

    def either(said: int | None, other: int | None) -> int | None:
        return other if said is None else said

    return ContainerResources(
        name=container.name,
        cpu_request_nanocores=either(
            either(said.cpu_request_nanocores, said.cpu_limit_nanocores), default(False, "cpu")
        ),
        cpu_limit_nanocores=either(said.cpu_limit_nanocores, default(True, "cpu")),
        memory_request_bytes=either(
            either(said.memory_request_bytes, said.memory_limit_bytes), default(False, "memory")
        ),
        memory_limit_bytes=either(said.memory_limit_bytes, default(True, "memory")),
    )


def demand(template: PodTemplate, ranges: Sequence[LimitRange] = ()) -> Demand:
    """Return what a pod of the template takes. A template does not hold a RuntimeClass's overhead."""
    own = [with_defaults(container, ranges) for container in template.containers]
    first = [
        (with_defaults(container, ranges), container.restarts)
        for container in template.init_containers
    ]

    def of(field: str, limit: str = "") -> int:
        said = [getattr(one, field) for one in own]
        before = [(getattr(one, field), again) for one, again in first]
        whole = getattr(template.resources, field) if template.resources else None
        # A pod-level limit is the pod's request too, where no container requests anything.
        if whole is None and limit and template.resources and not effective(said, before):
            whole = getattr(template.resources, limit)
        return effective(said, before, whole=whole)

    return Demand(
        cpu_request=of("cpu_request_nanocores", "cpu_limit_nanocores"),
        cpu_limit=of("cpu_limit_nanocores"),
        memory_request=of("memory_request_bytes", "memory_limit_bytes"),
        memory_limit=of("memory_limit_bytes"),
    )


def newest_pod(workload: Workload) -> Pod | None:
    """Return the newest pod that runs: the best example of what admission makes of the template."""
    return max(
        (pod for pod in workload.pods if pod.works),
        key=lambda pod: (pod.created, pod.name),
        default=None,
    )


def after_admission(
    template: PodTemplate, ranges: Sequence[LimitRange], workload: Workload
) -> tuple[ContainerResources, ...]:
    """Return the resources of each container of a new pod, as admission will see them.

    Admission may state what the template does not, and inject containers: the newest pod shows it.
    """
    pod = newest_pod(workload)
    present = {one.name: one for one in pod.resources} if pod else {}
    planned = [
        with_defaults(one, ranges) for one in (*template.containers, *template.init_containers)
    ]
    names = {one.name for one in planned}
    injected = [one for one in present.values() if one.name not in names]
    return (*(_completed(one, present.get(one.name)) for one in planned), *injected)


def _completed(said: ContainerResources, pod: ContainerResources | None) -> ContainerResources:
    fields = (
        "cpu_request_nanocores",
        "cpu_limit_nanocores",
        "memory_request_bytes",
        "memory_limit_bytes",
    )
    missing = {name: getattr(pod, name) for name in fields if getattr(said, name) is None and pod}
    return replace(said, **missing)


def added_by_admission(workload: Workload, ranges: Sequence[LimitRange]) -> Demand:
    """Return what the newest pod takes beyond its template.

    Admission adds it: injected sidecars, a RuntimeClass's overhead, the values of an autoscaler.
    """
    pod = newest_pod(workload)
    if pod is None or pod.demand is None:
        return Demand()
    planned = demand(workload.deployment.template, ranges)
    return Demand(
        *(
            max(0, getattr(pod.demand, field) - getattr(planned, field))
            for field in ("cpu_request", "cpu_limit", "memory_request", "memory_limit")
        )
    )


def total(one: Demand, other: Demand) -> Demand:
    """Return the sum of two demands."""
    return Demand(
        one.cpu_request + other.cpu_request,
        one.cpu_limit + other.cpu_limit,
        one.memory_request + other.memory_request,
        one.memory_limit + other.memory_limit,
    )
