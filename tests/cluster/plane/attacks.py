"""How a Secret's value is got at: the requests that an attack is made of, and the rules that let them through."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import urllib3

from tests.cluster.plane.controlplane import NODE, ControlPlane
from upkeep.domain.access.secret_readers import Kind

GROUP, AUTHENTICATION = "rbac.authorization.k8s.io", "authentication.k8s.io"
# Where the Secret is, where a service account is that may read it, where those are who may not, and where nobody is.
VAULT, AGENTS, ATTACKERS, NOWHERE = (
    "upkeep-vault",
    "upkeep-agents",
    "upkeep-attackers",
    "upkeep-nowhere",
)
SECRET, VALUE = "wanted", base64.b64encode(b"canary-of-the-attacks").decode()
WHERE = f"/api/v1/namespaces/{VAULT}/secrets/{SECRET}"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
Rule = dict[str, Any]


def rule(verbs: str, resources: str, *names: str, group: str = "") -> Rule:
    return {
        "apiGroups": [group],
        "resources": resources.split(),
        "verbs": verbs.split(),
        **({"resourceNames": [*names]} if names else {}),
    }


def rbac(verbs: str, resources: str, *names: str) -> Rule:
    return rule(verbs, resources, *names, group=GROUP)


READ = [rule("get", "secrets", SECRET)]


@dataclass
class Attacker:
    """A service account with its token, and all that it was told."""

    plane: ControlPlane
    name: str
    token: str
    answers: list[tuple[int, str]] = field(default_factory=list)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        user: str = "",
        groups: tuple[str, ...] = (),
        kind: str = MERGE,
    ) -> dict[str, Any]:
        """One request as itself, with another's token, or as another."""
        headers = urllib3.HTTPHeaderDict({"Authorization": f"Bearer {token or self.token}"})
        headers["Content-Type"] = kind if method == "PATCH" else "application/json"
        if user:
            headers["Impersonate-User"] = user
        for group in groups:
            headers.add("Impersonate-Group", group)
        pool = urllib3.PoolManager(
            cert_reqs="CERT_REQUIRED", ca_certs=str(self.plane.folder / "apiserver.crt")
        )
        content = None if body is None else json.dumps(body).encode()
        answer = pool.request(
            method, self.plane.url + path, body=content, headers=headers, timeout=15, retries=False
        )
        text = answer.data.decode()
        self.answers.append((answer.status, text))
        return dict(json.loads(text)) if text.startswith("{") else {}

    def read(self, **how: Any) -> dict[str, Any]:
        return self.ask("GET", WHERE, **how)

    @property
    def subject(self) -> dict[str, str]:
        return {"kind": "ServiceAccount", "name": self.name, "namespace": ATTACKERS}

    def bound(self, kind: str, role: str, namespace: str = VAULT) -> dict[str, Any]:
        """A binding of a role to itself."""
        head = {"name": f"by-{self.name}"} | ({"namespace": namespace} if namespace else {})
        reference = {"apiGroup": GROUP, "kind": kind, "name": role}
        binding = "RoleBinding" if namespace else "ClusterRoleBinding"
        return {
            "apiVersion": f"{GROUP}/v1",
            "kind": binding,
            "metadata": head,
            "roleRef": reference,
            "subjects": [self.subject],
        }

    def bind(self, kind: str, role: str, namespace: str = VAULT) -> None:
        self.ask(
            "POST",
            f"{place(namespace)}/{'role' if namespace else 'clusterrole'}bindings",
            self.bound(kind, role, namespace),
        )


def place(namespace: str = VAULT) -> str:
    return f"/apis/{GROUP}/v1" + (f"/namespaces/{namespace}" if namespace else "")


@dataclass(frozen=True)
class Case:
    """An attack.

    :ivar grants: (kind of role, namespace of its binding, rules); an empty namespace is all of them. The role has the attacker's name, and the number.
    :ivar way: the kind and the words that the analysis has for it; ``None`` where it is none.
    :ivar reads: it ends with the value; else with what the API server accepts, and only a node could go on with.
    """

    name: str
    grants: tuple[tuple[str, str, list[Rule]], ...]
    attack: Callable[[Attacker], Any]
    way: tuple[Kind, str] | None = None
    reads: bool = True


