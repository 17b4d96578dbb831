"""Runs of the checks on the control plane, and the rights of the identity that measures."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.controlplane import ControlPlane, path_of, wait_for
from tests.cluster.layouts import Install
from upkeep.commands import suite

ABSENT = ["--absent=prometheus=none in this test", "--absent=alertmanager=none in this test"]


def results(selected: str, *words: str, out: Path) -> dict[str, dict[str, Any]]:
    """Runs the selected checks, and gives what each said, by control."""
    suite.run(["-m", selected, "-q", f"--out={out}", *words])
    return by_control(out)


def by_control(out: Path) -> dict[str, dict[str, Any]]:
    """What a run said of each control."""
    return {result["control"]: result for result in map(json.loads, (out / "results.jsonl").read_text().splitlines())}


def for_the_measurer(printed: str) -> list[dict[str, Any]]:
    """The objects that ``upkeep rbac`` prints, bound to the measuring identity."""
    objects = list(yaml.safe_load_all(printed))
    for one in objects:
        if one["kind"].endswith("Binding"):
            one["subjects"] = [{"kind": "User", "name": "measurer", "apiGroup": "rbac.authorization.k8s.io"}]
    return [one for one in objects if one["kind"] != "ServiceAccount"]


@contextmanager
def permitted(plane: ControlPlane, install: Install, objects: list[dict[str, Any]]) -> Iterator[None]:
    """The Role is there, and is gone afterwards."""
    _bind(plane, install, objects)
    try:
        yield
    finally:
        _unbind(plane, objects)


def _bind(plane: ControlPlane, install: Install, objects: list[dict[str, Any]]) -> None:
    """Applies the Roles, and waits until the API server's authorizer has seen each of them."""
    plane.apply(*objects)
    for role in (one for one in objects if one["kind"].endswith("Role")):
        wait_for(lambda role=role: _allowed(plane, role), seconds=20, what=f"{role['kind']} {role['metadata']['name']} in the authorizer")


def _allowed(plane: ControlPlane, role: dict[str, Any]) -> bool:
    """Whether the measuring identity may do what the Role's last rule says."""
    rule = role["rules"][-1]
    attributes = {"namespace": role["metadata"].get("namespace", ""), "verb": rule["verbs"][0], "group": rule["apiGroups"][0]}
    attributes["resource"], _, attributes["subresource"] = rule["resources"][0].partition("/")
    if "resourceNames" in rule:
        attributes["name"] = rule["resourceNames"][0]
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return bool(json.loads(plane.request("POST", path, body, identity="measurer").data)["status"]["allowed"])


def _unbind(plane: ControlPlane, objects: list[dict[str, Any]]) -> None:
    """Takes the Role away again, and waits until the authorizer has seen that."""
    for one in objects:
        plane.request("DELETE", path_of(one))
    namespace = next(one for one in objects if one["kind"] == "Role")["metadata"]["namespace"]
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    wait_for(lambda: plane.request("GET", path, identity="measurer").status == 403, seconds=20, what="the Role to be gone")
