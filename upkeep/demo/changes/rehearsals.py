"""Emergency procedures: rights, refusals, effect, and room for them."""

import copy

import yaml

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import emergency
from upkeep.demo.objects.stored import as_yaml, make
from upkeep.demo.objects.workload import pod_labels
from upkeep.demo.state import Object, State

# The controls that patch the Deployment.
PATCHES = ("restart-rehearsed", "limits-rehearsed", "restore-rehearsed")


@scenario("scale-forbidden", "the on-call engineer may not scale Deployments", "scale-rehearsed")
def scale_forbidden(state: State) -> None:
    state.denied.add(("acting", "deployments/scale"))


@scenario(
    "quota-used-up",
    "the namespace's memory quota has room for less than one pod",
    "scale-rehearsed",
    "limits-rehearsed",
)
def quota_used_up(state: State) -> None:
    state.objects["resourcequotas"][0]["status"]["used"]["requests.memory"] = "15900Mi"


@scenario(
    "nodes-full",
    "one node is cordoned, and the other has too little free memory",
    "scale-rehearsed",
    "limits-rehearsed",
)
def nodes_full(state: State) -> None:
    state.objects["nodes"][0]["spec"]["unschedulable"] = True
    state.objects["nodes"][1]["status"]["allocatable"]["memory"] = "1000Mi"


@scenario("restart-forbidden", "the on-call engineer may not patch Deployments", *PATCHES)
def restart_forbidden(state: State) -> None:
    state.denied.add(("acting", "deployments"))


@scenario(
    "restart-refused",
    "an admission webhook refuses every change of the Deployment",
    *PATCHES,
    "scale-rehearsed",
)
def restart_refused(state: State) -> None:
    state.refusals["deployments"] = (
        403,
        "Forbidden",
        'admission webhook "freeze.example" denied the request: change freeze',
    )


@scenario(
    "pod-security-refuses",
    "the namespace enforces a Pod Security level that new pods break; the running ones stay",
    *PATCHES,
    "scale-rehearsed",
)
def pod_security_refuses(state: State) -> None:
    state.refusals["pods"] = (
        403,
        "Forbidden",
        f'pods "{state.fullname}-rehearsed" is forbidden: violates PodSecurity "restricted:latest": '
        "seccompProfile (pod must set securityContext.seccompProfile.type to RuntimeDefault)",
    )


@scenario(
    "service-account-missing",
    "the service account of the pod template was deleted; the pods that run keep their tokens",
    *PATCHES,
    "scale-rehearsed",
)
def service_account_missing(state: State) -> None:
    spec = state.deployment["spec"]["template"]["spec"]
    state.drop("serviceaccounts", spec.get("serviceAccountName", "default"))


@scenario("triage-forbidden", "the on-call engineer may not read events", "triage-possible")
def triage_forbidden(state: State) -> None:
    state.denied.add(("acting", "events"))


@scenario(
    "limits-raise-nothing",
    "the container's limits equal the emergency's limits",
    "limits-rehearsed",
)
def limits_raise_nothing(state: State) -> None:
    state.container["resources"]["limits"] = {"cpu": "1", "memory": "1Gi"}


@scenario(
    "limits-at-the-pod",
    "the pod template sets requests and limits for the pod, and none for its container",
    "limits-rehearsed",
)
def limits_at_the_pod(state: State) -> None:
    spec = state.deployment["spec"]["template"]["spec"]
    spec["resources"] = copy.deepcopy(state.container.pop("resources"))
    spec["resources"].setdefault("limits", {}).setdefault("cpu", "500m")
    spec["resources"].setdefault("requests", {}).setdefault("cpu", "250m")
    for pod in state.pods:
        pod["spec"] = pod["spec"] | {"resources": spec["resources"]}


@scenario(
    "limit-range-narrow",
    "a LimitRange allows 900Mi of memory a pod; it refuses pods, not the Deployment",
    "limits-rehearsed",
)
def limit_range_narrow(state: State) -> None:
    item = {"type": "Pod", "max": {"memory": "900Mi"}}
    state.add(make(state, "LimitRange", "pods", state.ago(days=9), spec={"limits": [item]}))


@scenario(
    "quota-of-limits",
    "the quota of CPU limits has room for another pod, and none for raised limits",
    "limits-rehearsed",
)
def quota_of_limits(state: State) -> None:
    quota = state.objects["resourcequotas"][0]
    quota["status"]["hard"]["limits.cpu"] = quota["spec"]["hard"]["limits.cpu"] = "2"
    quota["status"]["used"]["limits.cpu"] = "1"


@scenario(
    "quota-must-be-stated",
    "a quota bounds CPU limits, and the pod template states none",
    "scale-rehearsed",
    "limits-rehearsed",
)
def quota_must_be_stated(state: State) -> None:
    hard = {"limits.cpu": "40"}
    quota = make(state, "ResourceQuota", "cpu-limits", state.ago(days=1), spec={"hard": hard})
    quota["status"] = {"hard": hard, "used": {"limits.cpu": "0"}}
    state.add(quota)
    state.container["resources"]["limits"].pop("cpu", None)
    state.objects["limitranges"] = []  # their defaults would state it


@scenario(
    "quota-of-a-priority-class",
    "a quota without room counts the pods of a PriorityClass that the collector does not have",
)
def quota_of_a_priority_class(state: State) -> None:
    rule = {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
    spec = {"hard": {"pods": "0"}, "scopeSelector": {"matchExpressions": [rule]}}
    quota = make(state, "ResourceQuota", "pods-high", state.ago(days=9), spec=spec)
    quota["status"] = {"hard": {"pods": "0"}, "used": {"pods": "0"}}
    state.add(quota)


@scenario(
    "resized-in-place",
    "the pods were resized in place to 2Gi of memory; the template still says less",
    "limits-rehearsed",
)
def resized_in_place(state: State) -> None:
    for pod in state.pods:
        pod["spec"] = copy.deepcopy(pod["spec"])
        resources = pod["spec"]["containers"][0]["resources"]
        resources["limits"]["memory"] = "2Gi"
        pod["status"]["containerStatuses"][0]["resources"] = copy.deepcopy(resources)


@scenario(
    "pods-apart",
    "the pods must not share a node, and each of two nodes has one",
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
    "the pods must be spread evenly, and one of three nodes takes none of them",
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
    "each node that takes the pods runs a pod with anti-affinity to them",
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
    """Prepare the minimal configuration with a changed destination; ``None`` removes a field."""
    state.emergency = emergency.minimal(state)
    document: Object = yaml.safe_load(state.emergency["destinations.yaml"])
    destination = document["destinations"]["slack"][0]
    document["destinations"]["slack"] = [
        {key: value for key, value in (destination | change).items() if value is not None}
    ]
    state.emergency["destinations.yaml"] = as_yaml(document)


@scenario("emergency-config-missing", "no minimal configuration is prepared")
def emergency_config_missing(state: State) -> None:
    state.emergency = {}


@scenario(
    "emergency-config-broken",
    "a destination of the minimal configuration has no URL or channel",
    "restore-rehearsed",
)
def emergency_config_broken(state: State) -> None:
    prepare(state, **{"webhookURL" if state.layout == "guide" else "slack_channel": None})


@scenario(
    "emergency-config-outdated",
    "the minimal configuration uses a variable that the container does not have",
    "restore-rehearsed",
)
def emergency_config_outdated(state: State) -> None:
    prepare(
        state, **{"webhookURL" if state.layout == "guide" else "api_key": "${SLACK_OF_LAST_YEAR}"}
    )
