"""Why is a pod not ready? Container by container, with what is only starting apart from what fails.

Source: the Kubernetes API's Pod lifecycle and container states (core/v1 ContainerStatus).
"""

from dataclasses import replace
from datetime import datetime

from upkeep.judges.wording import counted, excerpt, lasted
from upkeep.model import Finding, rfc3339
from upkeep.records.workload import Condition, ContainerStatus, Deployment, Pod, Termination

# A container that waits for one of these is on its way; any other reason (CrashLoopBackOff, ErrImagePull …) is a fault.
STARTING = frozenset({"", "ContainerCreating", "PodInitializing"})


def not_ready(pod: Pod, *, namespace: str, starting_is_fine: bool, now: datetime) -> list[Finding]:
    """Why a pod is not ready, and since when: a finding for each container that keeps it so, or one for the pod when none does.

    :param starting_is_fine: what only needs time is no finding.
    """
    describe = f"kubectl -n {namespace} describe pod {pod.name}"
    containers = sorted(pod.containers, key=lambda container: container.name)
    logs = f"kubectl -n {namespace} logs {pod.name} --tail=50"
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
    told = f"; not ready since {rfc3339(since)} ({lasted(now - since)})."
    return [replace(found, message=found.message.removesuffix(".") + told) for found in faults]


def unready_since(pod: Pod) -> datetime:
    """When the pod ceased to be ready; one that never was has not been since it was made."""
    condition = condition_of(pod, "Ready")
    return (
        condition.changed
        if condition is not None and condition.changed is not None
        else pod.created
    )


def _fault(pod: Pod, container: ContainerStatus, *, logs: str, describe: str) -> Finding | None:
    """What time alone does not mend."""
    name, last, ended = container.name, container.last_termination, container.terminated
    where, what = f"Pod/{pod.name} container/{name}", f"{_kind(container)} {name} of pod {pod.name}"
    previous = f"{logs} -c {name} --previous"
    if _waits_for_a_fault(container):
        reason = container.waiting_reason
        said = f" ({excerpt(container.waiting_message)})" if container.waiting_message else ""
        message = f"{what} waits: {reason}{said}{_last_exit(last)}."
        fix = describe if last is None else previous
        return Finding(
            where, "container-waiting", message, reason, "running", "container state", fix
        )
    if container.state == "terminated" and not completed_init(container):
        message = f"{what} has ended and was not started again{_last_exit(ended)}."
        fix = f"{logs} -c {name}"
        return Finding(
            where, "container-ended", message, exit_text(ended), "running", "container state", fix
        )
    failed_before = last is not None and last.exit_code != 0
    if container.init and failed_before and not container.ready and not completed_init(container):
        message = f"{what} keeps failing, {counted(container.restarts, 'restart')} so far{_last_exit(last)}."
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


def _starting(pod: Pod, container: ContainerStatus, *, describe: str) -> Finding | None:
    """What may only need time."""
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
    reason = container.waiting_reason or "nothing reported yet"
    message = f"{what} has not started: {reason}."
    return Finding(
        where, "container-starting", message, reason, "running", "container state", describe
    )


def _of_the_pod(pod: Pod, *, describe: str) -> Finding:
    """No container says why: it is not scheduled, its node is gone, a readiness gate is shut."""
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
    """An init container that has done its work."""
    ended = container.terminated
    return (
        container.init
        and container.state == "terminated"
        and ended is not None
        and ended.exit_code == 0
    )


def exit_text(ended: Termination | None) -> str:
    """``OOMKilled, exit code 137``: how a container ended."""
    if ended is None:
        return "unknown, the kubelet has forgotten it"
    return f"{ended.reason or 'no reason given'}, exit code {ended.exit_code}"


def condition_of(thing: Deployment | Pod, kind: str) -> Condition | None:
    """The condition of that type, if the object has it."""
    return next((condition for condition in thing.conditions if condition.type == kind), None)


def because(condition: Condition | None) -> str:
    """A condition's message in brackets, or nothing."""
    text = excerpt(condition.message).rstrip(".") if condition is not None else ""
    return f" ({text})" if text else ""


def _waits_for_a_fault(container: ContainerStatus) -> bool:
    return container.state == "waiting" and container.waiting_reason not in STARTING


def _kind(container: ContainerStatus) -> str:
    return "Init container" if container.init else "Container"


def _last_exit(ended: Termination | None) -> str:
    return "" if ended is None else f"; last exit: {exit_text(ended)}"
