"""The folder of backups: empty, stale, truncated, foreign, refused by the API server."""

import base64
from copy import deepcopy

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import backups, configuration, stored
from upkeep.demo.state import State


def save(state: State) -> dict[int, dict[str, str]]:
    """Return the folder of backups before the change."""
    state.backups = backups.saved(state)
    return state.backups


def file_of(files: dict[str, str], part: str) -> str:
    """Return the name of a backup's file: ``backup``, ``secrets`` or ``manifest``."""
    return next(name for name in files if name.startswith(part))


@scenario(
    "backup-folder-empty",
    "the folder of backups is empty",
    "config-backed-up",
    "backup-restores",
    "restore-rehearsed",
    "backups-complete",
)
def backup_folder_empty(state: State) -> None:
    state.backups = {0: {}}


@scenario(
    "backup-folder-stale",
    "the newest backup in the folder is three days old",
    "config-backed-up",
    "backups-complete",
)
def backup_folder_stale(state: State) -> None:
    state.backups = {age: files for age, files in save(state).items() if age >= 3}


@scenario(
    "backup-differs", "the configuration was changed after the newest backup", "config-backed-up"
)
def backup_differs(state: State) -> None:
    save(state)
    document = configuration.destinations(state)
    document["destinations"]["slack"][0]["grouping_interval"] = 1800
    text = stored.as_yaml(document)
    if state.layout == "guide":
        state.get("configmaps", "cano-collector-config")["data"]["destinations.yaml"] = text
    else:
        encoded = base64.b64encode(text.encode()).decode()
        state.get("secrets", f"{state.fullname}-destination-secrets")["data"][
            "destinations.yaml"
        ] = encoded


@scenario(
    "backup-object-missing",
    "the newest backup lacks the Secrets",
    "config-backed-up",
    "backups-complete",
)
def backup_object_missing(state: State) -> None:
    kept = [backups.backed_up(item) for item in state.objects["configmaps"]]
    save(state)[0] = backups.backup_files(state, 0, backups.written(kept))


@scenario("backup-unreadable", "a backup of three days ago is truncated", "backups-complete")
def backup_unreadable(state: State) -> None:
    files = save(state)[3]
    name = file_of(files, "secrets")
    files[name] = files[name][: len(files[name]) // 2]


@scenario(
    "backup-cut",
    "the newest backup is truncated",
    "config-backed-up",
    "backup-restores",
    "restore-rehearsed",
    "backups-complete",
)
def backup_cut(state: State) -> None:
    files = save(state)[0]
    name = file_of(files, "secrets")
    files[name] = files[name][: len(files[name]) // 2]


@scenario("backup-day-missing", "the backup of one day is missing", "backups-complete")
def backup_day_missing(state: State) -> None:
    del save(state)[4]


@scenario(
    "backup-shrunk",
    "a backup of two days ago holds a tenth of the configuration",
    "backups-complete",
)
def backup_shrunk(state: State) -> None:
    kept = [
        backups.backed_up(item)
        for plural in ("configmaps", "secrets")
        for item in state.objects[plural]
        if "owner" not in item["metadata"]["labels"]
    ]
    small = [
        item | {"data": {key: value[:4] for key, value in item["data"].items()}} for item in kept
    ]
    save(state)[2] = backups.backup_files(state, 2, backups.written(small))


@scenario(
    "backup-keeps-server-fields",
    "the newest backup keeps resourceVersion and uid, as kubectl get -o yaml does",
    "backup-restores",
)
def backup_keeps_server_fields(state: State) -> None:
    whole = [
        deepcopy(item)
        for plural in ("configmaps", "secrets")
        for item in state.objects[plural]
        if item.get("type") != "helm.sh/release.v1"
    ]
    save(state)[0] = backups.backup_files(state, 0, backups.written(whole))


@scenario(
    "backup-foreign-object",
    "the newest backup holds an object of another program",
    "backup-restores",
)
def backup_foreign_object(state: State) -> None:
    files = save(state)[0]
    name, other = (
        file_of(files, "backup"),
        backups.backed_up(
            stored.make(state, "ConfigMap", "kube-root-ca.crt", state.now, data={"ca.crt": "…"})
        ),
    )
    files[name] += stored.as_yaml(other, explicit_start=True)
    del files[file_of(files, "manifest")]


@scenario(
    "backup-restore-refused",
    "an admission webhook refuses the objects of the newest backup",
    "backup-restores",
    "restore-rehearsed",
)
def backup_restore_refused(state: State) -> None:
    message = 'admission webhook "policy.example" denied the request: the label team is missing'
    state.refusals[{"guide": "configmaps"}.get(state.layout, "secrets")] = (
        403,
        "Forbidden",
        message,
    )


@scenario(
    "backup-restore-forbidden",
    "the acting identity may not write Secrets",
    "backup-restores",
    "restore-rehearsed",
)
def backup_restore_forbidden(state: State) -> None:
    state.denied.add(("acting", "secrets"))
