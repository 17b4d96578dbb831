"""secrets-guarded on a real control plane: the API server's own bindings are no finding, everybody else is until allowed; what kubectl leaves is seen."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checks.inner import PATIENT
from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.layouts import Install
from tests.cluster.plane.runs import permitted
from tests.cluster.programs import program
from tests.cluster.test_live import READERS, role
from upkeep.commands import suite

VALUE = "xoxb-7-canary-of-the-guarding-test"


@pytest.fixture(params=["guide", "chart"])
def install(request: pytest.FixtureRequest, plane: ControlPlane) -> Iterator[Install]:
    """Each layout, with the shipped Role bound."""
    install = request.getfixturevalue(request.param)
    with permitted(plane, install, role(install)):
        yield install


def guarded(plane: ControlPlane, install: Install, folder: Path, *arguments: str) -> dict[str, Any]:
    kubeconfig = plane.kubeconfig("measurer", namespace=install.namespace)
    suite.run(
        [
            "-m",
            "control(id='secrets-guarded')",
            "-q",
            f"--kubeconfig={kubeconfig}",
            f"--out={folder}/out",
            *PATIENT,
            *arguments,
        ]
    )
    text = (folder / "out" / "results.jsonl").read_text()
    assert VALUE not in text
    assert base64.b64encode(VALUE.encode()).decode() not in text
    return dict(json.loads(text))


def told(result: dict[str, Any]) -> set[tuple[str, str]]:
    return {(finding["object"], finding["code"]) for finding in result["findings"]}


def test_everybody_but_the_control_plane_is_named_until_allowed(
    plane: ControlPlane, install: Install, tmp_path: Path
) -> None:
    result = guarded(plane, install, tmp_path)
    # upkeep-exec is a Role of its own.
    expected = {
        ("User/measurer", "reads-secrets"),
        ("User/measurer", "enters-collector"),
        ("User/oncall", "reads-secrets"),
    }
    if install.layout == "chart":
        expected |= {(f"ServiceAccount/{install.namespace}/backup", "reads-secrets")}
    assert (result["outcome"], told(result)) == ("fail", expected)
    assert guarded(plane, install, tmp_path, *READERS)["outcome"] == "pass"


def test_what_kubectl_apply_repeats_is_found(
    plane: ControlPlane, install: Install, tmp_path: Path
) -> None:
    """By the real kubectl: the values stand in the metadata, and in those of a ConfigMap what was taken out of it since."""
    names = {
        "guide": ("cano-collector-secrets", "cano-collector-config"),
        "chart": ("cano-collector-workflows-secrets", "cano-collector-teams"),
    }
    secret, config_map = names[install.layout]
    plain: list[dict[str, Any]] = []
    for kind, name in (("Secret", secret), ("ConfigMap", config_map)):
        whole = plane.get(f"/api/v1/namespaces/{install.namespace}/{kind.lower()}s/{name}")
        plain.append(
            {key: whole[key] for key in ("apiVersion", "kind", "data")}
            | {"metadata": {"name": name}}
        )
    value = VALUE if install.layout == "guide" else f"active_workflows:\n- name: a\n# {VALUE}\n"
    plain[0]["data"] = dict.fromkeys(plain[0]["data"], base64.b64encode(value.encode()).decode())
    plain[1]["data"] = plain[1]["data"] | {"old.env": f"SLACK_API_KEY={VALUE}\n"}
    path = tmp_path / "objects.yaml"
    path.write_text(yaml.safe_dump_all(plain))
    before = [
        plane.get(
            f"/api/v1/namespaces/{install.namespace}/{one['kind'].lower()}s/{one['metadata']['name']}"
        )
        for one in plain
    ]
    words = [str(program("kubectl")), "apply", "-n", install.namespace, "-f", str(path)]
    environment = os.environ | {
        "KUBECONFIG": str(plane.kubeconfig("admin", namespace=install.namespace))
    }
    try:
        subprocess.run(words, check=True, capture_output=True, env=environment)
        first = guarded(plane, install, tmp_path, *READERS)
        plane.patch(
            f"/api/v1/namespaces/{install.namespace}/configmaps/{config_map}",
            {"data": {"old.env": None}},
        )
        second = guarded(plane, install, tmp_path, *READERS)
    finally:
        for one in before:
            target = f"/api/v1/namespaces/{install.namespace}/{one['kind'].lower()}s/{one['metadata']['name']}"
            gone = {"kubectl.kubernetes.io/last-applied-configuration": None}
            plane.patch(
                target,
                {
                    "data": one["data"] | ({"old.env": None} if one["kind"] == "ConfigMap" else {}),
                    "metadata": {"annotations": gone},
                },
            )
    expected = {
        (f"Secret/{secret}", "secret-in-annotation"),
        (f"ConfigMap/{config_map}", "credential-in-configmap"),
    }
    assert told(first) == told(second) == expected
    places = [
        [one["observed"] for one in result["findings"] if one["object"].startswith("ConfigMap/")]
        for result in (first, second)
    ]
    repeated = "annotation kubectl.kubernetes.io/last-applied-configuration: key old.env"
    assert places == [["Slack token in key old.env"], [f"Slack token in {repeated}"]]
