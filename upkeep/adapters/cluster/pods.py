"""Read the collector's ReplicaSets, pods and their events; refuse lists that contradict each other.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
"""

import re

from upkeep.adapters.cluster import objects
from upkeep.adapters.cluster.kube import Kube
from upkeep.adapters.wire import workloads as wire
from upkeep.adapters.wire.pods import Pod as WirePod
from upkeep.clock import Clock
from upkeep.domain import pod_lists, pod_names
from upkeep.errors import Absent, Ambiguous
from upkeep.model import listed
from upkeep.records.events import KubernetesEvent
from upkeep.records.workload import Deployment, Pod, ReplicaSet, Workload
from upkeep.shell import shell

# A pod that was made or removed between the two lists shows up in the second pair.
AGAIN_SECONDS = 1.0


def replica_sets(kube: Kube, collector: Deployment) -> tuple[ReplicaSet, ...]:
    """Return the ReplicaSets that the Deployment's selector selects, also those of other controllers."""
    path = f"/apis/apps/v1/namespaces/{collector.namespace}/replicasets"
    return tuple(
        objects.replica_set(raw)
        for raw in kube.items(path, {"labelSelector": collector.selector}, type=wire.ReplicaSet)
    )


def labelled(kube: Kube, collector: Deployment) -> tuple[Pod, ...]:
    """Return the pods that the Deployment's selector selects."""
    path = f"/api/v1/namespaces/{collector.namespace}/pods"
    return tuple(
        objects.pod(raw)
        for raw in kube.items(path, {"labelSelector": collector.selector}, type=WirePod)
    )


def workload(
    kube: Kube,
    collector: Deployment,
    sets: tuple[ReplicaSet, ...],
    pods: tuple[Pod, ...],
    *,
    clock: Clock,
) -> Workload:
    """Return the Deployment, its ReplicaSets and the pods that those control.

    Both lists are read again where they contradict each other.

    :param sets: the ReplicaSets that the Deployment's selector selects; ``pods``: likewise.
    :raises Absent: no ReplicaSet is listed, or the lists contradict each other twice.
    :raises Ambiguous: the Deployment is scaled to zero, and another controller (Argo Rollouts'
        workloadRef, Flagger) runs pods with its labels.
    """
    if not _own(collector, sets):
        raise Absent(
            f"Deployment/{collector.name} has no ReplicaSet. The list is incomplete, "
            "or the Deployment controller does not run",
            next_step=shell(
                "kubectl get replicasets -n {} -l {}", collector.namespace, collector.selector
            ),
        )
    if _contradictions(collector, sets, pods):
        clock.sleep(AGAIN_SECONDS)
        sets = replica_sets(kube, collector)
        pods = labelled(kube, collector)
        if contradictions := _contradictions(collector, sets, pods):
            raise Absent(
                f"The list of pods or ReplicaSets is incomplete, in two reads: {listed(contradictions, most=2)}",
                source=f"GET /api/v1/namespaces/{collector.namespace}/pods",
                next_step=shell(
                    "kubectl get replicasets,pods -n {} -l {}",
                    collector.namespace,
                    collector.selector,
                ),
            )
    sets = _own(collector, sets)
    own = {replica_set.uid for replica_set in sets}
    own_pods = tuple(pod for pod in pods if pod.owner_uid in own)
    taken_over = [pod.name for pod in pods if pod.works and not pod.orphan and pod not in own_pods]
    if not collector.replicas and not own_pods and taken_over:
        raise Ambiguous(
            f"Deployment/{collector.name} is scaled to zero, and another controller runs pods "
            f"with its labels: {listed(sorted(taken_over), most=2)}",
            source=f"GET /api/v1/namespaces/{collector.namespace}/pods",
            next_step=shell(
                "kubectl get pods -n {} -l {} -o custom-columns=NAME:.metadata.name,OWNER:.metadata.ownerReferences[*].kind",
                collector.namespace,
                collector.selector,
            ),
        )
    counted = sum(replica_set.ready_replicas for replica_set in sets)
    if not own_pods and counted:
        raise Absent(
            f"No pod of Deployment/{collector.name} is listed, "
            f"and its ReplicaSets count {counted} ready ones",
            next_step=shell(
                "kubectl get pods -n {} -l {}", collector.namespace, collector.selector
            ),
        )
    return Workload(collector, sets, own_pods)


def _own(collector: Deployment, sets: tuple[ReplicaSet, ...]) -> tuple[ReplicaSet, ...]:
    """Return the Deployment's own of the ReplicaSets that it selects: it adopts those that nothing controls.

    Source: https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/controller/controller_ref_manager.go
    """
    return tuple(one for one in sets if one.orphan or one.owner_uid == collector.uid)


def _contradictions(
    collector: Deployment, sets: tuple[ReplicaSet, ...], pods: tuple[Pod, ...]
) -> list[str]:
    return pod_lists.contradictions(_own(collector, sets), pods) + pod_lists.unlisted(sets, pods)


def events(kube: Kube, workload: Workload) -> tuple[KubernetesEvent, ...]:
    """Return the events about the Deployment, its ReplicaSets and their pods.

    The UID of an object decides. Events outlive their pods, so a deleted pod counts by its name.
    """
    path = f"/api/v1/namespaces/{workload.deployment.namespace}/events"
    uids = {
        workload.deployment.uid,
        *(one.uid for one in workload.replica_sets),
        *(pod.uid for pod in workload.pods),
    }
    names = {
        ("Deployment", workload.deployment.name),
        *(("ReplicaSet", one.name) for one in workload.replica_sets),
    }
    of_pod = re.compile(pod_names.of_workload(workload))
    return tuple(
        one
        for one in map(objects.event, kube.items(path, type=wire.Event))
        if one.uid in uids
        or (one.kind, one.name) in names
        or (one.kind == "Pod" and of_pod.fullmatch(one.name) is not None)
    )
