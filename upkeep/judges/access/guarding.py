"""Who can read the collector's Secrets, and which credentials need no right to be read.

Source: the guide's "Audit secret management"; controls.md, secrets-guarded.
"""

from collections.abc import Iterator, Sequence
from shlex import quote

from upkeep.domain.rbac import identity
from upkeep.domain.secret_readers import Kind, Reader, Wanted, readers
from upkeep.errors import Absent
from upkeep.judges.access.least_privilege import described
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import Exposure, ExposureSurvey, Grant, RbacPolicy
from upkeep.records.configuration import SecretInventory
from upkeep.records.workload import Deployment, Install

CODES = {
    Kind.READS: "reads-secrets",
    Kind.BECOMES: "becomes-reader",
    Kind.RAISES: "grants-itself-more",
    Kind.ENTERS: "enters-collector",
    Kind.STARTS: "mounts-secrets",
}
# Who the API server's own bindings are for, and kubeadm's administrators. A binding that has the label is not enough: the API server puts back
# what is missing in it, and leaves whom somebody added.
CONTROL_PLANE = frozenset(
    {
        ("ClusterRoleBinding/cluster-admin", "Group system:masters"),
        (
            "ClusterRoleBinding/system:kube-controller-manager",
            "User system:kube-controller-manager",
        ),
    }
)
KUBEADM = ("ClusterRoleBinding/kubeadm:cluster-admins", "Group kubeadm:cluster-admins")
EVERYBODY = {
    "Group system:authenticated": "everybody who is logged in",
    "Group system:unauthenticated": "everybody, logged in or not",
    "Group system:serviceaccounts": "every pod of the cluster",
}


def guarded(
    policy: RbacPolicy,
    inventory: SecretInventory,
    config_maps: ExposureSurvey,
    collector: Deployment,
    *,
    allowed: Sequence[str],
    install: Install,
) -> Judgement:
    """secrets-guarded: who can read a Secret that the pod template references is the control plane's or on the list, and no credential stands where
    no right to Secrets is needed.

    The collector's own account has them mounted: that it may read them by the API, too, is the business of rbac-least-privilege. The account
    ``default`` is not its own.

    :param allowed: subjects, ``Group sre``; a ``*`` at the end stands for all that begin so.
    :raises Absent: nobody can read them, not even an administrator, so not all bindings were seen.
    """
    names = tuple(sorted({one.name for one in inventory.references}))
    found = readers(policy, Wanted(install.namespace, install.deployment, names))
    if names and not found:
        raise Absent(
            "no binding lets anybody read Secrets, not even cluster-admin, so not all were seen",
            next_step="run again",
        )
    default = [one for one in found if _by_default(one.grant) or _is_own(one.grant, collector)]
    chosen = [
        one
        for one in found
        if one not in default and any(_on_list(one.grant.subject, entry) for entry in allowed)
    ]
    findings = [_reads(one, install) for one in found if one not in default and one not in chosen]
    findings += [_exposed(one, install) for one in (*config_maps.found, *collector.exposures)]
    findings += [_repeated(one.name, install) for one in inventory.found if one.last_applied]
    return Judgement(
        tuple(findings),
        "; ".join(
            _observed(
                names,
                found,
                default=default,
                chosen=chosen,
                allowed=allowed,
                config_maps=config_maps,
            )
        ),
        "the allowed list",
        "",
        f"Roles and bindings of the cluster, Deployment/{install.deployment}, its ConfigMaps, and the metadata of its Secrets",
    )


