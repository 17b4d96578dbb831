"""Which pods of the collector are active, ready, or still starting?

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from datetime import datetime

from upkeep.errors import Absent
from upkeep.judges.workload.containers import not_ready
from upkeep.judges.workload.rollout import rolling
from upkeep.records.workload import Deployment, Pod, Workload
from upkeep.shell import shell


def live(workload: Workload) -> tuple[Pod, ...]:
    """Return the active pods by name: neither terminating nor finished.

    :raises Absent: no pod is listed although the Deployment's status counts some.
    """
    deployment = workload.deployment
    counts = max(deployment.ready_replicas, deployment.updated_replicas)
    if not workload.pods and counts:
        raise no_pods(deployment, f"although its status counts {counts}")
    working = [pod for pod in workload.pods if pod.works]
    return tuple(sorted(working, key=lambda pod: pod.name))


def some_live(workload: Workload) -> tuple[Pod, ...]:
    """Return the active pods, at least one.

    :raises Absent: there is none.
    """
    pods = live(workload)
    if not pods:
        raise no_pods(workload.deployment, "as active: all are terminating or finished, if any")
    return pods


def is_ready(pod: Pod) -> bool:
    """Return whether the pod and each of its containers are ready.

    :raises Absent: the pod is ready and reports no container.
    """
    if pod.ready and not pod.containers:
        message = f"Pod {pod.name} is ready and reports no container"
        raise Absent(message, source=f"status of pod {pod.name}")
    return pod.ready and all(container.ready for container in pod.containers if container.runs_on)


def starting(workload: Workload, *, now: datetime) -> frozenset[str]:
    """Return the names of the pods that only need time.

    They are not ready, have no fault and belong to a rollout inside its deadline, and enough other
    pods are ready.
    """
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
    if not rolling(deployment, now=now) or len(up) < max(1, deployment.replicas):
        return frozenset()
    faulty = [
        pod
        for pod in mine
        if not_ready(pod, namespace=deployment.namespace, starting_is_fine=True, now=now)
    ]
    return frozenset(pod.name for pod in mine if pod not in up and pod not in faulty)


def no_pods(deployment: Deployment, why: str) -> Absent:
    """Return the error for a Deployment of which no pod is listed."""
    namespace = deployment.namespace
    return Absent(
        f"No pod of Deployment {deployment.name} is listed {why}",
        source=f"GET /api/v1/namespaces/{namespace}/pods",
        next_step=shell("kubectl -n {} get pods -l {}", namespace, deployment.selector),
    )
