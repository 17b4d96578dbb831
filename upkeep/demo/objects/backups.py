"""The backup CronJob with its Jobs, and the files of the backups that ``upkeep backup`` wrote."""

import hashlib
import json
from datetime import datetime, timedelta

from upkeep.demo.objects.stored import as_yaml, make, metadata
from upkeep.demo.state import Object, State, stamp


def store(state: State) -> None:
    """A backup CronJob that works: mounted, permitted, successful; it saves the layout's own configuration."""
    name = "cano-collector-backup"
    last = state.ago(hours=10).replace(second=0, microsecond=0)
    objects = {"guide": ("configmap/cano-collector-config", "secret/cano-collector-secrets")}.get(
        state.layout,
        (
            f"configmap/{state.fullname}-teams",
            f"secret/{state.fullname}-destination-secrets",
            f"secret/{state.fullname}-workflows-secrets",
        ),
    )
    script = "\n".join(
        f"kubectl get {item} -n {state.namespace} -o yaml >> /backup/backup-$(date +%Y%m%d).yaml"
        for item in objects
    )
    container = {
        "name": "backup",
        "image": "registry.example/kubectl:1.34",
        "command": ["/bin/sh", "-c", script],
        "volumeMounts": [{"name": "backup", "mountPath": "/backup"}],
    }
    spec = {
        "containers": [container], "serviceAccountName": name, "restartPolicy": "OnFailure",
        "volumes": [{"name": "backup", "persistentVolumeClaim": {"claimName": "backup-pvc"}}],
    }  # fmt: skip
    cron = make(state, "CronJob", name, state.ago(days=20), spec={
        "schedule": f"{last.minute} {last.hour} * * *", "suspend": False, "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": {"template": {"spec": spec}}},
    }, status={"lastScheduleTime": stamp(last), "lastSuccessfulTime": stamp(last + timedelta(seconds=24))})  # fmt: skip
    state.add(cron, *(job(state, cron, last - timedelta(days=days)) for days in (2, 1, 0)))
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "volumeName": "pv-backup",
        "volumeMode": "Filesystem",
    }
    state.add(
        make(
            state,
            "PersistentVolumeClaim",
            "backup-pvc",
            state.ago(days=20),
            spec=claim,
            status={
                "phase": "Bound",
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": "1Gi"},
            },
        ),
        make(state, "ServiceAccount", name, state.ago(days=20)),
    )


def job(state: State, cron: Object, scheduled: datetime, *, failed: bool = False) -> Object:
    """A finished Job of a CronJob."""
    name = f"{cron['metadata']['name']}-{int(scheduled.timestamp()) // 60}"
    finished = stamp(scheduled + timedelta(seconds=24))
    condition = {
        "type": "Complete",
        "status": "True",
        "lastTransitionTime": finished,
        "reason": "CompletionsReached",
        "message": "Reached expected number of succeeded pods",
    }
    status: Object = {
        "startTime": stamp(scheduled),
        "succeeded": 1,
        "completionTime": finished,
        "conditions": [condition],
    }
    if failed:
        reason = {
            "reason": "BackoffLimitExceeded",
            "message": "Job has reached the specified backoff limit",
        }
        status = {
            "startTime": stamp(scheduled),
            "failed": 7,
            "conditions": [condition | {"type": "Failed"} | reason],
        }
    result = make(
        state,
        "Job",
        name,
        scheduled,
        spec=cron["spec"]["jobTemplate"]["spec"] | {"backoffLimit": 6},
        status=status,
    )
    result["metadata"] = metadata(
        state, "Job", name, scheduled, {"batch.kubernetes.io/job-name": name}, cron
    )
    return result


def backup_time(state: State, age_days: int) -> datetime:
    """When the backup of some days ago was made."""
    return state.ago(days=age_days, hours=10).replace(minute=0, second=0)


def saved(state: State) -> dict[int, dict[str, str]]:
    """The backups of nine days, as ``upkeep backup`` writes them: of what is stored, without what the API server put there."""
    objects = [
        backed_up(item)
        for plural in ("configmaps", "secrets")
        for item in state.objects[plural]
        if item["metadata"]["labels"].get("owner") != "helm"
    ]
    texts = written(objects)
    return {age: backup_files(state, age, texts) for age in range(9)}


def backed_up(item: Object) -> Object:
    head = item["metadata"]
    kept = {"name": head["name"], "namespace": head["namespace"], "labels": head["labels"]}
    return {key: value for key, value in item.items() if key != "metadata"} | {"metadata": kept}


def written(objects: list[Object]) -> dict[str, str]:
    """The text of each part of a backup of the objects."""
    parts = {
        part: [item for item in objects if item["kind"] == kind]
        for part, kind in (("backup", "ConfigMap"), ("secrets", "Secret"))
    }
    return {part: as_yaml(*chosen, explicit_start=True) for part, chosen in parts.items() if chosen}


def backup_files(state: State, age_days: int, texts: dict[str, str]) -> dict[str, str]:
    """The files of one backup, of the texts of its parts."""
    taken = backup_time(state, age_days)
    files = {f"{part}-{taken:%Y%m%d}.yaml": text for part, text in texts.items()}
    entries = {
        name: {"sha256": hashlib.sha256(text.encode()).hexdigest()} for name, text in files.items()
    }
    manifest = {"schema": "cano-upkeep/backup/1", "taken": stamp(taken), "files": entries}
    return files | {f"manifest-{taken:%Y%m%d}.json": json.dumps(manifest, indent=2) + "\n"}
