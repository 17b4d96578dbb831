"""Roles and their bindings: the collector's own, and those that every API server starts with."""

from upkeep.demo.objects.stored import make
from upkeep.demo.state import Object, State


def binding(state: State, name: str, role: Object, subject: Object) -> Object:
    """What binds a role to a subject: a RoleBinding in the role's namespace, or a ClusterRoleBinding."""
    reference = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": role["kind"],
        "name": role["metadata"]["name"],
    }
    made = make(
        state,
        f"{role['kind']}Binding",
        name,
        state.ago(days=30),
        roleRef=reference,
        subjects=[subject],
    )
    if role["kind"] == "ClusterRole":
        del made["metadata"]["namespace"]
    return made


def cluster_role(state: State, name: str, rules: list[Object]) -> Object:
    """A ClusterRole, which is in no namespace."""
    made = make(state, "ClusterRole", name, state.ago(days=30), rules=rules)
    del made["metadata"]["namespace"]
    return made


def account(state: State) -> Object:
    """The collector's service account as the subject of a binding."""
    return {"kind": "ServiceAccount", "name": state.fullname, "namespace": state.namespace}


def store(state: State) -> None:
    """What every API server grants to everybody, and a Role that lets the collector read what it enriches alerts with."""
    reviews = {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        "verbs": ["create"],
    }
    everybody = {
        "kind": "Group",
        "name": "system:authenticated",
        "apiGroup": "rbac.authorization.k8s.io",
    }
    basic = cluster_role(state, "system:basic-user", [reviews])
    discovery = cluster_role(
        state,
        "system:discovery",
        [{"nonResourceURLs": ["/api", "/api/*", "/apis", "/healthz"], "verbs": ["get"]}],
    )
    read = {
        "apiGroups": [""],
        "resources": ["pods", "pods/log", "events"],
        "verbs": ["get", "list", "watch"],
    }
    own = make(state, "Role", state.fullname, state.ago(days=30), rules=[read])
    state.add(basic, discovery, own, binding(state, state.fullname, own, account(state)))
    state.add(
        *(binding(state, role["metadata"]["name"], role, everybody) for role in (basic, discovery))
    )
    administrator = cluster_role(
        state, "cluster-admin", [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    )
    collect = {
        "apiGroups": ["*"],
        "resources": ["*"],
        "verbs": ["delete", "get", "list", "patch", "update", "watch"],
    }
    collector = cluster_role(state, "system:controller:generic-garbage-collector", [collect])
    masters = {"kind": "Group", "name": "system:masters", "apiGroup": "rbac.authorization.k8s.io"}
    controller = {
        "kind": "ServiceAccount",
        "name": "generic-garbage-collector",
        "namespace": "kube-system",
    }
    for role, subject in ((administrator, masters), (collector, controller)):
        made = binding(state, role["metadata"]["name"], role, subject)
        made["metadata"]["labels"]["kubernetes.io/bootstrapping"] = "rbac-defaults"
        state.add(role, made)
