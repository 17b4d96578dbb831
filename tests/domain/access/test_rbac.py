"""The effective rights of subjects: whose bindings count, and what a rule covers."""

from typing import Any

import pytest

from upkeep.adapters.cluster.objects import grants
from upkeep.domain.access import rbac
from upkeep.errors import Malformed
from upkeep.records.access import PolicyRule

RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
ROLE = {"metadata": {"name": "r", "namespace": "a"}, "rules": [RULE]}
CLUSTER_ROLE = {"metadata": {"name": "r"}, "rules": [RULE, RULE]}


def bound(subject: dict[str, Any], *, role: str = "Role", namespace: str = "a") -> tuple[Any, ...]:
    raw = {
        "metadata": {"name": "b", "namespace": namespace},
        "roleRef": {"kind": role, "name": "r"},
        "subjects": [subject],
    }
    policy = grants.policy(
        roles=[ROLE], cluster_roles=[CLUSTER_ROLE], bindings=[raw], cluster_bindings=[]
    )
    return rbac.grants("sa", "a", policy=policy)


@pytest.mark.parametrize(
    ("subject", "counts"),
    [
        ({"kind": "ServiceAccount", "name": "sa", "namespace": "a"}, True),
        ({"kind": "ServiceAccount", "name": "sa"}, True),
        ({"kind": "ServiceAccount", "name": "sa", "namespace": "b"}, False),
        ({"kind": "ServiceAccount", "name": "other", "namespace": "a"}, False),
        ({"kind": "User", "name": "system:serviceaccount:a:sa"}, True),
        ({"kind": "User", "name": "sa"}, False),
        ({"kind": "Group", "name": "system:serviceaccounts"}, True),
        ({"kind": "Group", "name": "system:serviceaccounts:a"}, True),
        ({"kind": "Group", "name": "system:serviceaccounts:b"}, False),
        ({"kind": "Group", "name": "system:authenticated"}, True),
        ({"kind": "Group", "name": "system:unauthenticated"}, False),
    ],
)
def test_whose_bindings_count(subject: dict[str, Any], counts: bool) -> None:
    assert bool(bound(subject)) is counts


def test_a_role_is_of_its_bindings_namespace_and_one_that_is_gone_grants_nothing() -> None:
    sa = {"kind": "ServiceAccount", "name": "sa", "namespace": "a"}
    (own,) = bound(sa)
    assert (own.binding, own.role, own.namespace, len(own.rules)) == (
        "RoleBinding/a/b",
        "Role/a/r",
        "a",
        1,
    )
    (shared,) = bound(sa, role="ClusterRole", namespace="c")
    assert (shared.role, shared.namespace, len(shared.rules)) == ("ClusterRole/r", "c", 2)
    (gone,) = bound(sa, namespace="c")
    assert gone.rules == ()


@pytest.mark.parametrize(
    ("rule", "asked", "covered"),
    [
        (
            PolicyRule(("get",), ("",), ("pods",)),
            {"verb": "get", "group": "", "resource": "pods"},
            True,
        ),
        (
            PolicyRule(("get",), ("",), ("pods",)),
            {"verb": "get", "group": "", "resource": "pods", "subresource": "log"},
            False,
        ),
        (
            PolicyRule(("get",), ("",), ("pods/log",)),
            {"verb": "get", "group": "", "resource": "pods"},
            False,
        ),
        (
            PolicyRule(("get",), ("",), ("*",)),
            {"verb": "get", "group": "", "resource": "pods", "subresource": "log"},
            True,
        ),
        (
            PolicyRule(("get",), ("",), ("*/log",)),
            {"verb": "get", "group": "", "resource": "pods", "subresource": "log"},
            True,
        ),
        (
            PolicyRule(("get",), ("",), ("pods/*",)),
            {"verb": "get", "group": "", "resource": "pods", "subresource": "log"},
            False,
        ),
        (
            PolicyRule(("*",), ("*",), ("pods",)),
            {"verb": "delete", "group": "apps", "resource": "pods"},
            True,
        ),
        (
            PolicyRule(("get",), ("",), ("pods",), ("x",)),
            {"verb": "get", "group": "", "resource": "pods", "name": "x"},
            True,
        ),
        (
            PolicyRule(("list",), ("",), ("pods",), ("x",)),
            {"verb": "list", "group": "", "resource": "pods"},
            False,
        ),
    ],
)
def test_what_a_rule_covers(rule: PolicyRule, asked: dict[str, str], covered: bool) -> None:
    assert rbac.covers(rule, **asked) is covered


@pytest.mark.parametrize(
    "field", ["verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"]
)
@pytest.mark.parametrize("value", ["get", [7], [None], {"get": 1}, 7])
def test_a_rule_that_is_no_list_of_texts_is_refused(field: str, value: Any) -> None:
    role = {"metadata": {"name": "r"}, "rules": [RULE | {field: value}]}
    with pytest.raises(Malformed, match="ClusterRole/r"):
        grants.policy(roles=[], cluster_roles=[role], bindings=[], cluster_bindings=[])
