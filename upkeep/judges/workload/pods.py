"""Are the collector's pods ready, and do they stay up?

Source: the guide's "Check pod status"; the Kubernetes API's Deployment status and Pod lifecycle.
"""

import shlex
from collections.abc import Mapping
from datetime import datetime, timedelta

from upkeep.errors import Absent, Malformed, TooEarly
from upkeep.judges.wording import counted, excerpt, lasted
from upkeep.judges.workload.containers import because, condition_of, exit_text, not_ready
from upkeep.judges.workload.restarts import Restarts, restarts
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, rfc3339, span
from upkeep.records.workload import ContainerStatus, Deployment, Pod, ReplicaSet, Workload

# The API's way to say that a rollout has no deadline; the controller then keeps no Progressing condition.
NO_DEADLINE_SECONDS = 2**31 - 1
# By so much at most a controller that runs is late to say that a deadline is over.
CONTROLLER_LATE = timedelta(minutes=1)
TAIL_LINES = 3


def live(workload: Workload) -> tuple[Pod, ...]:
    """The pods that should be at work, by name: neither terminating nor finished (an evicted pod stays, as Failed).

    :raises Absent: no pod is listed although the Deployment's status counts some, so the list is not the truth.
    """
    deployment = workload.deployment
    counts = max(deployment.ready_replicas, deployment.updated_replicas)
    if not workload.pods and counts:
        raise _no_pods(deployment, f"although its status counts {counts}")
    working = [pod for pod in workload.pods if pod.works]
    return tuple(sorted(working, key=lambda pod: pod.name))


def some_live(workload: Workload) -> tuple[Pod, ...]:
    """The live pods, where there must be at least one: who has nothing to look at must not pass.

    :raises Absent: there is none.
    """
    pods = live(workload)
    if not pods:
        raise _no_pods(
            workload.deployment,
            "that is neither terminating nor finished: there is nothing to look at",
        )
    return pods


def is_ready(pod: Pod) -> bool:
    """Ready says the pod, and ready is each of its containers.

    :raises Absent: the pod says that it is ready and reports no container at all.
    """
    if pod.ready and not pod.containers:
        message = f"Pod {pod.name} says that it is ready and reports no container"
        raise Absent(message, source=f"status of pod {pod.name}")
    return pod.ready and all(container.ready for container in pod.containers if not container.init)


def starting(workload: Workload, *, now: datetime) -> frozenset[str]:
    """The names of the pods that only need time: not ready and without a fault, in a rollout inside its deadline whose ready pods suffice."""
    deployment, own = (
        workload.deployment,
        {
            entry.uid
            for entry in workload.replica_sets
            if entry.owner_uid == workload.deployment.uid
        },
    )
    mine = [pod for pod in live(workload) if pod.owner_uid in own]
    up = [pod for pod in mine if is_ready(pod)]
    if not _rolling(deployment, now=now) or len(up) < max(1, deployment.replicas):
        return frozenset()
    faulty = [
        pod
        for pod in mine
        if not_ready(pod, namespace=deployment.namespace, starting_is_fine=True, now=now)
    ]
    return frozenset(pod.name for pod in mine if pod not in up and pod not in faulty)


