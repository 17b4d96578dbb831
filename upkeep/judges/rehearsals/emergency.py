"""Is the prepared minimal configuration complete, mounted and kept to its owner?"""

from collections.abc import Iterator
from pathlib import PurePath

from upkeep.judges.configuration import validity
from upkeep.judges.rehearsals import actions
from upkeep.model import Finding
from upkeep.records.access import ActionRehearsal
from upkeep.records.configuration import (
    ConfigurationDocument,
    ConfigurationFault,
    EmergencyConfiguration,
)
from upkeep.records.workload import Install
from upkeep.shell import Command, arguments, shell

# The documents that a minimal configuration needs, where they are mounted.
NEEDED = ("destinations", "teams")


def of_the_emergency(
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
                look = shell(
                    "kubectl -n {} describe {} {}", install.namespace, kind.lower(), name.lower()
                )
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
            look = shell(
                "kubectl -n {} get deployment {} -o jsonpath='{{.spec.template.spec.volumes}}'",
                install.namespace,
                install.deployment,
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
            shell("chmod 600 {}", file),
        )


def _file(where: str) -> str:
    """Return a file as a finding's object, by its name; the message has the path."""
    return f"File/{PurePath(where).name}"


def _check(emergency: EmergencyConfiguration) -> Command:
    return shell("upkeep config check {}", arguments(emergency.files))
