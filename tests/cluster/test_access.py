"""The analysis of RBAC against the API server's own answers, for every subject and verb of a generated test set."""

import itertools
import json
import random

from tests.cluster.controlplane import ControlPlane, path_of, wait_for
from tests.cluster.layouts import Install
from upkeep import access

GROUP = "rbac.authorization.k8s.io"
VERBS = ("get", "list", "create", "delete", "bind")
RESOURCES = (("", "pods", ""), ("", "pods", "log"), ("", "secrets", ""), ("apps", "deployments", ""), ("apps", "deployments", "scale"))
ACCOUNTS = ("default", "one", "two")


def made(namespace: str, seed: int) -> list[dict]:
    """Roles and bindings by chance: wildcards, names, subresources, groups, aggregated ClusterRoles."""
    chance = random.Random(seed)
    objects: list[dict] = []
    label = {"upkeep.test/aggregated": "yes"}
    for number in range(8):
        kind = chance.choice(["Role", "ClusterRole"])
        rules = [
            {
                "verbs": chance.sample([*VERBS, "*"], chance.randint(1, 2)),
                "apiGroups": [chance.choice(["", "apps", "*"])],
                "resources": chance.sample(
                    ["pods", "pods/log", "secrets", "deployments", "deployments/scale", "*", "*/scale", "pods/*"], 2
                ),
                **({"resourceNames": ["x"]} if chance.random() < 0.25 else {}),
            }
            for _ in range(chance.randint(1, 2))
        ]
        head = {"name": f"upkeep-{seed}-{number}"} | ({"namespace": namespace} if kind == "Role" else {})
        if kind == "ClusterRole":
            head["labels"] = label if number % 2 else {}
        objects.append({"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": head, "rules": rules})
        wide = kind == "ClusterRole" and chance.random() < 0.4
        subject = chance.choice(
            [
                *({"kind": "ServiceAccount", "name": name, "namespace": namespace} for name in ACCOUNTS),
                {"kind": "Group", "name": f"system:serviceaccounts:{namespace}", "apiGroup": GROUP},
                {"kind": "User", "name": f"system:serviceaccount:{namespace}:one", "apiGroup": GROUP},
            ]
        )
        where = {"name": head["name"]} | ({} if wide else {"namespace": namespace})
        reference = {"apiGroup": GROUP, "kind": kind, "name": head["name"]}
        objects.append(
            {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRoleBinding" if wide else "RoleBinding", "metadata": where, "roleRef": reference,
             "subjects": [subject]}
        )  # fmt: skip
    rule = {"clusterRoleSelectors": [{"matchLabels": label}]}
    name = f"upkeep-{seed}-aggregated"
    objects.append({"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "aggregationRule": rule, "rules": []})
    objects.append(
        {"apiVersion": f"{GROUP}/v1", "kind": "RoleBinding", "metadata": {"name": name, "namespace": namespace},
         "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
         "subjects": [{"kind": "ServiceAccount", "name": "two", "namespace": namespace}]}
    )  # fmt: skip
    return objects


def listed(plane: ControlPlane, plural: str) -> list[dict]:
    return plane.get(f"/apis/{GROUP}/v1/{plural}")["items"]


def answer(plane: ControlPlane, account: str, namespace: str, *, verb: str, group: str, resource: str, subresource: str, name: str) -> bool:
    attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name, "namespace": namespace}
    spec = {
        "user": f"system:serviceaccount:{namespace}:{account}",
        "groups": list(access.groups_of(namespace)),
        "resourceAttributes": attributes,
    }
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return bool(json.loads(plane.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body).data)["status"]["allowed"])


def test_the_analysis_agrees_with_the_server(plane: ControlPlane, guide: Install) -> None:
    namespace, seed = guide.namespace, 20261124
    objects = made(namespace, seed)
    plane.apply(*objects)
    try:
        aggregated = f"/apis/{GROUP}/v1/clusterroles/upkeep-{seed}-aggregated"
        wait_for(lambda: plane.get(aggregated).get("rules"), seconds=20, what="the aggregated ClusterRole")
        found = {
            account: access.grants(
                account,
                namespace,
                roles=listed(plane, "roles"),
                cluster_roles=listed(plane, "clusterroles"),
                bindings=listed(plane, "rolebindings"),
                cluster_bindings=listed(plane, "clusterrolebindings"),
            )
            for account in ACCOUNTS
        }

        def differing() -> list[str]:
            wrong, said = [], set()
            for account, verb, (group, resource, subresource), name in itertools.product(ACCOUNTS, VERBS, RESOURCES, ("", "x")):
                asked = {"verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name}
                ours = access.allowed(found[account], namespace=namespace, **asked)
                said.add(ours)
                if ours is not answer(plane, account, namespace, **asked):
                    wrong.append(f"{account}: {asked}: {ours}")
            assert said == {True, False}
            return wrong

        # The authorizer follows the objects a moment later.
        wait_for(lambda: differing() == [], seconds=20, what=f"agreement; differing: {differing()[:5]}")
    finally:
        for one in objects:
            plane.request("DELETE", path_of(one))
