"""The effective rights of subjects, as the API server's RBAC authorizer computes them.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/; k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac.
"""

from collections.abc import Sequence

from upkeep.records.access import Grant, PolicyRule, RbacPolicy

EVERY = "*"


def groups_of(namespace: str) -> tuple[str, ...]:
    """Return the groups of every service account of a namespace."""
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")


def identity(subject: str) -> str:
    """Return one name for one subject: bindings may name a service account as a user."""
    kind, _, name = subject.partition(" ")
    if kind == "User" and name.startswith("system:serviceaccount:") and name.count(":") == 3:
        _, _, namespace, account = name.split(":")
        return f"ServiceAccount {namespace}/{account}"
    return subject


def may_be_one(subject: str, other: str) -> bool:
    """Return whether two subjects may be one identity.

    A user may be in any group but the system's own, which RBAC does not tell. The groups of a service account are known.
    """
    one, two = identity(subject), identity(other)
    if one == two or "Group system:authenticated" in (one, two):
        return True
    homes = _home(one), _home(two)
    if homes == (None, None):
        own = any(name.partition(" ")[2].startswith("system:") for name in (one, two))
        return not own and not (one.startswith("User ") and two.startswith("User "))
    if None in homes or (one.startswith("ServiceAccount ") and two.startswith("ServiceAccount ")):
        return False
    return homes[0] == homes[1] or "" in homes


def _home(subject: str) -> str | None:
    """Return the namespace of a service account, or of their group; "" for all; ``None`` for another subject."""
    kind, _, name = subject.partition(" ")
    if kind == "ServiceAccount":
        return name.partition("/")[0]
    if kind == "Group" and name == "system:serviceaccounts":
        return ""
    head = "system:serviceaccounts:"
    return name.removeprefix(head) if kind == "Group" and name.startswith(head) else None


def grants(account: str, namespace: str, *, policy: RbacPolicy) -> tuple[Grant, ...]:
    """Return the grants of a service account, one a binding, by itself or by its groups."""
    names = names_of(account, namespace)
    mine: dict[str, Grant] = {}
    for grant in policy.grants:
        if grant.subject in names:
            mine.setdefault(grant.binding, grant)
    return tuple(mine.values())


def names_of(account: str, namespace: str) -> tuple[str, ...]:
    """Return the subjects by which bindings may name a service account."""
    own = f"system:serviceaccount:{namespace}:{account}"
    return (
        f"ServiceAccount {namespace}/{account}",
        f"User {own}",
        *(f"Group {group}" for group in groups_of(namespace)),
    )


def covers(
    rule: PolicyRule, *, verb: str, group: str, resource: str, subresource: str = "", name: str = ""
) -> bool:
    """Return whether a rule allows a request, as the authorizer does: ``*/scale`` is that subresource of every resource."""
    whole = f"{resource}/{subresource}" if subresource else resource
    wanted = {EVERY, whole} | ({f"{EVERY}/{subresource}"} if subresource else set())
    return (
        (EVERY in rule.verbs or verb in rule.verbs)
        and (EVERY in rule.groups or group in rule.groups)
        and bool(wanted & set(rule.resources))
        and (not rule.names or name in rule.names)
    )


def allowed(
    given: Sequence[Grant],
    *,
    verb: str,
    group: str,
    resource: str,
    namespace: str,
    subresource: str = "",
    name: str = "",
) -> bool:
    """Return whether any grant allows the request."""
    return any(
        covers(rule, verb=verb, group=group, resource=resource, subresource=subresource, name=name)
        for grant in given
        if grant.namespace in ("", namespace)
        for rule in grant.rules
    )


def everything(rule: PolicyRule) -> bool:
    """Return whether a rule allows all verbs on all resources."""
    return (
        EVERY in rule.verbs and EVERY in rule.groups and EVERY in rule.resources and not rule.names
    )


def gives(rule: PolicyRule, verb: str, group: str, resource: str, subresource: str = "") -> bool:
    """Return whether a rule gives the right for some object, whatever its resourceNames."""
    return covers(
        rule,
        verb=verb,
        group=group,
        resource=resource,
        subresource=subresource,
        name=next(iter(rule.names), ""),
    )
