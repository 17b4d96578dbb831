"""service-account-token-not-mounted: do pods hold a token of the Kubernetes API that nothing uses?

Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting;
docs/collector.md, "What is installed".
"""

from collections.abc import Sequence

from upkeep.errors import Malformed
from upkeep.judges.wording import counted
from upkeep.judges.workload.admitted import Shape, shape_of, template_of
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import ServiceAccount
from upkeep.records.configuration import ConfigurationDocument
from upkeep.records.workload import Deployment, Install, Workload
from upkeep.shell import shell

FIELD = "automountServiceAccountToken"
NO_TOKEN = f"{FIELD} false"
# The one action of the collector (0.0.24) that sends requests to the API server. Without a token
# the collector starts, warns, and posts a placeholder instead of the pod's log.
USES_API = "pod_logs"


def token_not_mounted(
    workload: Workload,
    account: ServiceAccount | Exception,
    documents: Sequence[ConfigurationDocument] | Exception,
    *,
    install: Install,
) -> Judgement:
    """Judge service-account-token-not-mounted on the pods as admitted, then on the next ones.

    A workflow with the action ``pod_logs`` declares the need for the API. Not judged: a Secret of
    the type ``kubernetes.io/service-account-token`` that the template mounts as a volume.

    :param account: the template's service account. It decides where the template says nothing.
    :param documents: the collector's configuration. It matters where a token is mounted.
    :raises Absent: a pod is listed without a container.
    :raises Exception: ``account`` or ``documents`` where they decide and were not measured.
    :raises Malformed: a fault of ``workflows.yaml`` may hide the action.
    """
    deployment = workload.deployment
    pods = sorted((pod for pod in workload.pods if pod.works), key=lambda pod: pod.name)
    holding = [pod.name for pod in pods if _mounts(shape_of(pod))]
    volumes = _mounts(template_of(workload))
    automounts, said = _automount(deployment, account if not holding else _or_none(account))
    observed = f"{len(holding)} of {counted(len(pods), 'pod')} mount a token; {said}"
    findings: tuple[Finding, ...] = ()
    if holding or volumes or automounts:
        users = _users(documents)
        if users:
            observed += (
                f"; {USES_API} of {counted(len(users), 'workflow')} uses it: {listed(users)}"
            )
        else:
            findings = (_finding(deployment, install, holding, volumes, automounts, said),)
    return Judgement(findings, observed, NO_TOKEN, "", "Pods as admitted, now")


def _mounts(shape: Shape) -> list[str]:
    return [
        f"container {one.name} at {path}"
        for one in (*shape.every, *shape.debug)
        for path in one.token_mounts
    ]


def _or_none(account: ServiceAccount | Exception) -> ServiceAccount | None:
    return None if isinstance(account, Exception) else account


def _automount(
    deployment: Deployment, account: ServiceAccount | Exception | None
) -> tuple[bool, str]:
    """Return whether the next pod mounts a token, and which setting decides it.

    :param account: ``None`` where it is unknown and the pods that run decide.
    """
    own = deployment.template.automount
    if own is not None:
        return own, f"the pod template sets {FIELD} to {str(own).lower()}"
    if isinstance(account, Exception):
        raise account
    if account is None or account.automount is None:
        return True, f"the pod template does not set {FIELD}"
    name, value = account.name, str(account.automount).lower()
    return account.automount, f"ServiceAccount/{name} sets {FIELD} to {value}"


def _users(documents: Sequence[ConfigurationDocument] | Exception) -> list[str]:
    """Return the workflows that need the API."""
    if isinstance(documents, Exception):
        raise documents
    workflows = [one for one in documents if one.kind == "workflows"]
    users = sorted({one.name for each in workflows for one in each.names if USES_API in one.uses})
    faulty = [one for one in workflows if one.faults]
    if faulty and not users:
        raise Malformed(
            f"A fault of {faulty[0].where} may hide the action {USES_API}.",
            source=faulty[0].where,
            next_step="upkeep run -m \"control(id='config-valid')\"",
        )
    return users


def _finding(
    deployment: Deployment,
    install: Install,
    holding: list[str],
    volumes: list[str],
    automounts: bool,
    said: str,
) -> Finding:
    where, account = f"Deployment/{deployment.name}", deployment.template.service_account
    kubectl = shell("kubectl -n {}", install.namespace)
    unused = f"No workflow has the action {USES_API}, which uses the Kubernetes API."
    limit = NO_TOKEN
    if volumes:
        message = f"{where} mounts a token of ServiceAccount/{account} by a volume: {listed(volumes, most=2)}. {unused}"
        fix = shell("{} edit deployment {}", kubectl, deployment.name)
        return Finding(where, "token-volume", message, listed(volumes), "no token", "", fix)
    if automounts:
        which = "Pods" if holding else "The next pods"
        fact = f"{which} of {where} mount a token of ServiceAccount/{account}"
        message = f"{fact}: {said}. {unused}"
        patch = f'{{"spec":{{"template":{{"spec":{{"{FIELD}":false}}}}}}}}'
        fix = shell("{} patch deployment {} -p {}", kubectl, deployment.name, patch)
        return Finding(where, "token-automounted", message, said, limit, "", fix)
    message = (
        f"{counted(len(holding), 'pod')} ({listed(holding, most=2)}) mount a token of "
        f"ServiceAccount/{account}, though {said}: they are older, or admission added it. {unused}"
    )
    fix = shell("{} rollout restart deployment {}", kubectl, deployment.name)
    return Finding(where, "token-in-pods", message, len(holding), 0, "pods", fix)
