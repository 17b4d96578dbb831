"""Tokens of the collector's service account: mounted by default, left out, or used."""

from copy import deepcopy

from upkeep.demo.changes.catalogue import CHART_ONLY, scenario
from upkeep.demo.objects import configuration
from upkeep.demo.state import Object, State

FIELD = "automountServiceAccountToken"
MOUNTED = "service-account-token-not-mounted"
# The workflow that the public chart has beside the default one (chart 0.0.25, values.yaml).
POD_LOGS: Object = {
    "name": "pod-logs-kube-crash-looping",
    "triggers": [
        {"on_alertmanager_alert": {"status": "firing", "alert_name": "KubePodCrashLooping"}}
    ],
    "actions": [{"action_type": "pod_logs", "data": {"previous": True, "max_lines": 2000}}],
}


def automount(state: State, value: bool | None) -> None:
    """Set the template's field, or remove it for ``None``, and give each pod the token that admission adds."""
    spec = state.deployment["spec"]["template"]["spec"]
    spec.pop(FIELD)
    if value is not None:
        spec[FIELD] = value
    for item in state.pods:
        own = item["spec"] = deepcopy(item["spec"])
        own.pop(FIELD, None)
        if value is not None:
            own[FIELD] = value
        volume = {
            "name": "kube-api-access-q5d8w",
            "projected": {
                "defaultMode": 420,
                "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                ],
            },
        }  # fmt: skip
        own["volumes"].append(volume)
        place = "/var/run/secrets/kubernetes.io/serviceaccount"
        for container in own["containers"]:
            container["volumeMounts"].append(
                {"name": volume["name"], "mountPath": place, "readOnly": True}
            )


def use_pod_logs(state: State) -> None:
    """Mount the token and configure the workflow that uses it, as the chart does by default."""
    automount(state, True)
    workflows = configuration.WORKFLOWS["active_workflows"]
    configuration.configure(
        state,
        configuration.destinations(state),
        workflows={"active_workflows": [*workflows, POD_LOGS]},
    )


@scenario(
    "token-automounted",
    "the pod template does not set automountServiceAccountToken, and each pod mounts a token",
    MOUNTED,
)
def token_automounted(state: State) -> None:
    automount(state, None)


@scenario(
    "token-left-out-by-account",
    "the service account sets automountServiceAccountToken: false, and the pod template does not",
)
def token_left_out_by_account(state: State) -> None:
    state.get("serviceaccounts", state.fullname)[FIELD] = False
    for item in (state.deployment["spec"]["template"], *state.pods):
        item["spec"].pop(FIELD, None)


@scenario(
    "token-used-by-workflow",
    "each pod mounts a token, and the action pod_logs of a workflow uses it",
    into=CHART_ONLY,
)
def token_used_by_workflow(state: State) -> None:
    use_pod_logs(state)
