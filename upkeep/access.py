"""What RBAC grants: the effective rights of a service account from roles and bindings, as the API server's authorizer reads them.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/; k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from upkeep.records import Grant, PolicyRule

Raw = Mapping[str, Any]
EVERY = "*"


def groups_of(namespace: str) -> tuple[str, ...]:
    """The groups that every service account of a namespace is in."""
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")


def grants(
    account: str,
    namespace: str,
    *,
    roles: Iterable[Raw],
    cluster_roles: Iterable[Raw],
    bindings: Iterable[Raw],
    cluster_bindings: Iterable[Raw],
) -> tuple[Grant, ...]:
    """What a service account may do, binding by binding. A binding to a role that does not exist grants nothing.

    :raises KeyError: an object is not as the API describes it.
    """
    rules = {("ClusterRole", "", role["metadata"]["name"]): _rules(role) for role in cluster_roles}
    rules |= {("Role", role["metadata"]["namespace"], role["metadata"]["name"]): _rules(role) for role in roles}
    found = []
    for kind, raws in (("RoleBinding", bindings), ("ClusterRoleBinding", cluster_bindings)):
        for raw in raws:
            where = raw["metadata"].get("namespace") or "" if kind == "RoleBinding" else ""
            subjects = [_subject(subject, where) for subject in raw.get("subjects") or []]
            mine = next((one for one in subjects if one in _names(account, namespace)), "")
            if not mine:
                continue
            reference = raw["roleRef"]
            place = where if reference["kind"] == "Role" else ""
            named = "/".join(filter(None, (kind, where, raw["metadata"]["name"])))
            role = "/".join(filter(None, (reference["kind"], place, reference["name"])))
            found.append(Grant(named, role, mine, where, rules.get((reference["kind"], place, reference["name"]), ())))
    return tuple(found)


def _names(account: str, namespace: str) -> tuple[str, ...]:
    own = f"system:serviceaccount:{namespace}:{account}"
    return (f"ServiceAccount {namespace}/{account}", f"User {own}", *(f"Group {group}" for group in groups_of(namespace)))


def _subject(raw: Raw, where: str) -> str:
    if raw["kind"] == "ServiceAccount":
        return f"ServiceAccount {raw.get('namespace') or where}/{raw['name']}"
    return f"{raw['kind']} {raw['name']}"


def _rules(role: Raw) -> tuple[PolicyRule, ...]:
    """The rules; those of an aggregated ClusterRole are written into it by its controller."""
    return tuple(
        PolicyRule(
            tuple(rule.get("verbs") or ()),
            tuple(rule.get("apiGroups") or ()),
            tuple(rule.get("resources") or ()),
            tuple(rule.get("resourceNames") or ()),
            tuple(rule.get("nonResourceURLs") or ()),
        )
        for rule in role.get("rules") or []
    )


def covers(rule: PolicyRule, *, verb: str, group: str, resource: str, subresource: str = "", name: str = "") -> bool:
    """Whether a rule allows a request to a resource, as the authorizer decides it: ``*/scale`` is that subresource of everything."""
    whole = f"{resource}/{subresource}" if subresource else resource
    wanted = {EVERY, whole} | ({f"{EVERY}/{subresource}"} if subresource else set())
    return (
        (EVERY in rule.verbs or verb in rule.verbs)
        and (EVERY in rule.groups or group in rule.groups)
        and bool(wanted & set(rule.resources))
        and (not rule.names or name in rule.names)
    )


def allowed(given: Sequence[Grant], *, verb: str, group: str, resource: str, namespace: str, subresource: str = "", name: str = "") -> bool:
    """Whether any grant allows it."""
    return any(
        covers(rule, verb=verb, group=group, resource=resource, subresource=subresource, name=name)
        for grant in given
        if grant.namespace in ("", namespace)
        for rule in grant.rules
    )
