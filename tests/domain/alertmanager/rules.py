"""Rules, grants and the paths that they give, one builder each."""

from typing import Any

from upkeep.domain.access.secret_readers import Kind, Reader, Wanted, readers
from upkeep.records.access import Grant, PolicyRule, RbacPolicy

WANTED = Wanted("monitoring", "cano-collector", ("a", "b"))
SRE = "Group sre"
ADMIN = Grant(
    "ClusterRoleBinding/cluster-admin",
    "ClusterRole/cluster-admin",
    "Group system:masters",
    "",
    (PolicyRule(("*",), ("*",), ("*",)),),
)


def rule(verbs: str, resources: str, *names: str, group: str = "") -> PolicyRule:
    return PolicyRule(tuple(verbs.split()), (group,), tuple(resources.split()), names)


def grant(
    *rules: PolicyRule, subject: str = SRE, namespace: str = "monitoring", name: str = "b"
) -> Grant:
    return Grant(
        f"RoleBinding/{namespace}/{name}", f"Role/{namespace}/{name}", subject, namespace, rules
    )


def reads(namespace: str = "kube-system", account: str = "gc") -> Grant:
    """A service account that reads everything."""
    return grant(
        rule("get list", "*"),
        subject=f"ServiceAccount {namespace}/{account}",
        namespace="",
        name="gc",
    )


def found(
    *grants: Grant, roles: dict[str, tuple[PolicyRule, ...]] | None = None, wanted: Wanted = WANTED
) -> tuple[Reader, ...]:
    return readers(RbacPolicy((ADMIN, *grants), roles or {}), wanted)


def ways(*grants: Grant, subject: str = SRE, **options: Any) -> list[tuple[Kind, str]]:
    return [
        (way.kind, way.what)
        for one in found(*grants, **options)
        if one.grant.subject == subject
        for way in one.ways
    ]
