"""CronJobs, their Jobs, and the claims that keep backups.

Source: Kubernetes API reference v1.36 (batch/v1, core/v1).
"""

from datetime import UTC

from upkeep.adapters.cluster.fields import (
    CLOCKS_APART,
    Impossible,
    conditions_of,
    instant,
    owner_uid,
    reads,
)
from upkeep.adapters.cluster.objects.templates import template
from upkeep.adapters.wire import workloads as wire
from upkeep.records.backups import CronJob, Job, VolumeClaim


@reads(wire.CronJob)
def cron_job(raw: wire.CronJob) -> CronJob:
    """Return a CronJob as a record."""
    metadata, spec = raw.metadata, raw.spec
    return CronJob(
        name=metadata.name,
        namespace=metadata.namespace,
        uid=metadata.uid,
        created=metadata.creationTimestamp.astimezone(UTC),
        schedule=spec.schedule,
        suspended=spec.suspend,
        last_success=instant(raw.status.lastSuccessfulTime),
        template=template(spec.jobTemplate.spec.template),
        records_success=_records_success(spec),
        last_scheduled=instant(raw.status.lastScheduleTime),
        active=len(raw.status.active),
    )


def _records_success(spec: wire.CronJobSpec) -> bool:
    """Return whether Jobs stay until the controller sees their success.

    Before Kubernetes 1.32 a history limit of 0 could remove a Job before (kubernetes/kubernetes#122025), as a short TTL does.
    """
    seconds = spec.jobTemplate.spec.ttlSecondsAfterFinished
    return spec.successfulJobsHistoryLimit != 0 and (seconds is None or seconds >= 60)


@reads(wire.Job)
def job(raw: wire.Job) -> Job:
    """Return a Job as a record."""
    done = {one.type: one for one in conditions_of(raw.status.conditions) if one.status == "True"}
    failed, complete = done.get("Failed"), done.get("Complete")
    finished = instant(raw.status.completionTime) or (failed.changed if failed else None)
    if finished is not None and finished < raw.metadata.creationTimestamp - CLOCKS_APART:
        raise Impossible("status: it ended before it was made")
    return Job(
        name=raw.metadata.name,
        owner_uid=owner_uid(raw.metadata, "CronJob"),
        created=raw.metadata.creationTimestamp.astimezone(UTC),
        finished=finished,
        failed=failed is not None,
        succeeded=complete is not None,
        message=failed.message if failed else "",
    )


@reads(wire.PersistentVolumeClaim)
def volume_claim(raw: wire.PersistentVolumeClaim) -> VolumeClaim:
    """Return a claim as a record."""
    return VolumeClaim(
        raw.metadata.name, raw.status.phase, deleted=raw.metadata.deletionTimestamp is not None
    )
