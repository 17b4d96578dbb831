"""pods-stable: how often did a container restart in the window?

The kubelet keeps a count for the pod's whole life, and the times of the last exit only. So the
number in a window is exact in some cases and has a lower and an upper bound in the others.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodStatus
(restartCount, lastState); the guide's "Check pod status".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from upkeep.errors import Absent
from upkeep.judges.wording import counted, excerpt
from upkeep.judges.workload.containers import because, completed_init, condition_of, exit_text
from upkeep.judges.workload.pods import live, no_pods
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, span, utc
from upkeep.records.workload import ContainerStatus, Pod, Termination, Workload
from upkeep.shell import shell

TAIL_LINES = 3
# The kubelet's reason of a pod that it evicted for want of a resource of its node.
EVICTED = "Evicted"


class Restarts(Struct, frozen=True):
    """Restarts of one container in the window: at least ``least``, at most ``most``.

    :ivar last: its last known exit, in the window or before it.
    """

    pod: str
    container: str
    least: int
    most: int
    last: Termination | None


def stable(
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    tails: Mapping[str, tuple[str, ...]] | None = None,
) -> Judgement:
    """Judge pods-stable: at most ``limits["restarts"]`` restarts in ``limits["restart_window"]``.

    The restarts of all pods add up, those of terminating ones too. So does each evicted pod: its
    replacement starts with a count of 0. Deleted pods are not seen, and the basis says so.

    :param tails: the last lines of the previous log by ``pod/container``, masked.
    :raises Absent: no pod or no container is there, or the bounds do not decide.
    """
    live(workload)
    deployment = workload.deployment
    pods = sorted(workload.pods, key=lambda pod: pod.name)
    pairs = [(pod, container) for pod in pods for container in _containers(pod)]
    if not pairs:
        raise no_pods(deployment, "with a container in its status")
    since = now - timedelta(seconds=limits["restart_window"])
    counts = [restarts(pod, container, since=since) for pod, container in pairs]
    limit, window = int(limits["restarts"]), limits.text("restart_window")
    evictions = [(pod, _evicted(pod)) for pod in pods if pod.reason == EVICTED]
    evicted = [pod for pod, when in evictions if when is not None and when >= since]
    undated = [pod for pod, when in evictions if when is None]
    least = len(evicted) + sum(count.least for count in counts)
    most = len(evicted) + len(undated) + sum(count.most for count in counts)
    if least <= limit < most:
        raise Absent(
            f"{least} to {most} container restarts are in the last {window} (limit {limit}): "
            + (
                f"Pod {undated[0].name} was evicted at a time that nothing tells"
                if undated
                else "the kubelet keeps only the last exit of each container"
            ),
            source=f"GET /api/v1/namespaces/{deployment.namespace}/pods",
            next_step=shell(
                "kubectl -n {} get events --field-selector=involvedObject.kind=Pod",
                deployment.namespace,
            ),
        )
    found = []
    if least > limit:
        found += [_of_eviction(pod, namespace=deployment.namespace, limit=limit) for pod in evicted]
    for count in counts:
        if least > limit and count.least:
            tail = (tails or {}).get(f"{count.pod}/{count.container}", ())
            found.append(
                _restarted(
                    count, namespace=deployment.namespace, limit=limit, window=window, tail=tail
                )
            )
    seen = counted(least - len(evicted), "restart")
    number = seen if least == most else f"at least {seen}"
    observed = (
        f"{number} in the last {window}, "
        f"{counted(len(pairs), 'container')} of {counted(len(pods), 'pod')}"
    )
    if evicted:
        observed += f", {counted(len(evicted), 'pod')} evicted"
    oldest = span(now - min(pod.created for pod in pods))
    basis = f"Pods at {utc(now)}; the oldest is {oldest} old; deleted pods are not seen"
    return Judgement(tuple(found), observed, limit, f"restarts in {window}", basis)


def _evicted(pod: Pod) -> datetime | None:
    """Return when the kubelet evicted a pod; ``None`` where neither a container nor a condition says.

    Before Kubernetes 1.26 it kept no time, so a pod made before the window may have ended in it.
    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
    """
    ends = [one.terminated.finished for one in pod.containers if one.terminated]
    ends += [one.changed for one in pod.conditions if one.type in ("DisruptionTarget", "Ready")]
    return max((end for end in ends if end is not None), default=None)


def _of_eviction(pod: Pod, *, namespace: str, limit: int) -> Finding:
    disruption = condition_of(pod, "DisruptionTarget")
    when = _evicted(pod)
    at = f" at {utc(when)}" if when is not None else ""
    message = (
        f"Pod {pod.name} was evicted{at}{because(disruption)} (limit {limit}). "
        "Its node ran out of memory, disk or process ids."
    )
    fix = shell("kubectl -n {} describe pod {}", namespace, pod.name)
    return Finding(f"Pod/{pod.name}", "pod-evicted", message, 1, limit, "evictions", fix)


def _containers(pod: Pod) -> tuple[ContainerStatus, ...]:
    """Return a pod's containers by name.

    A pending pod reports none yet, and an evicted one perhaps none any more.

    :raises Absent: the pod runs and reports none.
    """
    if not pod.containers and pod.phase not in ("Pending", "Failed", "Succeeded"):
        source = f"status of pod {pod.name}"
        raise Absent(
            f"Pod {pod.name} is {pod.phase or 'in no phase'} and reports no container",
            source=source,
        )
    return tuple(sorted(pod.containers, key=lambda container: container.name))


def _restarted(
    count: Restarts, *, namespace: str, limit: int, window: str, tail: tuple[str, ...]
) -> Finding:
    pod, container, last = count.pod, count.container, count.last
    times = ("" if count.least == count.most else "at least ") + counted(count.least, "time")
    message = (
        f"Container {container} of pod {pod} restarted {times} in the last {window} "
        f"(limit {limit}). Last exit: {exit_text(last)}"
    )
    if last is not None and last.finished is not None:
        message += f", {utc(last.finished)}"
    message += "."
    if tail:
        message += " Last lines: " + " | ".join(excerpt(line) for line in tail[-TAIL_LINES:])
    # Where the kubelet no longer has the last exit, it has no previous log either.
    look = (
        shell("describe pod {}", pod)
        if last is None
        else shell("logs {} -c {} --previous --tail=50", pod, container)
    )
    where, fix = f"Pod/{pod} container/{container}", shell("kubectl -n {} {}", namespace, look)
    return Finding(where, "container-restarted", message, count.least, limit, "restarts", fix)


def restarts(pod: Pod, container: ContainerStatus, *, since: datetime) -> Restarts:
    """Return the restarts of a container since an instant, that instant included.

    A container that ended and that the kubelet has not restarted counts, whatever its exit code.
    A completed init container does not, nor does a container that ended with its pod.
    """
    least, most = _by_the_count(pod, container, since=since)
    ended = _ended_on_its_own(pod, container)
    if ended is not None:
        known = ended.finished or (pod.created if pod.created >= since else None)
        least += known is not None and known >= since
        most += known is None or known >= since
    return Restarts(pod.name, container.name, least, most, ended or container.last_termination)


def _by_the_count(pod: Pod, container: ContainerStatus, *, since: datetime) -> tuple[int, int]:
    last, ended = container.last_termination, container.terminated
    # In a back-off the last exit is there before the count has grown.
    total = max(container.restarts, 0 if last is None else 1)
    if total == 0 or pod.created >= since:
        return total, total
    started = container.started or (ended.started if ended is not None else None)
    if started is not None and started < since:
        return 0, 0
    if last is not None and last.finished is not None:
        if last.finished < since:
            # It was down when the window began, and restarted in it or not yet.
            return (0, 0) if started is None else (1, 1)
        # If the instance that ended began before the window, all earlier exits did too.
        only_one = last.started is not None and last.started < since
        return 1, 1 if only_one else total
    # The kubelet lost the last exit. A start in the window that is not the first is a restart.
    return 0 if started is None else 1, total


def _ended_on_its_own(pod: Pod, container: ContainerStatus) -> Termination | None:
    """Return the exit of a container that is down now, unless it completed or its pod ended."""
    if container.state != "terminated" or not pod.works:
        return None
    return None if completed_init(container) else container.terminated
