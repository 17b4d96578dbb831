"""Backups: the jobs that make them, and the files."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from upkeep.records.access import AccessAnswer
from upkeep.records.configuration import ConfigurationObject
from upkeep.records.workload import PodTemplate


class CronJob(Struct, frozen=True):
    """A CronJob (batch/v1).

    :ivar last_scheduled: the time of its newest run; ``active`` the number of its running Jobs.
    :ivar last_success: the status' ``lastSuccessfulTime``, which outlives the Jobs.
    :ivar records_success: its Jobs stay long enough for the controller to write ``last_success``.
    """

    name: str
    namespace: str
    uid: str
    created: datetime
    schedule: str
    suspended: bool
    last_success: datetime | None
    template: PodTemplate
    records_success: bool = True
    last_scheduled: datetime | None = None
    active: int = 0


class Job(Struct, frozen=True):
    """A Job (batch/v1). ``owner_uid`` is the uid of its CronJob; empty for none."""

    name: str
    owner_uid: str
    created: datetime
    finished: datetime | None
    failed: bool
    succeeded: bool
    message: str = ""


class VolumeClaim(Struct, frozen=True):
    name: str
    phase: str
    deleted: bool = False


class BackupJobs(Struct, frozen=True):
    """The CronJobs that back the collector up, with their Jobs, claims and rights."""

    cron_jobs: tuple[CronJob, ...]
    jobs: tuple[Job, ...]
    claims: tuple[VolumeClaim, ...]
    access: Mapping[str, tuple[AccessAnswer, ...]] = field(default_factory=dict)


BackupFaultCode = Literal[
    "file-empty", "file-too-large", "file-not-text", "file-not-yaml", "file-truncated", "file-not-regular", "file-name-unknown",
    "file-from-the-future", "manifest-unusable", "manifest-differs", "object-unusable", "object-twice", "documents-run-together",
]  # fmt: skip


class BackupFault(Struct, frozen=True):
    """A fault of a backup's file, without its values. ``file`` is its name."""

    file: str
    code: BackupFaultCode
    message: str


class BackupFile(Struct, frozen=True):
    """A file of a backup. ``mode`` are its permission bits."""

    name: str
    mode: int
    modified: datetime


class BackupSet(Struct, frozen=True):
    """The files of one backup.

    :ivar stamp: the common part of their names: ``20260102``, or ``20260102-150405`` for a further one of the day.
    :ivar day: ``2026-01-02``.
    :ivar taken: its time; ``taken_from`` is the source: the ``manifest``, the ``file``'s own time where it agrees with the name,
        or the ``name`` alone, which counts as the beginning of its day.
    """

    stamp: str
    day: str
    taken: datetime
    taken_from: str
    files: tuple[BackupFile, ...]
    objects: tuple[ConfigurationObject, ...] = ()
    faults: tuple[BackupFault, ...] = ()


class BackupFolder(Struct, frozen=True):
    """A folder of backups.

    :ivar open_to_others: every user may enter it, so that the modes of the files decide who reads them.
    :ivar sets: newest first: those of the window, and the newest in any case.
    :ivar faults: of files that belong to no set.
    :ivar identity: the file of ``--backup-identity``; empty for none.
    """

    folder: str
    open_to_others: bool
    sets: tuple[BackupSet, ...]
    faults: tuple[BackupFault, ...] = ()
    identity: str = ""
