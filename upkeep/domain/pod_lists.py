"""Does a list of pods contradict what the ReplicaSets count?

A pod that is missing from the list is seen by no control, and a list of an hour ago shows pods as
they were. The ReplicaSet controller counts its active pods in ``status.replicas`` and the ready ones
in ``status.readyReplicas``. It adopts every matching pod that has no controller.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#how-a-replicaset-works
"""

from collections.abc import Iterable

from upkeep.domain.discovery import matches
from upkeep.records.workload import Pod, ReplicaSet


def contradictions(replica_sets: Iterable[ReplicaSet], pods: Iterable[Pod]) -> list[str]:
    """Return the contradictions, one sentence each; empty where the lists agree.

    Terminating and finished pods explain a count that is too high: its status follows later.

    :param pods: those that the Deployment's selector selects.
    """
    pods = list(pods)
    found = []
    for one in sorted(replica_sets, key=lambda entry: entry.name):
        mine = [pod for pod in pods if pod.owner_uid == one.uid]
        if len(mine) < one.counted_replicas:
            found.append(
                f"ReplicaSet/{one.name} counts {one.counted_replicas} active pods, "
                f"and the list holds {len(mine)}"
            )
        ready = sum(pod.ready and pod.works for pod in mine)
        if ready > one.ready_replicas:
            found.append(
                f"ReplicaSet/{one.name} counts {one.ready_replicas} ready pods, "
                f"and the list holds {ready}"
            )
        found += [
            f"Pod/{pod.name} matches ReplicaSet/{one.name} and has no owner"
            for pod in sorted(pods, key=lambda entry: entry.name)
            if pod.works and pod.orphan and matches(one.selector, pod.labels)
        ]
    return found


def unlisted(replica_sets: Iterable[ReplicaSet], pods: Iterable[Pod]) -> list[str]:
    """Return a sentence for each pod whose ReplicaSet is not listed.

    A ReplicaSet has the labels of its pods: one selector selects both.

    :param replica_sets: those that the Deployment's selector selects, also those of other controllers.
    :param pods: those that it selects.
    """
    known = {one.uid for one in replica_sets}
    return [
        f"Pod/{pod.name} belongs to a ReplicaSet that the list lacks"
        for pod in sorted(pods, key=lambda entry: entry.name)
        if pod.works and pod.owner_uid and pod.owner_uid not in known
    ]
