"""Secrets on a real API server: what its managedFields prove, what a rotation would be answered, and that no value is asked for."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.checks.inner import results
from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.layouts import Install
from tests.judges.samples import NOW
from upkeep.adapters.cluster.identity.kubeconfig import load
from upkeep.adapters.cluster.kube import Kube
from upkeep.adapters.cluster.objects import stored
from upkeep.clock import Clock
from upkeep.judges.attestations.ages import age_of
from upkeep.meter import Meter
from upkeep.records.configuration import StoredObject
from upkeep.settings.targets import TargetSettings

VALUE = "canary-of-the-secrets-test"
CONTROLS = "control(id='secrets-complete') or control(id='secrets-rotated') or control(id='secrets-rotatable')"


def value(text: str = VALUE) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def secret(plane: ControlPlane, chart: Install) -> Iterator[str]:
    """The path of a Secret with two keys, made by one manager; removed afterwards."""
    path = f"/api/v1/namespaces/{chart.namespace}/secrets/rotating"
    metadata = {"name": "rotating", "namespace": chart.namespace}
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "data": {"a": value(), "b": value()},
    }
    assert (
        plane.request(
            "POST", f"/api/v1/namespaces/{chart.namespace}/secrets?fieldManager=maker", body
        ).status
        == 201
    )
    yield path
    assert plane.request("DELETE", path).status == 200


def seen(plane: ControlPlane, path: str) -> StoredObject:
    configuration = load(
        TargetSettings("", kubeconfig=str(plane.kubeconfig("admin"))), environ={}
    ).configuration
    return stored(
        Kube(configuration, clock=Clock(), meter=Meter(), deadline_seconds=60).metadata(path),
        kind="Secret",
    )


def aged(one: StoredObject, key: str) -> str:
    """What is proven where the object is old: as if it had been made long ago, by the entries that the real server wrote just now."""
    from msgspec.structs import replace

    return age_of(
        replace(one, created=NOW - timedelta(days=9000)), key, now=Clock().now(), limit_seconds=3600
    ).proven


def test_only_a_patch_of_one_key_alone_is_proof_of_its_rotation(
    plane: ControlPlane, secret: str
) -> None:
    one = seen(plane, secret)
    assert (one.keys, [owner.manager for owner in one.owners]) == (("a", "b"), ["maker"])
    assert [aged(one, key) for key in one.keys] == ["", ""]  # its maker owns both
    patched = plane.request(
        "PATCH",
        f"{secret}?fieldManager=rotator",
        {"stringData": {"a": "new"}},
        content_type="application/merge-patch+json",
    )
    assert patched.status == 200
    one = seen(plane, secret)
    assert [aged(one, key) for key in one.keys] == ["fresh", ""]
    labelled = {"metadata": {"labels": {"team": "sre"}}}
    assert (
        plane.request(
            "PATCH",
            f"{secret}?fieldManager=rotator",
            labelled,
            content_type="application/merge-patch+json",
        ).status
        == 200
    )
    assert [aged(seen(plane, secret), key) for key in ("a", "b")] == [
        "",
        "",
    ]  # the label renewed the entry


def test_stripped_managed_fields_prove_nothing(plane: ControlPlane, secret: str) -> None:
    stripped = plane.request(
        "PATCH",
        secret,
        {"metadata": {"managedFields": [{}]}},
        content_type="application/merge-patch+json",
    )
    assert stripped.status == 200
    one = seen(plane, secret)
    assert (one.owners, one.keys, aged(one, "a")) == ((), (), "")


def test_a_server_side_apply_with_string_data_owns_that(
    plane: ControlPlane, chart: Install
) -> None:
    path = f"/api/v1/namespaces/{chart.namespace}/secrets/applied"
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "applied"},
        "stringData": {"a": "x"},
    }
    answer = plane.request(
        "PATCH", f"{path}?fieldManager=sops", body, content_type="application/apply-patch+yaml"
    )
    assert answer.status in (200, 201)
    try:
        one = seen(plane, path)
        assert [(owner.manager, owner.keys) for owner in one.owners] == [("sops", ("a",))]
        assert (
            one.keys == ()
        )  # the key is there, and its owner would not lose it if it went: the object itself must be asked
    finally:
        plane.request("DELETE", path)


def run(plane: ControlPlane, install: Install, out: Path) -> dict[str, Any]:
    kubeconfig = plane.kubeconfig("admin", namespace=install.namespace)
    return results(CONTROLS, f"--kubeconfig={kubeconfig}", "--acting-context=acting", out=out)


def test_no_value_is_asked_for(plane: ControlPlane, chart: Install, tmp_path: Path) -> None:
    """What the server's audit log holds of its answers to the three controls are metadata alone, dry runs included."""
    before = len(list(plane.audited()))
    judged = run(plane, chart, tmp_path)
    assert {control: result["outcome"] for control, result in judged.items()} == dict.fromkeys(
        judged, "pass"
    )
    assert (
        judged["secrets-rotatable"]["observed"]
        == "the dry run accepts a rotation of 2 of 2 Secrets"
    )
    mine = [
        event
        for event in list(plane.audited())[before:]
        if event.get("objectRef", {}).get("resource") == "secrets"
        and event.get("userAgent") == "cano-upkeep"
    ]
    assert {event["user"]["username"] for event in mine} == {"admin", "oncall"}
    kinds = {(event["verb"], event["responseObject"]["kind"]) for event in mine}
    assert kinds == {
        ("get", "PartialObjectMetadata"),
        ("list", "PartialObjectMetadataList"),
        ("patch", "PartialObjectMetadata"),
    }
    assert {
        event["requestURI"].partition("?")[2] for event in mine if event["verb"] == "patch"
    } == {"dryRun=All&fieldManager=upkeep"}


def test_an_immutable_secret_cannot_be_rotated_and_is_named(
    plane: ControlPlane, chart: Install, tmp_path: Path
) -> None:
    path = f"/api/v1/namespaces/{chart.namespace}/secrets/cano-collector-workflows-secrets"
    whole = plane.get(path)
    plane.patch(path, {"immutable": True})
    try:
        (finding,) = run(plane, chart, tmp_path)["secrets-rotatable"]["findings"]
    finally:
        assert plane.request("DELETE", path).status == 200
        plane.apply(
            {key: whole[key] for key in ("apiVersion", "kind", "data", "type")}
            | {
                "metadata": {
                    "name": "cano-collector-workflows-secrets",
                    "namespace": chart.namespace,
                }
            }
        )
    assert (finding["object"], finding["code"], finding["observed"]) == (
        "Secret/cano-collector-workflows-secrets",
        "secret-immutable",
        422,
    )