def _observed(
    names: Sequence[str],
    found: Sequence[Reader],
    *,
    default: Sequence[Reader],
    chosen: Sequence[Reader],
    allowed: Sequence[str],
    config_maps: ExposureSurvey,
) -> Iterator[str]:
    if names:
        subjects, first, second = (
            {identity(one.grant.subject) for one in some} for some in (found, default, chosen)
        )
        by = f"{len(first)} of them allowed by default, {len(second - first)} by the settings"
        # No colon behind the word Secret: what follows one is masked in everything that is shown.
        yield f"{counted(len(subjects), 'subject')} can get at {counted(len(names), 'Secret')}, {by}"
    else:
        yield "no Secret is referenced"
    idle = [
        entry for entry in allowed if not any(_on_list(one.grant.subject, entry) for one in found)
    ]
    if idle:
        yield f"allowed, and no reader: {listed(idle)}"
    yield f"{counted(len(config_maps.looked), 'ConfigMap')} looked through"
    if config_maps.missing:
        yield f"not there: {listed(list(config_maps.missing))}"


def _by_default(grant: Grant) -> bool:
    """The control plane's own: of its controllers the binding has the account's name."""
    kind, _, name = grant.subject.partition(" ")
    controller = (
        kind == "ServiceAccount"
        and name
        == f"kube-system/{grant.binding.removeprefix('ClusterRoleBinding/system:controller:')}"
    )
    return (grant.binding, grant.subject) == KUBEADM or (
        grant.default and (controller or (grant.binding, grant.subject) in CONTROL_PLANE)
    )


def _is_own(grant: Grant, collector: Deployment) -> bool:
    account = collector.template.service_account
    return (
        account != "default"
        and identity(grant.subject) == f"ServiceAccount {collector.namespace}/{account}"
    )


def _on_list(subject: str, entry: str) -> bool:
    return any(
        one == entry or (entry.endswith("*") and one.startswith(entry[:-1]))
        for one in (subject, identity(subject))
    )


def _reads(reader: Reader, install: Install) -> Finding:
    grant = reader.grant
    who = (
        f"{grant.subject} ({EVERYBODY[grant.subject]})"
        if grant.subject in EVERYBODY
        else grant.subject
    )
    where = f"in namespace {grant.namespace}" if grant.namespace else "in every namespace"
    ways = "; ".join(way.what for way in reader.ways[:4]) + (
        f"; and {len(reader.ways) - 4} more ways" if len(reader.ways) > 4 else ""
    )
    message = f"{who} may {ways} {where}, by {grant.binding} ({grant.role}), and so get at the collector's Secrets."
    if (
        grant.subject.isprintable()
    ):  # not behind the command: not every shell takes a comment at its prompt
        message += f" If that is meant: --secret-reader={quote(grant.subject)}."
    command = f"kubectl describe {described(grant)}"
    return Finding(
        grant.subject.replace(" ", "/", 1),
        CODES[reader.ways[0].kind],
        message,
        ways,
        "not granted",
        "",
        command,
    )


def _exposed(exposure: Exposure, install: Install) -> Finding:
    lines = (
        f", line{'s' if len(exposure.lines) > 1 else ''} {', '.join(map(str, exposure.lines))}"
        if exposure.lines
        else ""
    )
    message = f"{exposure.object} {exposure.place}{lines} shows a credential ({exposure.shape}) to everybody who may read it."
    kind, _, name = exposure.object.partition("/")
    message += (
        " Move it into a Secret, let a variable stand for it, then rotate it: it has been seen."
    )
    command = f"kubectl -n {install.namespace} edit {kind.lower()} {name}"
    code = "credential-in-configmap" if kind == "ConfigMap" else "credential-in-deployment"
    return Finding(
        exposure.object, code, message, f"{exposure.shape} in {exposure.place}", "none", "", command
    )


def _repeated(name: str, install: Install) -> Finding:
    message = f"Secret/{name} repeats its values in an annotation, as kubectl apply leaves them: whoever asks for metadata alone gets them, too."
    command = f"kubectl -n {install.namespace} annotate secret {name} kubectl.kubernetes.io/last-applied-configuration-"
    return Finding(
        f"Secret/{name}",
        "secret-in-annotation",
        message,
        "an annotation with the values",
        "none",
        "",
        command,
    )
