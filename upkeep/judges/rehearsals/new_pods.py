"""Would the API server admit the pods that follow a restart, a scaling or a raise?

Source: https://kubernetes.io/docs/concepts/security/pod-security-admission/
"""

from upkeep.errors import Absent, Unmeasured
from upkeep.judges.wording import excerpt
from upkeep.model import Finding
from upkeep.records.access import ActionRehearsal, ServiceAccount
from upkeep.records.workload import Deployment, Install
from upkeep.shell import shell

# The quota's own word (plugin/pkg/admission/resourcequota). Quotas are judged by what they leave.
QUOTA = "exceeded quota"


def refused(
    rehearsal: ActionRehearsal | Exception,
    account: ServiceAccount | Exception,
    deployment: Deployment,
    *,
    quotas: bool,
    install: Install,
) -> list[Finding]:
    """Return a finding where the dry run of a new pod was refused.

    Without one, a service account that does not exist is a finding all the same.

    :param account: the service account of the template, or why it was not read.
    :param quotas: a refusal by a quota counts: no old pod gives its share back first.
    """
    if not isinstance(rehearsal, ActionRehearsal) or not rehearsal.dry_runs:
        return _without_account(account, deployment)
    look = shell(
        "kubectl -n {} get events --field-selector=reason=FailedCreate; kubectl get namespace {} --show-labels",
        install.namespace,
        install.namespace,
    )
    return [
        Finding(
            f"Deployment/{install.deployment}",
            "new-pod-refused",
            f"The API server refused the dry run of a new pod of Deployment/{install.deployment} "
            f"({run.status} {run.reason}, {excerpt(run.message)}). The command succeeds, and no pod starts.",
            run.status,
            201,
            "HTTP status",
            look,
        )
        for run in rehearsal.dry_runs
        if not run.accepted and (quotas or QUOTA not in run.message)
    ]


def _without_account(account: ServiceAccount | Exception, deployment: Deployment) -> list[Finding]:
    """Return the finding of a service account that the API server does not have (404)."""
    if not isinstance(account, Absent):
        return []
    name = deployment.template.service_account
    message = f"ServiceAccount/{name} of the pod template does not exist. The API server refuses new pods."
    fix = shell("kubectl -n {} create serviceaccount {}", deployment.namespace, name)
    where = f"Deployment/{deployment.name}"
    return [Finding(where, "service-account-missing", message, 0, 1, "service accounts", fix)]


def doubtful(
    rehearsal: ActionRehearsal, new_pod: ActionRehearsal | Exception, *, install: Install
) -> Unmeasured | None:
    """Return why it is not known whether the pods are admitted.

    That the acting identity may not create pods is shown and no reason: most that deploy may not. An answer that
    was not understood is one. So is Pod Security's warning where no rehearsed pod shows whether it refuses them.

    The level that it warns of is not always the level that it enforces (kubernetes/kubernetes#125507).
    """
    warnings = [text for run in rehearsal.dry_runs if run.accepted for text in run.warnings]
    if isinstance(new_pod, ActionRehearsal) and new_pod.dry_runs:
        return None
    if not warnings:
        return new_pod if isinstance(new_pod, Unmeasured) else None
    return Absent(
        f"The API server warns of new pods: {excerpt(warnings[0])}. It may refuse them.",
        source=f"PATCH Deployment/{install.deployment}",
        next_step=shell(
            "kubectl get namespace {} --show-labels, and grant the acting identity create on pods",
            install.namespace,
        ),
    )


def told(rehearsal: ActionRehearsal | Exception) -> str:
    """Return whether a new pod was rehearsed, as the end of an observation."""
    if isinstance(rehearsal, Unmeasured):
        return f"; a new pod was not rehearsed: {rehearsal.message}"
    if isinstance(rehearsal, ActionRehearsal) and not rehearsal.dry_runs:
        return "; a new pod was not rehearsed: the acting identity may not create pods"
    return ""
