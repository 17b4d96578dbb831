"""The analysis of RBAC against the API server's own answers, for every subject and verb of a generated test set."""

import base64
import itertools
import json
import random

from tests.cluster.plane.controlplane import ControlPlane, path_of, wait_for
from tests.cluster.plane.layouts import Install
from upkeep.adapters.cluster.objects import grants
from upkeep.domain.access import rbac
from upkeep.domain.access.secret_readers import READS, Kind, Wanted, readers
from upkeep.records.access import RbacPolicy

GROUP = "rbac.authorization.k8s.io"
VERBS = ("get", "list", "create", "delete", "bind", "watch", "patch", "deletecollection")
RESOURCES = (
    ("", "pods", ""),
    ("", "pods", "log"),
    ("", "secrets", ""),
    ("apps", "deployments", ""),
    ("apps", "deployments", "scale"),
)
ACCOUNTS = ("default", "one", "two")
ELSEWHERE, USER, TEAM = "upkeep-elsewhere", "upkeep-jane", "upkeep-sre"


def made(namespace: str, seed: int) -> list[dict]:
    """Roles and bindings by chance: wildcards, names, subresources, groups, aggregated ClusterRoles."""
    chance = random.Random(seed)
    objects: list[dict] = []
    label = {"upkeep.test/aggregated": "yes"}
    for number in range(20):
        kind = chance.choice(["Role", "ClusterRole"])
        rules = [
            {
                "verbs": chance.sample([*VERBS, "*"], chance.randint(1, 2)),
                "apiGroups": [chance.choice(["", "apps", "*"])],
                "resources": chance.sample(
                    [
                        "pods",
                        "pods/log",
                        "secrets",
                        "deployments",
                        "deployments/scale",
                        "*",
                        "*/scale",
                        "pods/*",
                    ],
                    2,
                ),
                **({"resourceNames": ["x"]} if chance.random() < 0.25 else {}),
            }
            for _ in range(chance.randint(1, 2))
        ]
        head = {"name": f"upkeep-{seed}-{number}"} | (
            {"namespace": namespace} if kind == "Role" else {}
        )
        if kind == "ClusterRole":
            head["labels"] = label if number % 2 else {}
        objects.append(
            {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": head, "rules": rules}
        )
        wide = kind == "ClusterRole" and chance.random() < 0.4
        subject = chance.choice(
            [
                *(
                    {"kind": "ServiceAccount", "name": name, "namespace": namespace}
                    for name in ACCOUNTS
                ),
                {"kind": "Group", "name": f"system:serviceaccounts:{namespace}", "apiGroup": GROUP},
                {
                    "kind": "User",
                    "name": f"system:serviceaccount:{namespace}:one",
                    "apiGroup": GROUP,
                },
                {"kind": "ServiceAccount", "name": "far", "namespace": ELSEWHERE},
                {"kind": "User", "name": USER, "apiGroup": GROUP},
                {"kind": "Group", "name": TEAM, "apiGroup": GROUP},
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
    objects.append(
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "aggregationRule": rule,
            "rules": [],
        }
    )
    objects.append(
        {"apiVersion": f"{GROUP}/v1", "kind": "RoleBinding", "metadata": {"name": name, "namespace": namespace},
         "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
         "subjects": [{"kind": "ServiceAccount", "name": "two", "namespace": namespace}]}
    )  # fmt: skip
    return objects


def listed(plane: ControlPlane, plural: str) -> list[dict]:
    return plane.get(f"/apis/{GROUP}/v1/{plural}")["items"]


def policy_of(plane: ControlPlane) -> RbacPolicy:
    return grants.policy(
        roles=listed(plane, "roles"),
        cluster_roles=listed(plane, "clusterroles"),
        bindings=listed(plane, "rolebindings"),
        cluster_bindings=listed(plane, "clusterrolebindings"),
    )


def reviewed(plane: ControlPlane, user: str, groups: list[str], **attributes: str) -> bool:
    """The API server's own answer."""
    spec = {"user": user, "groups": groups, "resourceAttributes": attributes}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    return bool(
        json.loads(
            plane.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body).data
        )["status"]["allowed"]
    )


def answer(plane: ControlPlane, account: str, namespace: str, **attributes: str) -> bool:
    user = f"system:serviceaccount:{namespace}:{account}"
    return reviewed(plane, user, list(rbac.groups_of(namespace)), namespace=namespace, **attributes)


def test_the_analysis_agrees_with_the_server(plane: ControlPlane, guide: Install) -> None:
    namespace, seed = guide.namespace, 20261124
    objects = made(namespace, seed)
    plane.apply(*objects)
    try:
        aggregated = f"/apis/{GROUP}/v1/clusterroles/upkeep-{seed}-aggregated"
        wait_for(lambda: plane.get(aggregated).get("rules"), what="the aggregated ClusterRole")

        def differing() -> list[str]:
            wrong, said, policy = [], set(), policy_of(plane)
            found = {
                account: rbac.grants(account, namespace, policy=policy) for account in ACCOUNTS
            }
            for account, verb, (group, resource, subresource), name in itertools.product(
                ACCOUNTS, VERBS, RESOURCES, ("", "x")
            ):
                asked = {
                    "verb": verb,
                    "group": group,
                    "resource": resource,
                    "subresource": subresource,
                    "name": name,
                }
                ours = rbac.allowed(found[account], namespace=namespace, **asked)
                said.add(ours)
                if ours is not answer(plane, account, namespace, **asked):
                    wrong.append(f"{account}: {asked}: {ours}")
            assert said == {True, False}
            return wrong

        # The authorizer follows the objects a moment later, and so do the rules that are aggregated.
        wait_for(lambda: differing() == [], what=f"agreement; differing: {differing()[:5]}")
    finally:
        for one in objects:
            plane.request("DELETE", path_of(one))


def test_who_reads_a_secret_agrees_with_the_server_for_every_subject(
    plane: ControlPlane, guide: Install
) -> None:
    """Service accounts of two namespaces, a user and a group: who may get, list, watch or patch Secret x, or delete all and be told them."""
    namespace, seed = guide.namespace, 20261125
    objects = made(namespace, seed)
    plane.apply(*objects)
    everybody = ["system:authenticated"]
    subjects = {
        **{
            f"ServiceAccount {home}/{name}": (
                f"system:serviceaccount:{home}:{name}",
                list(rbac.groups_of(home)),
            )
            for home, names in ((namespace, ACCOUNTS), (ELSEWHERE, ("far", "near")))
            for name in names
        },
        f"User {USER}": (USER, everybody),
        "User upkeep-somebody": ("upkeep-somebody", everybody),
        f"Group {TEAM}": ("upkeep-member", [TEAM, *everybody]),
        "Group system:masters": ("upkeep-admin", ["system:masters", *everybody]),
    }
    try:
        aggregated = f"/apis/{GROUP}/v1/clusterroles/upkeep-{seed}-aggregated"
        wait_for(lambda: plane.get(aggregated).get("rules"), what="the aggregated ClusterRole")

        def differing() -> list[str]:
            wrong, said = [], set()
            found = readers(policy_of(plane), Wanted(namespace, "cano-collector", ("x",)))
            ours = {one.grant.subject for one in found if one.ways[0].kind is Kind.READS}
            for subject, (user, groups) in subjects.items():
                reads = bool(
                    ours & {f"User {user}", *(f"Group {group}" for group in groups), subject}
                )
                asked = [
                    {"verb": verb, "name": "" if verb == "deletecollection" else "x"}
                    for verb in READS
                ]
                theirs = any(
                    reviewed(
                        plane,
                        user,
                        groups,
                        group="",
                        resource="secrets",
                        namespace=namespace,
                        **one,
                    )
                    for one in asked
                )
                said.add(reads)
                if reads is not theirs:
                    wrong.append(f"{subject}: {reads}")
            assert said == {True, False}
            return wrong

        wait_for(lambda: differing() == [], what=f"agreement; differing: {differing()[:5]}")
    finally:
        for one in objects:
            plane.request("DELETE", path_of(one))


def test_a_patch_and_a_deletion_of_all_answer_with_the_values(
    plane: ControlPlane, guide: Install
) -> None:
    """Whoever may patch or delete all reads, too, in a dry run: why these verbs count. A rule with names does not reach the deletion of all."""
    path = f"/api/v1/namespaces/{guide.namespace}/secrets"
    value = base64.b64encode(b"canary-of-the-access-test").decode()
    plane.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "x", "namespace": guide.namespace},
            "data": {"a": value},
        }
    )
    head = {"name": "upkeep-reads-by-writing", "namespace": guide.namespace}
    reference = {"apiGroup": GROUP, "kind": "Role", "name": head["name"]}
    subject = {"kind": "User", "name": "nobody", "apiGroup": GROUP}
    rule = {
        "apiGroups": [""],
        "resources": ["secrets"],
        "verbs": ["patch", "deletecollection"],
        "resourceNames": ["x"],
    }
    role = {"apiVersion": f"{GROUP}/v1", "kind": "Role", "metadata": head, "rules": [rule]}
    binding = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": head,
        "roleRef": reference,
        "subjects": [subject],
    }

    def patched() -> bytes:
        words = {"content_type": "application/merge-patch+json", "identity": "nobody"}
        return plane.request("PATCH", f"{path}/x?dryRun=All", {}, **words).data

    def deleted() -> bytes:
        return plane.request(
            "DELETE", f"{path}?dryRun=All&fieldSelector=metadata.name=x", identity="nobody"
        ).data

    try:
        plane.apply(role, binding)
        wait_for(lambda: value.encode() in patched(), what="the values in the answer to a patch")
        assert value.encode() not in deleted()
        plane.apply(
            role
            | {"rules": [{key: found for key, found in rule.items() if key != "resourceNames"}]}
        )
        wait_for(lambda: value.encode() in deleted(), what="the values in the answer to a deletion")
        assert plane.get(f"{path}/x")["data"] == {"a": value}
    finally:
        for one in (binding, role):
            plane.request("DELETE", path_of(one))
        plane.request("DELETE", f"{path}/x")
