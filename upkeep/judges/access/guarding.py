"""Which subjects can read the collector's Secrets, and which credentials are outside of Secrets?

Source: docs/guide.rst, "Audit secret management"; https://kubernetes.io/docs/concepts/security/rbac-good-practices/
"""

from collections.abc import Iterator, Sequence
from shlex import quote

from upkeep.domain.access.rbac import identity
from upkeep.domain.access.secret_readers import Kind, Reader, Wanted, readers
from upkeep.errors import Absent
from upkeep.judges.access.least_privilege import described
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import Exposure, ExposureSurvey, Grant, RbacPolicy
from upkeep.records.configuration import SecretInventory
from upkeep.records.workload import Deployment, Install
from upkeep.shell import shell

CODES = {
    Kind.READS: "reads-secrets",
    Kind.BECOMES: "becomes-reader",
    Kind.RAISES: "grants-itself-more",
    Kind.ENTERS: "enters-collector",
    Kind.STARTS: "mounts-secrets",
}
# The subjects of the API server's own bindings, and kubeadm's administrators. The label of such a binding is not enough:
# the API server restores missing subjects and leaves added ones.
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
    "Group system:authenticated": "every authenticated user",
    "Group system:unauthenticated": "every anonymous request",
    "Group system:serviceaccounts": "every service account",
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
    """Judge secrets-guarded: every subject that can read the referenced Secrets is allowed, and no credential is outside of Secrets.

    Allowed are the control plane, the list, and the collector's own account, which rbac-least-privilege judges. The
    account ``default`` is not its own.

    :param allowed: subjects, ``Group sre``; a trailing ``*`` matches any rest.
    :raises Absent: no subject can read them, not even an administrator, so that the list of bindings is not complete.
    """
    names = tuple(sorted({one.name for one in inventory.references}))
    found = readers(policy, Wanted(install.namespace, install.deployment, names))
    if names and not found:
        raise Absent(
            "The list of bindings is not complete: it lacks even cluster-admin.",
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
        f"RBAC roles and bindings (no other authorizer), Deployment/{install.deployment}, its ConfigMaps, the metadata of its Secrets",
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
        by = f"{len(first)} allowed by default, {len(second - first)} by the settings"
        # No colon behind the word Secret: masking hides a word that follows one.
        yield f"{counted(len(subjects), 'subject')} can read {counted(len(names), 'Secret')}, {by}"
    else:
        yield "no Secret is referenced"
    idle = [
        entry for entry in allowed if not any(_on_list(one.grant.subject, entry) for one in found)
    ]
    if idle:
        yield f"allowed without such a right: {listed(idle)}"
    yield f"{counted(len(config_maps.looked), 'ConfigMap')} searched"
    if config_maps.missing:
        yield f"missing: {listed(list(config_maps.missing))}"


def _by_default(grant: Grant) -> bool:
    """Return whether a grant is the control plane's own. A controller's binding has the name of its account."""
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
        f"; and {len(reader.ways) - 4} more" if len(reader.ways) > 4 else ""
    )
    message = f"{who} can read the collector's Secrets {where}: {grant.binding} ({grant.role}) grants {ways}."
    if (
        grant.subject.isprintable()
    ):  # no comment behind the command: not every shell takes one at its prompt
        message += f" To allow it, add --secret-reader={quote(grant.subject)}."
    command = shell("kubectl describe {}", described(grant))
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
    message = f"{exposure.object} {exposure.place}{lines} holds a credential ({exposure.shape}) in plain text."
    kind, _, name = exposure.object.partition("/")
    message += " Move it into a Secret, refer to it by a variable, and rotate it."
    command = shell("kubectl -n {} edit {} {}", install.namespace, kind.lower(), name)
    code = "credential-in-configmap" if kind == "ConfigMap" else "credential-in-deployment"
    return Finding(
        exposure.object, code, message, f"{exposure.shape} in {exposure.place}", "none", "", command
    )


def _repeated(name: str, install: Install) -> Finding:
    message = f"Secret/{name} repeats its values in the annotation of kubectl apply. A request for metadata alone shows them."
    command = shell(
        "kubectl -n {} annotate secret {} kubectl.kubernetes.io/last-applied-configuration-",
        install.namespace,
        name,
    )
    return Finding(
        f"Secret/{name}",
        "secret-in-annotation",
        message,
        "an annotation with the values",
        "none",
        "",
        command,
    )
