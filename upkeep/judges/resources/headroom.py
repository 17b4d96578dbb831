"""Is there headroom in CPU and memory? Of each container, and of the pod as a whole.

Native sidecars count as containers: they run as long as the pod, and the kubelet enforces their
limits. Where the pod has resources of its own (KEP-2837), the sum of its containers is held
against them.
Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from upkeep.errors import Absent, Malformed, TooEarly, Unmeasured
from upkeep.judges.wording import counted, percent
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, utc
from upkeep.records.usage import ContainerUsage
from upkeep.records.workload import ContainerResources, Install, Pod, Workload
from upkeep.shell import shell

LIMIT = "resource_usage"
NANO = 1_000_000_000
MIB = 1024 * 1024
SOURCE = "metrics.k8s.io"
# (what, field of the usage, fields of limit and request)
RESOURCES = (
    ("CPU", "cpu_nanocores", "cpu_limit_nanocores", "cpu_request_nanocores"),
    ("memory", "memory_bytes", "memory_limit_bytes", "memory_request_bytes"),
)


class Share(Struct, frozen=True):
    """What a container, or the pod (``container`` is empty), uses of its bound.

    :ivar of: ``limit``, or ``request``.
    """

    pod: Pod
    container: str
    what: str
    amount: int
    most: int
    of: str

    @property
    def ratio(self) -> float:
        return self.amount / self.most


def cpu_memory_headroom(
    usages: Sequence[ContainerUsage],
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
    limit_name: str = LIMIT,
) -> Judgement:
    """cpu-memory-headroom: each container and pod uses at most ``limits[limit_name]`` of its bound.

    The bound is the limit in force, else the request.

    :raises Absent: there is no pod; a container's usage is unknown or too old; it has no bound.
    :raises Malformed: the usage proves nothing: no memory at all, or an impossible window.
    :raises TooEarly: a pod is too young for metrics-server.
    """
    used = {(one.pod, one.container): one for one in usages}
    pods = [pod for pod in workload.pods if pod.works]
    if not pods:
        raise Absent(
            "No pod of the collector is running.",
            next_step="upkeep run -m \"control(id='pods-ready')\"",
        )
    shares: list[Share] = []
    unknown: list[Unmeasured] = []
    for pod in pods:
        if not pod.resources:
            unknown.append(Absent(f"Pod {pod.name} is listed without a container.", source="pods"))
        known: list[ContainerUsage] = []
        for resources in pod.resources:
            usage = used.get((pod.name, resources.name))
            problem = _unusable(pod, resources, usage, now=now, limits=limits, install=install)
            if problem is not None or usage is None:
                unknown.extend([problem] if problem is not None else [])
                continue
            known.append(usage)
            for one in _of_container(pod, resources, usage, install=install):
                if isinstance(one, Share):
                    shares.append(one)
                else:
                    unknown.append(one)
        if known:
            shares.extend(_of_pod(pod, known))
    found = [
        _short(one, within=limits[limit_name], install=install)
        for one in shares
        if one.amount > limits[limit_name] * one.most
    ]
    return Judgement(
        tuple(found),
        _observed(shares, missing=len(unknown)),
        limits[limit_name],
        "ratio",
        "metrics.k8s.io, now",
        unmeasured=next(iter(unknown), None),
    )


def _observed(shares: Sequence[Share], *, missing: int) -> str:
    """Return the highest shares, and of how many containers."""
    highest = {
        what: max(one.ratio for one in shares if one.what == what)
        for what in dict.fromkeys(one.what for one in shares)
    }
    told = ", ".join(f"{what} {percent(ratio)}" for what, ratio in highest.items())
    containers = len({(one.pod.name, one.container) for one in shares if one.container})
    pods = len({one.pod.name for one in shares if not one.container})
    of = [counted(containers, "container")] if containers else []
    of += [f"{counted(pods, 'pod')} as a whole"] if pods else []
    unmeasured = f"; {missing} not measured" if missing else ""
    return f"highest: {told}, of {' and '.join(of)}{unmeasured}"


def _of_container(
    pod: Pod, resources: ContainerResources, usage: ContainerUsage, *, install: Install
) -> Iterator[Share | Absent]:
    """Yield a container's share of each resource that bounds it; of the pod's bounds none."""
    whole = pod.whole
    for what, field, limit_field, request_field in RESOURCES:
        limit, request = getattr(resources, limit_field), getattr(resources, request_field)
        shared = whole and (getattr(whole, limit_field) or getattr(whole, request_field))
        if limit:
            yield Share(pod, resources.name, what, getattr(usage, field), limit, "limit")
        elif shared:
            continue  # it may use what the others of the pod leave
        elif request:
            yield Share(pod, resources.name, what, getattr(usage, field), request, "request")
        else:
            yield _boundless(pod, resources, what, install=install)


def _of_pod(pod: Pod, usages: Sequence[ContainerUsage]) -> Iterator[Share]:
    """Yield the sum of the containers against the pod-level resources."""
    whole = pod.whole
    for what, field, limit_field, request_field in RESOURCES if whole else ():
        limit, request = getattr(whole, limit_field), getattr(whole, request_field)
        if limit or request:
            amount = sum(getattr(one, field) for one in usages)
            yield Share(pod, "", what, amount, limit or request, "limit" if limit else "request")


def _unusable(
    pod: Pod,
    resources: ContainerResources,
    usage: ContainerUsage | None,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Unmeasured | None:
    """Return why a usage proves nothing; ``None`` where it does."""
    what = f"container {resources.name} of pod {pod.name}"
    most, step = (
        timedelta(seconds=limits["usage_age"]),
        shell("kubectl -n {} describe pod {}", install.namespace, pod.name),
    )
    if usage is None:
        if now - pod.created < most:
            return TooEarly(
                f"metrics-server has no usage of {what} yet.",
                source=SOURCE,
                next_step="run again in some minutes",
            )
        return Absent(f"metrics-server has no usage of {what}.", source=SOURCE, next_step=step)
    age = now - usage.taken
    if abs(age) > most:
        when = "in the future" if age < timedelta() else f"older than {limits.text('usage_age')}"
        return Absent(
            f"The usage of {what} is {when}: it was taken at {utc(usage.taken)}.",
            source=SOURCE,
            next_step="kubectl get apiservices v1beta1.metrics.k8s.io",
        )
    if not 0 < usage.window_seconds <= most.total_seconds():
        return Malformed(
            f"The usage of {what} covers {usage.window_seconds:g} s; "
            f"more than 0 and at most {limits.text('usage_age')} are expected.",
            source=SOURCE,
            next_step="kubectl get apiservices v1beta1.metrics.k8s.io",
        )
    if not usage.memory_bytes:
        return Malformed(
            f"metrics-server reports 0 bytes of memory for {what}. No process uses none.",
            source=SOURCE,
            next_step=step,
        )
    return None


def _boundless(pod: Pod, resources: ContainerResources, what: str, *, install: Install) -> Absent:
    word = "cpu=250m" if what == "CPU" else "memory=512Mi"
    return Absent(
        f"Container {resources.name} of pod {pod.name} has no {what} limit and no {what} request.",
        source=f"Pod/{pod.name}",
        next_step=shell(
            "kubectl -n {} set resources deployment {} -c {} --requests={}",
            install.namespace,
            install.deployment,
            resources.name,
            word,
        ),
    )


def _short(share: Share, *, within: float, install: Install) -> Finding:
    pod, what = share.pod, share.what
    said = (
        f"{share.amount / NANO:.3g} of {share.most / NANO:.3g} cores"
        if what == "CPU"
        else f"{share.amount / MIB:.0f} of {share.most / MIB:.0f} MiB"
    )
    subject, place = f"Pod/{pod.name}", f"Pod {pod.name} as a whole"
    if share.container:
        subject += f" container/{share.container}"
        place = f"Container {share.container} of pod {pod.name}"
    unlimited = "; it has no limit" if share.of == "request" else ""
    message = f"{place} uses {percent(share.ratio, limit=within)} of its {what} {share.of} (at most {percent(within)}): {said}{unlimited}."
    return Finding(
        subject,
        "cpu-nearly-used" if what == "CPU" else "memory-nearly-used",
        message,
        round(share.ratio, 4),
        within,
        "ratio",
        shell("kubectl -n {} top pod {} --containers", install.namespace, pod.name),
    )
