"""Are the backups there, whole, and of what is live? Whether they can be restored is judged in ``backup_restores``.

``backup_age`` is the limit here too, and not the guide's bare 24 h: a daily backup is as old as that each day for as long as it takes, and two
limits for one schedule would have to be changed together.

Source: the guide's "Backup current configuration" and "Backup Verification".
"""

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from upkeep.errors import Absent, Unmeasured
from upkeep.judges.configuration.changes import (
    Crash,
    before_the_change,
    by_whom,
    changed_keys,
    differing,
    first_crash,
    held,
    last_writer,
    restore,
)
from upkeep.judges.wording import counted, lasted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, span
from upkeep.records.backups import BackupFault, BackupFolder, BackupSet
from upkeep.records.configuration import ConfigurationObject, ConfigurationReference
from upkeep.records.workload import Install, Workload

READABLE_BY_OTHERS = 0o004
NO_SET = "no backup"


def configuration_saved(
    folder: BackupFolder,
    live: Sequence[ConfigurationObject],
    workload: Workload | Unmeasured,
    *,
    install: Install,
    now: datetime,
    limits: Limits,
) -> Judgement:
    """config-backed-up: the newest set is at most ``limits["backup_age"]`` old, holds every object, and each equals the live one, key by key.

    Where a container crashes and an object was changed before it began to, that change is the finding, with the restore of the newest set of before it:
    to save what is live would save what broke. So it is, too, when the newest set holds the change already.

    :param workload: only tells whether a container crashes; where it cannot be seen, none is taken to.
    :raises Absent: the pod template names no object at all, so there is nothing to compare.
    """
    if not live:
        raise no_references(install)
    limit = _hours(limits["backup_age"])
    basis = f"the newest set in {folder.folder}, compared with what is live by keyed digests"
    if not folder.sets:
        return Judgement((none_saved(folder, install),), NO_SET, limit, "h", basis)
    newest = folder.sets[0]
    age = now - newest.taken
    found = [file_fault(folder, fault) for fault in newest.faults]
    if age > timedelta(seconds=limits["backup_age"]):
        message = (
            f"The newest backup, {newest.stamp}, is {span(age)} old (by its {newest.taken_from})."
        )
        found.append(
            Finding(
                _set(newest),
                "backup-set-too-old",
                message,
                _hours(age.total_seconds()),
                limit,
                "h",
                save_again(folder, install),
            )
        )
    crash = first_crash(workload, install=install) if isinstance(workload, Workload) else None
    whole = not newest.faults
    equal = 0
    for one in live:
        name = f"{one.kind}/{one.name}"
        there = held(newest, one)
        changed = _changed_before_the_crash(folder, live, one, crash, install=install, now=now)
        if one.missing:
            message = f"{name} is gone from the cluster, and the collector's pods need it."
            backup = before_the_change(folder, one)
            fix = (
                restore(folder, backup, live, install=install)
                if backup is not None
                else _look(install, one)
            )
            found.append(
                Finding(name, "configuration-object-gone", message, "missing", "live", "", fix)
            )
        elif changed is not None:
            found.append(changed)
        elif there is None:
            if whole:
                message = f"{name} is live and not in the newest backup, {newest.stamp}."
                found.append(
                    Finding(
                        name,
                        "object-not-saved",
                        message,
                        "missing",
                        "saved",
                        "",
                        save_again(folder, install),
                    )
                )
        elif differ := differing(there, one):
            when = by_whom(last_writer(one.owners, changed_keys(there, one)), now=now)
            message = (
                f"{name} is not what the newest backup, {newest.stamp}, holds: {listed(differ)}{f'; last written {when}' if when else ''}. "
                "Save it if that was meant; if it was not, restore the backup."
            )
            found.append(
                Finding(
                    name,
                    "object-differs",
                    message,
                    len(differ),
                    0,
                    "differing keys",
                    save_again(folder, install),
                )
            )
        else:
            equal += 1
    observed = f"set {newest.stamp}, {span(age) or '0 s'} old by its {newest.taken_from}: {equal} of {counted(len(live), 'object')} equal"
    return Judgement(tuple(found), observed, limit, "h", basis)


def _changed_before_the_crash(
    folder: BackupFolder,
    live: Sequence[ConfigurationObject],
    one: ConfigurationObject,
    crash: Crash | None,
    *,
    install: Install,
    now: datetime,
) -> Finding | None:
    """The change of an object that came before a container began to crash, and after a set that can be restored."""
    backup = before_the_change(folder, one) if crash is not None and not one.missing else None
    saved = held(backup, one) if backup is not None else None
    if crash is None or backup is None or saved is None:
        return None
    writer = last_writer(one.owners, changed_keys(saved, one))
    if (
        writer is None
        or writer.changed is None
        or not backup.taken <= writer.changed <= crash.since
    ):
        return None
    name, differ = f"{one.kind}/{one.name}", differing(saved, one)
    gap = crash.since - writer.changed
    before = f"{lasted(gap) if gap else 'right'} before container {crash.container} of pod {crash.pod} began to crash"
    there = "the newest" if backup is folder.sets[0] else "the newest of before the change"
    message = (
        f"{name} was changed {by_whom(writer, now=now)}, {before}: {listed(differ)}. "
        f"Backup {backup.stamp}, {there} ({lasted(now - backup.taken)} old), holds what was there."
    )
    fix = restore(folder, backup, live, install=install)
    return Finding(name, "changed-before-crash", message, len(differ), 0, "differing keys", fix)


