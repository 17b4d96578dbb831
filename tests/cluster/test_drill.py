"""upkeep drill restore on a real control plane: a namespace of its own, equal objects, nothing left behind, and what it earns."""

import base64
import json
import re
from pathlib import Path

import pytest
import yaml

from tests.checks.inner import PATIENT
from tests.cluster.plane.controlplane import ControlPlane, wait_for
from tests.cluster.plane.layouts import Install
from upkeep.__main__ import main
from upkeep.commands import suite


@pytest.fixture
def saved(plane: ControlPlane, chart: Install, tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    assert (
        main(
            [
                "backup",
                f"--kubeconfig={plane.kubeconfig('admin', namespace=chart.namespace)}",
                f"--backups={folder}",
            ]
        )
        == 0
    )
    return folder


def drill(
    plane: ControlPlane, install: Install, folder: Path, *words: str, acting: str = "admin"
) -> int:
    kubeconfig = plane.kubeconfig("admin", namespace=install.namespace)
    context = {
        "admin": yaml.safe_load(kubeconfig.read_text())["current-context"],
        "oncall": "acting",
    }[acting]
    return main(
        [
            "drill",
            "restore",
            f"--kubeconfig={kubeconfig}",
            f"--acting-context={context}",
            f"--backups={folder}",
            *words,
        ]
    )


def namespaces(plane: ControlPlane) -> set[str]:
    return {one["metadata"]["name"] for one in plane.get("/api/v1/namespaces")["items"]}


def rehearsed(plane: ControlPlane, install: Install, attestations: Path, out: Path) -> dict:
    kubeconfig = plane.kubeconfig("admin", namespace=install.namespace)
    words = [f"--kubeconfig={kubeconfig}", f"--attestations={attestations}", f"--out={out}"]
    suite.run(["-m", "control(id='recovery-rehearsed')", "-q", *PATIENT, *words])
    (result,) = map(json.loads, (out / "results.jsonl").read_text().splitlines())
    return result


def test_what_is_restored_is_equal_and_the_control_is_earned(
    plane: ControlPlane,
    chart: Install,
    saved: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, attestations = namespaces(plane), tmp_path / "attestations.yaml"
    assert rehearsed(plane, chart, attestations, tmp_path / "before")["outcome"] == "due"
    capsys.readouterr()
    assert drill(plane, chart, saved, "--yes", "--by=Ada", f"--attestations={attestations}") == 0
    said = capsys.readouterr().out
    assert said.count("  equal  ") == 3
    (name,) = {
        word
        for word in said.replace(";", " ").split()
        if word.startswith("Namespace/upkeep-drill-")
    }
    assert said.index(f"create   {name}") < said.index("  equal  ")
    wait_for(lambda: namespaces(plane) == before, what="the namespace to be gone")
    (entry,) = yaml.safe_load(attestations.read_text())
    assert (entry["by"], entry["reviewed_by"], entry["status"]) == (
        "Ada",
        "upkeep drill restore",
        "satisfied",
    )
    (evidence,) = tmp_path.glob("drill-restore-*.json")
    shown = said + evidence.read_text() + attestations.read_text()
    secrets = [
        value
        for path in saved.glob("secrets-*.yaml")
        for one in yaml.safe_load_all(path.read_text())
        for value in one["data"].values()
    ]
    assert len(secrets) == 2
    assert [
        value for value in secrets if value in shown or base64.b64decode(value).decode() in shown
    ] == []
    assert rehearsed(plane, chart, attestations, tmp_path / "after")["outcome"] == "pass"
    written = [
        event["requestURI"]
        for event in plane.audited()
        if event["verb"] in ("create", "patch", "update", "delete")
        and name.removeprefix("Namespace/") in event["requestURI"]
        if event["userAgent"] == "cano-upkeep"
    ]
    assert len(written) == 4


def test_what_differs_is_not_satisfied_and_fails_the_control(
    plane: ControlPlane,
    chart: Install,
    saved: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A value that the API server refuses: the drill goes on, cleans up, and says which."""
    (path,) = saved.glob("secrets-*.yaml")
    objects = list(yaml.safe_load_all(path.read_text()))
    objects[0]["metadata"]["labels"] = {"not a label": "!"}
    path.write_text(yaml.safe_dump_all(objects, explicit_start=True))
    before, attestations = namespaces(plane), tmp_path / "attestations.yaml"
    assert drill(plane, chart, saved, "--yes", f"--attestations={attestations}") == 1
    said = capsys.readouterr().out
    assert (
        f"NOT RESTORED  Secret/{objects[0]['metadata']['name']}: the API server refused the object (422 Invalid (metadata.labels"
        in said
    )
    assert said.count("  equal  ") == 2
    wait_for(lambda: namespaces(plane) == before, what="the namespace to be gone")
    result = rehearsed(plane, chart, attestations, tmp_path / "after")
    assert (result["outcome"], result["findings"][0]["code"]) == ("fail", "attested-not-satisfied")


def test_an_identity_that_may_not_is_told_before_anything_is_made(
    plane: ControlPlane,
    chart: Install,
    saved: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = namespaces(plane)
    assert (
        drill(plane, chart, saved, "--yes", f"--attestations={tmp_path}/a.yaml", acting="oncall")
        == 1
    )
    said = capsys.readouterr().err
    assert "was not created: 403 Forbidden (next: kubectl auth can-i create namespaces)" in said
    assert namespaces(plane) == before
    assert not (tmp_path / "a.yaml").exists()


def test_it_is_only_done_when_somebody_agreed(
    plane: ControlPlane,
    chart: Install,
    saved: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = namespaces(plane)
    assert drill(plane, chart, saved) == 4
    said = capsys.readouterr()
    assert "remove   Namespace/upkeep-drill-" in said.out
    assert "Add --yes." in said.err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    assert drill(plane, chart, saved) == 1
    assert capsys.readouterr().out.endswith("cancelled; no change\n")
    assert namespaces(plane) == before


def test_interrupted_it_still_cleans_up(
    plane: ControlPlane,
    chart: Install,
    saved: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from upkeep.adapters.cluster.rehearsals.scratch import Scratch

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = namespaces(plane)
    monkeypatch.setattr(Scratch, "apply", interrupted)
    assert drill(plane, chart, saved, "--yes") == 1
    assert re.fullmatch(
        r"upkeep: interrupted; Namespace/upkeep-drill-\w{8} does not remain\n",
        capsys.readouterr().err,
    )
    wait_for(lambda: namespaces(plane) == before, what="the namespace to be gone")


def test_interrupted_while_it_cleans_up_it_says_what_may_be_left(
    plane: ControlPlane,
    chart: Install,
    saved: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from upkeep.adapters.cluster.rehearsals.scratch import Scratch

    fetch = Scratch.fetch

    def interrupted(self: Scratch, method: str, *arguments: object, **words: object) -> object:
        if method == "DELETE":
            raise KeyboardInterrupt
        return fetch(self, method, *arguments, **words)

    monkeypatch.setattr(Scratch, "fetch", interrupted)
    assert drill(plane, chart, saved, "--yes") == 1
    said = re.search(
        r"Namespace/(upkeep-drill-\w{8}) may remain \(next: kubectl delete namespace \1\)",
        capsys.readouterr().err,
    )
    assert said is not None
    assert plane.request("DELETE", f"/api/v1/namespaces/{said[1]}").status == 200
    wait_for(lambda: said[1] not in namespaces(plane), what="the namespace to be gone")


def test_attestations_that_cannot_be_used_are_told_before_anything_is_done(
    plane: ControlPlane,
    chart: Install,
    saved: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, attestations = namespaces(plane), tmp_path / "attestations.yaml"
    attestations.write_text("not: a list\n")
    assert drill(plane, chart, saved, "--yes", f"--attestations={attestations}") == 4
    said = capsys.readouterr()
    assert "expected a list of entries as `upkeep attest` writes them" in said.err
    assert "create   Namespace" not in said.out
    assert namespaces(plane) == before
