"""Whether the guide's emergency procedures would work for whoever is on call, before there is an emergency.

Source: the guide's "Service Outage", "Quick Recovery".
"""

from upkeep.errors import Absent
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement
from upkeep.records.access import AccessAnswer, ActionRehearsal
from upkeep.records.workload import Install

BASIS = "access reviews and PATCH dryRun=All as the acting identity"


def restart(rehearsal: ActionRehearsal, *, install: Install) -> Judgement:
    """restart-rehearsed: the acting identity may restart the collector, and the API server's dry run accepts it.

    :raises Absent: it was not asked, or it may and it was not rehearsed.
    """
    found = lacking(
        rehearsal,
        "restart-forbidden",
        "restart the collector",
        what="a restart was",
        install=install,
    )
    for run in rehearsal.dry_runs:
        if not run.accepted:
            message = f"The API server would refuse a restart of {run.object} ({run.status} {run.reason}, {run.message})."
            # kubectl rollout restart has no dry run of its own; this is what it sends.
            command = (
                f"kubectl -n {install.namespace} patch deployment {install.deployment} --dry-run=server "
                '-p \'{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"rehearsed"}}}}}\''
            )
            found.append(
                Finding(run.object, "restart-refused", message, run.status, 200, "", command)
            )
    observed = "a restart would be accepted" if not found else "a restart would not be done"
    return Judgement(tuple(found), observed, "accepted", "", BASIS)


def triage(rehearsal: ActionRehearsal, *, install: Install) -> Judgement:
    """triage-possible: the acting identity may read the pods, their logs (of the life before, too) and the events.

    :raises Absent: it was not asked.
    """
    if not rehearsal.access:
        raise Absent("what the acting identity may look at was not asked", next_step="run again")
    denied = [answer for answer in rehearsal.access if not answer.allowed]
    found = [
        forbidden(answer, "triage-forbidden", "see what broke", install=install)
        for answer in denied
    ]
    allowed = len(rehearsal.access) - len(denied)
    return Judgement(
        tuple(found),
        f"{allowed} of {counted(len(rehearsal.access), 'right')}",
        "all",
        "",
        "access reviews as the acting identity",
    )


def lacking(
    rehearsal: ActionRehearsal, code: str, purpose: str, *, what: str, install: Install
) -> list[Finding]:
    """The findings of the rights that the acting identity lacks for an action.

    :param what: subject and verb of the sentence that it was not rehearsed.
    :raises Absent: it was not asked, or it may and it was not rehearsed.
    """
    found = [
        forbidden(answer, code, purpose, install=install)
        for answer in rehearsal.access
        if not answer.allowed
    ]
    if not found and not (rehearsal.access and rehearsal.dry_runs):
        raise Absent(f"{what} not rehearsed", next_step="run again")
    return found


def forbidden(answer: AccessAnswer, code: str, purpose: str, *, install: Install) -> Finding:
    """The finding of a right that the acting identity lacks."""
    group = f".{answer.group}" if answer.group else ""
    resource = "/".join(filter(None, (f"{answer.resource}{group}", answer.subresource)))
    message = f"The acting identity may not {answer.verb} {resource} in {install.namespace}, so it cannot {purpose}."
    # What stands after a slash is a name to kubectl.
    part = f" --subresource={answer.subresource}" if answer.subresource else ""
    command = (
        f"kubectl auth can-i {answer.verb} {answer.resource}{group}{part} -n {install.namespace}"
    )
    return Finding(
        f"Namespace/{install.namespace}", code, message, "forbidden", "allowed", "", command
    )
