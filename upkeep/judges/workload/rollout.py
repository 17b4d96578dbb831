"""Does a rollout go on, and may it still succeed?

Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from upkeep.errors import Absent, Malformed
from upkeep.judges.workload.containers import condition_of
from upkeep.model import Finding, listed, utc
from upkeep.records.workload import Deployment, Pod, ReplicaSet, Workload
from upkeep.shell import shell

# The API's value for no deadline; the controller then keeps no Progressing condition.
NO_DEADLINE_SECONDS = 2**31 - 1
# A Deployment controller that runs reports an expired deadline within this time.
CONTROLLER_LATE = timedelta(minutes=1)


def rolling(deployment: Deployment, *, now: datetime) -> bool:
    """Return whether a rollout goes on inside its deadline.

    The Deployment controller's condition decides, unless that is overdue.
    """
    progressing = condition_of(deployment, "Progressing")
    if deployment.paused or (progressing is not None and progressing.status == "False"):
        return False
    if deployment.observed_generation < deployment.generation:
        return True
    if progressing is None:
        return endless(deployment)
    return progressing.reason != "NewReplicaSetAvailable" and forgotten(deployment, now=now) is None


def forgotten(deployment: Deployment, *, now: datetime) -> datetime | None:
    """Return when an overdue rollout made its last progress; ``None`` where none is overdue.

    The Deployment controller reports an expired deadline at once. If it has not, it does not run.
    """
    progressing = condition_of(deployment, "Progressing")
    if (
        progressing is None
        or progressing.updated is None
        or deployment.paused
        or endless(deployment)
    ):
        return None
    over = (
        now - progressing.updated
        > timedelta(seconds=deployment.progress_deadline_seconds) + CONTROLLER_LATE
    )
    goes_on = progressing.status != "False" and progressing.reason != "NewReplicaSetAvailable"
    return progressing.updated if goes_on and over else None


def endless(deployment: Deployment) -> bool:
    """Return whether its rollouts have no deadline."""
    return deployment.progress_deadline_seconds >= NO_DEADLINE_SECONDS


def deleting(deployment: Deployment) -> list[Finding]:
    """Return the finding of a Deployment whose deletion a finalizer delays.

    Its controller then writes the status and nothing else (pkg/controller/deployment,
    syncDeployment), though the API server still accepts patches.
    """
    if deployment.deleted is None:
        return []
    where = f"Deployment/{deployment.name}"
    message = (
        f"{where} was deleted at {utc(deployment.deleted)}, and a finalizer keeps it. "
        "Its controller rolls out nothing and does not scale."
    )
    look = shell(
        "kubectl -n {} get deployment {} -o jsonpath={}",
        deployment.namespace,
        deployment.name,
        "{.metadata.finalizers}",
    )
    return [Finding(where, "deployment-deleted", message, "deleted", "kept", "", look)]


def held(deployment: Deployment) -> list[Finding]:
    """Return why no change of the pod template reaches the pods, though the API server accepts it.

    ``kubectl rollout restart`` refuses a paused Deployment (polymorphichelpers, objectrestarter.go).
    """
    found = deleting(deployment)
    if deployment.paused:
        where = f"Deployment/{deployment.name}"
        message = f"{where} is paused: no change of its pod template reaches the pods."
        fix = shell(
            "kubectl -n {} rollout resume deployment {}", deployment.namespace, deployment.name
        )
        found.append(Finding(where, "paused-deployment", message, "paused", "not paused", "", fix))
    return found


def own_replica_sets(workload: Workload, pods: tuple[Pod, ...]) -> dict[str, ReplicaSet]:
    """Return the Deployment's ReplicaSets by UID.

    :raises Absent: none is listed although the Deployment has pods.
    """
    deployment = workload.deployment
    own = {entry.uid: entry for entry in workload.replica_sets if entry.owner_uid == deployment.uid}
    if not own and (pods or deployment.ready_replicas or deployment.updated_replicas):
        raise Absent(
            f"No ReplicaSet of Deployment {deployment.name} is listed although it has pods: "
            "the newest template is not known",
            source=f"GET /apis/apps/v1/namespaces/{deployment.namespace}/replicasets",
            next_step=shell("kubectl -n {} get replicasets", deployment.namespace),
        )
    return own


def newest(own: Mapping[str, ReplicaSet]) -> ReplicaSet | None:
    """Return the ReplicaSet of the newest template: that of the highest revision.

    An undo gives its ReplicaSet a new revision.

    :raises Malformed: a ReplicaSet has no number in its annotation.
    """
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


def newest_pods(workload: Workload) -> tuple[Pod, ...]:
    """Return the active pods of the newest template; all active pods where it is not known."""
    pods = tuple(pod for pod in workload.pods if pod.works)
    try:
        latest = newest({entry.uid: entry for entry in workload.replica_sets})
    except Malformed:
        return pods
    return pods if latest is None else tuple(pod for pod in pods if pod.owner_uid == latest.uid)


def require_newest(deployment: Deployment, latest: ReplicaSet | None) -> None:
    """Refuse a list that lacks the ReplicaSet of the Deployment's revision.

    The controller makes the ReplicaSet before it sets the revision.

    :raises Absent: it is not listed.
    """
    if (
        latest is not None
        and deployment.revision.isdecimal()
        and int(latest.revision) < int(deployment.revision)
    ):
        raise Absent(
            f"Deployment {deployment.name} is at revision {deployment.revision}, "
            f"and the newest ReplicaSet in the list has {latest.revision}: the list is incomplete",
            source=f"GET /apis/apps/v1/namespaces/{deployment.namespace}/replicasets",
            next_step=shell("kubectl -n {} get replicasets", deployment.namespace),
        )
