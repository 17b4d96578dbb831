"""Backups on a real control plane: what upkeep backup writes is restored over changed objects and where they are gone; the guide's is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checks.inner import results
from tests.cluster.plane.controlplane import ControlPlane, path_of, wait_for
from tests.cluster.plane.layouts import Install
from upkeep.__main__ import main


@pytest.fixture(params=["guide", "chart"])
def install(request: pytest.FixtureRequest) -> Iterator[Install]:
    return request.getfixturevalue(request.param)


def objects_in(folder: Path) -> list[dict[str, Any]]:
    return [
        one
        for path in sorted(folder.glob("*.yaml"))
        for one in yaml.safe_load_all(path.read_text())
    ]


def content(raw: dict[str, Any]) -> dict[str, Any]:
    """What a user put there."""
    metadata = {
        key: raw["metadata"].get(key) for key in ("name", "namespace", "labels", "annotations")
    }
    return {
        key: raw.get(key) for key in ("kind", "type", "data", "binaryData", "immutable")
    } | metadata


def run(
    plane: ControlPlane, install: Install, folder: Path, out: Path
) -> dict[str, dict[str, Any]]:
    words = [
        f"--kubeconfig={plane.kubeconfig('admin', namespace=install.namespace)}",
        "--acting-context=acting",
        f"--backups={folder}",
    ]
    return results(
        "control(id='backup-restores') or control(id='config-backed-up')", *words, out=out
    )


def test_a_backup_is_restored_over_a_change_and_after_a_deletion(
    plane: ControlPlane, install: Install, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    kubeconfig = plane.kubeconfig("admin", namespace=install.namespace)
    assert main(["backup", f"--kubeconfig={kubeconfig}", f"--backups={folder}"]) == 0
    saved = objects_in(folder)
    assert len(saved) == (3 if install.layout == "chart" else 2)
    before = [content(plane.get(path_of(one))) for one in saved]
    for number, one in enumerate(saved):
        path = path_of(one)
        plane.patch(path, {"data": dict.fromkeys(one["data"], "ZmF1bHQ=") | {"more": "ZmF1bHQ="}})
        if number % 2:
            assert plane.request("DELETE", path).status == 200
            wait_for(
                lambda path=path: plane.request("GET", path).status == 404,
                what="the object to be gone",
            )
    try:
        judged = run(plane, install, folder, tmp_path / "out")
        assert judged["backup-restores"]["outcome"] == "pass", judged["backup-restores"]["summary"]
        codes = {finding["code"] for finding in judged["config-backed-up"]["findings"]}
        assert codes == (
            {"object-differs", "configuration-object-gone"}
            if len(saved) > 1
            else {"object-differs"}
        )
    finally:
        for one in saved:
            # kubectl apply --server-side --force-conflicts, which leaves what is not in the file; so does kubectl apply.
            plane.request(
                "PATCH",
                path_of(one),
                {"data": {"more": None}},
                content_type="application/merge-patch+json",
            )
            plane.apply(one)
    assert [content(plane.get(path_of(one))) for one in saved] == before
    assert {
        result["outcome"] for result in run(plane, install, folder, tmp_path / "after").values()
    } == {"pass"}


def test_the_guides_backup_is_not_restorable_by_name_of_the_field(
    plane: ControlPlane, install: Install, tmp_path: Path
) -> None:
    """kubectl get -o yaml, then a change of the object: the real server refuses with 409, and the finding names the field."""
    folder = tmp_path / "backups"
    assert (
        main(
            [
                "backup",
                f"--kubeconfig={plane.kubeconfig('admin', namespace=install.namespace)}",
                f"--backups={folder}",
            ]
        )
        == 0
    )
    (manifest,) = folder.glob("manifest-*.json")
    day = manifest.stem.removeprefix("manifest-")
    whole = [plane.get(path_of(one)) for one in objects_in(folder)]
    manifest.unlink()
    for part, kind in (("backup", "ConfigMap"), ("secrets", "Secret")):
        chosen = [one for one in whole if one["kind"] == kind]
        if chosen:
            (folder / f"{part}-{day}.yaml").write_text(
                yaml.safe_dump_all(chosen, explicit_start=True)
            )
    changed = path_of(whole[0])
    plane.patch(changed, {"metadata": {"labels": {"changed": "yes"}}})
    try:
        findings = run(plane, install, folder, tmp_path / "out")["backup-restores"]["findings"]
    finally:
        plane.patch(changed, {"metadata": {"labels": {"changed": None}}})
    name = f"{whole[0]['kind']}/{whole[0]['metadata']['name']}"
    kept = {
        (finding["object"], finding["observed"])
        for finding in findings
        if finding["code"] == "server-field-kept"
    }
    assert kept == {
        (f"{one['kind']}/{one['metadata']['name']}", f"metadata.{field}")
        for one in whole
        for field in ("resourceVersion", "uid")
    }
    refused = [finding for finding in findings if finding["code"] == "restore-refused"]
    assert [(finding["object"], finding["observed"]) for finding in refused] == [(name, 409)]
    assert "over the live object (409 Conflict" in refused[0]["message"]


def test_a_rehearsal_changes_nothing(plane: ControlPlane, install: Install, tmp_path: Path) -> None:
    """resourceVersions before and after are the same, and all that the acting identity sent beside reviews is dryRun=All."""
    folder = tmp_path / "backups"
    assert (
        main(
            [
                "backup",
                f"--kubeconfig={plane.kubeconfig('admin', namespace=install.namespace)}",
                f"--backups={folder}",
            ]
        )
        == 0
    )
    saved = objects_in(folder)

    def versions() -> list[str]:
        return [plane.get(path_of(one))["metadata"]["resourceVersion"] for one in saved]

    before = versions()
    assert run(plane, install, folder, tmp_path / "out")["backup-restores"]["outcome"] == "pass"
    assert versions() == before
    mine = [
        event
        for event in plane.audited()
        if event["user"]["username"] == "oncall" and install.namespace in event["requestURI"]
    ]
    writes = [
        event["requestURI"]
        for event in mine
        if event["verb"] in ("create", "patch", "update", "delete")
    ]
    assert len(writes) >= 2 * len(saved)
    assert [uri for uri in writes if "dryRun=All" not in uri] == []


def test_an_immutable_secret_is_named(plane: ControlPlane, chart: Install, tmp_path: Path) -> None:
    """What is immutable cannot be restored over: the server says so, and no value of it is in the finding."""
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
    (secret,) = [
        one
        for one in objects_in(folder)
        if one["metadata"]["name"] == "cano-collector-workflows-secrets"
    ]
    path = path_of(secret)
    plane.patch(
        path, {"data": {"workflows.yaml": "YWN0aXZlX3dvcmtmbG93czogW10K"}, "immutable": True}
    )
    secret_file = next(folder.glob("secrets-*.yaml"))
    changed = [one if one["metadata"]["name"] != secret["metadata"]["name"] else one | {"data": {"workflows.yaml": "Y2hhbmdlZA=="}}
               for one in yaml.safe_load_all(secret_file.read_text())]  # fmt: skip
    secret_file.write_text(yaml.safe_dump_all(changed, explicit_start=True))
    next(folder.glob("manifest-*")).unlink()
    try:
        findings = run(plane, chart, folder, tmp_path / "out")["backup-restores"]["findings"]
    finally:
        assert plane.request("DELETE", path).status == 200
        plane.apply({key: value for key, value in secret.items() if key != "immutable"})
    assert [(finding["object"], finding["code"], finding["observed"]) for finding in findings] == [
        ("Secret/cano-collector-workflows-secrets", "restore-refused", 422)
    ]
    assert "immutable" in findings[0]["message"]
    assert "Y2hhbmdlZA" not in findings[0]["message"]
