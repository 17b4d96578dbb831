"""The backup CronJob: its runs, its rights and the place of its backups."""

from datetime import timedelta

from upkeep.demo.changes.catalogue import BACKUP, scenario
from upkeep.demo.objects import backups
from upkeep.demo.state import Object, State, stamp


@scenario("backup-job-missing", "no CronJob backs up the configuration", "backup-job-healthy")
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
    "backup-claim-deleted",
    "the claim of the backups was deleted; it stays Bound until no pod uses it",
    "backup-job-healthy",
)
def backup_claim_deleted(state: State) -> None:
    name = backup_pod(state)["volumes"][0]["persistentVolumeClaim"]["claimName"]
    state.get("persistentvolumeclaims", name)["metadata"] |= {
        "deletionTimestamp": stamp(state.ago(hours=1)),
        "finalizers": ["kubernetes.io/pvc-protection"],
    }


@scenario("backup-not-mounted", "no container mounts the backup's volume", "backup-job-healthy")
def backup_not_mounted(state: State) -> None:
    del backup_pod(state)["containers"][0]["volumeMounts"]


@scenario(
    "backup-written-elsewhere",
    "the commands write beside the mounted volume",
    "backup-job-healthy",
)
def backup_written_elsewhere(state: State) -> None:
    backup_pod(state)["containers"][0]["volumeMounts"][0]["mountPath"] = "/data"


@scenario(
    "backup-guide-manifest",
    "the backup CronJob is the guide's: no mount, the default service account",
    "backup-job-healthy",
)
def backup_guide_manifest(state: State) -> None:
    backup_not_mounted(state)
    backup_pod(state)["containers"][0]["image"] = "bitnami/kubectl"
    del backup_pod(state)["serviceAccountName"]
    state.denied.add((f"system:serviceaccount:{state.namespace}:default", "*"))


UPLOAD = "kubectl get secret cano-collector-secrets -o yaml > /scratch/b.yaml"


def upload(state: State, script: str) -> None:
    """Let the backup Job keep nothing in the cluster, and run a script."""
    pod = backup_pod(state)
    pod["volumes"] = [{"name": "scratch", "emptyDir": {}}]
    pod["containers"][0] |= {
        "command": ["/bin/sh", "-c", script],
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    }


@scenario("backup-to-a-bucket", "the backup Job uploads to S3 and has no lasting volume")
def backup_to_a_bucket(state: State) -> None:
    upload(state, f"{UPLOAD} && aws s3 cp /scratch/b.yaml s3://backups/cano/b.yaml")


@scenario(
    "backup-upload-unchecked",
    "the backup Job uploads to S3 and succeeds also where the upload fails",
)
def backup_upload_unchecked(state: State) -> None:
    upload(state, f"{UPLOAD}; aws s3 cp /scratch/b.yaml s3://backups/cano/b.yaml || true")


@scenario(
    "backup-kept-nowhere", "the backup Job writes to its scratch volume alone", "backup-job-healthy"
)
def backup_kept_nowhere(state: State) -> None:
    upload(state, UPLOAD)


@scenario("backup-jobs-removed", "a policy removed every finished Job; the CronJob's status stays")
def backup_jobs_removed(state: State) -> None:
    state.drop("jobs")


@scenario(
    "backup-run-lost",
    "the newest run left neither a Job nor a success, after a success ten hours ago",
)
def backup_run_lost(state: State) -> None:
    state.get("cronjobs", BACKUP)["status"]["lastScheduleTime"] = stamp(state.ago(hours=2))
    state.drop("jobs")


@scenario(
    "backup-pvc-pending", "the backup's PersistentVolumeClaim is not bound", "backup-job-healthy"
)
def backup_pvc_pending(state: State) -> None:
    state.get("persistentvolumeclaims", "backup-pvc")["status"] = {"phase": "Pending"}


@scenario(
    "backup-pvc-missing", "the backup's PersistentVolumeClaim does not exist", "backup-job-healthy"
)
def backup_pvc_missing(state: State) -> None:
    state.drop("persistentvolumeclaims")


@scenario(
    "backup-forbidden",
    "the backup's service account may not read what it backs up",
    "backup-job-healthy",
)
def backup_forbidden(state: State) -> None:
    state.denied.add((f"system:serviceaccount:{state.namespace}:{BACKUP}", "*"))
