"""Rights beyond need, subjects that reach Secrets, and credentials in plain sight."""

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import configuration, rbac, stored
from upkeep.demo.state import CANARY, Object, State

EXCESS = "rbac-least-privilege"


def grant(state: State, rules: list[Object], subject: Object | None = None) -> None:
    """Grant the collector's service account more rights, in every namespace."""
    role = rbac.cluster_role(state, f"{state.fullname}-more", rules)
    state.add(
        role, rbac.binding(state, f"{state.fullname}-more", role, subject or rbac.account(state))
    )


def chart_role(state: State) -> None:
    """Bind the ClusterRole that the chart installs (kubecano/cano-collector, chart 0.0.25)."""
    grant(
        state,
        [
            {
                "apiGroups": [""],
                "resources": ["secrets", "pods/exec"],
                "verbs": ["get", "list", "watch"],
            },
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
            {"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch"]},
            {
                "apiGroups": ["apps"],
                "resources": ["deployments"],
                "verbs": ["create", "patch", "delete"],
            },
            {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "patch", "delete"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "patch", "delete"]},
        ],
    )


@scenario(
    "rights-of-the-chart",
    "the service account holds the ClusterRole that the chart installs",
    EXCESS,
)
def rights_of_the_chart(state: State) -> None:
    chart_role(state)


@scenario("wildcard-rights", "a ClusterRoleBinding grants every service account all verbs", EXCESS)
def wildcard_rights(state: State) -> None:
    everyone = {
        "kind": "Group",
        "name": "system:serviceaccounts",
        "apiGroup": "rbac.authorization.k8s.io",
    }
    grant(state, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], everyone)


@scenario(
    "rights-of-another",
    "a service account of the same name in another namespace holds all verbs",
    "secrets-guarded",
)
def rights_of_another(state: State) -> None:
    grant(
        state,
        [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
        rbac.account(state) | {"namespace": "kube-system"},
    )


GUARDED = "secrets-guarded"
RBAC = "rbac.authorization.k8s.io"


def let(state: State, name: str, rules: list[Object], subject: Object) -> None:
    """Bind a Role with the rules to a subject in the collector's namespace."""
    role = stored.make(state, "Role", name, state.ago(days=30), rules=rules)
    state.add(role, rbac.binding(state, name, role, subject))


@scenario(
    "secrets-read-by-others",
    "a group holds the rules of `edit`, and a service account may list Secrets",
    GUARDED,
)
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
    "secrets-read-indirectly",
    "three subjects reach Secrets by exec, by new pods and by a token request",
    GUARDED,
)
def secrets_read_indirectly(state: State) -> None:
    let(
        state,
        "debug",
        [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}],
        {"kind": "User", "name": "jane", "apiGroup": RBAC},
    )
    starts = [{"apiGroups": ["batch"], "resources": ["cronjobs"], "verbs": ["create"]}]
    let(
        state,
        "schedule",
        starts,
        {"kind": "ServiceAccount", "name": "scheduler", "namespace": "jobs"},
    )
    asks = stored.make(state, "Role", "tokens", state.ago(days=30), rules=[
        {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]},
    ])  # fmt: skip
    bound = rbac.binding(state, "tokens", asks, {"kind": "Group", "name": "ops", "apiGroup": RBAC})
    for item in (asks, bound):
        item["metadata"]["namespace"] = "kube-system"
    state.add(asks, bound)


@scenario(
    "webhook-in-configmap",
    "a ConfigMap holds a webhook URL, as in the guide",
    GUARDED,
)
def webhook_in_configmap(state: State) -> None:
    if state.layout == "guide":
        document = configuration.destinations(state)
        document["destinations"]["slack"][0]["webhookURL"] = configuration.webhook("slack")
        configuration.configure(state, document)
        return
    # The chart keeps destinations in a Secret; a copy of its values in a ConfigMap is a usual leak.
    values = f"destinations:\n  slack:\n  - name: oncall\n    api_key: xoxb-{CANARY}-oncall\n"
    state.get("configmaps", f"{state.fullname}-teams")["data"]["values.yaml"] = values


@scenario("credential-in-env", "a variable of the pod template holds a literal token", GUARDED)
def credential_in_env(state: State) -> None:
    state.container["env"].append({"name": "LEGACY_TOKEN", "value": f"xoxb-{CANARY}-literal"})
    if state.layout == "guide":
        stored.applied(state.deployment)


@scenario(
    "secrets-applied",
    "kubectl apply wrote the Secrets and repeated their values in an annotation",
    GUARDED,
)
def secrets_applied(state: State) -> None:
    for item in state.objects["secrets"]:
        if item.get("type") == "Opaque":
            stored.applied(item)
