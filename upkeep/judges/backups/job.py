"""Does the backup job of the collector work, and do its backups outlive it?

Source: the guide's "Automated maintenance", whose CronJob declares a volume that it never mounts and runs as a service
account that may read nothing; the Kubernetes API's CronJob and Job (batch/v1) and PersistentVolumeClaim (core/v1).
"""

import re
import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta

from upkeep.errors import Absent, TooEarly
from upkeep.judges.wording import excerpt
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, rfc3339, span
from upkeep.records.backups import BackupJobs, CronJob, Job, VolumeClaim
from upkeep.records.workload import ContainerSpec, Install, Volume

CLAIM = "PersistentVolumeClaim"
# Volumes that outlive the Pod, beside claims. An inline csi volume does not; neither do emptyDir and ephemeral.
LASTING = frozenset(
    {
        CLAIM,
        "hostPath",
        "nfs",
        "iscsi",
        "fc",
        "cephfs",
        "rbd",
        "glusterfs",
        "flexVolume",
        "azureFile",
    }
)
LASTING |= {
    "azureDisk",
    "awsElasticBlockStore",
    "gcePersistentDisk",
    "cinder",
    "vsphereVolume",
    "portworxVolume",
}
# Where a command of a shell writes to: a redirection, or what usual programs are told by an option. Variables are not looked into.
WRITES = re.compile(
    r"""(?:>|\btee(?:\s+-a)?\s|\s-o[ =]|--output[ =])\s*["']?(/[^\s"';|&<>()$`]+)"""
)
RETIRED_IMAGES = ("bitnami/kubectl", "docker.io/bitnami/kubectl")


def job_healthy(jobs: BackupJobs, *, install: Install, now: datetime, limits: Limits) -> Judgement:
    """backup-job-healthy: each backup CronJob runs, succeeded lately, may read what it backs up and keeps it.

    The last success is at most ``limits["backup_age"]`` old. Each CronJob is judged, and every finding names its own.

    :raises Absent: nobody asked what a service account may read, or in what phase a claim is.
    :raises TooEarly: nothing is wrong, but a CronJob younger than ``limits["backup_age"]`` has not finished a run yet.
    """
    limit_seconds = limits["backup_age"]
    limit = _hours(limit_seconds)
    basis = f"CronJobs, their Jobs, claims and access reviews at {rfc3339(now)}"
    if not jobs.cron_jobs:
        return Judgement((_no_cron_job(install),), "no backup CronJob", limit, "h", basis)
    cron_jobs = sorted(jobs.cron_jobs, key=lambda cron_job: (cron_job.namespace, cron_job.name))
    for cron_job in cron_jobs:
        _require_whole(cron_job, jobs)
    found: list[Finding] = []
    observed: list[str] = []
    early: list[CronJob] = []
    for cron_job in cron_jobs:
        own = [job for job in jobs.jobs if job.owner_uid == cron_job.uid]
        success = _last_success(cron_job, own)
        if success is None:
            observed.append(f"CronJob {cron_job.name}: no success yet")
        else:
            observed.append(f"CronJob {cron_job.name}: last success {span(now - success)} ago")
        found += _suspended(cron_job) + _last_job(cron_job, own)
        found += _places(cron_job, jobs.claims) + _access(cron_job, jobs)
        if success is None and now - cron_job.created < timedelta(seconds=limit_seconds):
            early.append(cron_job)
        else:
            found += _age(cron_job, success, now=now, limit_seconds=limit_seconds)
    if early and not found:
        raise _too_early(early[0], limit_seconds=limit_seconds)
    return Judgement(tuple(found), "; ".join(observed), limit, "h", basis)


def _require_whole(cron_job: CronJob, jobs: BackupJobs) -> None:
    """What a CronJob is judged by must have been asked.

    :raises Absent: it was not.
    """
    if not jobs.access.get(cron_job.name, ()):
        raise Absent(
            f"whether the service account of CronJob {cron_job.name} may read what it backs up was not asked",
            source="POST /apis/authorization.k8s.io/v1 localsubjectaccessreviews",
            next_step=f"kubectl -n {cron_job.namespace} auth can-i get secrets --as={shlex.quote(_subject(cron_job))}",
        )
    named = {volume.object for volume in cron_job.template.volumes if volume.kind == CLAIM}
    for name in sorted(named - {claim.name for claim in jobs.claims}):
        raise Absent(
            f"whether PersistentVolumeClaim {name} of CronJob {cron_job.name} is bound was not asked",
            source=f"GET /api/v1/namespaces/{cron_job.namespace}/persistentvolumeclaims/{name}",
            next_step=f"kubectl -n {cron_job.namespace} get persistentvolumeclaim {shlex.quote(name)}",
        )


