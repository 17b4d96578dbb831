"""Judge whether the metrics were exported, so that next month can be compared with this one."""

from collections.abc import Sequence
from datetime import datetime

from upkeep.errors import Malformed
from upkeep.judges.wording import counted, on_disk
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, span, utc
from upkeep.records.counters import ExportFolder, MetricsExport, Snapshot
from upkeep.records.workload import Install, Pod, Workload
from upkeep.shell import Command, shell


def metrics_exported(
    folder: ExportFolder, workload: Workload, *, install: Install, now: datetime, limits: Limits
) -> Judgement:
    """Judge metrics-exported: the newest export is within ``limits["export_age"]``, whole, and holds every pod of its time.

    The guide's file names no pod. It counts for a single pod; with two it lacks one.
    """
    age = limits["export_age"]
    command = shell("upkeep export --namespace={} --exports={}", install.namespace, folder.folder)
    ahead = [
        one
        for one in folder.exports
        if any(fault.code == "export-from-the-future" for fault in one.faults)
    ]
    found = [
        _finding(one.file, fault.code, fault.message, next_step=shell("mv {} elsewhere", one.file))
        for one in ahead
        for fault in one.faults
    ]
    usable = [one for one in folder.exports if one not in ahead]
    if not usable:
        message = f"{folder.folder} holds no metrics-YYYYMMDD.txt, so the metrics of this month are not exported."
        found.append(
            Finding(
                on_disk("Folder", folder.folder),
                "export-missing",
                message,
                0,
                1,
                "exports",
                command,
            )
        )
        return Judgement(tuple(found), "no export", age, "s old", f"files of {folder.folder}")
    newest = usable[0]
    seconds = (now - newest.taken).total_seconds()
    if seconds > age:
        message = f"The newest export, {newest.file}, is {span(seconds)} old (limit {span(age)})."
        found.append(
            Finding(
                on_disk("File", newest.file),
                "export-old",
                message,
                round(seconds),
                age,
                "s old",
                command,
            )
        )
    found += [
        _finding(newest.file, fault.code, f"{fault.message}.", next_step=command)
        for fault in newest.faults
    ]
    mine = [
        snapshot for namespace, snapshot in newest.snapshots if namespace in ("", install.namespace)
    ]
    then = [pod for pod in workload.pods if pod.created <= newest.taken and pod.works]
    if not newest.faults:
        found += _pods_missing(newest, mine, then, command)
    observed = f"{newest.file}, {span(seconds) or '0 s'} old, {counted(len(mine), 'pod')}; {counted(len(usable), 'export')} in all"
    said = {"export": "itself", "file": "its file's time", "name": "its name"}[newest.taken_from]
    unmeasured = None
    if newest.faults:
        unmeasured = Malformed(
            f"Export {newest.file} has a fault, so it may not hold every pod.",
            source=newest.file,
            next_step=command,
        )
    return Judgement(
        tuple(found),
        observed,
        age,
        "s old",
        f"files of {folder.folder}; its time by {said} ({utc(newest.taken)})",
        unmeasured=unmeasured,
    )


def _finding(file: str, code: str, message: str, *, next_step: Command) -> Finding:
    return Finding(on_disk("File", file), code, message, None, None, "", next_step)


def _pods_missing(
    newest: MetricsExport, mine: Sequence[Snapshot], then: Sequence[Pod], command: Command
) -> list[Finding]:
    named = {snapshot.pod for snapshot in mine}
    if named == {""}:
        if len(then) <= 1:
            return []
        message = f"{newest.file} holds one exposition without a pod name, but {len(then)} pods ran. The others are missing."
        return [
            Finding(
                on_disk("File", newest.file),
                "pods-not-exported",
                message,
                1,
                len(then),
                "pods",
                command,
            )
        ]
    missing = sorted(pod.name for pod in then if pod.name not in named)
    if not missing:
        return []
    message = f"{newest.file} lacks the metrics of pod {listed(missing)}, which ran at that time."
    return [
        Finding(
            on_disk("File", newest.file),
            "pods-not-exported",
            message,
            len(then) - len(missing),
            len(then),
            "pods",
            command,
        )
    ]
