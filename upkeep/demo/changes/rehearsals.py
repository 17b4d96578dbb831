"""The emergency procedures: who may do them, what the server says, what they would change, and the room that is left."""

import yaml

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import emergency
from upkeep.demo.objects.stored import make
from upkeep.demo.objects.workload import pod_labels
from upkeep.demo.state import Object, State

# What patches the Deployment: a restart, other limits, and the restart after a restore.
PATCHES = ("restart-rehearsed", "limits-rehearsed", "restore-rehearsed")


@scenario("scale-forbidden", "whoever is on call may not scale Deployments", "scale-rehearsed")
def scale_forbidden(state: State) -> None:
    state.denied.add(("acting", "deployments/scale"))


@scenario(
    "quota-used-up",
    "the namespace's quota of memory leaves less than one pod",
    "scale-rehearsed",
    "limits-rehearsed",
)
def quota_used_up(state: State) -> None:
    state.objects["resourcequotas"][0]["status"]["used"]["requests.memory"] = "15900Mi"


@scenario(
    "nodes-full",
    "one node is cordoned, and the other has less memory left than a pod requests",
    "scale-rehearsed",
    "limits-rehearsed",
)
def nodes_full(state: State) -> None:
    state.objects["nodes"][0]["spec"]["unschedulable"] = True
    state.objects["nodes"][1]["status"]["allocatable"]["memory"] = "1000Mi"


@scenario("restart-forbidden", "whoever is on call may not patch Deployments", *PATCHES)
def restart_forbidden(state: State) -> None:
    state.denied.add(("acting", "deployments"))


@scenario(
    "restart-refused",
    "admission refuses every change of the Deployment",
    *PATCHES,
    "scale-rehearsed",
)
def restart_refused(state: State) -> None:
    state.refusals["deployments"] = (
        403,
        "Forbidden",
        'admission webhook "freeze.example" denied the request: change freeze',
    )


@scenario("triage-forbidden", "whoever is on call may not read events", "triage-possible")
def triage_forbidden(state: State) -> None:
    state.denied.add(("acting", "events"))


@scenario(
    "limits-raise-nothing",
    "the container's limits are those that the emergency would give it",
    "limits-rehearsed",
)
def limits_raise_nothing(state: State) -> None:
    state.container["resources"]["limits"] = {"cpu": "1", "memory": "1Gi"}


@scenario(
    "limit-range-narrow",
    "a LimitRange lets a pod have 900Mi of memory, and the API server tells nobody but the pod",
    "limits-rehearsed",
)
def limit_range_narrow(state: State) -> None:
    item = {"type": "Pod", "max": {"memory": "900Mi"}}
    state.add(make(state, "LimitRange", "pods", state.ago(days=9), spec={"limits": [item]}))


@scenario(
    "quota-of-limits",
    "the quota of CPU limits has room for another pod as it is, and not for raised ones",
    "limits-rehearsed",
)
def quota_of_limits(state: State) -> None:
    quota = state.objects["resourcequotas"][0]
    quota["status"]["hard"]["limits.cpu"] = quota["spec"]["hard"]["limits.cpu"] = "2"
    quota["status"]["used"]["limits.cpu"] = "1"


@scenario(
    "pods-apart",
    "the pods must not share a node, and each of the two nodes has one",
    "scale-rehearsed",
    "limits-rehearsed",
)
def pods_apart(state: State) -> None:
    term = {
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": pod_labels(state)},
    }
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    state.deployment["spec"]["template"]["spec"]["affinity"] = rule


@scenario(
    "pods-spread",
    "the pods must be spread evenly over the nodes, and one of the three nodes takes none of them",
    "scale-rehearsed",
    "limits-rehearsed",
)
def pods_spread(state: State) -> None:
    rule = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
    }
    rule["labelSelector"] = {"matchLabels": pod_labels(state)}
    state.deployment["spec"]["template"]["spec"]["topologySpreadConstraints"] = [rule]


@scenario(
    "pods-kept-away",
    "on each node that takes the pods runs one of another team that must be alone there",
    "scale-rehearsed",
    "limits-rehearsed",
)
def pods_kept_away(state: State) -> None:
    term = {
        "topologyKey": "kubernetes.io/hostname",
        "namespaces": [state.namespace],
        "labelSelector": {"matchLabels": pod_labels(state)},
    }
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    for number in (1, 2):
        spec = {
            "containers": [{"name": "db", "image": "db:1"}],
            "nodeName": f"node-{number}",
            "affinity": affinity,
        }
        made = make(
            state, "Pod", f"db-{number}", state.ago(days=3), spec=spec, status={"phase": "Running"}
        )
        made["metadata"]["namespace"], made["metadata"]["labels"] = "data", {"app": "db"}
        state.add(made)


def prepare(state: State, **change: str | None) -> None:
    """The minimal configuration, with something changed in its destination; ``None`` takes it away."""
    state.emergency = emergency.minimal(state)
    document: Object = yaml.safe_load(state.emergency["destinations.yaml"])
    destination = document["destinations"]["slack"][0]
    document["destinations"]["slack"] = [
        {key: value for key, value in (destination | change).items() if value is not None}
    ]
    state.emergency["destinations.yaml"] = emergency.as_yaml(document)


@scenario("emergency-config-missing", "nobody has prepared a minimal configuration")
def emergency_config_missing(state: State) -> None:
    state.emergency = {}


@scenario(
    "emergency-config-broken",
    "the minimal configuration has a destination without its URL or channel",
    "restore-rehearsed",
)
def emergency_config_broken(state: State) -> None:
    prepare(state, **{"webhookURL" if state.layout == "guide" else "slack_channel": None})


@scenario(
    "emergency-config-outdated",
    "the minimal configuration stands for a variable that the container has not",
    "restore-rehearsed",
)
def emergency_config_outdated(state: State) -> None:
    prepare(
        state, **{"webhookURL" if state.layout == "guide" else "api_key": "${SLACK_OF_LAST_YEAR}"}
    )
