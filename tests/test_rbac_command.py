"""``upkeep rbac``: what is a right to more than its use is in the Role only where somebody asks for it by name."""

from typing import Any

import pytest
import yaml

from tests.documents import CADENCES_BUILT
from upkeep.__main__ import main


def rules(capsys: pytest.CaptureFixture[str], *words: str) -> list[tuple[Any, ...]]:
    """(resource, verb, whether by names) of the namespace's Role."""
    assert main(["rbac", *(f"--cadence={cadence}" for cadence in CADENCES_BUILT), "--namespace=kubecano", *words]) == 0
    objects = yaml.safe_load_all(capsys.readouterr().out)
    role = next(one for one in objects if one["kind"] == "Role" and one["metadata"]["namespace"] == "kubecano")
    return [(rule["resources"][0], verb, "resourceNames" in rule) for rule in role["rules"] for verb in rule["verbs"]]


def test_listing_secrets_and_running_commands_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    usual = rules(capsys)
    assert [rule for rule in usual if rule[0] in ("secrets", "configmaps", "pods/exec")] == [
        ("configmaps", "get", True),
        ("secrets", "get", True),
    ]
    assert set(rules(capsys, "--helm")) - set(usual) == {("configmaps", "list", False), ("secrets", "list", False)}
    assert set(rules(capsys, "--exec")) - set(usual) == {("pods/exec", "create", False), ("pods/exec", "get", False)}