def ready(workload: Workload, *, now: datetime) -> Judgement:
    """pods-ready: every desired replica exists, runs the newest template and is ready; nothing waits in a fault.

    While a rollout is inside its progress deadline, ready pods of the old and of the new template count alike, and pods
    that are still starting are no fault; a container that fails (CrashLoopBackOff, ImagePullBackOff …) always is.
    Terminating pods do not count.

    :raises Absent: pods or ReplicaSets are not listed although the Deployment must have some, the newest among them.
    :raises TooEarly: nothing is wrong, and the Deployment's controller has not seen its newest generation yet.
    :raises Malformed: a ReplicaSet has no revision, so the newest template is not known.
    """
    deployment, desired = workload.deployment, workload.deployment.replicas
    basis = f"Deployment, ReplicaSets and Pods at {rfc3339(now)}"
    if desired == 0:
        return Judgement((_scaled_to_zero(deployment),), "0 replicas desired", 1, "replicas", basis)

    pods = live(workload)
    own = _own_replica_sets(workload, pods)
    newest = _newest(own)
    _require_newest(deployment, newest)
    mine = [pod for pod in pods if pod.owner_uid in own]
    outdated = [pod for pod in mine if newest is None or pod.owner_uid != newest.uid]
    up = [pod for pod in mine if is_ready(pod)]
    rolling = _rolling(deployment, now=now)

    found: list[Finding] = []
    starting_is_fine = rolling and len(up) >= desired
    for pod in mine:
        if pod not in up:
            found += not_ready(
                pod, namespace=deployment.namespace, starting_is_fine=starting_is_fine, now=now
            )
    # What a container or a pod says is nearer to the cause than what its Deployment makes of it.
    found += _of_the_deployment(
        deployment, up=len(up), existing=len(mine), outdated=bool(outdated), now=now
    )
    if newest is not None and not rolling and not deployment.paused:
        found += [
            _old_template(pod, own[pod.owner_uid], newest=newest, deployment=deployment)
            for pod in outdated
        ]

    new = len([pod for pod in up if pod not in outdated])
    template = f"{new} on the newest template" if outdated else "newest template"
    observed = [f"{len(up)} of {desired} replicas ready", template]
    if deployment.observed_generation < deployment.generation:
        seen = f"generation {deployment.observed_generation}, not yet {deployment.generation}"
        observed.append(f"the controller has seen {seen}")
    if rolling and (outdated or new < desired or len(up) < len(mine)):
        deadline = f"inside its deadline of {span(deployment.progress_deadline_seconds)}"
        observed.append(f"a rollout {'without a deadline' if _endless(deployment) else deadline}")
    if deployment.paused:
        observed.append("the Deployment is paused")
    if deployment.observed_generation < deployment.generation and not found:
        raise TooEarly(
            f"the controller of Deployment {deployment.name} has seen its generation {deployment.observed_generation} and not yet "
            f"{deployment.generation}: whether its pods run the newest template is not known",
            source=f"GET /apis/apps/v1/namespaces/{deployment.namespace}/deployments",
            next_step=f"kubectl -n {deployment.namespace} rollout status deployment {deployment.name} --timeout=30s, then run again",
        )
    left_out = len(workload.pods) - len(mine)
    if left_out:
        observed.append(
            f"{counted(left_out, 'pod')} not counted (terminating, finished or of another owner)"
        )
    return Judgement(tuple(found), ", ".join(observed), desired, "replicas", basis)


def stable(
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    tails: Mapping[str, tuple[str, ...]] | None = None,
) -> Judgement:
    """pods-stable: at most ``limits["restarts"]`` container restarts in ``limits["restart_window"]``, pods together.

    Terminating pods count too: what restarted, restarted. What a pod did that is gone is not seen; the basis says so.

    :param tails: the last lines of the previous container's log by ``pod/container``, masked; the last three are shown.
    :raises Absent: there is no pod or no container to look at, or the little that the kubelet remembers does not say
        whether the limit is kept.
    """
    live(workload)
    deployment = workload.deployment
    pods = sorted(workload.pods, key=lambda pod: pod.name)
    pairs = [(pod, container) for pod in pods for container in _containers(pod)]
    if not pairs:
        raise _no_pods(
            deployment, "with a container in its status: there is nothing that could have restarted"
        )
    since = now - timedelta(seconds=limits["restart_window"])
    counts = [restarts(pod, container, since=since) for pod, container in pairs]
    limit, window = int(limits["restarts"]), limits.text("restart_window")
    least, most = sum(count.least for count in counts), sum(count.most for count in counts)
    if least <= limit < most:
        raise Absent(
            f"between {least} and {most} container restarts lie in the last {window}, and the limit is {limit}: "
            "the kubelet remembers only the last one of each container",
            source=f"GET /api/v1/namespaces/{deployment.namespace}/pods",
            next_step=f"kubectl -n {deployment.namespace} get events --field-selector=involvedObject.kind=Pod",
        )
    found = []
    for count in counts:
        if least > limit and count.least:
            tail = (tails or {}).get(f"{count.pod}/{count.container}", ())
            found.append(
                _restarted(
                    count, namespace=deployment.namespace, limit=limit, window=window, tail=tail
                )
            )
    number = counted(least, "restart") if least == most else f"at least {counted(least, 'restart')}"
    observed = f"{number} in the last {window}, {counted(len(pairs), 'container')} of {counted(len(pods), 'pod')}"
    oldest = span(now - min(pod.created for pod in pods))
    basis = f"Pods at {rfc3339(now)}; the oldest has existed for {oldest}; pods that are gone are not seen"
    return Judgement(tuple(found), observed, limit, f"restarts in {window}", basis)


