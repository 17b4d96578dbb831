"""Change pods: they crash, wait, restart, or are missing."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import logs, processes, services, workload
from upkeep.demo.state import Object, Process, State, stamp, uid


def settle(state: State) -> None:
    """Update the Deployment, its ReplicaSets and its endpoints, as their controllers do."""

    def is_ready(item: Object) -> bool:
        return any(
            one["type"] == "Ready" and one["status"] == "True"
            for one in item["status"]["conditions"]
        )

    def count(pods: list[Object]) -> dict[str, int]:
        ready = sum(map(is_ready, pods))
        return {"replicas": len(pods), "readyReplicas": ready, "availableReplicas": ready}

    by_hash: dict[str, list[Object]] = {}
    for item in state.pods:
        by_hash.setdefault(item["metadata"]["labels"]["pod-template-hash"], []).append(item)
    newest = max(
        state.objects["replicasets"],
        key=lambda item: int(item["metadata"]["annotations"]["deployment.kubernetes.io/revision"]),
    )
    for item in state.objects["replicasets"]:
        pods = by_hash.get(item["metadata"]["labels"]["pod-template-hash"], [])
        item["spec"]["replicas"] = len(pods)
        item["status"] |= count(pods)
    status, desired = state.deployment["status"], state.deployment["spec"]["replicas"]
    status |= count(state.pods) | {
        "updatedReplicas": len(by_hash.get(newest["metadata"]["labels"]["pod-template-hash"], []))
    }
    if (missing := desired - status["availableReplicas"]) > 0:
        status["unavailableReplicas"] = missing
        status["conditions"][0] |= {
            "status": "False",
            "reason": "MinimumReplicasUnavailable",
            "message": "Deployment does not have minimum availability.",
        }
        down = [one["lastTransitionTime"] for item in state.pods for one in item["status"]["conditions"]
                if one["type"] == "Ready" and one["status"] != "True"]  # fmt: skip
        if down:
            status["conditions"][0] |= {
                "lastTransitionTime": min(down),
                "lastUpdateTime": min(down),
            }
    services.refresh_endpoints(state)


def unready(item: Object, since: datetime, *, waiting: str = "", message: str = "") -> Object:
    """Make a pod not ready, its container waiting where a reason is given; return its status."""
    entry: Object = item["status"]["containerStatuses"][0]
    entry["ready"] = False
    for condition in item["status"]["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            condition |= {
                "status": "False",
                "reason": "ContainersNotReady",
                "message": f"containers with unready status: [{workload.CONTAINER}]",
                "lastTransitionTime": stamp(since),
            }
    if waiting:
        entry |= {"started": False, "state": {"waiting": {"reason": waiting, "message": message}}}
    return entry


def restart(
    state: State, *, hours: float, reason: str, code: int, count: int = 1
) -> tuple[Process, Process]:
    """End the first pod's process some hours ago and start the next one; return both."""
    item, then = state.pods[0], state.ago(hours=hours)
    runs = state.processes[item["metadata"]["name"]]
    old = runs[-1]
    share = (then - old.started) / (state.now - old.started)
    new = processes.run(
        state, old.pod, then + timedelta(seconds=2), groups=int(processes.GROUPS_A_DAY * hours / 24)
    )
    old.ended = then
    old.streams = [replace(stream, groups=int(stream.groups * share)) for stream in old.streams]
    old.log = [line for line in old.log if line[0] < then]
    runs.append(new)
    ended = {
        "exitCode": code,
        "reason": reason,
        "startedAt": stamp(old.started),
        "finishedAt": stamp(then),
    }
    entry = item["status"]["containerStatuses"][0]
    entry |= {
        "restartCount": count,
        "lastState": {"terminated": ended},
        "state": {"running": {"startedAt": stamp(new.started)}},
    }
    return old, new


