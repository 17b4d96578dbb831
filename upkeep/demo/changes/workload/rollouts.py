"""Change rollouts: they go on, are stuck, or are paused."""

from copy import deepcopy
from datetime import timedelta

from upkeep.demo.changes.catalogue import NEW_HASH, scenario
from upkeep.demo.changes.workload.pods import settle, unready
from upkeep.demo.objects import processes, workload
from upkeep.demo.state import Object, State, stamp


def roll_out(state: State, *, created: float) -> Object:
    """Start a rollout some minutes ago: a new template, its ReplicaSet and one pod, the result."""
    collector = state.deployment
    collector["metadata"] |= {"generation": 4}
    collector["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "4"
    collector["status"]["observedGeneration"] = 4
    collector["spec"]["template"] = deepcopy(collector["spec"]["template"])
    collector["spec"]["template"]["spec"]["containers"][0]["env"].append(
        {"name": "LOG_LEVEL", "value": "info"}
    )
    begun = state.ago(minutes=created)
    newest = workload.replica_set(state, collector, NEW_HASH, revision=4, replicas=1, created=begun)
    item = workload.pod(state, newest, "q2m6z", 3, begun)
    state.add(newest, item)
    progress = {
        "reason": "ReplicaSetUpdated",
        "message": f'ReplicaSet "{newest["metadata"]["name"]}" is progressing.',
    }
    collector["status"]["conditions"][1] |= progress | {"lastUpdateTime": stamp(begun)}
    return item


def replace_one(state: State, *, created: float) -> None:
    """Do half of a rollout: one pod of the old template is deleted, one of the new serves."""
    item = roll_out(state, created=created)
    gone = state.pods[0]["metadata"]["name"]
    state.drop("pods", gone)
    state.processes[gone][-1].ended = state.ago(minutes=created - 0.5)
    name, hours = item["metadata"]["name"], created / 60
    state.processes[name] = [
        processes.run(
            state, name, state.ago(minutes=created) + timedelta(seconds=2), groups=int(12.5 * hours)
        )
    ]
    settle(state)


@scenario(
    "rollout-stuck",
    "a rollout is past its deadline: no node has room for the new pod",
    "pods-ready",
)
def rollout_stuck(state: State) -> None:
    item = roll_out(state, created=25)
    message = "0/3 nodes are available: 3 Insufficient memory."
    unscheduled = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastTransitionTime": stamp(state.ago(minutes=25)),
    }
    item["status"] = {"phase": "Pending", "conditions": [unscheduled], "qosClass": "Burstable"}
    del item["spec"]["nodeName"]
    text = f'ReplicaSet "{state.fullname}-{NEW_HASH}" has timed out progressing.'
    state.deployment["status"]["conditions"][1] |= {
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": text,
    }
    settle(state)


@scenario(
    "rollout-in-progress", "a rollout is half done inside its deadline, and every pod is ready"
)
def rollout_in_progress(state: State) -> None:
    replace_one(state, created=3)


@scenario(
    "old-template",
    "a rollout is paused half way: one pod still runs the old template",
    "pods-ready",
    "restart-rehearsed",
    "limits-rehearsed",
    "restore-rehearsed",
)
def old_template(state: State) -> None:
    replace_one(state, created=300)
    state.deployment["spec"]["paused"] = True
    state.deployment["status"]["conditions"][1] |= {
        "status": "Unknown",
        "reason": "DeploymentPaused",
        "message": "Deployment is paused",
    }


@scenario(
    "rollout-starting",
    "a rollout is inside its deadline: its first pod starts, and the old pods serve",
)
def rollout_starting(state: State) -> None:
    item = roll_out(state, created=1)
    unready(item, state.ago(minutes=1), waiting="ContainerCreating")
    item["status"] |= {"phase": "Pending"}
    del item["status"]["podIP"], item["status"]["containerStatuses"][0]["containerID"]
    state.processes[item["metadata"]["name"]] = []
    settle(state)


@scenario(
    "deployment-paused",
    "a Deployment whose pods are up to date is paused",
    "restart-rehearsed",
    "limits-rehearsed",
    "restore-rehearsed",
)
def deployment_paused(state: State) -> None:
    state.deployment["spec"]["paused"] = True


@scenario(
    "deployment-deleted",
    "the Deployment was deleted an hour ago, and a finalizer keeps it; its pods still run",
    "pods-ready",
    "restart-rehearsed",
    "scale-rehearsed",
    "limits-rehearsed",
    "restore-rehearsed",
)
def deployment_deleted(state: State) -> None:
    state.deployment["metadata"] |= {
        "deletionTimestamp": stamp(state.ago(hours=1)),
        "deletionGracePeriodSeconds": 0,
        "finalizers": ["backups.example/keep"],
    }
