"""What the collector's service account may do beyond what it needs."""

from upkeep.demo import rbac
from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.state import Object, State

HIT = "rbac-least-privilege"


def grant(state: State, rules: list[Object], subject: Object | None = None) -> None:
    """Let the collector do more, in every namespace."""
    role = rbac.cluster_role(state, f"{state.fullname}-more", rules)
    state.add(role, rbac.binding(state, f"{state.fullname}-more", role, subject or rbac.account(state)))


def chart_role(state: State) -> None:
    """The ClusterRole that the chart installs (collector.md)."""
    grant(
        state,
        [
            {"apiGroups": [""], "resources": ["secrets", "pods/exec"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
            {"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch"]},
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create", "patch", "delete"]},
            {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "patch", "delete"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "patch", "delete"]},
        ],
    )


@scenario("rights-of-the-chart", "the service account holds the ClusterRole that the chart installs", HIT)
def rights_of_the_chart(state: State) -> None:
    chart_role(state)


@scenario("wildcard-rights", "a binding of the group of every service account lets it do anything", HIT)
def wildcard_rights(state: State) -> None:
    everyone = {"kind": "Group", "name": "system:serviceaccounts", "apiGroup": "rbac.authorization.k8s.io"}
    grant(state, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], everyone)


@scenario("rights-of-another", "another service account of the same name, in another namespace, may do anything", "secrets-guarded")
def rights_of_another(state: State) -> None:
    grant(state, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], rbac.account(state) | {"namespace": "kube-system"})
