"""The backup job, and the folder of backups."""

import base64
from copy import deepcopy
from datetime import timedelta

import yaml

from upkeep.demo.changes.catalogue import BACKUP, scenario
from upkeep.demo.objects import backups, configuration, stored
from upkeep.demo.state import Object, State, stamp


@scenario("backup-job-missing", "there is no backup CronJob", "backup-job-healthy")
def backup_job_missing(state: State) -> None:
    state.drop("cronjobs")
    state.drop("jobs")


@scenario("backup-job-suspended", "the backup CronJob is suspended", "backup-job-healthy")
def backup_job_suspended(state: State) -> None:
    state.get("cronjobs", BACKUP)["spec"]["suspend"] = True


@scenario("backup-stale", "the last backup succeeded fifty hours ago", "backup-job-healthy")
def backup_stale(state: State) -> None:
    cron, then = state.get("cronjobs", BACKUP), state.ago(hours=50)
    cron["status"] = {
        "lastScheduleTime": stamp(then),
        "lastSuccessfulTime": stamp(then + timedelta(seconds=24)),
    }
    state.drop("jobs")
    state.add(backups.job(state, cron, then))


@scenario("backup-never-ran", "the backup CronJob never ran", "backup-job-healthy")
def backup_never_ran(state: State) -> None:
    state.get("cronjobs", BACKUP)["status"] = {}
    state.drop("jobs")


@scenario(
    "backup-job-failed",
    "the last backup Job failed two hours ago, after a success ten hours ago",
    "backup-job-healthy",
)
def backup_job_failed(state: State) -> None:
    cron, then = state.get("cronjobs", BACKUP), state.ago(hours=2).replace(second=0)
    minute, hour = cron["spec"]["schedule"].split()[:2]
    cron["spec"]["schedule"] = f"{minute} {hour},{(int(hour) + 8) % 24} * * *"
    cron["status"]["lastScheduleTime"] = stamp(then)
    state.add(backups.job(state, cron, then, failed=True))


def backup_pod(state: State) -> Object:
    spec: Object = state.get("cronjobs", BACKUP)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


@scenario(
    "backup-not-mounted", "the backup's volume is declared and never mounted", "backup-job-healthy"
)
def backup_not_mounted(state: State) -> None:
    del backup_pod(state)["containers"][0]["volumeMounts"]


@scenario(
    "backup-written-elsewhere",
    "the backup's volume is mounted, and not where the commands write to",
    "backup-job-healthy",
)
def backup_written_elsewhere(state: State) -> None:
    backup_pod(state)["containers"][0]["volumeMounts"][0]["mountPath"] = "/data"


@scenario(
    "backup-guide-manifest",
    "the backup CronJob is the guide's: nothing mounted, the default service account",
    "backup-job-healthy",
)
def backup_guide_manifest(state: State) -> None:
    backup_not_mounted(state)
    backup_pod(state)["containers"][0]["image"] = "bitnami/kubectl"
    del backup_pod(state)["serviceAccountName"]
    state.denied.add((f"system:serviceaccount:{state.namespace}:default", "*"))


@scenario("backup-pvc-pending", "the backup's volume claim is not bound", "backup-job-healthy")
def backup_pvc_pending(state: State) -> None:
    state.get("persistentvolumeclaims", "backup-pvc")["status"] = {"phase": "Pending"}


@scenario("backup-pvc-missing", "the backup's volume claim does not exist", "backup-job-healthy")
def backup_pvc_missing(state: State) -> None:
    state.drop("persistentvolumeclaims")


@scenario(
    "backup-forbidden",
    "the backup's service account may not read what it backs up",
    "backup-job-healthy",
)
def backup_forbidden(state: State) -> None:
    state.denied.add((f"system:serviceaccount:{state.namespace}:{BACKUP}", "*"))


def save(state: State) -> dict[int, dict[str, str]]:
    """The folder of backups as it is before the change."""
    state.backups = backups.saved(state)
    return state.backups


def file_of(files: dict[str, str], part: str) -> str:
    """The name of a backup's file: ``backup``, ``secrets`` or ``manifest``."""
    return next(name for name in files if name.startswith(part))


@scenario(
    "backup-folder-empty",
    "the folder of backups is there and holds none",
    "config-backed-up",
    "backup-restores",
    "restore-rehearsed",
    "backups-complete",
)
def backup_folder_empty(state: State) -> None:
    state.backups = {0: {}}


@scenario(
    "backup-folder-stale",
    "nobody has written to the folder of backups for three days",
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
    document["destinations"]["slack"][0]["grouping_interval"] = "30m"
    text = yaml.safe_dump(document, sort_keys=False)
    if state.layout == "guide":
        state.get("configmaps", "cano-collector-config")["data"]["destinations.yaml"] = text
    else:
        encoded = base64.b64encode(text.encode()).decode()
        state.get("secrets", f"{state.fullname}-destination-secrets")["data"][
            "destinations.yaml"
        ] = encoded


@scenario(
    "backup-object-missing",
    "the newest backup was made without the Secrets",
    "config-backed-up",
    "backups-complete",
)
def backup_object_missing(state: State) -> None:
    kept = [backups.backed_up(item) for item in state.objects["configmaps"]]
    save(state)[0] = backups.backup_files(state, 0, kept)


@scenario(
    "backup-unreadable", "a backup of three days ago was cut in the middle", "backups-complete"
)
def backup_unreadable(state: State) -> None:
    files = save(state)[3]
    name = file_of(files, "secrets")
    files[name] = files[name][: len(files[name]) // 2]


@scenario(
    "backup-cut",
    "the newest backup was cut in the middle",
    "config-backed-up",
    "backup-restores",
    "restore-rehearsed",
    "backups-complete",
)
def backup_cut(state: State) -> None:
    files = save(state)[0]
    name = file_of(files, "secrets")
    files[name] = files[name][: len(files[name]) // 2]


@scenario("backup-day-missing", "there is no backup of one day", "backups-complete")
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
    save(state)[2] = backups.backup_files(state, 2, small)


@scenario(
    "backup-keeps-server-fields",
    "the newest backup is what kubectl get -o yaml gives",
    "backup-restores",
)
def backup_keeps_server_fields(state: State) -> None:
    whole = [
        deepcopy(item) for plural in ("configmaps", "secrets") for item in state.objects[plural]
    ]
    save(state)[0] = backups.backup_files(
        state, 0, [item for item in whole if item.get("type") != "helm.sh/release.v1"]
    )


@scenario(
    "backup-foreign-object",
    "the newest backup holds an object that is not the collector's",
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
    files[name] += yaml.safe_dump_all([other], explicit_start=True)
    del files[file_of(files, "manifest")]


@scenario(
    "backup-restore-refused",
    "admission refuses what the newest backup would restore",
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
    "the acting identity may not write what it would restore",
    "backup-restores",
    "restore-rehearsed",
)
def backup_restore_forbidden(state: State) -> None:
    state.denied.add(("acting", "secrets"))
