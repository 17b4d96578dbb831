"""Ways to a Secret's value, and what only looks like one: each with exactly the rights that it takes; and what is there before."""

from typing import Any

from tests.cluster.plane.attacks import (
    AGENTS,
    ATTACKERS,
    GROUP,
    NOWHERE,
    READ,
    SECRET,
    VALUE,
    VAULT,
    WHERE,
    Attacker,
    Case,
    Rule,
    adds_itself,
    aggregates,
    applies_a_binding,
    applies_a_pod,
    as_account,
    as_account_and_group,
    as_asker,
    as_group,
    as_group_alone,
    as_masters,
    as_node,
    as_node_by_name,
    as_user,
    binds,
    binds_the_binder,
    binds_then_takes_token,
    constrained,
    everywhere,
    fills,
    inside,
    labels,
    makes,
    on,
    own,
    pod,
    posts_a_pod,
    rbac,
    rule,
    with_token,
    with_token_secret,
)
from tests.cluster.plane.controlplane import NODE
from upkeep.domain.access.secret_readers import Kind

BECOMES, RAISES = Kind.BECOMES, Kind.RAISES
AGENT = f"ServiceAccount {AGENTS}/agent"
WAYS = [
    Case("get", (inside(rule("get", "secrets", SECRET)),), Attacker.read, (Kind.READS, f"get secrets {SECRET}")),
    Case(
        "list-by-name", (inside(rule("list", "secrets", SECRET)),),
        lambda one: one.ask("GET", f"{WHERE.rpartition('/')[0]}?fieldSelector=metadata.name={SECRET}"), (Kind.READS, f"list secrets {SECRET}"),
    ),
    Case("patch", (inside(rule("patch", "secrets")),), lambda one: one.ask("PATCH", f"{WHERE}?dryRun=All", {}), (Kind.READS, "patch secrets")),
    Case("user", (everywhere(rule("impersonate", "users", "upkeep-reader")),), as_user, (BECOMES, "impersonate users upkeep-reader")),
    Case("any-user", (everywhere(rule("impersonate", "users")),), as_user, (BECOMES, "impersonate users")),
    Case(
        "group", (everywhere(rule("impersonate", "groups", "upkeep-readers"), rule("impersonate", "users", "upkeep-harmless")),), as_group,
        (BECOMES, "impersonate groups upkeep-readers"),
    ),
    Case(
        "group-beside-an-account", (everywhere(rule("impersonate", "groups", "upkeep-readers")),
        inside(rule("impersonate", "serviceaccounts", "nobody"), namespace=ATTACKERS)), as_account_and_group,
        (BECOMES, "impersonate groups upkeep-readers"),
    ),
    Case(
        "masters", (everywhere(rule("impersonate", "groups", "system:masters")), everywhere(rule("impersonate", "users", "upkeep-harmless"))),
        as_masters, (BECOMES, "impersonate groups system:masters"),
    ),
    Case(
        "account", (inside(rule("impersonate", "serviceaccounts", "agent"), namespace=AGENTS),), as_account,
        (BECOMES, f"impersonate serviceaccounts of {AGENT}"),
    ),
    Case(
        "node", (everywhere(rule("impersonate", "users", f"system:node:{NODE}"), rule("impersonate", "groups", "system:nodes")),), as_node,
        (BECOMES, "impersonate groups system:nodes"),
    ),
    Case(
        "token", (inside(rule("create", "serviceaccounts/token", "agent"), namespace=AGENTS),), with_token,
        (BECOMES, f"create serviceaccounts/token of {AGENT}"),
    ),
    Case(
        "token-secret",
        (inside(rule("create", "secrets"), namespace=AGENTS), inside(rule("get", "secrets", "by-token-secret"), namespace=AGENTS)),
        with_token_secret, (BECOMES, f"create and read secrets in namespace {AGENTS}, with a token of {AGENT}"),
    ),
    Case(
        "user-for-reading",
        (everywhere(constrained("user-info", "users", "upkeep-reader")), inside(on("get", "secrets", mode="user-info"))), as_user,
        (BECOMES, "impersonate:user-info users upkeep-reader"),
    ),
    Case(
        "group-for-reading", (everywhere(constrained("user-info", "users", "upkeep-harmless"), constrained("user-info", "groups", "upkeep-readers")),
        inside(on("get", "secrets", SECRET, mode="user-info"))), as_group, (BECOMES, "impersonate:user-info groups upkeep-readers"),
    ),
    Case(
        "account-for-reading", (inside(constrained("serviceaccount", "serviceaccounts", "agent"), namespace=AGENTS),
        inside(on("get", "secrets", mode="serviceaccount"))), as_account, (BECOMES, f"impersonate:serviceaccount serviceaccounts of {AGENT}"),
    ),
    Case(
        "node-for-reading", (everywhere(constrained("arbitrary-node", "nodes")), inside(on("get", "secrets", mode="arbitrary-node"))),
        as_node_by_name, (BECOMES, "impersonate:arbitrary-node nodes"),
    ),
    Case(
        "bind", (inside(rbac("bind", "clusterroles", "upkeep-reading"), rbac("create", "rolebindings")),), binds("ClusterRole", "upkeep-reading"),
        (RAISES, "bind clusterroles upkeep-reading"),
    ),
    Case(
        "bind-everywhere", (everywhere(rbac("bind", "clusterroles"), rbac("create", "clusterrolebindings")),),
        binds("ClusterRole", "cluster-admin", ""), (RAISES, "bind clusterroles"),
    ),
    Case(
        "bind-by-two-bindings", (everywhere(rbac("bind", "clusterroles", "upkeep-reading")), own(rbac("create", "rolebindings"))),
        binds("ClusterRole", "upkeep-reading"), (RAISES, "bind clusterroles upkeep-reading"),
    ),
    Case(
        "bind-by-apply", (inside(rbac("bind", "clusterroles", "upkeep-reading"), rbac("create patch", "rolebindings", "by-bind-by-apply")),),
        applies_a_binding, (RAISES, "bind clusterroles upkeep-reading"),
    ),
    Case(
        "bind-role", (inside(rbac("bind", "roles"), rbac("create", "rolebindings")),), binds("Role", "reading"), (RAISES, "bind roles"),
    ),
    Case(
        "bind-what-is-bound", (inside(rbac("bind", "clusterroles"), rbac("patch", "rolebindings", "others")),), adds_itself("others"),
        (RAISES, "bind clusterroles"),
    ),
    Case(
        "bind-what-is-bound-to-nobody", (inside(rbac("bind", "clusterroles"), rbac("patch", "rolebindings", "empty")),), adds_itself("empty"),
        (RAISES, "bind clusterroles"),
    ),
    Case("escalate-own", (own(rbac("escalate", "roles"), rbac("patch", "roles")),), fills("Role"), (RAISES, "escalate roles")),
    Case(
        "escalate-named",
        (own(rbac("escalate", "roles", "upkeep-attack-escalate-named-0"), rbac("patch", "roles")),), fills("Role"),
        (RAISES, "escalate roles upkeep-attack-escalate-named-0"),
    ),
    Case(
        "escalate-new", (inside(rbac("escalate create patch", "roles"), rbac("create", "rolebindings")),), makes(binds_first=True),
        (RAISES, "escalate roles"),
    ),
    Case(
        "bind-new", (inside(rbac("bind escalate create", "roles"), rbac("create", "rolebindings")),), makes(binds_first=False),
        (RAISES, "bind roles"),
    ),
    Case(
        "escalate-cluster-role", (everywhere(rbac("escalate patch", "clusterroles")),), fills("ClusterRole"), (RAISES, "escalate clusterroles"),
    ),
    Case(
        "escalate-a-part", (everywhere(rbac("escalate patch", "clusterroles", "upkeep-part")), inside(rule("get", "pods"))),
        fills("ClusterRole", "upkeep-part", labels={"upkeep.test/part": "yes"}), (RAISES, "escalate clusterroles upkeep-part"),
    ),
    Case(
        "chain-of-a-user", (everywhere(rule("impersonate", "users", "upkeep-asker")),), as_asker, (BECOMES, "impersonate users upkeep-asker"),
    ),
    Case(
        "chain-of-a-role-and-a-token",
        (inside(rbac("bind", "clusterroles", "upkeep-tokens"), rbac("create", "rolebindings"), namespace=AGENTS),), binds_then_takes_token,
        (RAISES, "bind clusterroles upkeep-tokens"),
    ),
    Case(
        "chain-of-two-roles", (inside(rbac("bind", "clusterroles", "upkeep-binding"), rbac("create", "rolebindings")),), binds_the_binder,
        (RAISES, "bind clusterroles upkeep-binding"),
    ),
    Case("pod", (inside(rule("create", "pods")),), posts_a_pod, (Kind.STARTS, "create pods"), reads=False),
    Case("pod-by-apply", (inside(rule("create patch", "pods", "mine")),), applies_a_pod, (Kind.STARTS, "create, patch pods mine"), reads=False),
]  # fmt: skip
NEAR_MISSES = [
    Case("no-get", (inside(rule("get", "secrets", "other"), rule("create update delete", "secrets", SECRET)),), Attacker.read),
    Case("no-user", (everywhere(rule("impersonate", "users", "upkeep-harmless")),), as_user),
    Case("harmless-user", (everywhere(rule("impersonate", "users", "upkeep-harmless")),), lambda one: one.read(user="upkeep-harmless")),
    Case("group-alone", (everywhere(rule("impersonate", "groups")),), as_group_alone),
    Case("user-without-group", (everywhere(rule("impersonate", "users", "upkeep-harmless")),), as_group),
    Case("account-as-user", (everywhere(rule("impersonate", "users", f"system:serviceaccount:{AGENTS}:agent")),), as_account),
    Case("idle-account", (inside(rule("impersonate", "serviceaccounts", "idle"), namespace=AGENTS),), as_account),
    Case("account-elsewhere", (inside(rule("impersonate", "serviceaccounts"), namespace=NOWHERE),), as_account),
    Case("users-in-a-namespace", (inside(rule("impersonate", "users groups")),), as_user),
    Case("node-without-group", (everywhere(rule("impersonate", "users", f"system:node:{NODE}")),), as_node_by_name),
    Case("idle-token", (inside(rule("create", "serviceaccounts/token", "idle"), namespace=AGENTS),), lambda one: with_token(one, "idle")),
    Case("no-token", (inside(rule("create get list", "serviceaccounts"), namespace=AGENTS),), with_token),
    Case("token-secret-unread", (inside(rule("create", "secrets"), namespace=AGENTS),), with_token_secret),
    Case("token-secret-unmade", (inside(rule("get list", "secrets"), namespace=AGENTS),), with_token_secret),
    Case("user-for-nothing", (everywhere(constrained("user-info", "users")),), as_user),
    Case(
        "user-for-listing-pods", (everywhere(constrained("user-info", "users")), inside(on("list", "pods", mode="user-info"))), as_user,
    ),
    Case("nobody-for-reading", (inside(on("get", "secrets", mode="user-info")),), as_user),
    Case(
        "masters-for-reading", (everywhere(constrained("user-info", "users", "upkeep-harmless"), constrained("user-info", "groups", "system:masters")),
        inside(on("get", "secrets", mode="user-info"))), as_masters,
    ),
    Case("bind-alone", (inside(rbac("bind", "clusterroles")),), binds("ClusterRole", "upkeep-reading")),
    Case("bind-harmless", (inside(rbac("bind", "clusterroles", "upkeep-harmless"), rbac("create", "rolebindings")),), binds("ClusterRole", "upkeep-harmless")),
    Case("bind-not-this", (inside(rbac("bind", "clusterroles", "upkeep-harmless"), rbac("create", "rolebindings")),), binds("ClusterRole", "upkeep-reading")),
    Case("bindings-without-bind", (inside(rbac("create update patch", "rolebindings roles")),), binds("ClusterRole", "upkeep-reading")),
    Case("bind-named-post", (inside(rbac("bind", "clusterroles"), rbac("create", "rolebindings", "by-bind-named-post")),), binds("ClusterRole", "upkeep-reading")),
    Case("bind-what-is-harmless", (inside(rbac("bind", "clusterroles"), rbac("patch", "rolebindings", "harmless")),), adds_itself("harmless")),
    Case("bind-elsewhere", (inside(rbac("bind", "clusterroles"), rbac("create", "rolebindings"), namespace=NOWHERE),), binds("ClusterRole", "upkeep-reading")),
    Case(
        "bind-here-bindings-there", (inside(rbac("bind", "clusterroles")), inside(rbac("create", "rolebindings"), namespace=NOWHERE)),
        binds("ClusterRole", "upkeep-reading"),
    ),
    Case("escalate-alone", (own(rbac("escalate", "roles")),), fills("Role")),
    Case("roles-without-escalate", (own(rbac("create update patch", "roles")),), fills("Role")),
    Case("escalate-unbound", (own(rbac("escalate create", "roles")),), makes(binds_first=False)),
    Case("escalate-another", (own(rbac("escalate patch", "roles", "reading")),), fills("Role", "reading")),
    Case("escalate-clusterroles-inside", (inside(rbac("escalate patch", "clusterroles")),), fills("ClusterRole")),
    Case("escalate-a-part-unbound", (everywhere(rbac("escalate patch", "clusterroles", "upkeep-spare")),), fills("ClusterRole", "upkeep-spare", labels={"upkeep.test/other": "yes"})),
    Case("label", (everywhere(rbac("patch update", "clusterroles")), inside(rule("get", "pods"))), labels("upkeep-reading")),
    Case("aggregate", (everywhere(rbac("patch update", "clusterroles")), inside(rule("get", "pods"))), aggregates),
    Case("pod-named", (inside(rule("create", "pods", "mine")),), posts_a_pod, reads=False),
]  # fmt: skip
# Who is bound to the aggregated role beside what the case says.
IN_THE_WHOLE = ("escalate-a-part", "label", "aggregate")


