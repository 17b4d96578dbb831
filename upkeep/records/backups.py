"""Backups: the jobs that make them, and the files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from upkeep.records.access import AccessAnswer
from upkeep.records.configuration import ConfigurationObject
from upkeep.records.workload import PodTemplate


@dataclass(frozen=True, slots=True)
class CronJob:
    """``keeps_jobs`` tells whether its history limits keep successful Jobs."""

    name: str
    namespace: str
    uid: str
    created: datetime
    schedule: str
    suspended: bool
    last_success: datetime | None
    template: PodTemplate
    keeps_jobs: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """``owner_uid`` is that of the CronJob that made it, or empty."""

    name: str
    owner_uid: str
    created: datetime
    finished: datetime | None
    failed: bool
    succeeded: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class VolumeClaim:
    name: str
    phase: str


@dataclass(frozen=True, slots=True)
class BackupJobs:
    """The CronJobs that back the collector up, with what they need."""

    cron_jobs: tuple[CronJob, ...]
    jobs: tuple[Job, ...]
    claims: tuple[VolumeClaim, ...]
    access: Mapping[str, tuple[AccessAnswer, ...]] = field(default_factory=dict)


BackupFaultCode = Literal[
    "file-empty", "file-too-large", "file-not-text", "file-not-yaml", "file-truncated", "file-not-regular", "file-name-unknown",
    "file-from-the-future", "manifest-unusable", "manifest-differs", "object-unusable", "object-twice", "documents-run-together",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class BackupFault:
    """What is wrong with a file of a backup: never its values. ``file`` is its name."""

    file: str
    code: BackupFaultCode
    message: str


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file of a backup. ``mode`` are its permission bits."""

    name: str
    mode: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class BackupSet:
    """The files of one backup.

    :ivar stamp: what their names share: ``20260102``, or ``20260102-150405`` for a further one of the day.
    :ivar day: ``2026-01-02``.
    :ivar taken: when it was made; ``taken_from`` tells who says so: the ``manifest``, the ``file``'s own time where it agrees with its name, or
        the ``name`` alone, which is then taken for the beginning of its day.
    """

    stamp: str
    day: str
    taken: datetime
    taken_from: str
    files: tuple[BackupFile, ...]
    objects: tuple[ConfigurationObject, ...] = ()
    faults: tuple[BackupFault, ...] = ()


@dataclass(frozen=True, slots=True)
class BackupFolder:
    """A folder of backups.

    :ivar open_to_others: everybody may go into it, so that the files' own modes decide who reads them.
    :ivar sets: newest first; those of the window that was asked for, and the newest in any case.
    :ivar faults: of files that belong to no set.
    :ivar identity: the file that opens those that are encrypted, as the user named it; empty where none was named.
    """

    folder: str
    open_to_others: bool
    sets: tuple[BackupSet, ...]
    faults: tuple[BackupFault, ...] = ()
    identity: str = ""
