"""Can the on-call engineer restore a lost configuration? From a backup, or a minimal one.

Guide: "Configuration Emergency": "Restore from Backup", "Emergency Configuration".
"""

from collections.abc import Sequence

from upkeep.errors import Absent, Unmeasured, missing_of
from upkeep.judges.backups.restores import may_not, refused_by_server
from upkeep.judges.backups.sets import file_fault, no_references, none_saved
from upkeep.judges.configuration import validity
from upkeep.judges.rehearsals import actions, new_pods
from upkeep.judges.rehearsals.emergency import of_the_emergency
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import ActionRehearsal, RestoreRehearsal, ServiceAccount
from upkeep.records.backups import BackupFolder
from upkeep.records.configuration import (
    ConfigurationReference,
    EmergencyConfiguration,
)
from upkeep.records.workload import Deployment, Install


def restored(
    folder: BackupFolder,
    references: Sequence[ConfigurationReference],
    collector: Deployment,
    *,
    restore: RestoreRehearsal | Exception,
    restart: ActionRehearsal | Exception,
    new_pod: ActionRehearsal | Exception,
    account: ServiceAccount | Exception,
    emergency: EmergencyConfiguration | Exception,
    attempt: ActionRehearsal | Exception,
    install: Install,
) -> Judgement:
    """restore-rehearsed: the acting identity may restore the newest backup and restart.

    The dry runs accept each object, the restart, and the prepared minimal configuration in place
    of the live one, which keeps the collector's rules. A deleted object is created instead.
    Findings are reported even where another part was not measured.

    :raises Unmeasured: a part was not measured, and the others have no finding.
    """
    if not references:
        raise no_references(install)
    found = [] if folder.sets else [none_saved(folder, install)]
    if folder.sets:
        found += [file_fault(folder, fault) for fault in folder.sets[0].faults]
        found += _of_the_restore(folder, restore)
    found += _of_the_restart(restart, new_pod, account, collector, install=install)
    found += of_the_emergency(emergency, attempt, install=install)
    unmeasured = missing_of(
        _require_whole, folder, references, restore, restart, emergency, attempt, install=install
    )
    if unmeasured is None and isinstance(restart, ActionRehearsal):
        unmeasured = new_pods.doubtful(restart, new_pod, install=install)
    parts = {
        "restore": restore,
        "restart": restart,
        "minimal configuration": emergency,
        "its dry run": attempt,
    }
    unseen = [
        f"{name} ({part.message})" for name, part in parts.items() if isinstance(part, Unmeasured)
    ]
    newest = f"set {folder.sets[0].stamp}" if folder.sets else "no backup"
    verdict = counted(len(found), "fault") if found else "accepted"
    told = f"restore of {newest}, restart and minimal configuration: {verdict}"
    observed = told + (f"; not measured: {listed(unseen)}" if unseen else "")
    return Judgement(
        tuple(found),
        observed,
        "accepted",
        "",
        f"{actions.BASIS}; the newest set in {folder.folder}; files",
        unmeasured=unmeasured,
    )


def _of_the_restore(folder: BackupFolder, restore: RestoreRehearsal | Exception) -> list[Finding]:
    if isinstance(restore, Exception):
        return []
    gone = {run.object for run in restore.dry_runs if run.action == "patch" and run.status == 404}
    counting = [answer for answer in restore.access if answer.verb == "patch" or gone]
    runs = [run for run in restore.dry_runs if (run.action == "create") is (run.object in gone)]
    return may_not(counting) + [
        refused_by_server(folder, folder.sets[0], run) for run in runs if not run.accepted
    ]


def _of_the_restart(
    restart: ActionRehearsal | Exception,
    new_pod: ActionRehearsal | Exception,
    account: ServiceAccount | Exception,
    collector: Deployment,
    *,
    install: Install,
) -> list[Finding]:
    return (
        []
        if isinstance(restart, Exception)
        else list(actions.restart(restart, new_pod, account, collector, install=install).findings)
    )


def _require_whole(
    folder: BackupFolder,
    references: Sequence[ConfigurationReference],
    restore: RestoreRehearsal | Exception,
    restart: ActionRehearsal | Exception,
    emergency: EmergencyConfiguration | Exception,
    attempt: ActionRehearsal | Exception,
    *,
    install: Install,
) -> None:
    """Demand that every part was rehearsed, and every variable was looked up.

    What a finding keeps from being rehearsed (no set, no right) is no gap.

    :raises Unmeasured: one was not.
    """
    if folder.sets:
        if isinstance(restore, Exception):
            raise restore
        _require_restore(folder, references, restore, install=install)
    for part in (restart, emergency, attempt):
        if isinstance(part, Exception):
            raise part
    assert isinstance(emergency, EmergencyConfiguration)
    assert isinstance(attempt, ActionRehearsal)
    unsure = validity.unset_variables(emergency.documents, emergency.environment)
    if unsure and emergency.environment.unread:
        raise Absent(
            f"{unsure[0].message} {emergency.environment.unread[0]}", source="pod template"
        )
    if any(not answer.allowed for answer in attempt.access):
        return
    places = {
        emergency.mounted[document.kind]
        for document in emergency.documents
        if document.kind in emergency.mounted
    }
    if places - {run.object for run in attempt.dry_runs}:
        raise Absent("Minimal configuration not rehearsed.", next_step="run again")


def _require_restore(
    folder: BackupFolder,
    references: Sequence[ConfigurationReference],
    restore: RestoreRehearsal,
    *,
    install: Install,
) -> None:
    """Demand that every object of the collector in the newest set was rehearsed.

    :raises Absent: one was not.
    """
    newest, wanted = folder.sets[0], {(one.kind, install.namespace, one.name) for one in references}
    ours = {
        f"{one.kind}/{one.name}"
        for one in newest.objects
        if (one.kind, one.namespace, one.name) in wanted
    }
    denied = {answer.name for answer in restore.access if not answer.allowed}
    ran = (
        {run.object for run in restore.dry_runs if run.action == "create" or run.status != 404}
        if restore.stamp == newest.stamp
        else set()
    )
    ran |= {one for one in ours if denied & {one.partition("/")[2], ""}}
    if not ours or ours - ran:
        what = (
            f"restore of {sorted(ours - ran)[0]} not rehearsed"
            if ours
            else "it holds no object of the collector"
        )
        raise Absent(
            f"Set {newest.stamp}: {what}.",
            source=f"set {newest.stamp}",
            next_step="run again, alone on the folder",
        )
