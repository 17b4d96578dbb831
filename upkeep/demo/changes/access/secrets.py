"""Secrets that are missing, old, restored, immutable or written by controllers."""

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import attestations
from upkeep.demo.state import Object, State, stamp

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
