"""rbac-least-privilege: every excess by rule and binding; what everybody has, and reading what enriches alerts, is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.samples import deployment, install
from upkeep.errors import Absent
from upkeep.judges.access.least_privilege import least_privilege
from upkeep.records.access import Grant, PolicyRule

REVIEWS = PolicyRule(
    ("create",), ("authorization.k8s.io",), ("selfsubjectaccessreviews", "selfsubjectrulesreviews")
)
EVERYBODY = Grant(
    "ClusterRoleBinding/system:basic-user",
    "ClusterRole/system:basic-user",
    "Group system:authenticated",
    "",
    (REVIEWS, PolicyRule(("get",), urls=("/api", "/healthz"))),
)


def grant(*rules: PolicyRule, namespace: str = "monitoring") -> Grant:
    return Grant(
        "RoleBinding/monitoring/cano",
        "Role/monitoring/cano",
        "ServiceAccount monitoring/default",
        namespace,
        rules,
    )


def judge(*grants: Grant):
    return least_privilege((EVERYBODY, *grants), deployment(), install=install())


def codes(*rules: PolicyRule) -> list[str]:
    return [finding.code for finding in judge(grant(*rules)).findings]


def test_reading_what_enriches_alerts_passes():
    judgement = judge(
        grant(PolicyRule(("get", "list", "watch"), ("",), ("pods", "pods/log", "events")))
    )
    assert (judgement.findings, judgement.observed) == (
        (),
        "3 rules of 2 bindings, 0 beyond the list",
    )


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (PolicyRule(("*",), ("",), ("pods",)), "wildcard-right"),
        (PolicyRule(("get",), ("",), ("*",)), "wildcard-right"),
        (PolicyRule(("get",), ("*",), ("pods",)), "wildcard-right"),
        (PolicyRule(("update",), ("apps",), ("*/scale",)), "wildcard-right"),
        (PolicyRule(("get",), ("",), ("secrets",), ("one",)), "secrets-readable"),
        (PolicyRule(("get", "create"), ("",), ("secrets",)), "secrets-writable"),
        (PolicyRule(("create",), ("",), ("pods/exec",)), "runs-in-others"),
        (PolicyRule(("get",), ("",), ("nodes/proxy",)), "runs-in-others"),
        (
            PolicyRule(("bind",), ("rbac.authorization.k8s.io",), ("clusterroles",)),
            "rights-can-rise",
        ),
        (PolicyRule(("impersonate",), ("",), ("users",)), "rights-can-rise"),
        (PolicyRule(("patch",), ("",), ("nodes",)), "right-beyond-list"),
        (PolicyRule(("get",), ("apps",), ("pods",)), "right-beyond-list"),
        (
            PolicyRule(("create",), ("authorization.k8s.io",), ("subjectaccessreviews",)),
            "right-beyond-list",
        ),
        (PolicyRule(("post",), urls=("/debug",)), "right-beyond-list"),
    ],
)
def test_each_excess_has_its_word(rule: PolicyRule, code: str):
    assert codes(rule) == [code]


def test_an_excess_is_named_with_what_grants_it_and_where():
    (finding,) = judge(
        grant(PolicyRule(("get", "list"), ("",), ("pods", "secrets"), ("a", "b")), namespace="")
    ).findings
    assert finding.message == (
        "ServiceAccount/default may get, list secrets a, b in every namespace. "
        "RoleBinding/monitoring/cano (Role/monitoring/cano) grants it to ServiceAccount monitoring/default."
    )
    assert (finding.observed, finding.next) == (
        "get, list secrets a, b",
        "kubectl describe rolebinding cano -n monitoring",
    )


def test_every_right_is_told_in_words():
    (finding,) = judge(grant(PolicyRule(("*",), ("*",), ("*",)), namespace="")).findings
    assert finding.message.startswith(
        "ServiceAccount/default may use all verbs on all resources in every namespace. "
    )
    assert (finding.code, finding.observed) == ("wildcard-right", "use all verbs on all resources")


def test_only_the_verbs_beyond_reading_are_told_of_what_may_be_read():
    (finding,) = judge(grant(PolicyRule(("get", "delete"), ("",), ("pods",)))).findings
    assert finding.observed == "delete pods"


def test_where_not_even_everybodys_rights_are_seen_nothing_is_judged():
    with pytest.raises(Absent, match="The list of bindings is not complete"):
        least_privilege(
            (grant(PolicyRule(("*",), ("*",), ("*",))),), deployment(), install=install()
        )


def test_a_binding_to_a_role_that_is_not_listed_is_no_pass():
    """Deleted, or missing from the list (kubernetes/kubernetes#37595): its rights are not known."""
    unlisted = replace(grant(), role_listed=False)
    with pytest.raises(Absent, match="which is not in the list of roles"):
        judge(unlisted)
    assert judge(unlisted, grant(PolicyRule(("*",), ("*",), ("*",)))).findings


RULES = st.builds(
    PolicyRule,
    st.lists(st.sampled_from(["get", "list", "create", "*", "bind"]), min_size=1, max_size=3).map(
        tuple
    ),
    st.lists(st.sampled_from(["", "apps", "*"]), min_size=1, max_size=2).map(tuple),
    st.lists(
        st.sampled_from(["pods", "secrets", "deployments", "*", "pods/exec"]),
        min_size=1,
        max_size=3,
    ).map(tuple),
)


@given(st.lists(RULES, max_size=4), RULES)
def test_a_further_rule_never_takes_a_finding_away(rules: list[PolicyRule], further: PolicyRule):
    assert set(codes(*rules)) <= set(codes(*rules, further))
