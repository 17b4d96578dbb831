"""Does the backup CronJob run, does it succeed, and may it read the configuration?

Source: docs/guide.rst, "Automated maintenance"; Kubernetes API reference, CronJob and Job (batch/v1).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from upkeep.domain.access.granting import granting_answer
from upkeep.errors import Absent, TooEarly, Unmeasured
from upkeep.judges.backups.keeping import CLAIM, containers_of, kept
from upkeep.judges.wording import excerpt
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, span, utc
from upkeep.records.backups import BackupJobs, CronJob, Job
from upkeep.records.workload import Install
from upkeep.shell import shell

RETIRED_IMAGES = ("bitnami/kubectl", "docker.io/bitnami/kubectl")
# A run is scheduled, and its Job made, by two clocks.
CLOCKS_APART = timedelta(minutes=1)
# The control plane may be so far ahead of this machine.
MOST_AHEAD = timedelta(minutes=5)


def job_healthy(jobs: BackupJobs, *, install: Install, now: datetime, limits: Limits) -> Judgement:
    """Judge backup-job-healthy: each backup CronJob runs, succeeded within ``limits["backup_age"]``, may read and keeps its backups.

    Each CronJob is judged, and every finding names its own.

    :raises Absent: there is no finding, and the result of a run, or the place of a backup, is not visible.
    :raises TooEarly: there is no finding, and a CronJob younger than ``limits["backup_age"]`` has not finished a run.
    """
    limit_seconds = limits["backup_age"]
    limit = _hours(limit_seconds)
    basis = f"CronJobs, their Jobs, claims and access reviews at {utc(now)}"
    if not jobs.cron_jobs:
        return Judgement((_no_cron_job(install),), "no backup CronJob", limit, "h", basis)
    cron_jobs = sorted(jobs.cron_jobs, key=lambda cron_job: (cron_job.namespace, cron_job.name))
    for cron_job in cron_jobs:
        _require_whole(cron_job, jobs)
    found: list[Finding] = []
    observed: list[str] = []
    blind: list[Absent] = []
    early: list[CronJob] = []
    for cron_job in cron_jobs:
        own = [job for job in jobs.jobs if job.owner_uid == cron_job.uid]
        success = _last_success(cron_job, own)
        keeping = kept(cron_job, jobs.claims)
        said = "no success yet" if success is None else f"last success {span(now - success)} ago"
        unknown = _unknown_run(cron_job, own, success)
        if success is not None and success > now + MOST_AHEAD:
            unknown = f"its last success, {utc(success)}, is in the future"
            said = "last success unknown"
        observed.append(
            "; ".join(
                [f"CronJob {cron_job.name}: {said}", *keeping.seen, *([unknown] if unknown else [])]
            )
        )
        found += _suspended(cron_job) + _last_job(cron_job, own)
        found += [*keeping.findings, *_access(cron_job, jobs)]
        blind += [_blind(cron_job, why) for why in (unknown, keeping.unknown) if why]
        if success is None and now - cron_job.created < timedelta(seconds=limit_seconds):
            early.append(cron_job)
        elif not unknown or cron_job.records_success:
            found += _age(cron_job, success, now=now, limit_seconds=limit_seconds)
    unmeasured: Unmeasured | None = next(iter(blind), None)
    if early and unmeasured is None:
        unmeasured = _too_early(early[0], limit_seconds=limit_seconds)
    return Judgement(tuple(found), "; ".join(observed), limit, "h", basis, unmeasured=unmeasured)


def _require_whole(cron_job: CronJob, jobs: BackupJobs) -> None:
    """Require the access reviews and claims that a CronJob is judged by.

    :raises Absent: one was not asked for.
    """
    if not jobs.access.get(cron_job.name, ()):
        raise Absent(
            f"No access review for the service account of CronJob {cron_job.name}.",
            source="POST /apis/authorization.k8s.io/v1 localsubjectaccessreviews",
            next_step=shell(
                "kubectl -n {} auth can-i get secrets --as={}",
                cron_job.namespace,
                _subject(cron_job),
            ),
        )
    named = {volume.object for volume in cron_job.template.volumes if volume.kind == CLAIM}
    for name in sorted(named - {claim.name for claim in jobs.claims}):
        raise Absent(
            f"PersistentVolumeClaim {name} of CronJob {cron_job.name} was not read.",
            source=f"GET /api/v1/namespaces/{cron_job.namespace}/persistentvolumeclaims/{name}",
            next_step=shell("kubectl -n {} get persistentvolumeclaim {}", cron_job.namespace, name),
        )


def _last_success(cron_job: CronJob, own: Sequence[Job]) -> datetime | None:
    """Return the newest success. The status outlives the Jobs; only Jobs tell of runs that a person started."""
    ends = [
        job.finished for job in own if job.succeeded and not job.failed and job.finished is not None
    ]
    known = [*ends, cron_job.last_success] if cron_job.last_success is not None else ends
    return max(known, default=None)


def _unknown_run(cron_job: CronJob, own: Sequence[Job], success: datetime | None) -> str:
    """Return that the newest run has no known result; empty where it has one, or still runs.

    A TTL that a policy injects removes failed Jobs, too, and the status has no time of a failure (kubernetes/kubernetes#133662).
    """
    then = cron_job.last_scheduled
    if then is None or cron_job.active or (success is not None and success >= then):
        return ""
    since = [job for job in own if job.created >= then - CLOCKS_APART]
    if any(job.failed or job.succeeded for job in since):
        return ""
    if since:
        return f"Job {since[0].name} has no result, and the CronJob does not count it as active"
    return f"its run of {utc(then)} left neither a Job nor a success"


def _blind(cron_job: CronJob, why: str) -> Absent:
    namespace, name = cron_job.namespace, cron_job.name
    return Absent(
        f"CronJob {name}: {why}.",
        source=f"GET /apis/batch/v1/namespaces/{namespace}/cronjobs/{name}",
        next_step=shell("kubectl -n {} describe cronjob {}", namespace, name),
    )


def _suspended(cron_job: CronJob) -> list[Finding]:
    if not cron_job.suspended:
        return []
    where, patch = f"CronJob/{cron_job.name}", '{"spec":{"suspend":false}}'
    message = f"CronJob {cron_job.name} is suspended and makes no backups."
    fix = shell("kubectl -n {} patch cronjob {} -p {}", cron_job.namespace, cron_job.name, patch)
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
    message = f"Job {newest.name}, the newest finished Job of CronJob {cron_job.name}, failed"
    if newest.message:
        message += f": {excerpt(newest.message).rstrip('.')}"
    message += "."
    if any(_repository(container.image) in RETIRED_IMAGES for container in containers_of(cron_job)):
        message += " Its image bitnami/kubectl has left Docker Hub's free catalogue."
    fix = shell(
        "kubectl -n {} logs job/{} --all-containers --tail=50", cron_job.namespace, newest.name
    )
    return [Finding(where, "last-job-failed", message, newest.name, "succeeded", "Job", fix)]


def _access(cron_job: CronJob, jobs: BackupJobs) -> list[Finding]:
    found = []
    refused = [answer for answer in jobs.access[cron_job.name] if not answer.allowed]
    for answer in sorted(refused, key=lambda one: (one.resource, one.name, one.verb)):
        what = f"{answer.resource}/{answer.name}" if answer.name else answer.resource
        message = (
            f"CronJob {cron_job.name} runs as {answer.subject}, which may not {answer.verb} {what}."
        )
        fix = granting_answer(answer, user=answer.subject)
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
    fix = shell("kubectl -n {} get cronjobs,jobs,pods", cron_job.namespace)
    if success is None:
        age = span(now - cron_job.created)
        message = f"CronJob {cron_job.name} is {age} old and has never succeeded."
        return [
            Finding(
                where, "never-succeeded", message, "never", limit, "h since the last success", fix
            )
        ]
    age_seconds = (now - success).total_seconds()
    if age_seconds <= limit_seconds:
        return []
    age = span(age_seconds)
    message = (
        f"The last success of CronJob {cron_job.name} is {age} old (limit {span(limit_seconds)})."
    )
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
    message = (
        f"No CronJob in namespace {install.namespace} backs up the collector's configuration. "
        "Create one, or declare another way of backup with --absent=backups=REASON."
    )
    fix = shell("kubectl -n {} get cronjobs", install.namespace)
    return Finding(
        f"Deployment/{install.deployment}", "no-backup-cronjob", message, 0, 1, "CronJobs", fix
    )


def _too_early(cron_job: CronJob, *, limit_seconds: float) -> TooEarly:
    judged_from = utc(cron_job.created + timedelta(seconds=limit_seconds))
    return TooEarly(
        f"CronJob {cron_job.name} is new and has not finished a run (schedule {cron_job.schedule}). "
        f"It is judged after its first run, from {judged_from} at the latest.",
        source=f"GET /apis/batch/v1/namespaces/{cron_job.namespace}/cronjobs",
        next_step=shell(
            "kubectl -n {} create job {}-now --from=cronjob/{}",
            cron_job.namespace,
            cron_job.name,
            cron_job.name,
        ),
    )


def _subject(cron_job: CronJob) -> str:
    return f"system:serviceaccount:{cron_job.namespace}:{cron_job.template.service_account}"


def _repository(image: str) -> str:
    """Return ``docker.io/bitnami/kubectl`` of ``docker.io/bitnami/kubectl:1.30@sha256:…``."""
    name = image.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return head + slash + tail.partition(":")[0]


def _hours(seconds: float) -> int | float:
    hours = round(seconds / 3600, 2)
    return int(hours) if hours.is_integer() else hours
