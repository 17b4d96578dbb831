"""Can the on-call engineer restart and triage the collector? Asked before an emergency.

Guide: "Service Outage", "Quick Recovery".
Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run.
"""

from upkeep.domain.access.granting import granting_answer
from upkeep.errors import Absent
from upkeep.judges.rehearsals import new_pods
from upkeep.judges.wording import counted
from upkeep.judges.workload.rollout import held
from upkeep.model import Finding, Judgement
from upkeep.records.access import AccessAnswer, ActionRehearsal, ServiceAccount
from upkeep.records.workload import Deployment, Install
from upkeep.shell import shell

BASIS = "access reviews and PATCH dryRun=All as the acting identity"


def restart(
    rehearsal: ActionRehearsal,
    new_pod: ActionRehearsal | Exception,
    account: ServiceAccount | Exception,
    deployment: Deployment,
    *,
    install: Install,
) -> Judgement:
    """restart-rehearsed: the acting identity may restart the collector; the dry runs accept it.

    A Deployment that is paused or being deleted takes the patch, and restarts no pod. Nor does one
    whose new pods are refused. Where the acting identity may not create pods, the observation says so.

    :param new_pod: the rehearsed creation of a pod of the template, or why there is none.
    :param account: the template's service account, or why it was not read.
    :raises Absent: the right was not asked for, or a permitted restart was not rehearsed. Or Pod
        Security warns of the pods, and none was rehearsed.
    """
    found = lacking(
        rehearsal,
        "restart-forbidden",
        "restart the collector",
        what="Restart",
        install=install,
    )
    for run in rehearsal.dry_runs:
        if not run.accepted:
            message = (
                f"The API server refused the dry run of a restart of {run.object} "
                f"({run.status} {run.reason}, {run.message})."
            )
            # kubectl rollout restart has no dry run; this is the patch that it sends.
            command = shell(
                'kubectl -n {} patch deployment {} --dry-run=server -p \'{{"spec":{{"template":{{"metadata":{{"annotations":{{"kubectl.kubernetes.io/restartedAt":"rehearsed"}}}}}}}}}}\'',
                install.namespace,
                install.deployment,
            )
            found.append(
                Finding(run.object, "restart-refused", message, run.status, 200, "", command)
            )
    found += held(deployment)
    found += new_pods.refused(
        new_pod, account, deployment, quotas=not deployment.max_unavailable, install=install
    )
    observed = "restart accepted" if not found else "restart not accepted"
    return Judgement(
        tuple(found),
        observed + new_pods.told(new_pod),
        "accepted",
        "",
        BASIS,
        unmeasured=new_pods.doubtful(rehearsal, new_pod, install=install),
    )


def triage(rehearsal: ActionRehearsal, *, install: Install) -> Judgement:
    """triage-possible: the acting identity may read pods, their logs (previous too) and events.

    :raises Absent: the rights were not asked for.
    """
    if not rehearsal.access:
        raise Absent("No right of the acting identity was asked for.", next_step="run again")
    denied = [answer for answer in rehearsal.access if not answer.allowed]
    found = [forbidden(answer, "triage-forbidden", "triage", install=install) for answer in denied]
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
    """Return a finding for each right that the acting identity lacks.

    :param purpose: the action as a verb phrase, for the finding.
    :param what: the action as a noun, for the error.
    :raises Absent: the rights were not asked for, or a permitted action was not rehearsed.
    """
    found = [
        forbidden(answer, code, purpose, install=install)
        for answer in rehearsal.access
        if not answer.allowed
    ]
    if not found and not (rehearsal.access and rehearsal.dry_runs):
        raise Absent(f"{what} not rehearsed: no dry run was sent.", next_step="run again")
    return found


def forbidden(answer: AccessAnswer, code: str, purpose: str, *, install: Install) -> Finding:
    """Return the finding of a right that the acting identity lacks."""
    group = f".{answer.group}" if answer.group else ""
    resource = "/".join(filter(None, (f"{answer.resource}{group}", answer.subresource)))
    message = (
        f"The acting identity may not {answer.verb} {resource} in {install.namespace}. "
        f"It cannot {purpose}."
    )
    command = granting_answer(answer)
    return Finding(
        f"Namespace/{install.namespace}", code, message, "forbidden", "allowed", "", command
    )
