"""How are monitoring programs and chart repositories reached?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upkeep.errors import BadInput
from upkeep.masking import mask
from upkeep.urls import checked

if TYPE_CHECKING:
    from upkeep.settings.file import Access
from upkeep.settings.words import (
    path_of,
)

INDEX = "index.yaml"
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STORED = re.compile(r"(Secret|ConfigMap)/([a-z0-9][a-z0-9-]{0,62})/([a-z0-9][a-z0-9.-]{0,252})")
_VALUE = re.compile(r"[!-~\xa0-\xff][\t -~\xa0-\xff]*")


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """The address and credentials of a monitoring program or chart repository. Header values never show."""

    url: str
    bearer_file: Path | None = None
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def stored_object(text: str | None, where: str) -> tuple[str, str, str] | None:
    """Return (kind, namespace, name) of ``Secret/NAMESPACE/NAME`` or ``ConfigMap/NAMESPACE/NAME``.

    :raises BadInput: another form.
    """
    if not text:
        return None
    found = _STORED.fullmatch(text)
    if found is None:
        raise BadInput(
            f"{where}={text[:80]}: expected Secret/NAMESPACE/NAME or ConfigMap/NAMESPACE/NAME."
        )
    return found[1], found[2], found[3]


def repository(
    value: "str | Access | None", where: str, folder: Path, base: Path
) -> HttpAccess | Path | None:
    """Return a URL, or the path of an index, given itself or by its folder."""
    text = value["url"] if isinstance(value, dict) else value
    if text is not None and text.lower().startswith("oci://"):
        raise BadInput(
            f"{where}: an OCI registry has no index.yaml. Give the URL or the index.yaml of a chart repository."
        )
    if not isinstance(value, str) or "://" in value:
        return access(value, where, base)
    path = path_of(folder, value, where)
    found = path / INDEX if path.is_dir() else path
    if not found.is_file():
        raise BadInput(
            f"{where}={'…' if '@' in value else value}: no such file. Expected the URL of a chart repository, or its index.yaml."
        )
    return found


def _named(text: str) -> str:
    """Return a path for a message; nothing of a text without slash and dot, which may be the token itself."""
    return f": {mask(text)}" if "/" in text or "." in text else ""


def access(value: "str | Access | None", where: str, base: Path) -> HttpAccess | None:
    if value is None or value == "auto":
        return None
    if isinstance(value, str):
        return HttpAccess(checked(value, where))
    files: dict[str, Path | None] = {}
    for key in ("bearer_file", "ca_file", "client_certificate", "client_key"):
        text: Any = value.get(key)
        found = files[key] = path_of(base, text, f"{where}.{key}") if text else None
        if found is not None and not found.is_file():
            raise BadInput(f"{where}.{key}: no such file{_named(text)}.")
    if files["client_key"] and not files["client_certificate"]:
        raise BadInput(f"{where}.client_key needs client_certificate. Give both.")
    headers = value.get("headers", {})
    for name, text in headers.items():
        # Refused here without the value: a later error would print it.
        if not _HEADER.fullmatch(name) or not _VALUE.fullmatch(text):
            raise BadInput(
                f"{where}.headers.{name} is not an HTTP header. Expected a token as name and one Latin-1 line as value."
            )
        if name.lower() == "authorization" and files["bearer_file"]:
            raise BadInput(
                f"{where}.headers.{name} and {where}.bearer_file both authenticate. Remove one."
            )
    return HttpAccess(checked(value["url"], where), headers=headers, **files)