def _containers(pod: Pod) -> tuple[ContainerStatus, ...]:
    """A pod's containers by name. One that is pending has none yet, one that was evicted may have none left.

    :raises Absent: the pod runs and none is reported.
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
    message = f"Container {container} of pod {pod} restarted {times} in the last {window}; last exit: {exit_text(last)}"
    if last is not None and last.finished is not None:
        message += f" at {rfc3339(last.finished)}"
    if tail:
        message += "; last words: " + " | ".join(excerpt(line) for line in tail[-TAIL_LINES:])
    # Where the kubelet has forgotten the last exit, it has no previous log either.
    look = (
        f"describe pod {pod}" if last is None else f"logs {pod} -c {container} --previous --tail=50"
    )
    where, fix = f"Pod/{pod} container/{container}", f"kubectl -n {namespace} {look}"
    return Finding(where, "container-restarted", message + ".", count.least, limit, "restarts", fix)


def _scaled_to_zero(deployment: Deployment) -> Finding:
    where = f"Deployment/{deployment.name}"
    message = f"{where} is scaled to zero replicas: nobody receives alerts."
    fix = f"kubectl -n {deployment.namespace} scale deployment {deployment.name} --replicas=1"
    return Finding(where, "zero-replicas", message, 0, 1, "replicas", fix)


def _of_the_deployment(
    deployment: Deployment, *, up: int, existing: int, outdated: bool, now: datetime
) -> list[Finding]:
    """What is wrong with the Deployment as a whole.

    :param up: how many of its pods are ready; ``existing``: how many there are.
    :param outdated: some of them run an older template.
    """
    where, name, desired = f"Deployment/{deployment.name}", deployment.name, deployment.replicas
    command = f"kubectl -n {deployment.namespace}"
    found = []
    progressing = condition_of(deployment, "Progressing")
    if progressing is not None and progressing.status == "False":
        reason, deadline = progressing.reason, span(deployment.progress_deadline_seconds)
        message = (
            f"The rollout of {where} failed: {reason}, deadline {deadline}{because(progressing)}."
        )
        fix = f"{command} rollout status deployment {name} --timeout=5s"
        found.append(
            Finding(where, "rollout-failed", message, reason, deadline, "progress deadline", fix)
        )
    last = _forgotten(deployment, now=now)
    if last is not None:
        late, deadline = lasted(now - last), span(deployment.progress_deadline_seconds)
        message = f"The rollout of {where} has made no progress for {late}, since {rfc3339(last)}, and no controller says that it failed."
        fix = "kubectl -n kube-system get leases kube-controller-manager -o yaml"
        found.append(
            Finding(where, "rollout-forgotten", message, late, deadline, "progress deadline", fix)
        )
    updated = deployment.updated_replicas
    if deployment.paused and (outdated or updated < desired):
        message = f"{where} is paused, and not every replica runs the newest template."
        fix = f"{command} rollout resume deployment {name}"
        found.append(
            Finding(where, "rollout-paused", message, updated, desired, "updated replicas", fix)
        )
    if up < desired:
        failure = condition_of(deployment, "ReplicaFailure")
        why = because(failure) if failure is not None and failure.status == "True" else ""
        available = condition_of(deployment, "Available")
        since = available.changed if available is not None and available.status == "False" else None
        told = (
            f"; too few since {rfc3339(since)} ({lasted(now - since)})" if since is not None else ""
        )
        message = f"{up} of {desired} replicas of {where} are ready; pods that exist: {existing}{why}{told}."
        fix = f"{command} describe deployment {name}"
        found.append(Finding(where, "replicas-not-ready", message, up, desired, "replicas", fix))
    return found


def _old_template(
    pod: Pod, replica_set: ReplicaSet, *, newest: ReplicaSet, deployment: Deployment
) -> Finding:
    old, new = replica_set.revision, newest.revision
    message = f"Pod {pod.name} runs revision {old}, not the newest, {new}, and no rollout is replacing it."
    fix = f"kubectl -n {deployment.namespace} rollout status deployment {deployment.name} --timeout=5s"
    return Finding(f"Pod/{pod.name}", "old-template", message, old, new, "revision", fix)


def _rolling(deployment: Deployment, *, now: datetime) -> bool:
    """Whether a rollout is going on and may still succeed, as the Deployment controller says, and as lately as it must say so."""
    progressing = condition_of(deployment, "Progressing")
    if deployment.paused or (progressing is not None and progressing.status == "False"):
        return False
    if deployment.observed_generation < deployment.generation:
        return True
    if progressing is None:
        return _endless(deployment)
    return (
        progressing.reason != "NewReplicaSetAvailable" and _forgotten(deployment, now=now) is None
    )


def _forgotten(deployment: Deployment, *, now: datetime) -> datetime | None:
    """When a rollout that goes on made its last progress, where that is longer ago than its deadline.

    The Deployment controller says at once that a deadline is over; where it has not, it does not run.
    """
    progressing = condition_of(deployment, "Progressing")
    if (
        progressing is None
        or progressing.updated is None
        or deployment.paused
        or _endless(deployment)
    ):
        return None
    over = (
        now - progressing.updated
        > timedelta(seconds=deployment.progress_deadline_seconds) + CONTROLLER_LATE
    )
    goes_on = progressing.status != "False" and progressing.reason != "NewReplicaSetAvailable"
    return progressing.updated if goes_on and over else None


def _endless(deployment: Deployment) -> bool:
    return deployment.progress_deadline_seconds >= NO_DEADLINE_SECONDS


def _own_replica_sets(workload: Workload, pods: tuple[Pod, ...]) -> dict[str, ReplicaSet]:
    """The Deployment's ReplicaSets by uid."""
    deployment = workload.deployment
    own = {entry.uid: entry for entry in workload.replica_sets if entry.owner_uid == deployment.uid}
    if not own and (pods or deployment.ready_replicas or deployment.updated_replicas):
        raise Absent(
            f"no ReplicaSet of Deployment {deployment.name} is listed although it has pods: the newest template is not known",
            source=f"GET /apis/apps/v1/namespaces/{deployment.namespace}/replicasets",
            next_step=f"kubectl -n {deployment.namespace} get replicasets",
        )
    return own


