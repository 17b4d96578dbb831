"""Why is a pod not ready? Container by container; a slow start is no fault.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-states
"""

from datetime import datetime

from msgspec.structs import replace

from upkeep.judges.wording import counted, excerpt, lasted
from upkeep.model import Finding, utc
from upkeep.records.workload import Condition, ContainerStatus, Deployment, Pod, Termination
from upkeep.shell import Command, shell

# A container that waits for one of these starts soon; every other reason is a fault.
STARTING = frozenset({"", "ContainerCreating", "PodInitializing"})


def not_ready(pod: Pod, *, namespace: str, starting_is_fine: bool, now: datetime) -> list[Finding]:
    """Return why a pod is not ready, and since when.

    One finding for each container that keeps it so, or one for the pod when no container does.

    :param starting_is_fine: a container that only needs time is no finding.
    """
    describe = shell("kubectl -n {} describe pod {}", namespace, pod.name)
    containers = sorted(pod.containers, key=lambda container: container.name)
    logs = shell("kubectl -n {} logs {} --tail=50", namespace, pod.name)
    faults = [
        found
        for container in containers
        if (found := _fault(pod, container, logs=logs, describe=describe))
    ]
    if not starting_is_fine:
        faults += [
            found
            for container in containers
            if (found := _starting(pod, container, describe=describe))
        ]
        faults = faults or [_of_the_pod(pod, describe=describe)]
    since = unready_since(pod)
    told = f" Not ready since {utc(since)} ({lasted(now - since)})."
    return [replace(found, message=found.message + told) for found in faults]


def unready_since(pod: Pod) -> datetime:
    """Return when the pod stopped being ready; its creation where it never was."""
    condition = condition_of(pod, "Ready")
    return (
        condition.changed
        if condition is not None and condition.changed is not None
        else pod.created
    )


def _fault(
    pod: Pod, container: ContainerStatus, *, logs: Command, describe: Command
) -> Finding | None:
    """Return the fault of a container that waiting does not repair."""
    name, last, ended = container.name, container.last_termination, container.terminated
    where, what = f"Pod/{pod.name} container/{name}", f"{_kind(container)} {name} of pod {pod.name}"
    previous = shell("{} -c {} --previous", logs, name)
    if _waits_for_a_fault(container):
        reason = container.waiting_reason
        said = f" ({excerpt(container.waiting_message)})" if container.waiting_message else ""
        message = f"{what} is waiting: {reason}{said}{_last_exit(last)}."
        fix = describe if last is None else previous
        return Finding(
            where, "container-waiting", message, reason, "running", "container state", fix
        )
    if container.state == "terminated" and not completed_init(container):
        message = f"{what} ended and the kubelet has not restarted it{_last_exit(ended)}."
        fix = shell("{} -c {}", logs, name)
        return Finding(
            where, "container-ended", message, exit_text(ended), "running", "container state", fix
        )
    failed_before = last is not None and last.exit_code != 0
    if container.init and failed_before and not container.ready and not completed_init(container):
        message = (
            f"{what} keeps failing: {counted(container.restarts, 'restart')}{_last_exit(last)}."
        )
        return Finding(
            where,
            "init-container-failing",
            message,
            exit_text(last),
            "exit code 0",
            "last exit",
            previous,
        )
    return None


def _starting(pod: Pod, container: ContainerStatus, *, describe: Command) -> Finding | None:
    """Return the finding of a container that may only need time."""
    where, what = (
        f"Pod/{pod.name} container/{container.name}",
        f"{_kind(container)} {container.name} of pod {pod.name}",
    )
    if container.ready or container.state == "terminated" or _waits_for_a_fault(container):
        return None
    if container.state == "running":
        message = f"{what} runs and is not ready{_last_exit(container.last_termination)}."
        return Finding(
            where, "container-not-ready", message, "not ready", "ready", "container state", describe
        )
    reason = container.waiting_reason or "the kubelet reports no state"
    message = f"{what} has not started: {reason}."
    return Finding(
        where, "container-starting", message, reason, "running", "container state", describe
    )


def _of_the_pod(pod: Pod, *, describe: Command) -> Finding:
    """Return the finding of a pod whose containers name no cause.

    It is not scheduled, its node is gone, or a readiness gate is false.
    """
    conditions = [condition_of(pod, "PodScheduled"), condition_of(pod, "Ready")]
    unmet = next(
        (
            condition
            for condition in conditions
            if condition is not None and condition.status != "True"
        ),
        None,
    )
    why = (
        pod.reason or pod.phase
        if unmet is None
        else unmet.reason or f"{unmet.type} is {unmet.status}"
    )
    message = f"Pod {pod.name} is not ready: {why}{because(unmet)}."
    return Finding(f"Pod/{pod.name}", "pod-not-ready", message, why, "ready", "pod state", describe)


def completed_init(container: ContainerStatus) -> bool:
    """Return whether it is an init container that did its work.

    A native sidecar that exits with 0 did not: the kubelet restarts it.
    """
    ended = container.terminated
    return (
        not container.runs_on
        and container.state == "terminated"
        and ended is not None
        and ended.exit_code == 0
    )


def exit_text(ended: Termination | None) -> str:
    """Return how a container ended: ``OOMKilled, exit code 137``."""
    if ended is None:
        return "unknown, the kubelet no longer has it"
    return f"{ended.reason or 'no reason given'}, exit code {ended.exit_code}"


def condition_of(thing: Deployment | Pod, kind: str) -> Condition | None:
    """Return the condition of that type, or ``None``."""
    return next((condition for condition in thing.conditions if condition.type == kind), None)


def because(condition: Condition | None) -> str:
    """Return a condition's message in brackets, or an empty text."""
    text = excerpt(condition.message).rstrip(".") if condition is not None else ""
    return f" ({text})" if text else ""


def _waits_for_a_fault(container: ContainerStatus) -> bool:
    return container.state == "waiting" and container.waiting_reason not in STARTING


def _kind(container: ContainerStatus) -> str:
    if container.sidecar:
        return "Sidecar container"
    return "Init container" if container.init else "Container"


def _last_exit(ended: Termination | None) -> str:
    return "" if ended is None else f"; last exit: {exit_text(ended)}"
