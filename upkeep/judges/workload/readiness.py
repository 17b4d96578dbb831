"""pods-ready: does every desired replica run the newest template, and is it ready?

Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status;
the guide's "Check pod status".
"""

from datetime import datetime

from upkeep.errors import TooEarly
from upkeep.judges.wording import counted, lasted
from upkeep.judges.workload.containers import because, condition_of, not_ready
from upkeep.judges.workload.pods import is_ready, live
from upkeep.judges.workload.rollout import (
    deleting,
    endless,
    forgotten,
    newest,
    own_replica_sets,
    require_newest,
    rolling,
)
from upkeep.model import Finding, Judgement, span, utc
from upkeep.records.workload import Deployment, Pod, ReplicaSet, Workload
from upkeep.shell import Command, shell


def ready(workload: Workload, *, now: datetime) -> Judgement:
    """Judge pods-ready: every desired replica runs the newest template and is ready.

    A rollout inside its progress deadline counts ready pods of the old and the new template
    alike, and a starting pod is no fault. A failing container (CrashLoopBackOff …) always is.
    Terminating pods do not count.

    :raises Absent: the list lacks pods or ReplicaSets that the Deployment must have.
    :raises TooEarly: the Deployment's controller has not seen its newest generation.
    :raises Malformed: a ReplicaSet has no revision, so the newest template is not known.
    """
    deployment, desired = workload.deployment, workload.deployment.replicas
    basis = f"Deployment, ReplicaSets and Pods at {utc(now)}"
    if desired == 0:
        return Judgement((_scaled_to_zero(deployment),), "0 replicas desired", 1, "replicas", basis)

    pods = live(workload)
    own = own_replica_sets(workload, pods)
    latest = newest(own)
    require_newest(deployment, latest)
    mine = [pod for pod in pods if pod.owner_uid in own]
    outdated = [pod for pod in mine if latest is None or pod.owner_uid != latest.uid]
    up = [pod for pod in mine if is_ready(pod)]
    goes_on = rolling(deployment, now=now)

    found: list[Finding] = []
    starting_is_fine = goes_on and len(up) >= desired
    for pod in mine:
        if pod not in up:
            found += not_ready(
                pod, namespace=deployment.namespace, starting_is_fine=starting_is_fine, now=now
            )
    # A container or a pod names the cause more closely than its Deployment does.
    found += _of_the_deployment(
        deployment, up=len(up), existing=len(mine), outdated=bool(outdated), now=now
    )
    if latest is not None and not goes_on and not deployment.paused:
        found += [
            _old_template(pod, own[pod.owner_uid], latest=latest, deployment=deployment)
            for pod in outdated
        ]

    new = len([pod for pod in up if pod not in outdated])
    template = f"{new} on the newest template" if outdated else "newest template"
    observed = [f"{len(up)} of {desired} replicas ready", template]
    if deployment.observed_generation < deployment.generation:
        seen = f"generation {deployment.observed_generation}, not yet {deployment.generation}"
        observed.append(f"the controller has seen {seen}")
    if goes_on and (outdated or new < desired or len(up) < len(mine)):
        deadline = f"inside its deadline of {span(deployment.progress_deadline_seconds)}"
        observed.append(f"a rollout {'without a deadline' if endless(deployment) else deadline}")
    if deployment.paused:
        observed.append("the Deployment is paused")
    unmeasured = None
    if deployment.observed_generation < deployment.generation:
        unmeasured = TooEarly(
            f"The controller of Deployment {deployment.name} has seen generation "
            f"{deployment.observed_generation}, not yet {deployment.generation}: "
            "the newest template is not known to run",
            source=f"GET /apis/apps/v1/namespaces/{deployment.namespace}/deployments",
            next_step=shell(
                "kubectl -n {} rollout status deployment {} --timeout=30s, then run again",
                deployment.namespace,
                deployment.name,
            ),
        )
    left_out = len(workload.pods) - len(mine)
    if left_out:
        observed.append(
            f"{counted(left_out, 'pod')} not counted (terminating, finished or of another owner)"
        )
    return Judgement(
        tuple(found), ", ".join(observed), desired, "replicas", basis, unmeasured=unmeasured
    )


def _scaled_to_zero(deployment: Deployment) -> Finding:
    where = f"Deployment/{deployment.name}"
    message = f"{where} is scaled to zero replicas: no pod receives alerts."
    fix = shell(
        "kubectl -n {} scale deployment {} --replicas=1", deployment.namespace, deployment.name
    )
    return Finding(where, "zero-replicas", message, 0, 1, "replicas", fix)


def _of_the_deployment(
    deployment: Deployment, *, up: int, existing: int, outdated: bool, now: datetime
) -> list[Finding]:
    """Return the faults of the Deployment as a whole.

    :param up: the number of its ready pods; ``existing``: that of its active pods.
    :param outdated: some of them run an older template.
    """
    where, name, desired = f"Deployment/{deployment.name}", deployment.name, deployment.replicas
    command = shell("kubectl -n {}", deployment.namespace)
    deadline = span(deployment.progress_deadline_seconds)
    found = deleting(deployment)
    progressing = condition_of(deployment, "Progressing")
    if progressing is not None and progressing.status == "False":
        reason = progressing.reason
        message = (
            f"The rollout of {where} failed: {reason}, deadline {deadline}{because(progressing)}."
        )
        fix = shell("{} rollout status deployment {} --timeout=5s", command, name)
        found.append(
            Finding(where, "rollout-failed", message, reason, deadline, "progress deadline", fix)
        )
    last = forgotten(deployment, now=now)
    if last is not None:
        late = lasted(now - last)
        message = (
            f"The rollout of {where} has made no progress for {late}, since {utc(last)} "
            f"(deadline {deadline}). Its controller has not reported this: "
            "kube-controller-manager probably does not run."
        )
        fix = Command("kubectl -n kube-system get leases kube-controller-manager -o yaml")
        found.append(
            Finding(where, "rollout-forgotten", message, late, deadline, "progress deadline", fix)
        )
    updated = deployment.updated_replicas
    if deployment.paused and (outdated or updated < desired):
        message = f"{where} is paused: {updated} of {desired} replicas run the newest template."
        fix = shell("{} rollout resume deployment {}", command, name)
        found.append(
            Finding(where, "rollout-paused", message, updated, desired, "updated replicas", fix)
        )
    if up < desired:
        failure = condition_of(deployment, "ReplicaFailure")
        why = because(failure) if failure is not None and failure.status == "True" else ""
        available = condition_of(deployment, "Available")
        since = available.changed if available is not None and available.status == "False" else None
        told = f" Too few since {utc(since)} ({lasted(now - since)})." if since is not None else ""
        message = (
            f"{up} of {desired} replicas of {where} are ready; "
            f"{counted(existing, 'pod')} active{why}.{told}"
        )
        fix = shell("{} describe deployment {}", command, name)
        found.append(Finding(where, "replicas-not-ready", message, up, desired, "replicas", fix))
    return found


def _old_template(
    pod: Pod, replica_set: ReplicaSet, *, latest: ReplicaSet, deployment: Deployment
) -> Finding:
    old, new = replica_set.revision, latest.revision
    message = f"Pod {pod.name} runs revision {old} (newest: {new}), and no rollout replaces it."
    fix = shell(
        "kubectl -n {} rollout status deployment {} --timeout=5s",
        deployment.namespace,
        deployment.name,
    )
    return Finding(f"Pod/{pod.name}", "old-template", message, old, new, "revision", fix)