def _newest(own: Mapping[str, ReplicaSet]) -> ReplicaSet | None:
    """The ReplicaSet of the newest template: the highest deployment.kubernetes.io/revision (an undo raises it anew)."""
    unnumbered = sorted(entry.name for entry in own.values() if not entry.revision.isdecimal())
    if unnumbered:
        message = (
            f"no number in deployment.kubernetes.io/revision of ReplicaSet {listed(unnumbered)}"
        )
        raise Malformed(f"{message}: the newest template is not known")
    return max(
        own.values(),
        key=lambda entry: (int(entry.revision), entry.created, entry.uid),
        default=None,
    )


def _require_newest(deployment: Deployment, newest: ReplicaSet | None) -> None:
    """:raises Absent: the Deployment has a revision that no ReplicaSet in the list has: the controller makes the ReplicaSet first."""
    if (
        newest is not None
        and deployment.revision.isdecimal()
        and int(newest.revision) < int(deployment.revision)
    ):
        raise Absent(
            f"Deployment {deployment.name} is at revision {deployment.revision}, and the newest ReplicaSet in the list is of {newest.revision}: "
            "the list is not whole",
            source=f"GET /apis/apps/v1/namespaces/{deployment.namespace}/replicasets",
            next_step=f"kubectl -n {deployment.namespace} get replicasets",
        )


def _no_pods(deployment: Deployment, why: str) -> Absent:
    namespace = deployment.namespace
    return Absent(
        f"no pod of Deployment {deployment.name} is listed {why}",
        source=f"GET /api/v1/namespaces/{namespace}/pods",
        next_step=f"kubectl -n {namespace} get pods -l {shlex.quote(deployment.selector)}",
    )