def _last_success(cron_job: CronJob, own: Sequence[Job]) -> datetime | None:
    """The newest success: the CronJob's own record knows nothing of Jobs that a person made from it, the Jobs do."""
    ends = [
        job.finished for job in own if job.succeeded and not job.failed and job.finished is not None
    ]
    known = [*ends, cron_job.last_success] if cron_job.last_success is not None else ends
    return max(known, default=None)


def _suspended(cron_job: CronJob) -> list[Finding]:
    if not cron_job.suspended:
        return []
    where, patch = f"CronJob/{cron_job.name}", shlex.quote('{"spec":{"suspend":false}}')
    message = f"CronJob {cron_job.name} is suspended: no backup is made until somebody resumes it."
    fix = f"kubectl -n {cron_job.namespace} patch cronjob {cron_job.name} -p {patch}"
    return [
        Finding(where, "cronjob-suspended", message, "suspended", "running", "CronJob state", fix)
    ]


def _last_job(cron_job: CronJob, own: Sequence[Job]) -> list[Finding]:
    finished = [job for job in own if job.failed or job.succeeded]
    if not finished:
        return []
    # Of two that ended at the same instant the failed one counts.
    newest = max(finished, key=lambda job: (job.finished or job.created, job.failed, job.name))
    if not newest.failed:
        return []
    where = f"CronJob/{cron_job.name}"
    message = f"The newest finished Job of CronJob {cron_job.name}, {newest.name}, failed"
    if newest.message:
        message += f": {excerpt(newest.message).rstrip('.')}"
    if any(_repository(container.image) in RETIRED_IMAGES for container in _containers(cron_job)):
        message += "; its image bitnami/kubectl has left Docker Hub's free catalogue and can no longer be relied on"
    fix = f"kubectl -n {cron_job.namespace} logs job/{newest.name} --all-containers --tail=50"
    return [Finding(where, "last-job-failed", message + ".", newest.name, "succeeded", "Job", fix)]


def _places(cron_job: CronJob, claims: Sequence[VolumeClaim]) -> list[Finding]:
    """Whether what the Job writes outlives it."""
    where, name = f"CronJob/{cron_job.name}", cron_job.name
    look = f"kubectl -n {cron_job.namespace} get cronjob {name} -o yaml"
    lasting = sorted(
        (v for v in cron_job.template.volumes if v.kind in LASTING), key=lambda volume: volume.name
    )
    if not lasting:
        message = f"CronJob {name} has no volume that outlives its Pod: its backups are gone when the Job ends."
        return [Finding(where, "nowhere-to-keep", message, 0, 1, "lasting volumes", look)]
    mounted = {volume for container in _containers(cron_job) for volume, _, _ in container.mounts}
    phases = {claim.name: claim.phase for claim in claims}
    found = []
    for volume in lasting:
        what = _volume_text(volume)
        if volume.kind == CLAIM and phases[volume.object] != "Bound":
            phase = phases[volume.object]
            message = (
                f"{what} of CronJob {name} is not Bound but {phase}: the Job cannot write to it."
            )
            fix = f"kubectl -n {cron_job.namespace} describe persistentvolumeclaim {shlex.quote(volume.object)}"
            found.append(
                Finding(where, "claim-not-bound", message, phase, "Bound", "claim phase", fix)
            )
        if volume.name not in mounted:
            message = f"{what} of CronJob {name} is declared and mounted by no container: no backup reaches it."
            found.append(
                Finding(
                    where, "volume-not-mounted", message, volume.name, "mounted", "volume", look
                )
            )
    return found or _unwritten(cron_job, {volume.name for volume in lasting}, look=look)


def _unwritten(cron_job: CronJob, lasting: set[str], *, look: str) -> list[Finding]:
    """Whether what is mounted, and lasts, can be written to, and is where a command says that it writes."""
    where, name = f"CronJob/{cron_job.name}", cron_job.name
    containers = _containers(cron_job)
    mounted = {
        path
        for container in containers
        for volume, path, _ in container.mounts
        if volume in lasting
    }
    writable = mounted - {path for container in containers for path in container.read_only}
    if not writable:
        path = listed(sorted(mounted))
        message = f"CronJob {name} mounts what outlives its Pod read-only, at {path}: no backup can be written there."
        return [Finding(where, "volume-read-only", message, path, "writable", "mount", look)]
    words = " ".join(word for container in containers for word in container.command)
    targets = sorted(
        {target for target in WRITES.findall(words) if not target.startswith(("/dev/", "/proc/"))}
    )
    if targets and not any(_lies_in(path, words) for path in writable):
        told = listed(targets)
        message = f"CronJob {name} writes to {told}, and what outlives its Pod is mounted at {listed(sorted(writable))}: its backups are gone when the Job ends."
        return [
            Finding(
                where, "written-elsewhere", message, told, listed(sorted(writable)), "path", look
            )
        ]
    return []


