"""CronJobs, their Jobs, and the claims that keep backups.

Source: Kubernetes API reference v1.36 (batch/v1, core/v1).
"""

from upkeep.adapters.cluster.fields import Raw, conditions_of, instant, owner_uid, reading, text
from upkeep.adapters.cluster.objects.templates import template
from upkeep.model import parse_time
from upkeep.records.backups import CronJob, Job, VolumeClaim


def cron_job(raw: Raw) -> CronJob:
    with reading("CronJob", raw):
        metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
        return CronJob(
            name=metadata["name"],
            namespace=metadata["namespace"],
            uid=text(metadata["uid"]),
            created=parse_time(metadata["creationTimestamp"]),
            schedule=spec["schedule"],
            suspended=bool(spec.get("suspend")),
            last_success=instant(status.get("lastSuccessfulTime")),
            template=template(spec["jobTemplate"]["spec"]["template"]),
            records_success=_records_success(spec),
            last_scheduled=instant(status.get("lastScheduleTime")),
            active=len(status.get("active") or []),
        )


def _records_success(spec: Raw) -> bool:
    """Return whether Jobs stay until the controller sees their success.

    Before Kubernetes 1.32 a history limit of 0 could remove a Job before (kubernetes/kubernetes#122025), as a short TTL does.
    """
    seconds = spec["jobTemplate"]["spec"].get("ttlSecondsAfterFinished")
    return spec.get("successfulJobsHistoryLimit") != 0 and (seconds is None or seconds >= 60)


def job(raw: Raw) -> Job:
    with reading("Job", raw):
        metadata, status = raw["metadata"], raw.get("status") or {}
        done = {
            condition.type: condition
            for condition in conditions_of(status)
            if condition.status == "True"
        }
        failed, complete = done.get("Failed"), done.get("Complete")
        return Job(
            name=metadata["name"],
            owner_uid=owner_uid(raw, "CronJob"),
            created=parse_time(metadata["creationTimestamp"]),
            finished=instant(status.get("completionTime")) or (failed.changed if failed else None),
            failed=failed is not None,
            succeeded=complete is not None,
            message=failed.message if failed else "",
        )


def volume_claim(raw: Raw) -> VolumeClaim:
    with reading("PersistentVolumeClaim", raw):
        return VolumeClaim(
            raw["metadata"]["name"], (raw.get("status") or {}).get("phase") or "Pending"
        )
