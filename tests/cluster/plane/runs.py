"""Runs of the checks on the control plane, and the rights of the identity that measures."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from tests.cluster.plane.controlplane import ControlPlane, path_of, wait_for
from tests.cluster.plane.layouts import Install

ABSENT = ["--absent=prometheus=none in this test", "--absent=alertmanager=none in this test"]


def for_the_measurer(printed: str) -> list[dict[str, Any]]:
    """The objects that ``upkeep rbac`` prints, bound to the measuring identity."""
    objects = list(yaml.safe_load_all(printed))
    for one in objects:
        if one["kind"].endswith("Binding"):
            one["subjects"] = [
                {"kind": "User", "name": "measurer", "apiGroup": "rbac.authorization.k8s.io"}
            ]
    return [one for one in objects if one["kind"] != "ServiceAccount"]


@contextmanager
def permitted(
    plane: ControlPlane, install: Install, objects: list[dict[str, Any]]
) -> Iterator[None]:
    """The Roles are there, all of them and nothing else, and are gone afterwards."""
    try:
        plane.apply(*objects)
        _in_effect(plane, install, objects)
        yield
    finally:
        for one in objects:
            plane.request("DELETE", path_of(one))
        _in_effect(plane, install, [])


def _in_effect(plane: ControlPlane, install: Install, objects: list[dict[str, Any]]) -> None:
    """Waits until the API server's authorizer goes by exactly these Roles: it hears of each object in its own time, and of one that is gone, too."""
    rules = {
        (one["kind"], one["metadata"]["name"], one["metadata"].get("namespace")): one["rules"]
        for one in objects
        if "rules" in one
    }
    bindings = [one for one in objects if "roleRef" in one]
    for namespace in {
        install.namespace,
        *(one["metadata"].get("namespace", "default") for one in objects),
    }:
        expected = []
        for one in bindings:
            if one["metadata"].get("namespace") in (None, namespace):
                kind = one["roleRef"]["kind"]
                expected += rules[
                    kind, one["roleRef"]["name"], None if kind == "ClusterRole" else namespace
                ]
        wait_for(
            lambda namespace=namespace, expected=expected: (
                _rules(plane, "measurer", namespace)
                == sorted([*_rules(plane, "nobody", namespace), *map(_plain, expected)])
            ),
            what=f"the Roles in the authorizer, in {namespace}",
        )


def _rules(plane: ControlPlane, identity: str, namespace: str) -> list[str]:
    """The rules that an identity has in a namespace, by the authorizer itself."""
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    answer = plane.request(
        "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body, identity=identity
    )
    status = json.loads(answer.data)["status"]
    return sorted(map(_plain, [*status["resourceRules"], *status["nonResourceRules"]]))


def _plain(rule: dict[str, list[str]]) -> str:
    """A rule in one form, whoever writes it."""
    return json.dumps({key: sorted(found) for key, found in rule.items() if found}, sort_keys=True)