def scenery() -> list[dict[str, Any]]:
    """The Secret, a pod that mounts it, who reads it with reason, and roles that are there."""

    def role(kind: str, name: str, rules: list[Rule], **more: Any) -> dict[str, Any]:
        labelled = more.pop("labels", {})
        head = {"name": name, "labels": labelled} | ({"namespace": VAULT} if kind == "Role" else {})
        return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": head, "rules": rules, **more}

    def binding(
        name: str, role: str, subjects: list[dict[str, str]], namespace: str = VAULT
    ) -> dict[str, Any]:
        reference = {"apiGroup": GROUP, "kind": "ClusterRole", "name": role}
        head = {"name": name, "namespace": namespace}
        return {
            "apiVersion": f"{GROUP}/v1",
            "kind": "RoleBinding",
            "metadata": head,
            "roleRef": reference,
            "subjects": subjects,
        }

    def named(kind: str, name: str) -> dict[str, str]:
        return {"kind": kind, "name": name, "apiGroup": GROUP}

    part = {"clusterRoleSelectors": [{"matchLabels": {"upkeep.test/part": "yes"}}]}
    members = [
        {"kind": "ServiceAccount", "name": name, "namespace": ATTACKERS} for name in IN_THE_WHOLE
    ]
    agents = [{"kind": "ServiceAccount", "name": "agent", "namespace": AGENTS}]
    accounts = [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": AGENTS},
        }
        for name in ("agent", "idle")
    ]
    mounted = pod("mounts")
    mounted["spec"]["nodeName"] = NODE
    return [
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            for name in (VAULT, AGENTS, ATTACKERS, NOWHERE)
        ),
        *accounts,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": VAULT},
            "data": {"a": VALUE},
        },
        mounted,
        role(
            "ClusterRole",
            "upkeep-reading",
            [rule("get list", "secrets")],
            labels={"upkeep.test/reads": "yes"},
        ),
        role("ClusterRole", "upkeep-harmless", [rule("get", "pods")]),
        role("ClusterRole", "upkeep-tokens", [rule("create", "serviceaccounts/token")]),
        role("ClusterRole", "upkeep-binding", [rbac("bind", "clusterroles", "upkeep-reading")]),
        role("ClusterRole", "upkeep-part", []),
        role("ClusterRole", "upkeep-spare", []),
        role("ClusterRole", "upkeep-whole", [], aggregationRule=part),
        role("Role", "reading", READ),
        binding(
            "readers",
            "upkeep-reading",
            [named("User", "upkeep-reader"), named("Group", "upkeep-readers"), *agents],
        ),
        binding("others", "upkeep-reading", [named("User", "upkeep-other")]),
        binding("empty", "upkeep-reading", []),
        binding("harmless", "upkeep-harmless", [named("User", "upkeep-harmless")]),
        binding("whole", "upkeep-whole", members),
        binding("asker", "upkeep-tokens", [named("User", "upkeep-asker")], namespace=AGENTS),
    ]


def granted(case: Case) -> list[dict[str, Any]]:
    """The attacker's account, its roles and their bindings."""
    made: list[dict[str, Any]] = [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": case.name, "namespace": ATTACKERS},
        }
    ]
    subjects = [{"kind": "ServiceAccount", "name": case.name, "namespace": ATTACKERS}]
    for number, (kind, namespace, rules) in enumerate(case.grants):
        name = f"upkeep-attack-{case.name}-{number}"
        at = {"name": name} | ({"namespace": namespace} if namespace else {})
        head = {"name": name} | ({"namespace": namespace} if kind == "Role" else {})
        made.append({"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": head, "rules": rules})
        reference = {"apiGroup": GROUP, "kind": kind, "name": name}
        binding = "RoleBinding" if namespace else "ClusterRoleBinding"
        made.append(
            {
                "apiVersion": f"{GROUP}/v1",
                "kind": binding,
                "metadata": at,
                "roleRef": reference,
                "subjects": subjects,
            }
        )
    return made
