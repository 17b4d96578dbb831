"""Change how the collector is built: replicas, budgets, limits, rights of its containers."""

from upkeep.demo.changes.catalogue import rebuild, scenario
from upkeep.demo.objects import services, stored, workload
from upkeep.demo.state import Object, State, stamp

HIT = "survives-node-loss"


def budget(state: State) -> Object:
    return state.objects["poddisruptionbudgets"][0]


@scenario(
    "one-replica", "the Deployment has one replica, and its PodDisruptionBudget keeps it", HIT
)
def one_replica(state: State) -> None:
    rebuild(state, replicas=1)


@scenario("one-node", "both pods run on the same node", HIT)
def one_node(state: State) -> None:
    for pod in state.pods:
        pod["spec"] = pod["spec"] | {"nodeName": "node-1"}
    services.refresh_endpoints(state)


@scenario("no-budget", "no PodDisruptionBudget selects the pods", HIT)
def no_budget(state: State) -> None:
    budget(state)["spec"]["selector"] = {"matchLabels": {"app": "another"}}


@scenario(
    "two-budgets",
    "two PodDisruptionBudgets select the same pods, one of them with an empty selector",
    HIT,
)
def two_budgets(state: State) -> None:
    key, value = next(iter(workload.pod_labels(state).items()))
    budget(state)["spec"]["selector"] = {
        "matchExpressions": [{"key": key, "operator": "In", "values": [value]}]
    }
    second = stored.make(
        state,
        "PodDisruptionBudget",
        "everything",
        state.ago(days=3),
        spec={"maxUnavailable": 1, "selector": {}},
    )
    state.add(second | {"status": budget(state)["status"]})


@scenario("budget-blocks-drain", "the PodDisruptionBudget allows no eviction", HIT)
def budget_blocks_drain(state: State) -> None:
    budget(state)["spec"]["minAvailable"] = 2
    budget(state)["status"] |= {"disruptionsAllowed": 0, "desiredHealthy": 2}


@scenario("budget-keeps-none", "the PodDisruptionBudget allows all pods to be evicted", HIT)
def budget_keeps_none(state: State) -> None:
    budget(state)["spec"]["minAvailable"] = 0
    budget(state)["status"] |= {"disruptionsAllowed": 2, "desiredHealthy": 0}


@scenario("budget-shared", "the PodDisruptionBudget also selects three other pods", HIT)
def budget_shared(state: State) -> None:
    shared = budget(state)
    shared["spec"] |= {"minAvailable": 3, "selector": {}}
    shared["status"] |= {"desiredHealthy": 3, "expectedPods": 5, "currentHealthy": 5}
    shared["status"]["disruptionsAllowed"] = 2


@scenario("limits-missing", "the container has no memory limit and requests no CPU", "limits-set")
def limits_missing(state: State) -> None:
    state.container["resources"] = {"requests": {"memory": "512Mi"}, "limits": {"cpu": "500m"}}


@scenario("image-latest", "the image has the tag latest", "runs-hardened")
def image_latest(state: State) -> None:
    state.container["image"] = state.container["image"].partition(":")[0] + ":latest"


@scenario("image-volume-latest", "a volume holds an image with the tag latest", "runs-hardened")
def image_volume_latest(state: State) -> None:
    source = {"reference": "registry.example/models:latest", "pullPolicy": "Always"}
    state.deployment["spec"]["template"]["spec"]["volumes"].append(
        {"name": "models", "image": source}
    )


@scenario("images-differ", "the pods run different images of the same tag", "runs-hardened")
def images_differ(state: State) -> None:
    status = state.pods[0]["status"]["containerStatuses"][0]
    status["imageID"] = status["imageID"].replace("ab", "cd")


@scenario("privileged", "the container is privileged and runs as root", "runs-hardened")
def privileged(state: State) -> None:
    state.container["securityContext"] = {
        "privileged": True,
        "runAsUser": 0,
        "capabilities": {"add": ["SYS_ADMIN"]},
    }


@scenario("no-probes", "the container has no readiness probe", "runs-hardened")
def no_probes(state: State) -> None:
    del state.container["readinessProbe"]


