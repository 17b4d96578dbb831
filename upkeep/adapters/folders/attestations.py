"""The attestation file: sign-offs by one person, reviewed by another.

A YAML list; ``upkeep attest`` appends to it and keeps comments between the entries. An unusable file is bad input. A
judge decides whether an entry is valid (time, evidence) when it is read.
Source of the states ``satisfied`` and ``not-satisfied``: OSCAL assessment results, https://pages.nist.gov/OSCAL/
"""

import fcntl
import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from upkeep.adapters.formats import yaml_text
from upkeep.adapters.wire.text import printable
from upkeep.errors import BadInput, Malformed
from upkeep.files import read_bounded, write_whole
from upkeep.limits import Limit
from upkeep.model import parse_time, rfc3339
from upkeep.records.attestations import Attestation, AttestedFile

MOST_BYTES = 4 * 1024 * 1024
MOST_EVIDENCE_BYTES = 1024 * 1024 * 1024
_DURATION = Limit("valid_for", "duration", 86400, 60, 366 * 86400, "")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)


class _Evidence(_Strict):
    file: str = Field(min_length=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class _Entry(_Strict):
    control: str = Field(min_length=1)
    target: str = "default"
    object: str = ""
    status: Literal["satisfied", "not-satisfied"]
    explanation: str = Field(min_length=1)
    by: str = Field(min_length=1)
    reviewed_by: str = Field(min_length=1)
    at: str
    valid_for: str
    evidence: list[_Evidence] = []


def read(path: Path) -> tuple[Attestation, ...]:
    """Return the entries in the order of the file; none for a missing file, or one with [] or comments alone.

    :raises BadInput: it is empty or cannot be read, or an entry has another form; the message names file, line and key.
    """
    where = f"--attestations={path}"
    try:
        if not path.exists():
            return ()
        text = read_bounded(path, most_bytes=MOST_BYTES).decode()
    except UnicodeDecodeError:
        raise BadInput(
            f"{where}: not UTF-8; expected a list of entries as `upkeep attest` writes them"
        ) from None
    except OSError as error:
        raise BadInput(f"{where}: cannot be read ({error.strerror})") from None
    found = _parse(text, path)
    if not found and not any(mark in text for mark in "#["):
        # A write that failed leaves this, and the sign-offs of the file are lost.
        raise BadInput(
            f"{where}: the file is empty; expected a list of entries as `upkeep attest` writes them, or [] for none"
        )
    return found


def _parse(text: str, path: Path) -> tuple[Attestation, ...]:
    where = f"--attestations={path}"
    try:
        entries, lines = yaml_text.load_with_lines(
            text, name=where, most_bytes=MOST_BYTES, exact=True
        )
    except Malformed as error:
        raise BadInput(f"{error.message}; correct it in an editor") from None
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise BadInput(f"{where}: expected a list of entries as `upkeep attest` writes them")
    return tuple(
        _entry(entry, f"{where}, line {lines.get((number,), 0)}", path.parent)
        for number, entry in enumerate(entries)
    )


def _entry(raw: Any, where: str, folder: Path) -> Attestation:
    try:
        entry = _Entry.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "entry"
        raise BadInput(f"{where}: {key}: {first['msg'][0].lower()}{first['msg'][1:]}") from None
    try:
        at = parse_time(entry.at)
    except ValueError:
        raise BadInput(
            f"{where}: at: expected a time such as 2026-01-02T15:04:05Z, in quotes"
        ) from None
    return Attestation(
        control=entry.control,
        target=entry.target,
        object=entry.object,
        satisfied=entry.status == "satisfied",
        explanation=printable(entry.explanation),
        by=printable(entry.by.strip()),
        reviewed_by=printable(entry.reviewed_by.strip()),
        at=at,
        valid_for_seconds=_DURATION.parse(entry.valid_for, where=where),
        evidence=tuple(_attested(one, folder) for one in entry.evidence),
        where=where,
    )


def _attested(evidence: _Evidence, folder: Path) -> AttestedFile:
    try:
        found = digest(folder / evidence.file)
    except OSError:
        return AttestedFile(evidence.file, "missing")
    return AttestedFile(evidence.file, "same" if found == evidence.sha256 else "differs")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal.

    :raises OSError: it cannot be read, is no regular file, or is larger than 1 GiB.
    """
    if not path.is_file() or path.stat().st_size > MOST_EVIDENCE_BYTES:
        raise OSError(22, "no regular file of at most a GiB")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def append(path: Path, entry: Mapping[str, Any], *, at: datetime) -> None:
    """Append an entry to the file, atomically and by one writer at a time; create a missing file.

    :param entry: all but ``at``; ``evidence`` are names of files, relative to the file's folder.
    :raises BadInput: the file, the entry, or a file of its evidence is unusable.
    """
    folder = path.parent
    named = {"control": entry["control"], "target": entry["target"]}
    rest = {
        key: value
        for key, value in entry.items()
        if key not in named and key != "evidence" and value
    }
    whole: dict[str, Any] = {**named, **rest, "at": rfc3339(at.astimezone(UTC))}
    if entry.get("evidence"):
        whole["evidence"] = [_taken(folder, name) for name in entry["evidence"]]
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BadInput(
            f"--attestations={path}: {folder} cannot be opened ({error.strerror})"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        text = read_bounded(path, most_bytes=MOST_BYTES).decode("utf-8") if path.exists() else ""
        _parse(text, path)  # an unusable file is refused, not extended
        if text and not text.endswith("\n"):
            text += "\n"
        text += yaml.safe_dump([whole], sort_keys=False, allow_unicode=True, width=120)
        _parse(text, path)
        write_whole(path, text.encode(), mode=0o644)
    except OSError as error:
        raise BadInput(f"--attestations={path}: cannot be written ({error.strerror})") from None
    finally:
        os.close(descriptor)


def _taken(folder: Path, name: str) -> dict[str, str]:
    try:
        return {"file": name, "sha256": digest(folder / name)}
    except OSError as error:
        raise BadInput(
            f"--evidence={name}: cannot be read in {folder}, the folder of the attestations ({error.strerror})"
        ) from None
