"""Is there a whole backup for each day, with both kinds of objects, and closed to other users?

Source: docs/guide.rst, "Backup Verification".
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from upkeep.errors import Absent
from upkeep.judges.wording import counted, on_disk
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed
from upkeep.records.backups import BackupFault, BackupFolder, BackupSet
from upkeep.records.configuration import ConfigurationReference
from upkeep.records.workload import Install
from upkeep.shell import Command, arguments, shell

READABLE_BY_OTHERS = 0o004
NO_SET = "no backup"


def complete(
    folder: BackupFolder,
    references: Sequence[ConfigurationReference],
    *,
    created: datetime,
    install: Install,
    now: datetime,
    limits: Limits,
) -> Judgement:
    """Judge backups-complete: a whole set for each of the ``limits["backup_days"]`` days before today.

    A set holds ConfigMaps and Secrets, and no other user may read it. Its values together are not smaller than those of
    the set before by more than ``limits["backup_shrink"]``. Today's set may be missing, and days before the collector.

    :param created: the creation time of the collector's Deployment.
    :raises Absent: the pod template names no ConfigMap or Secret.
    """
    if not references:
        raise no_references(install)
    days = int(limits["backup_days"])
    basis = f"the sets in {folder.folder} since {(now - timedelta(days=days)).date().isoformat()}"
    if not folder.sets:
        return Judgement((none_saved(folder, install),), NO_SET, days, "days", basis)
    found = [file_fault(folder, fault) for fault in folder.faults]
    there = {one.day for one in folder.sets}
    wanted = [(now - timedelta(days=number)).date() for number in range(days, 0, -1)]
    asked = [day.isoformat() for day in wanted if day > created.date()]
    missing = [day for day in asked if day not in there]
    found += [_day_missing(folder, day) for day in missing]
    oldest_first = list(reversed(folder.sets))
    for backup in oldest_first:
        found += [file_fault(folder, fault) for fault in backup.faults]
        found += _kinds(folder, backup, references, install=install) + _open(folder, backup)
    found += _shrunk(folder, oldest_first, limits=limits)
    observed = f"{len(asked) - len(missing)} of {counted(len(asked), 'day')} before today; {counted(len(folder.sets), 'set')}"
    return Judgement(tuple(found), observed, days, "days", basis)


def _kinds(
    folder: BackupFolder,
    backup: BackupSet,
    references: Sequence[ConfigurationReference],
    *,
    install: Install,
) -> list[Finding]:
    """Return the findings of a kind that the set lacks. A set with a fault may hold it and has none."""
    held = {one.kind for one in backup.objects if one.namespace == install.namespace}
    found = []
    for kind, code in (("ConfigMap", "no-configuration-in-set"), ("Secret", "no-secrets-in-set")):
        names = [one.name for one in references if one.kind == kind and not one.optional]
        if names and kind not in held and not backup.faults:
            message = f"Set {backup.stamp} holds no {kind} of namespace {install.namespace}. The collector needs {listed(names)}."
            found.append(
                Finding(
                    set_name(backup),
                    code,
                    message,
                    0,
                    len(names),
                    f"{kind}s",
                    save_again(folder, install),
                )
            )
    return found


def _open(folder: BackupFolder, backup: BackupSet) -> list[Finding]:
    """Return the finding of files that every user may read. The folder may keep others out, whatever their modes."""
    files = [
        file
        for file in backup.files
        if file.mode & READABLE_BY_OTHERS and file.name.endswith(".yaml")
    ]
    if not folder.open_to_others or not files:
        return []
    names = [file.name for file in files]
    message = (
        f"Every user of this machine may read {listed(names)}. Backups hold keys and webhook URLs."
    )
    observed = f"{files[0].mode:04o}"
    fix = shell("chmod 600 {}", arguments(f"{folder.folder}/{name}" for name in names))
    return [Finding(set_name(backup), "readable-by-others", message, observed, "0600", "mode", fix)]


def _shrunk(
    folder: BackupFolder, oldest_first: Sequence[BackupSet], *, limits: Limits
) -> list[Finding]:
    """Return the findings of sets that shrank. A set with a fault has no size to compare."""
    sizes = [
        (one, sum(each.data_bytes for each in one.objects))
        for one in oldest_first
        if not one.faults
    ]
    found = []
    for (before, size_before), (backup, size) in pairwise(sizes):
        lost = (size_before - size) / size_before if size_before else 0
        if lost > limits["backup_shrink"]:
            limit = round(limits["backup_shrink"] * 100, 4)
            message = f"Set {backup.stamp} holds {size} bytes, {lost * 100:.0f} % less than set {before.stamp} (limit {limit:g} %)."
            found.append(
                Finding(
                    set_name(backup),
                    "backup-shrunk",
                    message,
                    round(lost * 100, 1),
                    limit,
                    "% less",
                    list_files(folder),
                )
            )
    return found


def _day_missing(folder: BackupFolder, day: str) -> Finding:
    return Finding(
        on_disk("Folder", folder.folder),
        "backup-day-missing",
        f"The backup of {day} is missing.",
        0,
        1,
        "sets",
        list_files(folder),
    )


def none_saved(folder: BackupFolder, install: Install) -> Finding:
    """Return the finding of a folder without a backup."""
    return Finding(
        on_disk("Folder", folder.folder),
        "no-backup",
        f"{folder.folder} holds no backup.",
        0,
        1,
        "sets",
        save_again(folder, install),
    )


def file_fault(folder: BackupFolder, fault: BackupFault) -> Finding:
    """Return the finding of a faulty file."""
    return Finding(
        on_disk("File", fault.file),
        fault.code,
        fault.message if fault.message.endswith(".") else f"{fault.message}.",
        next=shell("ls -l {}", f"{folder.folder}/{fault.file}"),
    )


def no_references(install: Install) -> Absent:
    """Return why nothing can be judged: the pod template names nothing to back up."""
    return Absent(
        f"The pod template of {install.deployment} names no ConfigMap or Secret to back up.",
        source="pod template",
        next_step=shell(
            "kubectl get deployment {} -n {} -o jsonpath='{{.spec.template.spec.volumes}}'",
            install.deployment,
            install.namespace,
        ),
    )


def save_again(folder: BackupFolder, install: Install) -> Command:
    """Return the command that makes a backup in the folder."""
    return shell("upkeep backup --namespace={} --backups={}", install.namespace, folder.folder)


def list_files(folder: BackupFolder) -> Command:
    """Return the command that lists the folder."""
    return shell("ls -l {}", folder.folder)


def set_name(backup: BackupSet) -> str:
    return f"BackupSet/{backup.stamp}"
