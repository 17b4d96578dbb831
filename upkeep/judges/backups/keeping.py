"""Do the backups of a CronJob outlive its Pods?

A volume that lasts and is mounted where the commands write keeps them, and so does an upload whose failure fails the Job.
The bucket itself is never read. Of a program that is not known nothing can be said.
Source: Kubernetes API reference, Volume and PersistentVolumeClaim (core/v1).
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from upkeep.domain.backup_commands import Upload, script_of, text_of, written_files
from upkeep.model import Finding, listed
from upkeep.records.backups import CronJob, VolumeClaim
from upkeep.records.workload import ContainerSpec, Volume
from upkeep.shell import Command, shell

CLAIM = "PersistentVolumeClaim"
# Volumes that outlive the Pod, beside claims. An inline csi volume does not, nor do emptyDir and ephemeral.
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
    | {
        "azureDisk",
        "awsElasticBlockStore",
        "gcePersistentDisk",
        "cinder",
        "vsphereVolume",
        "portworxVolume",
    }
)


class Keeping(Struct, frozen=True):
    """The place of a CronJob's backups.

    :ivar seen: what keeps them, for ``observed``.
    :ivar unknown: why the place is not visible; empty where it is.
    """

    findings: tuple[Finding, ...] = ()
    seen: tuple[str, ...] = ()
    unknown: str = ""


def kept(cron_job: CronJob, claims: Sequence[VolumeClaim]) -> Keeping:
    """Return whether the backups of a CronJob outlive its Pods."""
    scripts = [script_of(container) for container in containers_of(cron_job)]
    uploads = [upload for script in scripts for upload in script.uploads]
    checked = [upload for upload in uploads if upload.checked]
    programs = list(dict.fromkeys(name for script in scripts for name in script.unknown))
    lasting = sorted(
        (volume for volume in cron_job.template.volumes if volume.kind in LASTING),
        key=lambda volume: volume.name,
    )
    bound = _not_bound(cron_job, lasting, claims)
    if checked:
        return Keeping(tuple(bound), (f"uploads to {_named(checked)} (not read)",))
    found = _unreached(cron_job, lasting) if lasting else [_nowhere(cron_job)]
    # A volume that is mounted at the place that is written to keeps the backup, whatever else is uploaded.
    if uploads and found:
        why = f"a failed upload to {_named(uploads)} does not fail its Job"
        return Keeping(tuple(bound), unknown=why)
    if programs and any(
        finding.code in ("nowhere-to-keep", "written-elsewhere") for finding in found
    ):
        why = f"the place where {listed(programs)} saves the backup is not visible"
        return Keeping(tuple(bound), unknown=why)
    return Keeping((*bound, *found))


def containers_of(cron_job: CronJob) -> tuple[ContainerSpec, ...]:
    """Return all containers that may write a backup, init containers included."""
    return (*cron_job.template.init_containers, *cron_job.template.containers)


def _named(uploads: Sequence[Upload]) -> str:
    return listed(
        list(dict.fromkeys(one.target or f"the repository of {one.program}" for one in uploads))
    )


def _nowhere(cron_job: CronJob) -> Finding:
    name = cron_job.name
    message = f"CronJob {name} has no lasting volume and uploads nothing. Its backups are lost when the Job ends."
    where, code = f"CronJob/{name}", "nowhere-to-keep"
    return Finding(where, code, message, 0, 1, "lasting volumes", _look(cron_job))


def _not_bound(
    cron_job: CronJob, lasting: Sequence[Volume], claims: Sequence[VolumeClaim]
) -> list[Finding]:
    phases = {claim.name: claim.phase for claim in claims}
    deleted = {claim.name for claim in claims if claim.deleted}
    found = []
    for volume in lasting:
        if volume.kind == CLAIM and (phase := phases[volume.object]) != "Bound":
            message = f"{_volume_text(volume)} of CronJob {cron_job.name} is {phase}, not Bound. The Job cannot write to it."
            fix = shell(
                "kubectl -n {} describe persistentvolumeclaim {}", cron_job.namespace, volume.object
            )
            where, code = f"CronJob/{cron_job.name}", "claim-not-bound"
            found.append(Finding(where, code, message, phase, "Bound", "claim phase", fix))
        elif volume.kind == CLAIM and volume.object in deleted:
            # It stays Bound until the last pod that uses it has ended.
            message = f"{_volume_text(volume)} of CronJob {cron_job.name} is being deleted. No later Job can write to it."
            fix = shell(
                "kubectl -n {} describe persistentvolumeclaim {}", cron_job.namespace, volume.object
            )
            where, code = f"CronJob/{cron_job.name}", "claim-deleted"
            found.append(Finding(where, code, message, "deleted", "kept", "claim", fix))
    return found


def _unreached(cron_job: CronJob, lasting: Sequence[Volume]) -> list[Finding]:
    """Return the findings of volumes that last, and that no backup reaches."""
    where, name, look = f"CronJob/{cron_job.name}", cron_job.name, _look(cron_job)
    containers = containers_of(cron_job)
    mounts = {volume for container in containers for volume, _, _ in container.mounts}
    found = []
    for volume in lasting:
        if volume.name not in mounts:
            message = f"No container of CronJob {name} mounts {_volume_text(volume)}. No backup reaches it."
            code, seen = "volume-not-mounted", volume.name
            found.append(Finding(where, code, message, seen, "mounted", "volume", look))
    if found:
        return found
    names = {volume.name for volume in lasting}
    mounted = {
        path for container in containers for volume, path, _ in container.mounts if volume in names
    }
    writable = mounted - {path for container in containers for path in container.read_only}
    if not writable:
        path = listed(sorted(mounted))
        message = f"CronJob {name} mounts its lasting volume read-only at {path}. No backup can be written there."
        return [Finding(where, "volume-read-only", message, path, "writable", "mount", look)]
    targets, words = written_files(containers), text_of(containers)
    if targets and not any(_lies_in(path, words) for path in writable):
        told, there = listed(targets), listed(sorted(writable))
        message = (
            f"CronJob {name} writes to {told}, but its lasting volume is mounted at {there}. "
            "Its backups are lost when the Job ends."
        )
        return [Finding(where, "written-elsewhere", message, told, there, "path", look)]
    return []


def _look(cron_job: CronJob) -> Command:
    return shell("kubectl -n {} get cronjob {} -o yaml", cron_job.namespace, cron_job.name)


def _lies_in(path: str, words: str) -> bool:
    """Return whether a command names the path, or one in it."""
    return re.search(rf"(?<![\w./-]){re.escape(path.rstrip('/'))}(?![\w.-])", words) is not None


def _volume_text(volume: Volume) -> str:
    return (
        f"{CLAIM} {volume.object}"
        if volume.kind == CLAIM
        else f"volume {volume.name} ({volume.kind})"
    )
