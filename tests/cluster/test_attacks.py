"""Ways to a Secret's value, carried out on a real API server by identities that have exactly the rights: what works the analysis names, and nothing else."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.plane.attack_cases import NEAR_MISSES, WAYS, granted, scenery
from tests.cluster.plane.attacks import ATTACKERS, SECRET, VALUE, VAULT, Attacker, Case
from tests.cluster.plane.controlplane import ControlPlane, path_of, wait_for
from tests.cluster.test_access import policy_of
from upkeep.domain.access.secret_readers import Kind, Wanted, readers

Found = dict[str, dict[str, Kind]]


@pytest.fixture(scope="module")
def found(plane: ControlPlane) -> Iterator[Found]:
    """What the analysis says of everybody, before anybody did anything: of each subject its ways."""
    stage = [*scenery(), *(one for case in [*WAYS, *NEAR_MISSES] for one in granted(case))]
    plane.apply(*stage)
    said: Found = {}
    for reader in readers(policy_of(plane), Wanted(VAULT, "cano-collector", (SECRET,))):
        said.setdefault(reader.grant.subject, {}).update(
            {way.what: way.kind for way in reader.ways}
        )
    last = f"system:serviceaccount:{ATTACKERS}:{NEAR_MISSES[-1].name}"
    review = {
        "user": last,
        "resourceAttributes": {
            "namespace": VAULT,
            "verb": "create",
            "resource": "pods",
            "name": "mine",
        },
    }
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": review}

    def seen() -> bool:
        answer = plane.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
        return bool(json.loads(answer.data)["status"]["allowed"])

    wait_for(seen, seconds=20, what="the last binding in the authorizer")
    wait_for(
        lambda: (
            plane.get(f"/api/v1/namespaces/{VAULT}/pods/mounts")["status"].get("phase") == "Running"
        ),
        seconds=30,
        what="the pod",
    )
    yield said
    for one in stage:
        if one["kind"] in ("ClusterRole", "ClusterRoleBinding", "Namespace"):
            plane.request("DELETE", path_of(one))
    plane.request(
        "DELETE", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/by-bind-everywhere"
    )


def attacker(plane: ControlPlane, name: str) -> Attacker:
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    made = plane.request(
        "POST", f"/api/v1/namespaces/{ATTACKERS}/serviceaccounts/{name}/token", request
    )
    return Attacker(plane, name, json.loads(made.data)["status"]["token"])


# What fails comes first: a binding that another attack left is no help to anybody else, but nobody has to think about that.
@pytest.mark.parametrize("case", NEAR_MISSES, ids=lambda case: case.name)
def test_what_only_looks_like_a_way_fails_and_is_not_named(
    case: Case, plane: ControlPlane, found: Found
) -> None:
    one = attacker(plane, case.name)
    case.attack(one)
    assert not [text for _, text in one.answers if VALUE in text]
    assert {status for status, _ in one.answers} & {403, 404, 500}, (
        one.answers
    )  # 500: a group beside nobody
    assert found.get(f"ServiceAccount {ATTACKERS}/{case.name}", {}) == {}


@pytest.mark.parametrize("case", WAYS, ids=lambda case: case.name)
def test_a_way_leads_to_the_value_and_is_named(
    case: Case, plane: ControlPlane, found: Found
) -> None:
    one = attacker(plane, case.name)
    case.attack(one)
    status, text = one.answers[-1]
    assert status in (200, 201), one.answers
    assert (VALUE in text) is case.reads
    kind, what = case.way
    assert found.get(f"ServiceAccount {ATTACKERS}/{case.name}", {}).get(what) is kind


def test_nobody_else_is_named(found: Found) -> None:
    """But those who read with reason, who acts as them, and the control plane's own."""
    ours = {
        one.removeprefix(f"ServiceAccount {ATTACKERS}/")
        for one in found
        if one.startswith(f"ServiceAccount {ATTACKERS}/")
    }
    assert ours == {case.name for case in WAYS}
    named = {
        one
        for one in found
        if "upkeep" in one and not one.startswith(f"ServiceAccount {ATTACKERS}/")
    }
    assert named == {
        "User upkeep-reader",
        "User upkeep-other",
        "Group upkeep-readers",
        "User upkeep-asker",
        "ServiceAccount upkeep-agents/agent",
    }
