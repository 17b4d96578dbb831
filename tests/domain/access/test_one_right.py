"""The paths that single rules give, here, in other namespaces and in the whole cluster."""

import pytest
from msgspec.structs import replace

from tests.domain.alertmanager.rules import SRE, WANTED, found, grant, rule, ways
from upkeep.domain.access.secret_readers import Kind
from upkeep.domain.access.two_rights import RBAC
from upkeep.records.access import PolicyRule


@pytest.mark.parametrize(
    ("given_rule", "kind", "what"),
    [
        (rule("get", "secrets"), Kind.READS, "get secrets"),
        (rule("get delete", "secrets", "a", "other"), Kind.READS, "get secrets a"),
        (rule("list", "secrets", "b"), Kind.READS, "list secrets b"),  # with a field selector
        (rule("watch", "*"), Kind.READS, "watch secrets"),
        (rule("patch", "secrets"), Kind.READS, "patch secrets"),
        (rule("deletecollection", "secrets"), Kind.READS, "deletecollection secrets"),
        (rule("*", "secrets", "a"), Kind.READS, "get, list, watch, patch secrets a"),
        (PolicyRule(("*",), ("*",), ("*",)), Kind.READS, "all verbs on all resources"),
        (PolicyRule(("list",), ("*",), ("secrets",)), Kind.READS, "list secrets"),
        (rule("create", "pods/exec"), Kind.ENTERS, "create pods/exec"),
        (
            rule("get", "pods/attach", "cano-collector-6f7d9c5b84-k7w2p"),
            Kind.ENTERS,
            "get pods/attach cano-collector-6f7d9c5b84-k7w2p",
        ),
        (
            rule("update", "pods/ephemeralcontainers"),
            Kind.ENTERS,
            "update pods/ephemeralcontainers",
        ),
        (rule("create", "pods"), Kind.STARTS, "create pods"),
        (
            rule("patch", "pods", "cano-collector-6f7d9c5b84-k7w2p"),
            Kind.STARTS,
            "patch pods cano-collector-6f7d9c5b84-k7w2p",
        ),  # another image
        (
            rule("create update", "deployments daemonsets", group="apps"),
            Kind.STARTS,
            "create, update deployments.apps, daemonsets.apps",
        ),
        (
            rule("patch", "deployments", "other", group="apps"),
            Kind.STARTS,
            "patch deployments.apps other",
        ),
        (rule("create patch", "jobs", group="batch"), Kind.STARTS, "create jobs.batch"),
        (rule("create", "replicationcontrollers"), Kind.STARTS, "create replicationcontrollers"),
        (
            rule("escalate create patch", "roles rolebindings", group=RBAC),
            Kind.RAISES,
            "escalate roles",
        ),
        (
            rule("bind create", "clusterroles rolebindings", group=RBAC),
            Kind.RAISES,
            "bind clusterroles",
        ),
    ],
)
def test_a_way(given_rule: PolicyRule, kind: Kind, what: str) -> None:
    assert ways(grant(given_rule)) == [(kind, what)]
    assert ways(grant(given_rule, namespace="")) == [(kind, what)]


@pytest.mark.parametrize(
    ("name", "enters"),
    [
        ("cano-collector-in-the-eastern-production-cluster-of-paymen4x2pq", True),
        ("cano-collector-in-the-eastern-production-cluster-of-shipmen4x2pq", False),
    ],
)
def test_a_role_for_a_pod_whose_name_is_cut_enters_it(name: str, enters: bool) -> None:
    """The API server cuts generateName at 58 characters (kubernetes/kubernetes#116447)."""
    long = replace(
        WANTED, deployment="cano-collector-in-the-eastern-production-cluster-of-payments"
    )
    readers_found = found(grant(rule("create", "pods/exec", name)), wanted=long)
    assert any(reader.grant.subject == SRE for reader in readers_found) is enters


@pytest.mark.parametrize(
    "given_rule",
    [
        rule("get", "secrets", "other"),
        rule("create update delete", "secrets"),
        rule("deletecollection", "secrets", "a"),
        rule("get", "secrets", group="apps"),
        rule("get list", "pods pods/log configmaps"),
        rule("create", "pods/exec", "other-1"),
        rule("update", "pods", "other-1"),
        rule("create", "pods/portforward"),
        rule("update patch", "jobs", group="batch"),
        rule("update", "deployments/scale", group="apps"),
        rule("create update", "rolebindings roles", group=RBAC),  # of what one has oneself
        rule(
            "escalate patch", "clusterroles rolebindings", group=RBAC
        ),  # they are written for the whole cluster alone
        rule("escalate create", "roles rolebindings", group=RBAC),  # what it makes it may not bind
        rule("bind", "clusterroles roles", group=RBAC),  # no binding can be written
        rule("bind create", "roles rolebindings", group=RBAC),  # no Role reads
        rule(
            "bind create", "clusterroles rolebindings", "b", group=RBAC
        ),  # what is made has no name yet
        rule("create", "pods", "b"),
        rule("impersonate", "users groups"),  # they are in no namespace
        rule("get", "nodes/proxy"),
        rule("impersonate", "serviceaccounts"),  # nobody there reads
        rule("create", "serviceaccounts/token"),
        PolicyRule(("get",), urls=("*",)),
    ],
)
def test_no_way_in_the_namespace(given_rule: PolicyRule) -> None:
    assert ways(grant(given_rule), roles={"Role/monitoring/b": ()}) == []


def test_in_another_namespace_a_right_reads_nothing_here() -> None:
    everything = rule("*", "secrets pods pods/exec serviceaccounts")
    assert ways(grant(everything, namespace="other")) == []


@pytest.mark.parametrize(
    ("given_rule", "kind", "what"),
    [
        (rule("get", "nodes/proxy"), Kind.ENTERS, "get nodes/proxy"),
        (rule("create", "nodes/proxy", "node-1"), Kind.ENTERS, "create nodes/proxy node-1"),
        (
            rule("impersonate", "groups users", "system:masters", "other"),
            Kind.BECOMES,
            "impersonate groups system:masters",
        ),
        (
            rule("impersonate", "groups users", "system:nodes", "system:node:a"),
            Kind.BECOMES,
            "impersonate groups system:nodes",
        ),
        (
            rule("escalate patch create", "clusterroles clusterrolebindings", group=RBAC),
            Kind.RAISES,
            "escalate clusterroles",
        ),
        (
            rule("bind create", "clusterroles clusterrolebindings", group=RBAC),
            Kind.RAISES,
            "bind clusterroles",
        ),
    ],
)
def test_a_way_of_the_whole_cluster(given_rule: PolicyRule, kind: Kind, what: str) -> None:
    assert ways(grant(given_rule, namespace="")) == [(kind, what)]


def test_users_are_a_way_where_one_of_them_reads() -> None:
    anybody = grant(rule("impersonate", "users"), namespace="")
    assert ways(anybody) == []
    assert ways(anybody, grant(rule("get", "secrets"), subject="User jane")) == [
        (Kind.BECOMES, "impersonate users")
    ]