@scenario(
    "hook-fails",
    "a preStop hook cannot run in the image: an event of a deleted pod reports it",
    "runs-hardened",
    "warning-events",
)
def hook_fails(state: State) -> None:
    state.container["lifecycle"] = {
        "preStop": {"exec": {"command": ["bash", "-c", "kill -SIGINT 1"]}}
    }
    name = f"{state.fullname}-{workload.HASH}-g7n2x"
    last = stamp(state.ago(minutes=40))
    state.add(
        stored.make(state, "Event", f"{name}.1", state.ago(minutes=40), type="Warning", reason="FailedPreStopHook", count=1,
            message='PreStopHook failed: exec: "bash": executable file not found in $PATH', firstTimestamp=last, lastTimestamp=last,
            involvedObject={"kind": "Pod", "name": name, "namespace": state.namespace}),
    )  # fmt: skip


def autoscale(state: State, **conditions: tuple[str, str, str]) -> Object:
    """Add a HorizontalPodAutoscaler with conditions of (status, reason, message)."""
    said = {
        "AbleToScale": ("True", "ReadyForNewScale", "recommended size matches current size"),
        "ScalingActive": (
            "True",
            "ValidMetricFound",
            "the HPA was able to successfully calculate a replica count",
        ),
        "ScalingLimited": (
            "False",
            "DesiredWithinRange",
            "the desired count is within the acceptable range",
        ),
    } | conditions
    entries = [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastTransitionTime": stamp(state.ago(days=1)),
        }
        for kind, (status, reason, message) in said.items()
    ]
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": state.fullname},
        "minReplicas": 2,
        "maxReplicas": 5,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}],
    }  # fmt: skip
    status = {"currentReplicas": 2, "desiredReplicas": 2, "conditions": entries}
    if said["ScalingActive"][0] == "True":
        current = {"name": "cpu", "current": {"averageUtilization": 32, "averageValue": "80m"}}
        status["currentMetrics"] = [{"type": "Resource", "resource": current}]
    made = stored.make(
        state,
        "HorizontalPodAutoscaler",
        state.fullname,
        state.ago(days=9),
        spec=spec,
        status=status,
    )
    state.add(made)
    return made


@scenario("autoscaled", "a HorizontalPodAutoscaler scales the collector and has room")
def autoscaled(state: State) -> None:
    autoscale(state)


@scenario(
    "autoscaled-memory-nearly-used",
    "a container uses 90 % of its memory limit, and a HorizontalPodAutoscaler scales its pods",
    "cpu-memory-headroom",
)
def autoscaled_memory_nearly_used(state: State) -> None:
    autoscale(state)
    state.usage[state.pods[0]["metadata"]["name"]] = ("120m", "691Mi")


@scenario(
    "autoscaler-blind", "the HorizontalPodAutoscaler cannot read its metrics", "scaling-sound"
)
def autoscaler_blind(state: State) -> None:
    autoscale(
        state,
        ScalingActive=(
            "False",
            "FailedGetResourceMetric",
            "unable to get metrics for resource cpu: no metrics returned",
        ),
    )


@scenario(
    "autoscaler-metric-unread",
    "the HorizontalPodAutoscaler reads one of its two metrics",
    "scaling-sound",
)
def autoscaler_metric_unread(state: State) -> None:
    made = autoscale(state)
    external = {
        "metric": {"name": "queue_length"},
        "target": {"type": "AverageValue", "averageValue": "10"},
    }
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    made["spec"]["metrics"] = [
        {"type": "Resource", "resource": cpu},
        {"type": "External", "external": external},
    ]
    made["status"]["currentMetrics"] = [{"type": "Resource"}, {"type": ""}]


@scenario("autoscaler-pinned", "the HorizontalPodAutoscaler is at its maximum", "scaling-sound")
def autoscaler_pinned(state: State) -> None:
    made = autoscale(
        state,
        ScalingLimited=(
            "True",
            "TooManyReplicas",
            "the desired replica count is more than the maximum replica count",
        ),
    )
    made["spec"]["maxReplicas"] = 2


@scenario(
    "no-room-to-grow",
    "a pod uses 67 % of its memory limit, and no HorizontalPodAutoscaler scales it",
    "scaling-sound",
)
def no_room_to_grow(state: State) -> None:
    state.usage[state.pods[0]["metadata"]["name"]] = ("120m", "512Mi")


@scenario("warned", "the kubelet failed 7 times to mount a volume", "warning-events")
def warned(state: State) -> None:
    pod, last = state.pods[0]["metadata"]["name"], stamp(state.ago(minutes=12))
    state.add(
        stored.make(state, "Event", f"{pod}.2", state.ago(minutes=20), type="Warning", reason="FailedMount", count=7,
            message='MountVolume.SetUp failed for volume "config": configmap "cano-collector-config" not found', lastTimestamp=last,
            involvedObject={"kind": "Pod", "name": pod, "namespace": state.namespace}),
    )  # fmt: skip
