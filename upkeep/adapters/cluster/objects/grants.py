"""Roles and bindings as what RBAC grants, binding by binding and subject by subject; service accounts.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/; Kubernetes API reference v1.36 (rbac.authorization.k8s.io/v1).
"""

from collections.abc import Iterable

from upkeep.adapters.cluster.fields import Raw, reads
from upkeep.adapters.wire import access as wire
from upkeep.records.access import Grant, PolicyRule, RbacPolicy, ServiceAccount

BOOTSTRAPPING = "kubernetes.io/bootstrapping"


def policy(
    *,
    roles: Iterable[wire.Role | Raw],
    cluster_roles: Iterable[wire.ClusterRole | Raw],
    bindings: Iterable[wire.RoleBinding | Raw],
    cluster_bindings: Iterable[wire.ClusterRoleBinding | Raw],
) -> RbacPolicy:
    """Return all that RBAC grants. A binding to a role that does not exist grants nothing.

    :raises Malformed: an object is not as the API describes it.
    """
    given: dict[str, tuple[PolicyRule, ...]] = {}
    aggregated = tuple(name for one in cluster_roles if (name := _cluster_role(one, given)))
    for role in roles:
        _role(role, given)
    found: list[Grant] = []
    bound: dict[str, str] = {}
    for binding in bindings:
        _binding(binding, given, found, bound)
    for binding in cluster_bindings:
        _cluster_binding(binding, given, found, bound)
    return RbacPolicy(tuple(found), given, bound, aggregated)


@reads(wire.ServiceAccount)
def service_account(raw: wire.ServiceAccount) -> ServiceAccount:
    """Return a ServiceAccount (core/v1)."""
    return ServiceAccount(raw.metadata.name, raw.automountServiceAccountToken)


@reads(wire.ClusterRole)
def _cluster_role(role: wire.ClusterRole, given: dict[str, tuple[PolicyRule, ...]]) -> str:
    """Keeps the rules of a ClusterRole; returns its name where it takes in those of others (its controller writes them into it)."""
    name = f"ClusterRole/{role.metadata.name}"
    given[name] = _rules(role)
    return name if role.aggregationRule else ""


@reads(wire.Role)
def _role(role: wire.Role, given: dict[str, tuple[PolicyRule, ...]]) -> None:
    given[f"Role/{role.metadata.namespace}/{role.metadata.name}"] = _rules(role)


@reads(wire.RoleBinding)
def _binding(
    binding: wire.RoleBinding,
    given: dict[str, tuple[PolicyRule, ...]],
    found: list[Grant],
    bound: dict[str, str],
) -> None:
    _bind("RoleBinding", binding.metadata.namespace, binding, given, found, bound)


@reads(wire.ClusterRoleBinding)
def _cluster_binding(
    binding: wire.ClusterRoleBinding,
    given: dict[str, tuple[PolicyRule, ...]],
    found: list[Grant],
    bound: dict[str, str],
) -> None:
    _bind("ClusterRoleBinding", "", binding, given, found, bound)


def _bind(
    kind: str,
    where: str,
    binding: wire.RoleBinding,
    given: dict[str, tuple[PolicyRule, ...]],
    found: list[Grant],
    bound: dict[str, str],
) -> None:
    reference = binding.roleRef
    place = where if reference.kind == "Role" else ""
    named = "/".join(filter(None, (kind, where, binding.metadata.name)))
    role = "/".join(filter(None, (reference.kind, place, reference.name)))
    bound[named] = role
    default = binding.metadata.labels.get(BOOTSTRAPPING) == "rbac-defaults"
    for subject in dict.fromkeys(_subject(subject, where) for subject in binding.subjects):
        found.append(
            Grant(named, role, subject, where, given.get(role, ()), default, role in given)
        )


def _subject(subject: wire.Subject, where: str) -> str:
    if subject.kind == "ServiceAccount":
        return f"ServiceAccount {subject.namespace or where}/{subject.name}"
    return f"{subject.kind} {subject.name}"


def _rules(role: wire.Role) -> tuple[PolicyRule, ...]:
    return tuple(
        PolicyRule(
            rule.verbs,
            rule.apiGroups,
            rule.resources,
            rule.resourceNames,
            rule.nonResourceURLs,
        )
        for rule in role.rules or ()
    )
