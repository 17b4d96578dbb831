"""Can the newest backup be restored?

``kubectl get -o yaml`` keeps ``resourceVersion`` and ``uid``, with which the API server refuses a later restore (409).
Source: docs/guide.rst, "Backup Verification"; https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
"""

from collections.abc import Sequence

from upkeep.domain.access.granting import granting_answer
from upkeep.errors import Absent, Unmeasured, missing_of
from upkeep.judges.backups.sets import (
    NO_SET,
    file_fault,
    list_files,
    no_references,
    none_saved,
    save_again,
)
from upkeep.judges.configuration.changes import REFUSED_FIELDS
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, Scalar
from upkeep.records.access import AccessAnswer, DryRun, RestoreRehearsal
from upkeep.records.backups import BackupFolder, BackupSet
from upkeep.records.configuration import ConfigurationObject, ConfigurationReference
from upkeep.records.workload import Install
from upkeep.shell import shell


def restorable(
    folder: BackupFolder,
    references: Sequence[ConfigurationReference],
    rehearsal: RestoreRehearsal | Unmeasured,
    *,
    install: Install,
) -> Judgement:
    """Judge backup-restores: the server's dry run accepts each object of the newest set, over the live one and created anew.

    The set holds nothing but the collector's objects, and no field with which a restore is refused.

    :param rehearsal: unmeasured, it is raised only where the files themselves have no fault.
    :raises Absent: the pod template names no ConfigMap or Secret, or an object of the set was not rehearsed.
    """
    if not references:
        raise no_references(install)
    basis = f"the newest set in {folder.folder}"
    if not folder.sets:
        return Judgement((none_saved(folder, install),), NO_SET, 0, "refusals", basis)
    newest = folder.sets[0]
    wanted = {(one.kind, install.namespace, one.name) for one in references}
    found = [file_fault(folder, fault) for fault in newest.faults]
    for one in newest.objects:
        found += [
            _kept(folder, one, name, install)
            for name in one.server_fields
            if name in REFUSED_FIELDS
        ]
        if (one.kind, one.namespace, one.name) not in wanted:
            found.append(_foreign(folder, one, install=install))
    observed = f"set {newest.stamp}: {counted(len(newest.objects), 'object')}"
    if isinstance(rehearsal, Unmeasured):
        return Judgement(
            tuple(found),
            f"{observed}; not rehearsed: {rehearsal.message}",
            0,
            "refusals",
            basis,
            unmeasured=rehearsal,
        )
    found += may_not(rehearsal.access)
    refused = [one for one in rehearsal.dry_runs if not _accepted(one)]
    found += [refused_by_server(folder, newest, one) for one in refused]
    accepted = len(rehearsal.dry_runs) - len(refused)
    observed += f"; {accepted} of {counted(len(rehearsal.dry_runs), 'dry run')} accepted"
    return Judgement(
        tuple(found),
        observed,
        0,
        "refusals",
        f"{basis}, and the API server's dry run as the acting identity",
        unmeasured=missing_of(_require_whole, newest, rehearsal),
    )


def _require_whole(newest: BackupSet, rehearsal: RestoreRehearsal) -> None:
    """Require that every object of the set was rehearsed both ways.

    :raises Absent: one was not, or the rehearsal was of another set.
    """
    if not newest.objects:
        raise Absent("The set holds no object.", source=f"set {newest.stamp}")
    ran = (
        {(one.action, one.object) for one in rehearsal.dry_runs}
        if rehearsal.stamp == newest.stamp
        else set()
    )
    denied = {(answer.verb, answer.name) for answer in rehearsal.access if not answer.allowed}
    for one in newest.objects:
        for action in ("create", "patch"):
            if denied & {(action, one.name), (action, "")}:
                continue  # a finding of its own, and no dry run is sent without the right
            if (action, f"{one.kind}/{one.name}") not in ran:
                raise Absent(
                    f"No dry run of the {action} of {one.kind}/{one.name}.",
                    source=f"set {newest.stamp}",
                    next_step="run again",
                )


def _accepted(one: DryRun) -> bool:
    """Return whether the server accepts it. A patch of an object that is gone (404) has nothing to refuse."""
    return one.accepted or (one.action == "patch" and one.status == 404)


def _kept(folder: BackupFolder, one: ConfigurationObject, name: str, install: Install) -> Finding:
    message = (
        f"{one.kind}/{one.name} in {one.file} keeps {name}. "
        "The API server refuses its restore (409 Conflict) once the live object has changed."
    )
    return Finding(
        f"{one.kind}/{one.name}",
        "server-field-kept",
        message,
        name,
        "absent",
        "",
        save_again(folder, install),
    )


def _foreign(folder: BackupFolder, one: ConfigurationObject, *, install: Install) -> Finding:
    where = f"{one.namespace}/{one.name}" if one.namespace != install.namespace else one.name
    message = f"{one.file} holds {one.kind} {where}, which {install.namespace}/{install.deployment} does not use. A restore would write it, too."
    return Finding(
        f"{one.kind}/{one.name}", "foreign-object", message, where, "absent", "", list_files(folder)
    )


def may_not(answers: Sequence[AccessAnswer]) -> list[Finding]:
    """Return the findings of rights that the acting identity lacks for a restore."""
    found = []
    for answer in answers:
        if not answer.allowed:
            what = f"{answer.verb} {answer.resource}{f' {answer.name}' if answer.name else ''}"
            message = (
                f"The acting identity may not {what} in {answer.namespace}, so it cannot restore."
            )
            fix = granting_answer(answer)
            found.append(
                Finding(
                    f"Namespace/{answer.namespace}",
                    "may-not-restore",
                    message,
                    "no",
                    "yes",
                    "",
                    fix,
                )
            )
    return found


def refused_by_server(folder: BackupFolder, newest: BackupSet, one: DryRun) -> Finding:
    """Return the finding of an object whose restore the API server refuses."""
    how = "over the live object" if one.action == "patch" else "as a new object"
    why = f"{one.status} {one.reason}".strip() + (f": {one.message}" if one.message else "")
    message = f"The API server would refuse to restore {one.object} {how} ({why})."
    files = sorted(
        {each.file for each in newest.objects if f"{each.kind}/{each.name}" == one.object}
    )
    fix = (
        shell("kubectl apply --dry-run=server -f {}", f"{folder.folder}/{files[0]}")
        if files
        else list_files(folder)
    )
    observed: Scalar = one.status
    return Finding(one.object, "restore-refused", message, observed, "accepted", "HTTP status", fix)