def everywhere(*rules: Rule) -> tuple[str, str, list[Rule]]:
    return "ClusterRole", "", [*rules]


def inside(*rules: Rule, namespace: str = VAULT) -> tuple[str, str, list[Rule]]:
    return "ClusterRole", namespace, [*rules]


def own(*rules: Rule, namespace: str = VAULT) -> tuple[str, str, list[Rule]]:
    """By a Role of the namespace."""
    return "Role", namespace, [*rules]


def as_user(attacker: Attacker) -> None:
    attacker.read(user="upkeep-reader")


def as_group(attacker: Attacker) -> None:
    attacker.read(user="upkeep-harmless", groups=("upkeep-readers",))


def as_group_alone(attacker: Attacker) -> None:
    """Beside nobody, and beside itself."""
    attacker.read(groups=("upkeep-readers",))
    attacker.read(
        user=f"system:serviceaccount:{ATTACKERS}:{attacker.name}", groups=("upkeep-readers",)
    )


def as_account_and_group(attacker: Attacker) -> None:
    attacker.read(user=f"system:serviceaccount:{ATTACKERS}:nobody", groups=("upkeep-readers",))


def as_masters(attacker: Attacker) -> None:
    attacker.read(user="upkeep-harmless", groups=("system:masters",))


def as_account(attacker: Attacker) -> None:
    attacker.read(user=f"system:serviceaccount:{AGENTS}:agent")


def as_node(attacker: Attacker) -> None:
    attacker.read(user=f"system:node:{NODE}", groups=("system:nodes",))


def as_node_by_name(attacker: Attacker) -> None:
    attacker.read(user=f"system:node:{NODE}")


def asked(attacker: Attacker, account: str, **how: Any) -> str:
    """A token of a service account; empty where it is refused."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    made = attacker.ask(
        "POST", f"/api/v1/namespaces/{AGENTS}/serviceaccounts/{account}/token", body, **how
    )
    return str(made["status"]["token"]) if made["kind"] == "TokenRequest" else ""


def with_token(attacker: Attacker, account: str = "agent", **how: Any) -> None:
    if token := asked(attacker, account, **how):
        attacker.read(token=token)


def with_token_secret(attacker: Attacker) -> None:
    """A Secret of its own in another namespace, that Kubernetes fills with the agent's token."""
    head = {
        "name": f"by-{attacker.name}",
        "namespace": AGENTS,
        "annotations": {"kubernetes.io/service-account.name": "agent"},
    }
    path = f"/api/v1/namespaces/{AGENTS}/secrets"
    attacker.ask(
        "POST",
        path,
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": head,
            "type": "kubernetes.io/service-account-token",
        },
    )
    for _ in range(50):
        filled = attacker.ask("GET", f"{path}/{head['name']}")
        if filled.get("kind") != "Secret":
            return
        if token := (filled.get("data") or {}).get("token"):
            attacker.read(token=base64.b64decode(token).decode())
            return


def binds(kind: str, role: str, namespace: str = VAULT) -> Callable[[Attacker], None]:
    def attack(attacker: Attacker) -> None:
        attacker.bind(kind, role, namespace)
        follow(attacker)

    return attack


def adds_itself(binding: str) -> Callable[[Attacker], None]:
    """To a binding that is there."""

    def attack(attacker: Attacker) -> None:
        attacker.ask("PATCH", f"{place()}/rolebindings/{binding}", {"subjects": [attacker.subject]})
        follow(attacker)

    return attack


def applies_a_binding(attacker: Attacker) -> None:
    path = f"{place()}/rolebindings/by-{attacker.name}?fieldManager=attacker"
    attacker.ask("PATCH", path, attacker.bound("ClusterRole", "upkeep-reading"), kind=APPLY)
    follow(attacker)


