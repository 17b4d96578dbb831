"""Reduce a ConfigMap or Secret, of a backup or live, to keyed digests of its values."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import Any

from upkeep.adapters.formats.exposure import LAST_APPLIED
from upkeep.adapters.wire.text import printable
from upkeep.records.configuration import ConfigurationObject

KINDS = ("ConfigMap", "Secret")
# Fields that the API server writes (metadata.*, and the whole status).
SERVER_METADATA = (
    "resourceVersion",
    "uid",
    "creationTimestamp",
    "managedFields",
    "generation",
    "selfLink",
    "deletionTimestamp",
)
_DIGEST_KEY = secrets.token_bytes(32)


def digest(value: bytes) -> str:
    """Return an HMAC-SHA-256 with a key of this run: equal values have equal digests, which tell nothing else."""
    return hmac.new(_DIGEST_KEY, value, hashlib.sha256).hexdigest()


def configuration_object(raw: Mapping[str, Any], *, file: str = "") -> ConfigurationObject:
    """Return a ConfigMap or Secret without its values.

    :raises ValueError: it is none, has no name, or a value is no text or no valid base64. The message names the key.
    """
    metadata, kind = raw.get("metadata"), raw.get("kind")
    if raw.get("apiVersion") != "v1" or kind not in KINDS:
        raise ValueError(
            f"{word(kind)} of {word(raw.get('apiVersion'))}; expected a ConfigMap or Secret (v1)"
        )
    if (
        not isinstance(metadata, Mapping)
        or not isinstance(metadata.get("name"), str)
        or not metadata["name"]
    ):
        raise ValueError(f"{kind} has no name")
    values = _data(kind, raw)
    annotations = metadata.get("annotations")
    kept = [f"metadata.{name}" for name in SERVER_METADATA if metadata.get(name) is not None] + (
        ["status"] if "status" in raw else []
    )
    return ConfigurationObject(
        kind=kind,
        namespace=printable(metadata_text(raw, "namespace")),
        name=printable(metadata["name"]),
        keys={printable(key): digest(value) for key, value in sorted(values.items())},
        type=printable(str(raw.get("type") or "Opaque")) if kind == "Secret" else "",
        data_bytes=sum(map(len, values.values())),
        file=file,
        server_fields=tuple(kept),
        last_applied=isinstance(annotations, Mapping) and LAST_APPLIED in annotations,
    )


def _data(kind: str, raw: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the decoded values; ``stringData`` overrides ``data``, as on the server."""
    found: dict[str, bytes] = {}
    parts = (("data", kind == "Secret"), ("binaryData", True), ("stringData", False))
    for part, encoded in parts:
        entries = raw.get(part)
        if entries is not None and not isinstance(entries, Mapping):
            raise ValueError(f"{part} is not a mapping")
        for key, value in (entries or {}).items():
            if not isinstance(key, str) or not isinstance(value, str):
                raise ValueError(f"{part}.{word(key)} is not a text, so the API server refuses it")
            try:
                found[key] = (
                    base64.b64decode(re.sub(r"[\r\n]", "", value), validate=True)
                    if encoded
                    else value.encode("utf-8", "replace")
                )
            except ValueError:  # of base64, too: a letter beyond ASCII is one
                raise ValueError(
                    f"{part}.{word(key)} is not base64, so the API server refuses it"
                ) from None
    return found


def metadata_text(raw: Mapping[str, Any], key: str) -> str:
    """Return a text of the metadata; empty for none."""
    metadata = raw.get("metadata")
    value = metadata.get(key) if isinstance(metadata, Mapping) else None
    return value if isinstance(value, str) else ""


def word(value: object) -> str:
    """Return a foreign name that has the form of one, else ``something``: it may be a misplaced value."""
    return (
        value if isinstance(value, str) and re.fullmatch(r"[\w./-]{1,80}", value) else "something"
    )
