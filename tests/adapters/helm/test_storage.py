"""Releases as Helm stores them: both storages, old and new, reduced; what is malformed is told without its content."""

import base64
import gzip
import json
from typing import Any

import pytest

from upkeep.adapters.helm import storage
from upkeep.errors import Malformed
from upkeep.records.releases import ReleasedObject

SECRET = "canary-value-17"
MANIFEST = f"""---
# Source: cano-collector/templates/secret.yaml
apiVersion: v1
kind: Secret
metadata:
  name: keys
  namespace: kubecano
  labels:
    app: a
    app: b
stringData:
  token: {SECRET}
---
# Source: cano-collector/templates/empty.yaml
---
apiVersion: v1
kind: List
items:
- apiVersion: policy/v1
  kind: PodDisruptionBudget
  metadata:
    name: "007"
"""
HOOK = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n"


def body(**changes: Any) -> dict[str, Any]:
    """A release as JSON."""
    return {
        "name": "cano", "namespace": "kubecano", "version": 3,
        "info": {"status": "deployed", "last_deployed": "2026-01-02T12:00:00.123456789+02:00", "notes": SECRET},
        "chart": {"metadata": {"name": "cano-collector", "version": "0.0.25", "appVersion": "0.0.24"}, "templates": []},
        "config": {"token": SECRET}, "manifest": MANIFEST, "hooks": [{"name": "migrate", "manifest": HOOK}],
    } | changes  # fmt: skip


def stored(
    content: dict[str, Any] | bytes, *, kind: str = "Secret", compressed: bool = True
) -> dict[str, Any]:
    """The object that holds it."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    text = base64.b64encode(gzip.compress(raw) if compressed else raw).decode()
    data = base64.b64encode(text.encode()).decode() if kind == "Secret" else text
    return {
        "kind": kind,
        "metadata": {"name": "sh.helm.release.v1.cano.v3"},
        "data": {"release": data},
    }


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_a_release_is_reduced_to_identities(kind: str, compressed: bool) -> None:
    release = storage.release(stored(body(), kind=kind, compressed=compressed))
    assert (release.name, release.namespace, release.revision, release.status, release.storage) == (
        "cano",
        "kubecano",
        3,
        "deployed",
        kind,
    )
    assert (release.chart_name, release.chart_version, release.app_version) == (
        "cano-collector",
        "0.0.25",
        "0.0.24",
    )
    assert release.deployed.isoformat() == "2026-01-02T10:00:00.123456+00:00"
    assert release.objects == (
        ReleasedObject("batch/v1", "Job", "", "migrate"),
        ReleasedObject("policy/v1", "PodDisruptionBudget", "", "007"),
        ReleasedObject("v1", "Secret", "kubecano", "keys"),
    )
    assert SECRET not in repr(release)


def test_the_payload_is_whole_and_does_not_show() -> None:
    payload = storage.payload(stored(body()))
    assert (payload.values, payload.manifest) == ({"token": SECRET}, MANIFEST)
    assert repr(payload) == "ReleasePayload()"
    assert storage.payload(stored(body(config=None, manifest=None))) == storage.ReleasePayload(
        {}, ""
    )


def without(*path: str) -> dict[str, Any]:
    made = json.loads(json.dumps(body()))
    part = made
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    return made


BROKEN = {
    "no data": {"kind": "Secret", "metadata": {"name": "x"}},
    "another kind": stored(body()) | {"kind": "Pod"},
    "no base64": {
        "kind": "ConfigMap",
        "metadata": {"name": "x"},
        "data": {"release": f"{SECRET}!"},
    },
    "base64 once": {
        "kind": "Secret",
        "metadata": {"name": "x"},
        "data": {"release": base64.b64encode(SECRET.encode()).decode()},
    },
    "no JSON": stored(SECRET.encode()),
    "no object": stored(json.dumps([SECRET]).encode()),
    "too deep": stored(b"[" * 200_000),
    "gzip that ends early": stored(b"", kind="ConfigMap")
    | {"data": {"release": base64.b64encode(gzip.compress(b"x" * 999)[:-9]).decode()}},
    "gzip that is none": stored(b"", kind="ConfigMap")
    | {"data": {"release": base64.b64encode(b"\x1f\x8b\x08" + SECRET.encode()).decode()}},
    "no name": stored(without("name")),
    "no status": stored(without("info", "status")),
    "no chart": stored(without("chart", "metadata")),
    "no version": stored(without("chart", "metadata", "version")),
    "a version that is a number": stored(body(chart={"metadata": {"name": "c", "version": 0.1}})),
    "a revision that is none": stored(body(version=SECRET)),
    "a time that is none": stored(body(info={"status": "deployed", "last_deployed": SECRET})),
    "a manifest that is no YAML": stored(body(manifest=f"a: [{SECRET}")),
    "a manifest of no objects": stored(body(manifest=f"- {SECRET}")),
    "an object without a kind": stored(
        body(manifest=f"apiVersion: v1\nmetadata:\n  name: {SECRET}\n")
    ),
    "hooks that are none": stored(body(hooks=[SECRET])),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_malformed_is_told_without_its_content(what: str) -> None:
    with pytest.raises(Malformed) as caught:
        storage.release(BROKEN[what])
    assert SECRET not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("config", [SECRET, [SECRET]])
def test_values_that_are_none_are_malformed(config: Any) -> None:
    with pytest.raises(Malformed, match="its values or its manifest"):
        storage.payload(stored(body(config=config)))


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "MOST_BYTES", 10_000)
    with pytest.raises(Malformed, match="unpacks to more than 10000 bytes"):
        storage.release(stored(body(notes="0" * 50_000)))
    monkeypatch.setattr(storage, "MOST_MANIFEST_BYTES", 100)
    with pytest.raises(Malformed, match="its manifest is larger than 100 bytes"):
        storage.release(stored(body()))


def metadata(revision: str, *, status: str = "superseded") -> dict[str, Any]:
    labels = {"owner": "helm", "name": "cano", "version": revision, "status": status}
    return {"metadata": {"name": f"sh.helm.release.v1.cano.v{revision}", "labels": labels}}


def test_the_newest_revision_is_the_highest_number_and_not_the_highest_text() -> None:
    found = [
        storage.stored_revision(metadata(number), kind="Secret") for number in ("9", "10", "2")
    ]
    newest = storage.latest(found)
    assert newest is not None
    assert (newest.revision, newest.name, newest.kind) == (
        10,
        "sh.helm.release.v1.cano.v10",
        "Secret",
    )
    assert storage.latest(
        [
            storage.stored_revision(metadata("3"), kind="ConfigMap"),
            storage.stored_revision(metadata("3"), kind="Secret"),
        ]
    ) == (storage.StoredRevision("Secret", "sh.helm.release.v1.cano.v3", 3, "superseded"))
    assert storage.latest([]) is None


@pytest.mark.parametrize("revision", ["", "x", "-1"])
def test_a_revision_that_is_no_number_is_malformed(revision: str) -> None:
    with pytest.raises(Malformed, match="version is no number"):
        storage.stored_revision(metadata(revision), kind="Secret")


def test_a_release_whose_end_is_missing_is_not_taken_for_whole() -> None:
    """Also where what is missing is its checksum alone."""
    whole = base64.b64encode(gzip.compress(json.dumps(body()).encode())[:-4]).decode()
    with pytest.raises(Malformed, match="is truncated"):
        storage.release(stored(b"", kind="ConfigMap") | {"data": {"release": whole}})