@scenario(
    "crash-looping",
    "one pod's process panics at every start",
    "pods-ready",
    "pods-stable",
    "health-ok",
    "recent-logs-clean",
    "metrics-scraped",
)
def crash_looping(state: State) -> None:
    restart(state, hours=0.07, reason="Error", code=2, count=14)
    item, runs = state.pods[0], state.processes[state.pods[0]["metadata"]["name"]]
    started, ended = state.ago(seconds=190), state.ago(seconds=188)
    runs[-1] = Process(
        runs[-1].pod, started, ended, log=[*logs.start(state.layout, started), *logs.crash(ended)]
    )
    message = f"back-off 5m0s restarting failed container={workload.CONTAINER} pod={item['metadata']['name']}"
    entry = unready(item, state.ago(hours=1.1), waiting="CrashLoopBackOff", message=message)
    entry["lastState"] = {
        "terminated": {
            "exitCode": 2,
            "reason": "Error",
            "startedAt": stamp(started),
            "finishedAt": stamp(ended),
        }
    }
    settle(state)


@scenario(
    "image-pull-failing",
    "one pod was replaced and cannot pull its image",
    "pods-ready",
    "health-ok",
    "metrics-scraped",
)
def image_pull_failing(state: State) -> None:
    item = state.pods[0]
    item["metadata"]["creationTimestamp"] = item["status"]["startTime"] = stamp(
        state.ago(minutes=30)
    )
    unready(
        item,
        state.ago(minutes=30),
        waiting="ImagePullBackOff",
        message=f'Back-off pulling image "{workload.IMAGES[state.layout]}"',
    )
    del item["status"]["containerStatuses"][0]["containerID"]
    state.processes[item["metadata"]["name"]] = []
    settle(state)


@scenario("zero-replicas", "the Deployment is scaled to zero", "pods-ready", "endpoints-serving")
def zero_replicas(state: State) -> None:
    state.deployment["spec"]["replicas"] = 0
    for item in state.pods:
        state.processes[item["metadata"]["name"]][-1].ended = state.ago(hours=1)
        state.drop("pods", item["metadata"]["name"])
    settle(state)


@scenario("replica-missing", "a ResourceQuota prevents the second pod", "pods-ready")
def replica_missing(state: State) -> None:
    gone = state.pods[1]["metadata"]["name"]
    state.drop("pods", gone)
    state.processes[gone][-1].ended = state.ago(hours=30)
    settle(state)
    quota = "requested: limits.memory=1Gi, used: limits.memory=4Gi, limited: limits.memory=4Gi"
    message = f'pods "{gone}" is forbidden: exceeded quota: compute, {quota}'
    condition = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": message,
    }
    state.deployment["status"]["conditions"].append(
        condition | {"lastTransitionTime": stamp(state.ago(hours=30))}
    )


@scenario("not-ready", "one pod runs and answers, but is not ready", "pods-ready")
def not_ready(state: State) -> None:
    unready(state.pods[0], state.ago(minutes=12))
    settle(state)


@scenario(
    "restarted-recently",
    "one container exited with an error two hours ago and runs again",
    "pods-stable",
)
def restarted_recently(state: State) -> None:
    restart(state, hours=2, reason="Error", code=1)


@scenario(
    "oom-killed",
    "one container was OOMKilled three hours ago and runs again",
    "pods-stable",
)
def oom_killed(state: State) -> None:
    restart(state, hours=3, reason="OOMKilled", code=137)


@scenario("restarted-long-ago", "one container restarted 40 hours ago")
def restarted_long_ago(state: State) -> None:
    restart(state, hours=40, reason="Error", code=1)


def evict(state: State, **ago: float) -> None:
    """Leave a pod in the list that was evicted so long ago; its replacement serves."""
    item = deepcopy(state.pods[0])
    item["metadata"] |= {"name": f"{state.fullname}-{workload.HASH}-g8h2n", "uid": uid("evicted")}
    item["metadata"]["creationTimestamp"] = stamp(state.ago(days=9))
    message = "The node was low on resource: memory."
    why = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "TerminationByKubelet",
        "message": message,
        "lastTransitionTime": stamp(state.ago(**ago)),
    }
    item["status"] = {
        "phase": "Failed",
        "reason": "Evicted",
        "message": message,
        "startTime": stamp(state.ago(days=9)),
        "conditions": [why],
    }
    state.add(item)


@scenario(
    "pod-evicted",
    "a pod was evicted eight days ago and stays in the list as Failed; its replacement serves",
)
def pod_evicted(state: State) -> None:
    evict(state, days=8)


@scenario(
    "pod-evicted-recently",
    "a pod was evicted two hours ago and stays in the list as Failed; its replacement serves",
    "pods-stable",
)
def pod_evicted_recently(state: State) -> None:
    evict(state, hours=2)
