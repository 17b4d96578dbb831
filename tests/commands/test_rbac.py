"""``upkeep rbac``: what is a right to more than its use is asked for by name, and nothing that is applied takes away what was applied before."""

import re
from itertools import combinations
from typing import Any

import pytest
import yaml

from upkeep.__main__ import main
from upkeep.commands.roles import ALL as SHIPPED
from upkeep.commands.roles import name_for
from upkeep.model import CADENCES

ALL = [f"--cadence={cadence}" for cadence in SHIPPED]


def printed(
    capsys: pytest.CaptureFixture[str], *words: str
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The objects by what ``kubectl apply`` tells them apart by."""
    assert main(["rbac", *words]) == 0
    objects = list(yaml.safe_load_all(capsys.readouterr().out))
    found = {
        (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one
        for one in objects
    }
    assert len(found) == len(objects)
    return found


def rules(role: dict[str, Any]) -> set[tuple[str, str, bool]]:
    """(resource, verb, whether by names)."""
    return {
        (rule["resources"][0], verb, "resourceNames" in rule)
        for rule in role["rules"]
        for verb in rule["verbs"]
    }


def test_listing_secrets_and_running_commands_are_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each is a Role of its own beside the usual one, which is what it is without, and is bound to the same account."""
    usual = printed(capsys, *ALL, "--namespace=kubecano")
    words = ("--helm", "--exec", "--alertmanager-config=Secret/monitoring/alertmanager-main")
    asked = printed(capsys, *ALL, "--namespace=kubecano", *words)
    assert {
        rule
        for rule in rules(usual["Role", "kubecano", "upkeep"])
        if rule[0] in ("secrets", "configmaps", "pods/exec")
    } == {
        ("configmaps", "get", True),
        ("secrets", "get", True),
    }
    assert {key: asked[key] for key in usual} == usual
    more = {key: one for key, one in asked.items() if key not in usual}
    assert {key: rules(one) for key, one in more.items() if key[0] == "Role"} == {
        ("Role", "kubecano", "upkeep-helm"): {
            ("configmaps", "list", False),
            ("secrets", "list", False),
        },
        ("Role", "kubecano", "upkeep-exec"): {
            ("pods/exec", "create", False),
            ("pods/exec", "get", False),
        },
        ("Role", "monitoring", "upkeep-secret-alertmanager-main"): {("secrets", "get", True)},
    }
    assert {
        (one["roleRef"]["name"], one["subjects"][0]["namespace"])
        for one in more.values()
        if "roleRef" in one
    } == {(key[2], "kubecano") for key in more if key[0] == "Role"}


def test_a_user_is_bound_in_place_of_a_service_account(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = printed(capsys, "--user=https://id.example#ada")
    bound = [one["subjects"] for one in found.values() if "subjects" in one]
    user = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io"}
    assert bound
    assert all(one == [user | {"name": "https://id.example#ada"}] for one in bound)
    assert {kind for kind, _, _ in found} <= {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}  # fmt: skip
    assert not any(re.search("[/%#]", name) for _, _, name in found)


CHOICES = [
    (),
    ("--exec",),
    ("--helm",),
    ("--cadence=quarterly", "--helm"),
    ("--cadence=daily", "--cadence=weekly"),
    tuple(ALL),
    (*ALL, "--cadence=emergency"),
    (*ALL, "--service-account=other"),
    (*ALL, "--user=demo"),
    (*ALL, "--user=other"),
    (*ALL, "--user=https://id.example#a"),
    (*ALL, "--user=https://id.example/a"),
    (*ALL, "--namespace=kubecano"),
    (*ALL, "--namespace=staging"),
    (*ALL, "--namespace=kubecano", "--monitoring-namespace=kubecano"),
    (*ALL, "--alertmanager-config=Secret/monitoring/a"),
    ("--alertmanager-config=Secret/monitoring/b",),
    ("--alertmanager-config=ConfigMap/monitoring/a",),
    ("--namespace=kubecano", "--secret=a", "--configmap=a", "--service=prom:9090"),
    (*ALL, "--namespace=kubecano", "--secret=a", "--service=monitoring/prom:9090"),
]


def test_whatever_is_applied_nothing_is_taken_away(capsys: pytest.CaptureFixture[str]) -> None:
    """What two uses both print is the same in both: ``kubectl apply`` of one changes nothing that the other made."""
    uses = [(words, printed(capsys, *words)) for words in CHOICES]
    changed = [
        (key, first, second)
        for (first, one), (second, other) in combinations(uses, 2)
        for key in one.keys() & other
        if one[key] != other[key]
    ]
    assert changed == []


def test_every_choice_of_cadences_has_a_name_of_its_own_and_all_have_the_shipped_one() -> None:
    choices = [
        choice
        for size in range(1, 6)
        for choice in combinations(CADENCES, size)
        if not set(SHIPPED) <= set(choice)
    ]
    assert len({name_for(choice) for choice in choices} - {"upkeep"}) == len(choices) == 29
    assert (
        name_for(["weekly", "daily"])
        == name_for(["daily", "weekly", "daily"])
        == "upkeep-daily-weekly"
    )
    assert name_for(SHIPPED) == name_for(CADENCES) == "upkeep"


def test_objects_of_other_names_are_roles_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        "--secret=s",
        "--configmap=c",
        "--configmap=d",
        "--service=prom:9090",
        "--service=other/am:web",
    )
    made = printed(capsys, "--namespace=kubecano", *words)
    found = {
        key[1:]: (rule["resources"][0], rule["verbs"], rule["resourceNames"])
        for key, one in made.items()
        if key[0] == "Role" and key[2] != "upkeep-daily" and key[2] != "upkeep-daily-monitoring"
        for rule in one["rules"]
    }
    assert found == {
        ("kubecano", "upkeep-secret-s"): ("secrets", ["get"], ["s"]),
        ("kubecano", "upkeep-configmap-c"): ("configmaps", ["get"], ["c"]),
        ("kubecano", "upkeep-configmap-d"): ("configmaps", ["get"], ["d"]),
        ("monitoring", "upkeep-service-prom-9090"): ("services/proxy", ["get"], ["prom:9090"]),
        ("other", "upkeep-service-am-web"): ("services/proxy", ["get"], ["am:web"]),
    }
    assert main(["rbac", "--service=prom"]) == 4
    assert "--service=prom: expected [NAMESPACE/]NAME:PORT" in capsys.readouterr().err


def test_without_a_monitoring_namespace_no_role_is_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = printed(capsys, "--namespace=kubecano", "--monitoring-namespace=", "--service=prom:9090")
    assert "monitoring" not in {key[1] for key in made}
    assert ("Role", "kubecano", "upkeep-service-prom-9090") in made
