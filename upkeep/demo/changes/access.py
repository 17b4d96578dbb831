"""Rights to Secrets, credentials in plain sight, and Secrets that are missing, old or written by controllers."""

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import attestations, configuration, rbac, stored
from upkeep.demo.state import CANARY, Object, State, stamp

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


KEY = {"guide": ("cano-collector-secrets", "slack-webhook"), "chart": ("cano-slack", "api-key")}


def secret(state: State) -> Object:
    """Return the Secret that holds the key of a destination."""
    return state.get("secrets", KEY[state.layout][0])


def owned(item: Object, *entries: tuple[str, str, Object]) -> None:
    """Set the managedFields of an object: (manager, time, fields)."""
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
    """Set the age of every Secret and of every entry of its managedFields."""
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
    "the Secrets are half a year old; each key was patched alone last week",
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
    "the Secrets are half a year old; last week one manager changed keys or a label",
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


@scenario("secret-attested", "as secret-relabelled, with a valid sign-off of the rotation")
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


@scenario("managed-fields-stripped", "old Secrets have no managedFields")
def managed_fields_stripped(state: State) -> None:
    aged(state, days=180)
    for item in state.objects["secrets"]:
        del item["metadata"]["managedFields"]


@scenario(
    "secret-of-an-operator",
    "an ExternalSecret owns each Secret, and the acting identity may not patch it",
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
    "secret-merged-by-an-operator",
    "external-secrets merges into each Secret (creationPolicy Merge), without an owner reference",
)
def secret_merged_by_an_operator(state: State) -> None:
    for item in state.objects["secrets"]:
        name, created = item["metadata"]["name"], item["metadata"]["creationTimestamp"]
        keys: Object = {f"f:{key}": {} for key in item.get("data", {})}
        hashed: Object = {"f:annotations": {"f:reconcile.external-secrets.io/data-hash": {}}}
        owned(
            item,
            ("kubectl-create", created, {"f:type": {}}),
            (
                f"externalsecrets.external-secrets.io/{name}",
                created,
                {"f:data": keys, "f:metadata": hashed},
            ),
        )
    state.denied.add(("acting", "secrets"))


@scenario(
    "secrets-restored",
    "velero restored half a year old Secrets yesterday, with the managedFields of the backup",
    "secrets-rotated",
)
def secrets_restored(state: State) -> None:
    aged(state, days=180)
    for item in state.objects["secrets"]:
        item["metadata"]["creationTimestamp"] = stamp(state.ago(days=1))
        item["metadata"]["labels"]["velero.io/restore-name"] = "monitoring-20260101"


@scenario(
    "secret-of-a-volume",
    "a Ceph volume refers to a Secret that does not exist",
    "secrets-complete",
)
def secret_of_a_volume(state: State) -> None:
    ceph = {"monitors": ["10.0.0.1:6789"], "secretRef": {"name": "ceph-secret"}}
    pod = state.deployment["spec"]["template"]["spec"]
    pod["volumes"] = [*pod.get("volumes", []), {"name": "archive", "cephfs": ceph}]


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
