"""Are the configuration documents well formed, and do they agree with each other?

Source: kubecano/cano-collector, config/; docs/guide.rst, "Validate YAML syntax".
"""

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
from upkeep.shell import shell

BASIS = "the collector's own rules, applied to the mounted objects"


def valid(
    documents: Sequence[ConfigurationDocument],
    environment: Environment | Unmeasured,
    written: Sequence[StoredObject],
    *,
    now: datetime,
    install: Install,
) -> Judgement:
    """Judge config-valid: every document is well formed, and all of them agree. No fault is allowed.

    :param written: the objects that hold the documents, where they are known, to name the last writer.
    :param environment: the container's variables; unmeasured, it is raised where a document needs one and has no fault.
    :raises Absent: no object holds destinations, or a variable may come from an object whose keys are unknown.
    """
    if not any(document.kind == "destinations" for document in documents):
        raise Absent(
            "No mounted object holds destinations.yaml.",
            source="pod template",
        )
    found = faults(documents)
    named = [
        (one, variable) for one in _names(documents, "destinations") for variable in one.variables
    ]
    unchecked, unmeasured = "", None
    if named and isinstance(environment, Unmeasured):
        unmeasured = environment
        unchecked = f"variables not checked: {environment.message}"
    if isinstance(environment, Environment):
        missing = unset_variables(documents, environment)
        if missing and environment.unread:
            unsure = sorted(
                {variable for _, variable in named if variable not in environment.names}
            )
            unchecked = f"{listed(unsure)} not checked: {environment.unread[0]}"
            unmeasured = Absent(
                f"The container may or may not have {listed(unsure)}: {environment.unread[0]}",
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
    ignored = [key for document in documents for key in document.ignored]
    observed += f"; ignored by the collector: {listed(ignored)}" if ignored else ""
    observed += f"; {unchecked}" if unchecked else ""
    return Judgement(
        tuple(_finding(fault, written, now=now, install=install) for fault in found),
        observed,
        0,
        "faults",
        BASIS,
        unmeasured=unmeasured,
    )


def faults(documents: Sequence[ConfigurationDocument]) -> list[ConfigurationFault]:
    """Return the faults of the documents, and those between them: repeated names, teams with unknown destinations.

    Teams are compared with documents without faults alone: a faulty list of destinations makes no team wrong.
    """
    found = [fault for document in documents for fault in document.faults]
    for kind in ("destinations", "teams", "workflows"):
        first: dict[str, ConfiguredName] = {}
        for one in _names(documents, kind):
            if one.name in first:
                said = f"{kind[:-1]} {one.name} repeats the name in {first[one.name].document}, line {first[one.name].line}"
                found.append(_fault(one, "name-twice", said, "give each a unique name"))
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
                        f"did you mean {near[0]}?"
                        if near
                        else f"known are {listed(sorted(known)) or 'none'}"
                    )
                    said = f"team {team.name} names the destination {name}, which does not exist. The collector will not start; {hint}"
                    found.append(
                        _fault(
                            team,
                            "unknown-destination",
                            said,
                            f"add the destination {name}, or remove it from the team",
                        )
                    )
    return found


def unset_variables(
    documents: Sequence[ConfigurationDocument], environment: Environment
) -> list[ConfigurationFault]:
    """Return the variables of the documents that the container lacks."""
    return [
        _unset(one, variable)
        for one in _names(documents, "destinations")
        for variable in one.variables
        if variable not in environment.names
    ]


def _unset(one: ConfiguredName, variable: str) -> ConfigurationFault:
    said = f"{one.path} refers to ${{{variable}}}, which the container lacks. The collector will not start"
    return _fault(
        one,
        "unset-variable",
        said,
        f"add {variable} to the container's env (secretKeyRef), or correct the name",
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
    look = shell("kubectl -n {} edit {}/{}", install.namespace, kind.lower(), name)
    message = fault.message if fault.message.endswith((".", "?", "[]")) else f"{fault.message}."
    message += f" Last written {when}." if when else ""
    # The fix is no comment behind the command: not every shell takes one at its prompt.
    message += f" Fix: {fault.fix}."
    return Finding(kind_and_name, fault.code, message, fault.path or key, "no fault", "", look)
