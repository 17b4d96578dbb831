"""Read Helm's stored releases without helm.

A revision is a Secret (or ConfigMap) ``sh.helm.release.v1.NAME.vN`` with the labels owner=helm,
name, status and version. Its key ``release`` is base64 of gzip of JSON; very old ones are plain
JSON. It holds every value of the user. So it is reduced to identities at once, or handed on in a
type that never shows it.

Source: https://github.com/helm/helm/tree/main/pkg/storage/driver (secrets.go, cfgmaps.go,
util.go); Helm 4 stores the same.
"""

import base64
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from msgspec import Struct

from upkeep.adapters.formats import yaml_text
from upkeep.adapters.wire.decoding import decode
from upkeep.adapters.wire.helm import Payload, Release
from upkeep.adapters.wire.meta import PartialObjectMetadata
from upkeep.errors import Malformed
from upkeep.records.releases import HelmRelease, ReleasedObject

Raw = Mapping[str, Any]
STORAGE = {"Secret": "secrets", "ConfigMap": "configmaps"}
PREFIX = "sh.helm.release.v1."
# etcd stores at most 1 MiB an object; compressed text grows to about ten times that.
MOST_BYTES = 64 * 1024 * 1024
MOST_MANIFEST_BYTES = 8 * 1024 * 1024
_GZIP = b"\x1f\x8b\x08"
_AS_GZIP = 16 + zlib.MAX_WBITS


class StoredRevision(Struct, frozen=True):
    """A revision by the metadata of the object that stores it: its kind, name and labels."""

    kind: str
    name: str
    revision: int
    status: str


@dataclass(frozen=True, slots=True)
class ReleasePayload:
    """Values and manifest of a release, secrets included: for the program helm alone.

    :ivar values: the user's (``helm get values``); never shown.
    :ivar manifest: the rendered objects without hooks (``helm get manifest``); never shown.
    """

    values: Mapping[str, Any] = field(repr=False)
    manifest: str = field(repr=False)


def selector(release: str) -> str:
    """Return the label selector of a release's revisions."""
    return f"owner=helm,name={release}"


def stored_revision(raw: PartialObjectMetadata, *, kind: str) -> StoredRevision:
    """Return a revision by its metadata.

    :raises Malformed: its labels are not Helm's.
    """
    name, labels = raw.metadata.name, raw.metadata.labels
    version = labels.get("version", "")
    if not re.fullmatch(r"[0-9]{1,9}", version):
        raise Malformed(
            f"{kind}/{name} is labelled as a Helm release, and its label version is no number.",
            source=f"{kind}/{name}",
        )
    return StoredRevision(kind, name, int(version), labels.get("status", ""))


def latest(revisions: Iterable[StoredRevision]) -> StoredRevision | None:
    """Return the newest revision; of two kinds the Secret, which is Helm's default."""
    return max(revisions, key=lambda one: (one.revision, one.kind == "Secret"), default=None)


def release(raw: Raw) -> HelmRelease:
    """Return a revision reduced to identities.

    :param raw: the Secret or ConfigMap.
    :raises Malformed: it holds no release, or exceeds a limit. The message holds nothing of it.
    """
    where = _where(raw)
    body = decode(
        _unpacked_release(raw), Release, what=f"The Helm release in {where}", source=where
    )
    return HelmRelease(
        name=body.name,
        namespace=body.namespace,
        revision=body.version,
        status=body.info.status,
        chart_name=body.chart.metadata.name,
        chart_version=body.chart.metadata.version,
        app_version=body.chart.metadata.appVersion,
        deployed=body.info.last_deployed.astimezone(UTC),
        storage=str(raw["kind"]),
        storage_namespace=str(raw["metadata"].get("namespace") or ""),
        objects=_identities([body.manifest, *(hook.manifest for hook in body.hooks or ())], where),
    )


def payload(raw: Raw) -> ReleasePayload:
    """Return the user's values and the rendered manifest of a revision.

    :raises Malformed: as ``release``.
    """
    where, body = _where(raw), _unpacked_release(raw)
    what = f"The Helm release in {where}"
    found = decode(body, Payload, what=what, source=where, exact=True)
    return ReleasePayload(found.config, found.manifest)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _where(raw: Raw) -> str:
    metadata = raw.get("metadata")
    return f"{raw.get('kind') or 'object'}/{metadata.get('name', '?') if isinstance(metadata, Mapping) else '?'}"


def _unpacked_release(raw: Raw) -> bytes:
    """The release of a Secret or ConfigMap, as JSON."""
    where, data = _where(raw), raw.get("data")
    text = data.get("release") if isinstance(data, Mapping) else None
    if raw.get("kind") not in STORAGE or not isinstance(text, str):
        raise Malformed(f"{where} holds no release.", source=where)
    try:
        if raw["kind"] == "Secret":
            text = base64.b64decode(text, validate=True).decode("ascii")
        packed = base64.b64decode(text, validate=True)
    except ValueError:  # of base64, too: a letter beyond ASCII is one
        raise Malformed(f"{where}: its release is not base64", source=where) from None
    return _unpacked(packed, where)


def _unpacked(packed: bytes, where: str) -> bytes:
    """Return the unpacked bytes, up to the limit: a small object can unpack to any size."""
    if not packed.startswith(_GZIP):
        return packed
    unpacker = zlib.decompressobj(_AS_GZIP)
    try:
        whole = unpacker.decompress(packed, MOST_BYTES)
    except zlib.error:
        raise Malformed(f"{where}: its release is not gzip.", source=where) from None
    if unpacker.unconsumed_tail:
        raise Malformed(
            f"{where}: its release unpacks to more than {MOST_BYTES} bytes.", source=where
        )
    if not unpacker.eof:
        raise Malformed(f"{where}: its release is truncated.", source=where)
    return whole


def _identities(manifests: Iterable[str], where: str) -> tuple[ReleasedObject, ...]:
    """Return the objects of the manifests, each once and sorted."""
    found: set[ReleasedObject] = set()
    for text in manifests:
        if len(text) > MOST_MANIFEST_BYTES:
            raise Malformed(
                f"{where}: its manifest is larger than {MOST_MANIFEST_BYTES} bytes.", source=where
            )
        for part in yaml_text.split(text):
            found.update(
                _objects(
                    yaml_text.texts(
                        part, name=f"the manifest of {where}", most_bytes=MOST_MANIFEST_BYTES
                    ),
                    where,
                )
            )
    return tuple(
        sorted(
            found, key=lambda one: (one.api_version, one.kind, one.namespace, one.name, one.chart)
        )
    )


def _objects(document: Any, where: str) -> Iterator[ReleasedObject]:
    """Yield the objects of a document: none of comments alone, several of a List."""
    if document in (None, ""):
        return
    try:
        items = document.get("items")
        for one in (
            items
            if _text(document["kind"]).endswith("List") and isinstance(items, list)
            else [document]
        ):
            metadata = one["metadata"]
            labels = metadata.get("labels") or {}
            yield ReleasedObject(
                _text(one["apiVersion"]),
                _text(one["kind"]),
                str(metadata.get("namespace") or ""),
                _text(metadata["name"]),
                str(labels.get("helm.sh/chart") or ""),
            )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Malformed(
            f"{where}: its manifest holds something that is no object.", source=where
        ) from None
