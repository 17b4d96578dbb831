"""Can the on-call engineer restore a lost configuration? From a backup, or a minimal one.

Guide: "Configuration Emergency": "Restore from Backup", "Emergency Configuration".
"""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from upkeep.errors import Absent, Unmeasured
from upkeep.judges.backups.restores import may_not, refused_by_server
from upkeep.judges.backups.sets import file_fault, no_references, none_saved
from upkeep.judges.configuration import validity
from upkeep.judges.rehearsals import actions
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import ActionRehearsal, RestoreRehearsal
from upkeep.records.backups import BackupFolder
from upkeep.records.configuration import (
    ConfigurationDocument,
    ConfigurationFault,
    ConfigurationReference,
    EmergencyConfiguration,
)
from upkeep.records.workload import Install

# The documents that a minimal configuration needs, where they are mounted.
NEEDED = ("destinations", "teams")


def restored(
    folder: BackupFolder,
    references: Sequence[ConfigurationReference],
    *,
    restore: RestoreRehearsal | Exception,
    restart: ActionRehearsal | Exception,
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
    found += _of_the_restart(restart, install=install)
    found += _of_the_emergency(emergency, attempt, install=install)
    if not found:
        for part in (restore, restart, emergency, attempt):
            if isinstance(part, Exception):
                raise part
        _require_whole(folder, references, restore, emergency, attempt, install=install)
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


def _of_the_restart(restart: ActionRehearsal | Exception, *, install: Install) -> list[Finding]:
    return (
        []
        if isinstance(restart, Exception)
        else list(actions.restart(restart, install=install).findings)
    )


def _of_the_emergency(
    emergency: EmergencyConfiguration | Exception,
    attempt: ActionRehearsal | Exception,
    *,
    install: Install,
) -> list[Finding]:
    found: list[Finding] = []
    if isinstance(emergency, EmergencyConfiguration):
        faults = validity.faults(emergency.documents)
        faults += (
            []
            if emergency.environment.unread
            else validity.unset_variables(emergency.documents, emergency.environment)
        )
        found += [_fault(fault, emergency) for fault in faults]
        found += [
            *_incomplete(emergency),
            *_unmounted(emergency, install=install),
            *_open(emergency),
        ]
    if isinstance(attempt, ActionRehearsal):
        found += [
            actions.forbidden(
                answer,
                "emergency-config-forbidden",
                "install the minimal configuration",
                install=install,
            )
            for answer in attempt.access
            if not answer.allowed
        ]
        for run in attempt.dry_runs:
            if not run.accepted:
                message = (
                    f"The API server refused the dry run of the minimal configuration in "
                    f"{run.object} ({run.status} {run.reason}, {run.message})."
                )
                kind, _, name = run.object.partition("/")
                look = f"kubectl -n {install.namespace} describe {shlex.quote(kind.lower())} {shlex.quote(name.lower())}"
                found.append(
                    Finding(
                        run.object,
                        "emergency-config-refused",
                        message,
                        run.status,
                        200,
                        "HTTP status",
                        look,
                    )
                )
    return found


def _fault(fault: ConfigurationFault, emergency: EmergencyConfiguration) -> Finding:
    message = fault.message if fault.message.endswith((".", "?", "[]")) else f"{fault.message}."
    return Finding(
        _file(fault.document),
        fault.code,
        message,
        fault.path or "the document",
        "no fault",
        "",
        _check(emergency),
    )


def _incomplete(emergency: EmergencyConfiguration) -> Iterator[Finding]:
    """Yield a finding for each mounted document that was not prepared, or that is empty."""
    for kind in NEEDED:
        prepared = [document for document in emergency.documents if document.kind == kind]
        place = emergency.mounted.get(kind)
        if place is not None and not prepared:
            message = (
                f"The minimal configuration has no {kind}.yaml, which {place} holds. "
                "A fault there would stay."
            )
            yield Finding(
                place,
                "emergency-config-incomplete",
                message,
                "missing",
                f"{kind}.yaml",
                "",
                _check(emergency),
            )
        for document in prepared:
            lacking = _lacking(document)
            if lacking and not document.faults:
                message = f"{document.where} has {lacking}: no alert would be delivered."
                yield Finding(
                    _file(document.where),
                    "emergency-config-incomplete",
                    message,
                    lacking,
                    "1 or more",
                    "",
                    _check(emergency),
                )


def _lacking(document: ConfigurationDocument) -> str:
    if document.kind in NEEDED and not document.names:
        return f"no {document.kind.removesuffix('s')}"
    # The collector routes every alert to the first team.
    return (
        "a first team without a destination"
        if document.kind == "teams" and not document.names[0].uses
        else ""
    )


def _unmounted(emergency: EmergencyConfiguration, *, install: Install) -> Iterator[Finding]:
    for document in emergency.documents:
        if document.kind not in emergency.mounted:
            message = (
                f"{document.where} holds {document.kind}; no mounted object has "
                f"{document.kind}.yaml. The collector would not read it."
            )
            look = (
                f"kubectl -n {install.namespace} get deployment {install.deployment} "
                "-o jsonpath='{.spec.template.spec.volumes}'"
            )
            yield Finding(
                _file(document.where),
                "emergency-config-unmounted",
                message,
                document.kind,
                "mounted",
                "",
                look,
            )


def _open(emergency: EmergencyConfiguration) -> Iterator[Finding]:
    for file, mode in emergency.readable_by_others.items():
        message = f"Every user of this machine may read {file}, which holds keys or webhook URLs."
        yield Finding(
            _file(file),
            "emergency-config-readable",
            message,
            f"{mode:04o}",
            "0600",
            "mode",
            f"chmod 600 {shlex.quote(file)}",
        )


def _require_whole(
    folder: BackupFolder,
    references: Sequence[ConfigurationReference],
    restore: RestoreRehearsal | Exception,
    emergency: EmergencyConfiguration | Exception,
    attempt: ActionRehearsal | Exception,
    *,
    install: Install,
) -> None:
    """Demand that every part was rehearsed, and every variable was looked up.

    :raises Absent: one was not.
    """
    if (
        not isinstance(restore, RestoreRehearsal)
        or not isinstance(emergency, EmergencyConfiguration)
        or not isinstance(attempt, ActionRehearsal)
    ):
        return
    newest, wanted = folder.sets[0], {(one.kind, install.namespace, one.name) for one in references}
    ours = {
        f"{one.kind}/{one.name}"
        for one in newest.objects
        if (one.kind, one.namespace, one.name) in wanted
    }
    ran = (
        {run.object for run in restore.dry_runs if run.accepted}
        if restore.stamp == newest.stamp
        else set()
    )
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
    unsure = validity.unset_variables(emergency.documents, emergency.environment)
    if unsure:
        raise Absent(
            f"{unsure[0].message} {emergency.environment.unread[0]}", source="pod template"
        )
    places = {emergency.mounted[document.kind] for document in emergency.documents}
    if places - {run.object for run in attempt.dry_runs}:
        raise Absent("Minimal configuration not rehearsed.", next_step="run again")


def _file(where: str) -> str:
    """Return a file as a finding's object, by its name; the message has the path."""
    return f"File/{PurePath(where).name}"


def _check(emergency: EmergencyConfiguration) -> str:
    return f"upkeep config check {shlex.join(emergency.files)}"
