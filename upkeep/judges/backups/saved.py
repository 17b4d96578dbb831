"""Does the newest backup equal the live configuration, and what changed before a crash?

Source: docs/guide.rst, "Backup current configuration".
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from upkeep.errors import Absent, Unmeasured
from upkeep.judges.backups.sets import (
    NO_SET,
    file_fault,
    no_references,
    none_saved,
    save_again,
    set_name,
)
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
from upkeep.records.backups import BackupFolder
from upkeep.records.configuration import ConfigurationObject
from upkeep.records.workload import Install, Workload
from upkeep.shell import Command, shell


def configuration_saved(
    folder: BackupFolder,
    live: Sequence[ConfigurationObject],
    workload: Workload | Unmeasured,
    *,
    install: Install,
    now: datetime,
    limits: Limits,
) -> Judgement:
    """Judge config-backed-up: the newest set is fresh, holds every object, and each equals the live one, key by key.

    The limit is ``limits["backup_age"]``, which the schedule of the backups sets, and not the guide's bare 24 h: a daily
    backup is older than that while it runs. Where a container crashes since an object changed, that change is the
    finding, with the restore of the newest set before it: a backup of the live object would save the fault.

    :param workload: tells whether a container crashes; unmeasured, no crash is assumed and only the backup is judged.
    :raises Absent: the pod template names no ConfigMap or Secret.
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
        message = f"The newest backup, set {newest.stamp}, is {span(age)} old by its {newest.taken_from} (limit {span(limits['backup_age'])})."
        found.append(
            Finding(
                set_name(newest),
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
            message = f"{name} does not exist in the cluster, but the collector's pods need it."
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
                message = f"The newest backup, set {newest.stamp}, lacks the live {name}."
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
                f"{name} differs from the newest backup, set {newest.stamp}: {listed(differ)}."
                f"{f' Last written {when}.' if when else ''} Back it up if the change is wanted, else restore the backup."
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
    unheld = [one for one in live if not one.missing and held(newest, one) is None]
    unmeasured = None
    if unheld and not whole:
        unmeasured = Absent(
            f"Set {newest.stamp} has a fault, so it may not hold {unheld[0].kind}/{unheld[0].name}.",
            source=set_name(newest),
            next_step=save_again(folder, install),
        )
    observed = f"set {newest.stamp}, {span(age) or '0 s'} old by its {newest.taken_from}: {equal} of {counted(len(live), 'object')} equal"
    return Judgement(tuple(found), observed, limit, "h", basis, unmeasured=unmeasured)


def _changed_before_the_crash(
    folder: BackupFolder,
    live: Sequence[ConfigurationObject],
    one: ConfigurationObject,
    crash: Crash | None,
    *,
    install: Install,
    now: datetime,
) -> Finding | None:
    """Return the finding of a change after a restorable set and before a container began to crash."""
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
    there = "the newest" if backup is folder.sets[0] else "the newest before the change"
    message = (
        f"{name} changed {by_whom(writer, now=now)}, {before}: {listed(differ)}. "
        f"Set {backup.stamp}, {there} ({lasted(now - backup.taken)} old), holds the earlier content."
    )
    fix = restore(folder, backup, live, install=install)
    return Finding(name, "changed-before-crash", message, len(differ), 0, "differing keys", fix)


def _look(install: Install, one: ConfigurationObject) -> Command:
    return shell("kubectl -n {} get {}s", install.namespace, one.kind.lower())


def _hours(seconds: float) -> float:
    return round(seconds / 3600, 2)
