"""What the collector's service account may do beyond what it needs."""

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import attestations, configuration, rbac, stored
from upkeep.demo.state import CANARY, Object, State, stamp

EXCESS = "rbac-least-privilege"


def grant(state: State, rules: list[Object], subject: Object | None = None) -> None:
    """Let the collector do more, in every namespace."""
    role = rbac.cluster_role(state, f"{state.fullname}-more", rules)
    state.add(
        role, rbac.binding(state, f"{state.fullname}-more", role, subject or rbac.account(state))
    )


def chart_role(state: State) -> None:
    """The ClusterRole that the chart installs (collector.md)."""
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


@scenario(
    "wildcard-rights", "a binding of the group of every service account lets it do anything", EXCESS
)
def wildcard_rights(state: State) -> None:
    everyone = {
        "kind": "Group",
        "name": "system:serviceaccounts",
        "apiGroup": "rbac.authorization.k8s.io",
    }
    grant(state, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], everyone)


@scenario(
    "rights-of-another",
    "another service account of the same name, in another namespace, may do anything",
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
    """Let somebody do something in the collector's namespace."""
    role = stored.make(state, "Role", name, state.ago(days=30), rules=rules)
    state.add(role, rbac.binding(state, name, role, subject))


@scenario(
    "secrets-read-by-others",
    "a team may do in the namespace what `edit` lets it, and an agent may list Secrets",
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
    "nobody may read Secrets, and three may enter the pods, start others, or ask for a reader's token",
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
    "the URL of a webhook stands in a ConfigMap, as the guide has it",
    GUARDED,
)
def webhook_in_configmap(state: State) -> None:
    if state.layout == "guide":
        document = configuration.destinations(state)
        document["destinations"]["slack"][0]["webhookURL"] = configuration.webhook("slack")
        configuration.configure(state, document)
        return
    # The chart has no destinations there; but a file of values finds its place.
    values = f"destinations:\n  slack:\n  - name: oncall\n    api_key: xoxb-{CANARY}-oncall\n"
    state.get("configmaps", f"{state.fullname}-teams")["data"]["values.yaml"] = values


@scenario("credential-in-env", "a variable of the pod template holds a token itself", GUARDED)
def credential_in_env(state: State) -> None:
    state.container["env"].append({"name": "LEGACY_TOKEN", "value": f"xoxb-{CANARY}-literal"})
    if state.layout == "guide":
        stored.applied(state.deployment)


@scenario(
    "secrets-applied",
    "Secrets were written by kubectl apply, which repeats their values in an annotation",
    GUARDED,
)
def secrets_applied(state: State) -> None:
    for item in state.objects["secrets"]:
        if item.get("type") == "Opaque":
            stored.applied(item)


KEY = {"guide": ("cano-collector-secrets", "slack-webhook"), "chart": ("cano-slack", "api-key")}


def secret(state: State) -> Object:
    """The one that holds the key of a destination."""
    return state.get("secrets", KEY[state.layout][0])


def owned(item: Object, *entries: tuple[str, str, Object]) -> None:
    """Let managers own what they own: (manager, when, fields)."""
    item["metadata"]["managedFields"] = [
        {
            "manager": name,
            "operation": "Update",
            "apiVersion": "v1",
            "time": when,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        }
        for name, when, fields in entries
    ]


def aged(state: State, *, days: float) -> Object:
    """Make every Secret as old as that, and every entry of its managedFields."""
    for item in state.objects["secrets"]:
        item["metadata"]["creationTimestamp"] = stamp(state.ago(days=days))
        for entry in item["metadata"].get("managedFields", []):
            entry["time"] = stamp(state.ago(days=days))
    return secret(state)


@scenario(
    "secret-missing",
    "a Secret that the pod template references does not exist",
    "secrets-complete",
    "config-backed-up",
    "backups-complete",
)
def secret_missing(state: State) -> None:
    name, _ = KEY[state.layout]
    state.objects["secrets"] = [
        item for item in state.objects["secrets"] if item["metadata"]["name"] != name
    ]


@scenario(
    "secret-key-missing",
    "a Secret lacks the key that the pod template references",
    "secrets-complete",
)
def secret_key_missing(state: State) -> None:
    item, (_, key) = secret(state), KEY[state.layout]
    item["data"]["other"] = item["data"].pop(key)
    owned(item, ("kubectl-edit", stamp(state.ago(days=1)), {"f:data": {".": {}, "f:other": {}}}))


@scenario("secrets-old", "no Secret has changed for half a year", "secrets-rotated")
def secrets_old(state: State) -> None:
    aged(state, days=180)


@scenario(
    "secret-rotated-alone",
    "the Secrets are half a year old, and each key was patched by itself last week",
)
def secret_rotated_alone(state: State) -> None:
    aged(state, days=180)
    for item in state.objects["secrets"]:
        created, keys = item["metadata"]["creationTimestamp"], list(item.get("data", {}))
        alone: list[tuple[str, str, Object]] = [
            (f"rotation-{key}", stamp(state.ago(days=6)), {"f:data": {f"f:{key}": {}}})
            for key in keys
        ]
        owned(item, ("helm", created, {"f:data": {".": {}}, "f:type": {}}), *alone)


@scenario(
    "secret-relabelled",
    "the Secrets are half a year old, and last week somebody changed something in each, perhaps a label",
)
def secret_relabelled(state: State) -> None:
    aged(state, days=180)
    for item in state.objects["secrets"]:
        keys: Object = {f"f:{key}": {} for key in item.get("data", {})}
        owned(
            item,
            (
                "kubectl",
                stamp(state.ago(days=6)),
                {"f:data": keys, "f:metadata": {"f:labels": {"f:team": {}}}},
            ),
        )


@scenario("secret-attested", "the same, and a person has confirmed the rotation")
def secret_attested(state: State) -> None:
    secret_relabelled(state)
    state.attestations += [
        attestations.entry(
            state,
            "secrets-rotated",
            "rotated in the vault",
            days=6,
            object=f"Secret/{item['metadata']['name']}",
            valid_for="90d",
        )
        for item in state.objects["secrets"]
    ]


@scenario("managed-fields-stripped", "somebody took the managedFields of old Secrets away")
def managed_fields_stripped(state: State) -> None:
    aged(state, days=180)
    for item in state.objects["secrets"]:
        del item["metadata"]["managedFields"]


@scenario(
    "secret-of-an-operator",
    "external-secrets writes the Secret, which the acting identity may not patch",
)
def secret_of_an_operator(state: State) -> None:
    for item in state.objects["secrets"]:
        item["metadata"]["ownerReferences"] = [
            {
                "apiVersion": "external-secrets.io/v1",
                "kind": "ExternalSecret",
                "name": item["metadata"]["name"],
                "uid": "1",
                "controller": True,
            }
        ]
    state.denied.add(("acting", "secrets"))


@scenario(
    "rotation-forbidden",
    "the acting identity may not patch Secrets",
    "secrets-rotatable",
    "backup-restores",
)
def rotation_forbidden(state: State) -> None:
    state.denied.add(("acting", "secrets"))


@scenario("secret-immutable", "Secrets are immutable", "secrets-rotatable")
def secret_immutable(state: State) -> None:
    for item in state.objects["secrets"]:
        item["immutable"] = True