def fills(
    kind: str, role: str = "", *, namespace: str = VAULT, labels: dict[str, str] | None = None
) -> Callable[[Attacker], None]:
    """More rights into a role that is there, its own where none is named."""

    def attack(attacker: Attacker) -> None:
        path = f"{place(namespace if kind == 'Role' else '')}/{kind.lower()}s/{role or f'upkeep-attack-{attacker.name}-0'}"
        attacker.ask("PATCH", path, {"rules": READ, "metadata": {"labels": labels or {}}})
        follow(attacker)

    return attack


def labels(role: str) -> Callable[[Attacker], None]:
    """A role that reads becomes a part of the aggregated one."""

    def attack(attacker: Attacker) -> None:
        attacker.ask(
            "PATCH",
            f"{place('')}/clusterroles/{role}",
            {"metadata": {"labels": {"upkeep.test/part": "yes"}}},
        )
        follow(attacker)

    return attack


def aggregates(attacker: Attacker) -> None:
    """The aggregated role takes in others."""
    change = {
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"upkeep.test/reads": "yes"}}]}
    }
    attacker.ask("PATCH", f"{place('')}/clusterroles/upkeep-whole", change)
    follow(attacker)


def makes(*, binds_first: bool) -> Callable[[Attacker], None]:
    """A Role of its own: an empty one bound, then filled; or a full one made, then bound."""

    def attack(attacker: Attacker) -> None:
        head = {"name": f"by-{attacker.name}", "namespace": VAULT}
        role = {
            "apiVersion": f"{GROUP}/v1",
            "kind": "Role",
            "metadata": head,
            "rules": [] if binds_first else READ,
        }
        attacker.ask("POST", f"{place()}/roles", role)
        attacker.bind("Role", head["name"])
        if binds_first:
            attacker.ask("PATCH", f"{place()}/roles/{head['name']}", {"rules": READ})
        follow(attacker)

    return attack


def follow(attacker: Attacker) -> None:
    """The value, once the authorizer has seen what was written: where something was refused it will see nothing."""
    tries = 100 if all(status < 300 for status, _ in attacker.answers[-1:]) else 1
    for _ in range(tries):
        if "data" in attacker.read():
            return


def binds_then_takes_token(attacker: Attacker) -> None:
    attacker.bind("ClusterRole", "upkeep-tokens", AGENTS)
    for _ in range(100):
        with_token(attacker)
        if attacker.answers[-1][0] == 200:
            return


def as_asker(attacker: Attacker) -> None:
    """As somebody who may ask for the agent's token."""
    with_token(attacker, user="upkeep-asker")


def binds_the_binder(attacker: Attacker) -> None:
    """A role that may bind the one that reads."""
    attacker.bind("ClusterRole", "upkeep-binding")
    for number in range(100):
        made = attacker.bound("ClusterRole", "upkeep-reading")
        made["metadata"]["name"] += f"-{number}"
        if attacker.ask("POST", f"{place()}/rolebindings", made).get("kind") == "RoleBinding":
            break
    follow(attacker)


def pod(name: str) -> dict[str, Any]:
    container = {
        "name": "c",
        "image": "busybox",
        "volumeMounts": [{"name": "s", "mountPath": "/s"}],
    }
    spec = {"containers": [container], "volumes": [{"name": "s", "secret": {"secretName": SECRET}}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": VAULT},
        "spec": spec,
    }


def posts_a_pod(attacker: Attacker) -> None:
    attacker.ask("POST", f"/api/v1/namespaces/{VAULT}/pods?dryRun=All", pod("mine"))


def applies_a_pod(attacker: Attacker) -> None:
    attacker.ask(
        "PATCH",
        f"/api/v1/namespaces/{VAULT}/pods/mine?dryRun=All&fieldManager=attacker",
        pod("mine"),
        kind=APPLY,
    )


def on(verbs: str, resources: str, *names: str, mode: str) -> Rule:
    return rule(
        " ".join(f"impersonate-on:{mode}:{verb}" for verb in verbs.split()), resources, *names
    )


def constrained(mode: str, resources: str, *names: str) -> Rule:
    return rule(f"impersonate:{mode}", resources, *names, group=AUTHENTICATION)
