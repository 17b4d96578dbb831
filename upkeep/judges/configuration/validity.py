"""Is what the collector is told to do well formed, and does it hang together?

Source: collector.md, "Configuration files (what the collector accepts)"; the guide's "Validate YAML syntax" and "Check for unused destinations".
"""

import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime
from difflib import get_close_matches

from upkeep.errors import Absent, Unmeasured
from upkeep.judges.configuration.changes import by_whom, last_writer
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.configuration import (
    ConfigurationDocument,
    ConfigurationFault,
    ConfiguredName,
    Environment,
    FaultCode,
    StoredObject,
)
from upkeep.records.workload import Install

BASIS = "the collector's own rules, applied to what is mounted now"


def valid(
    documents: Sequence[ConfigurationDocument],
    environment: Environment | Unmeasured,
    written: Sequence[StoredObject],
    *,
    now: datetime,
    install: Install,
) -> Judgement:
    """config-valid: every document is well formed and all of them agree; no fault is allowed.

    :param written: the objects that hold the documents, as far as they were seen: who wrote what is wrong.
    :param environment: the container's variables; what stopped us matters only where a document stands for one.
    :raises Absent: there is no document of destinations at all, or a variable may be in an object that could not be read.
    """
    if not any(document.kind == "destinations" for document in documents):
        raise Absent(
            "no document of destinations was found, so there is nothing to judge",
            source="pod template",
        )
    found = faults(documents)
    named = [
        (one, variable) for one in _names(documents, "destinations") for variable in one.variables
    ]
    if named and isinstance(environment, Unmeasured):
        raise environment
    if isinstance(environment, Environment):
        missing = unset_variables(documents, environment)
        if missing and environment.unread and not found:
            unsure = sorted(
                {variable for _, variable in named if variable not in environment.names}
            )
            raise Absent(
                f"whether {listed(unsure)} is set cannot be told: {environment.unread[0]}",
                source="pod template",
            )
        found += [] if environment.unread else missing
    names = {kind: len(_names(documents, kind)) for kind in ("destinations", "teams", "workflows")}
    observed = f"{counted(len(documents), 'document')} with " + ", ".join(
        counted(number, kind[:-1])
        for kind, number in names.items()
        if number or kind == "destinations"
    )
    observed += f"; {counted(len(found), 'fault')}"
    return Judgement(
        tuple(_finding(fault, written, now=now, install=install) for fault in found),
        observed,
        0,
        "faults",
        BASIS,
    )


def faults(documents: Sequence[ConfigurationDocument]) -> list[ConfigurationFault]:
    """What is wrong in the documents, and between them: names used twice, teams that name no destination there is.

    Between documents only what is known to be whole is compared: an unreadable list of destinations makes no team's name wrong.
    """
    found = [fault for document in documents for fault in document.faults]
    for kind in ("destinations", "teams", "workflows"):
        first: dict[str, ConfiguredName] = {}
        for one in _names(documents, kind):
            if one.name in first:
                said = f"{kind[:-1]} {one.name} is there already, in {first[one.name].document}, line {first[one.name].line}: the collector refuses or hides one"
                found.append(_fault(one, "name-twice", said, "give each a name of its own"))
            first.setdefault(one.name, one)
    whole = [
        document
        for document in documents
        if document.kind == "destinations" and not document.faults
    ]
    if whole and len(whole) == sum(document.kind == "destinations" for document in documents):
        known = {one.name for one in _names(whole, "destinations")}
        for team in _names(documents, "teams"):
            for name in dict.fromkeys(team.uses):
                if name not in known:
                    near = get_close_matches(name, sorted(known), n=1)
                    hint = (
                        f"{near[0]} was meant?"
                        if near
                        else f"there are {listed(sorted(known)) or 'none'}"
                    )
                    said = f"team {team.name} names the destination {name}, which does not exist: the collector will not start; {hint}"
                    found.append(
                        _fault(
                            team,
                            "unknown-destination",
                            said,
                            f"add the destination {name}, or take it out of the team",
                        )
                    )
    return found


def unset_variables(
    documents: Sequence[ConfigurationDocument], environment: Environment
) -> list[ConfigurationFault]:
    """What the documents stand for and the container does not have."""
    return [
        _unset(one, variable)
        for one in _names(documents, "destinations")
        for variable in one.variables
        if variable not in environment.names
    ]


def _unset(one: ConfiguredName, variable: str) -> ConfigurationFault:
    said = f"{one.path} stands for ${{{variable}}}, which the container does not have: the collector will not start"
    return _fault(
        one,
        "unset-variable",
        said,
        f"add {variable} to env of the container (secretKeyRef), or correct the name",
    )


def _fault(one: ConfiguredName, code: FaultCode, said: str, fix: str) -> ConfigurationFault:
    return ConfigurationFault(
        one.document,
        one.line,
        one.path,
        code,
        f"{one.document}, line {one.line}: {said}" + ("" if said.endswith("?") else "."),
        fix,
    )


def _names(documents: Iterable[ConfigurationDocument], kind: str) -> list[ConfiguredName]:
    return [one for document in documents if document.kind == kind for one in document.names]


def _finding(
    fault: ConfigurationFault, written: Sequence[StoredObject], *, now: datetime, install: Install
) -> Finding:
    kind_and_name, _, key = fault.document.partition(" key ")
    holder = next((one for one in written if f"{one.kind}/{one.name}" == kind_and_name), None)
    when = by_whom(last_writer(holder.owners, [key]), now=now) if holder is not None else ""
    kind, _, name = kind_and_name.partition("/")
    look = f"kubectl -n {install.namespace} edit {kind.lower()}/{shlex.quote(name)}"
    message = fault.message if fault.message.endswith((".", "?", "[]")) else f"{fault.message}."
    message += f" Last written {when}." if when else ""
    # What to change is said here, and not behind the command: not every shell takes a comment at its prompt.
    message += f" To do: {fault.fix}."
    return Finding(kind_and_name, fault.code, message, fault.path or key, "no fault", "", look)