def _containers(cron_job: CronJob) -> tuple[ContainerSpec, ...]:
    """All that may write a backup: an init container may as well."""
    return (*cron_job.template.init_containers, *cron_job.template.containers)


def _lies_in(path: str, words: str) -> bool:
    """Whether a command names the path, or one in it."""
    return re.search(rf"(?<![\w./-]){re.escape(path.rstrip('/'))}(?![\w.-])", words) is not None


def _access(cron_job: CronJob, jobs: BackupJobs) -> list[Finding]:
    found = []
    refused = [answer for answer in jobs.access[cron_job.name] if not answer.allowed]
    for answer in sorted(refused, key=lambda one: (one.resource, one.name, one.verb)):
        what = f"{answer.resource}/{answer.name}" if answer.name else answer.resource
        message = f"{answer.subject}, as which CronJob {cron_job.name} runs, may not {answer.verb} {what}."
        asking = f"auth can-i {answer.verb} {shlex.quote(what)} --as={shlex.quote(answer.subject)}"
        fix = f"kubectl -n {answer.namespace} {asking}"
        where = f"CronJob/{cron_job.name}"
        found.append(
            Finding(
                where, "may-not-read", message, "denied", "allowed", f"{answer.verb} {what}", fix
            )
        )
    return found


def _age(
    cron_job: CronJob, success: datetime | None, *, now: datetime, limit_seconds: float
) -> list[Finding]:
    where, limit = f"CronJob/{cron_job.name}", _hours(limit_seconds)
    fix = f"kubectl -n {cron_job.namespace} get cronjobs,jobs,pods"
    if success is None:
        age = span(now - cron_job.created)
        message = f"CronJob {cron_job.name} has never succeeded in the {age} since it was made."
        return [
            Finding(
                where, "never-succeeded", message, "never", limit, "h since the last success", fix
            )
        ]
    age_seconds = (now - success).total_seconds()
    if age_seconds <= limit_seconds:
        return []
    age = span(age_seconds)
    message = f"The last success of CronJob {cron_job.name} is {age} old; the limit is {span(limit_seconds)}."
    return [
        Finding(
            where,
            "backup-too-old",
            message,
            _hours(age_seconds),
            limit,
            "h since the last success",
            fix,
        )
    ]


def _no_cron_job(install: Install) -> Finding:
    message = "No CronJob backs up the collector's configuration: make one, or say that there is none on purpose with --absent=backups=REASON."
    fix = f"kubectl -n {install.namespace} get cronjobs"
    return Finding(
        f"Deployment/{install.deployment}", "no-backup-cronjob", message, 0, 1, "CronJobs", fix
    )


def _too_early(cron_job: CronJob, *, limit_seconds: float) -> TooEarly:
    judged_from = rfc3339(cron_job.created + timedelta(seconds=limit_seconds))
    return TooEarly(
        f"CronJob {cron_job.name} is new and no run of it has finished (schedule {cron_job.schedule}); "
        f"it is judged after its first run, from {judged_from} at the latest",
        source=f"GET /apis/batch/v1/namespaces/{cron_job.namespace}/cronjobs",
        next_step=f"kubectl -n {cron_job.namespace} create job {cron_job.name}-now --from=cronjob/{cron_job.name}",
    )


def _subject(cron_job: CronJob) -> str:
    return f"system:serviceaccount:{cron_job.namespace}:{cron_job.template.service_account}"


def _volume_text(volume: Volume) -> str:
    return (
        f"Claim {volume.object}"
        if volume.kind == CLAIM
        else f"Volume {volume.name} ({volume.kind})"
    )


def _repository(image: str) -> str:
    """``docker.io/bitnami/kubectl`` of ``docker.io/bitnami/kubectl:1.30@sha256:…``."""
    name = image.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return head + slash + tail.partition(":")[0]


def _hours(seconds: float) -> int | float:
    hours = round(seconds / 3600, 2)
    return int(hours) if hours.is_integer() else hours
