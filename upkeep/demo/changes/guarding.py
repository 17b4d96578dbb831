"""Secrets that others can read, and credentials where no right to Secrets is needed."""

from upkeep.demo import configuration, objects, rbac
from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.state import CANARY, Object, State

HIT = "secrets-guarded"
RBAC = "rbac.authorization.k8s.io"


def let(state: State, name: str, rules: list[Object], subject: Object) -> None:
    """Let somebody do something in the collector's namespace."""
    role = objects.make(state, "Role", name, state.ago(days=30), rules=rules)
    state.add(role, rbac.binding(state, name, role, subject))


@scenario("secrets-read-by-others", "a team may do in the namespace what `edit` lets it, and an agent may list Secrets", HIT)
def secrets_read_by_others(state: State) -> None:
    edit = [
        {
            "apiGroups": [""],
            "resources": ["secrets", "configmaps"],
            "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
        },
        {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["impersonate"]},
        {"apiGroups": [""], "resources": ["pods", "pods/exec"], "verbs": ["create", "get"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create", "patch"]},
    ]
    let(state, "team", edit, {"kind": "Group", "name": "sre", "apiGroup": RBAC})
    lists = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]
    let(state, "agent", lists, {"kind": "ServiceAccount", "name": "agent", "namespace": "vault"})


@scenario(
    "secrets-read-indirectly", "nobody may read Secrets, and three may enter the pods, start others, or ask for a reader's token", HIT
)
def secrets_read_indirectly(state: State) -> None:
    let(
        state,
        "debug",
        [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}],
        {"kind": "User", "name": "jane", "apiGroup": RBAC},
    )
    starts = [{"apiGroups": ["batch"], "resources": ["cronjobs"], "verbs": ["create"]}]
    let(state, "schedule", starts, {"kind": "ServiceAccount", "name": "scheduler", "namespace": "jobs"})
    asks = objects.make(state, "Role", "tokens", state.ago(days=30), rules=[
        {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]},
    ])  # fmt: skip
    bound = rbac.binding(state, "tokens", asks, {"kind": "Group", "name": "ops", "apiGroup": RBAC})
    for item in (asks, bound):
        item["metadata"]["namespace"] = "kube-system"
    state.add(asks, bound)


@scenario("webhook-in-configmap", "the URL of a webhook stands in a ConfigMap, as the guide has it", HIT)
def webhook_in_configmap(state: State) -> None:
    if state.layout == "guide":
        document = configuration.destinations(state)
        document["destinations"]["slack"][0]["webhookURL"] = configuration.webhook("slack")
        configuration.configure(state, document)
        return
    # The chart has no destinations there; but a file of values finds its place.
    values = f"destinations:\n  slack:\n  - name: oncall\n    api_key: xoxb-{CANARY}-oncall\n"
    state.get("configmaps", f"{state.fullname}-teams")["data"]["values.yaml"] = values


@scenario("credential-in-env", "a variable of the pod template holds a token itself", HIT)
def credential_in_env(state: State) -> None:
    state.container["env"].append({"name": "LEGACY_TOKEN", "value": f"xoxb-{CANARY}-literal"})
    if state.layout == "guide":
        objects.applied(state.deployment)


@scenario("secrets-applied", "Secrets were written by kubectl apply, which repeats their values in an annotation", HIT)
def secrets_applied(state: State) -> None:
    for item in state.objects["secrets"]:
        if item.get("type") == "Opaque":
            objects.applied(item)