def complete(
    folder: BackupFolder,
    references: Sequence[ConfigurationReference],
    *,
    created: datetime,
    install: Install,
    now: datetime,
    limits: Limits,
) -> Judgement:
    """backups-complete: a set for each of the ``limits["backup_days"]`` days before today, whole, of both kinds, not shrunk, not open to others.

    Today's may still come; it is judged where it is there. Days before the collector was installed are not asked for. A set shrank when its
    values together are smaller than those of the set before by more than ``limits["backup_shrink"]``.

    :param created: when the collector's Deployment was made.
    :raises Absent: the pod template names no object at all.
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
    """Secrets beside the configuration. Of a set with a fault it cannot be told what it does not hold."""
    held = {one.kind for one in backup.objects if one.namespace == install.namespace}
    found = []
    for kind, code in (("ConfigMap", "no-configuration-in-set"), ("Secret", "no-secrets-in-set")):
        names = [one.name for one in references if one.kind == kind and not one.optional]
        if names and kind not in held and not backup.faults:
            message = f"The set {backup.stamp} holds no {kind} of namespace {install.namespace}; the collector needs {listed(names)}."
            found.append(
                Finding(
                    _set(backup),
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
    """The folder may keep others out, whatever the files say."""
    files = [
        file
        for file in backup.files
        if file.mode & READABLE_BY_OTHERS and file.name.endswith(".yaml")
    ]
    if not folder.open_to_others or not files:
        return []
    names = [file.name for file in files]
    message = (
        f"Everybody on the machine may read {listed(names)}: both may hold keys and webhook URLs."
    )
    observed = f"{files[0].mode:04o}"
    fix = f"chmod 600 {' '.join(shlex.quote(f'{folder.folder}/{name}') for name in names)}"
    return [Finding(_set(backup), "readable-by-others", message, observed, "0600", "mode", fix)]


def _shrunk(
    folder: BackupFolder, oldest_first: Sequence[BackupSet], *, limits: Limits
) -> list[Finding]:
    """Sets with a fault have no size that could be compared."""
    sizes = [
        (one, sum(each.data_bytes for each in one.objects))
        for one in oldest_first
        if not one.faults
    ]
    found = []
    for (before, size_before), (backup, size) in pairwise(sizes):
        lost = (size_before - size) / size_before if size_before else 0
        if lost > limits["backup_shrink"]:
            message = f"The set {backup.stamp} holds {size} bytes of configuration, {lost * 100:.0f} % less than {before.stamp} with {size_before}."
            limit = round(limits["backup_shrink"] * 100, 4)
            found.append(
                Finding(
                    _set(backup),
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
        f"Folder/{folder.folder}",
        "backup-day-missing",
        f"There is no backup of {day}.",
        0,
        1,
        "sets",
        list_files(folder),
    )


def none_saved(folder: BackupFolder, install: Install) -> Finding:
    """The finding of a folder without a backup."""
    return Finding(
        f"Folder/{folder.folder}",
        "no-backup",
        f"There is no backup in {folder.folder}.",
        0,
        1,
        "sets",
        save_again(folder, install),
    )


def file_fault(folder: BackupFolder, fault: BackupFault) -> Finding:
    """The finding of a file that is not as it was written."""
    return Finding(
        f"File/{fault.file}",
        fault.code,
        f"{fault.message}.",
        next=f"ls -l {shlex.quote(f'{folder.folder}/{fault.file}')}",
    )


def no_references(install: Install) -> Absent:
    """There is nothing that a backup could hold."""
    return Absent(
        f"the pod template of {install.deployment} names no ConfigMap or Secret, so there is nothing to back up",
        source="pod template",
        next_step=f"kubectl get deployment {install.deployment} -n {install.namespace} -o jsonpath='{{.spec.template.spec.volumes}}'",
    )


def _look(install: Install, one: ConfigurationObject) -> str:
    return f"kubectl -n {install.namespace} get {one.kind.lower()}s"


def save_again(folder: BackupFolder, install: Install) -> str:
    """What makes a backup in the folder."""
    return f"upkeep backup --namespace={shlex.quote(install.namespace)} --backups={shlex.quote(folder.folder)}"


def list_files(folder: BackupFolder) -> str:
    """What shows the folder's files."""
    return f"ls -l {shlex.quote(folder.folder)}"


def _set(backup: BackupSet) -> str:
    return f"BackupSet/{backup.stamp}"


def _hours(seconds: float) -> float:
    return round(seconds / 3600, 2)
