"""Read a file of a backup: its content, decrypted, and its objects one by one."""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upkeep.adapters.folders import encryption
from upkeep.adapters.formats import yaml_text
from upkeep.errors import Absent, Forbidden, Malformed
from upkeep.records.backups import BackupFault, BackupFaultCode, BackupFile
from upkeep.shell import shell

if TYPE_CHECKING:
    from pyrage import x25519

MOST_BYTES = 4 * 1024 * 1024  # of a file: a few of the largest objects
MOST_DOCUMENTS = 200
_RUN_TOGETHER = re.compile(r"^apiVersion:", re.MULTILINE)


@dataclass(slots=True)
class Reading:
    """The files, faults and bodies of a set while it is read."""

    files: list[BackupFile] = field(default_factory=list)
    faults: list[BackupFault] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict, repr=False)
    unopened: list[str] = field(default_factory=list)


def content(folder: Path, name: str, read: Reading, *, most: int) -> bytes | None:
    """Return the file's content, or ``None`` with a fault. A link is not followed: its target may change."""
    path = folder / name
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            what = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no regular file"
            read.faults.append(
                BackupFault(name, "file-not-regular", f"{name} is {what} and was not opened")
            )
            return None
        modified = datetime.fromtimestamp(max(0, status.st_mtime), UTC)
        read.files.append(BackupFile(name, stat.S_IMODE(status.st_mode), modified))
        if status.st_size > most:
            read.faults.append(
                BackupFault(
                    name, "file-too-large", f"{name} has {status.st_size} bytes, more than {most}"
                )
            )
            return None
        with open(
            os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb"
        ) as file:
            body = file.read(most + 1)
    except FileNotFoundError:  # pruned between the listing and now
        return None
    except (OSError, OverflowError) as error:
        raise unreadable(path, error) from None
    if not body.strip():
        read.faults.append(BackupFault(name, "file-empty", f"{name} is empty"))
        return None
    return body


def opened(
    folder: Path, name: str, body: bytes, read: Reading, identities: "Sequence[x25519.Identity]"
) -> bytes | None:
    """Return a file's content, decrypted; ``None``, with a note, where no identity decrypts it.

    :raises Absent: the file is encrypted, and no identity was given
    """
    if not name.endswith(encryption.SUFFIX):
        return body
    if not identities:
        path = folder / name
        raise Absent(
            f"{path} is encrypted, and no identity was given",
            source=str(path),
            next_step="--backup-identity=FILE",
        )
    try:
        return encryption.decrypt(body, identities)
    except encryption.Unopened:
        read.unopened.append(name)
        return None


def objects_in(name: str, body: bytes, read: Reading) -> Iterator[dict[str, Any]]:
    """Yield the raw objects of a file, those of a ``List`` one by one."""

    def fault(code: BackupFaultCode, message: str) -> None:
        read.faults.append(BackupFault(name, code, message))

    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        fault("file-not-text", f"{name} is not UTF-8 at byte {error.start}")
        return
    if not body.endswith(b"\n"):
        fault("file-truncated", f"{name} is truncated: its last line has no end")
    found = []
    parts = yaml_text.split(text)
    if len(parts) > MOST_DOCUMENTS:
        fault("file-too-large", f"{name} has more than {MOST_DOCUMENTS} documents")
        return
    for part in parts:
        pieces = _pieces(part)
        if len(pieces) > 1:
            fault(
                "documents-run-together",
                f"{name} has {len(pieces)} objects without --- between them; kubectl restores the last one alone",
            )
        for piece in pieces[:MOST_DOCUMENTS]:
            try:
                found.append(yaml_text.load(piece, name=name, most_bytes=MOST_BYTES, exact=True))
            except Malformed as error:
                fault("file-not-yaml", error.message)
    raws = [raw for one in found if one is not None for raw in _unpacked(one)]
    if not raws and not any(one.file == name for one in read.faults):
        fault("file-empty", f"{name} holds no object")
    for raw in raws:
        if (
            isinstance(raw, dict)
            and isinstance(raw.get("kind"), str)
            and isinstance(raw.get("metadata"), dict)
        ):
            yield raw
        else:
            fault(
                "object-unusable",
                f"{name} has an object without kind or metadata, as a truncated file has",
            )


def _pieces(part: str) -> list[str]:
    """Return the document, or the objects that ``>>`` joined in it."""
    starts = [match.start() for match in _RUN_TOGETHER.finditer(part)]
    if len(starts) < 2:
        return [part]
    return [
        part[start:end]
        for start, end in zip([0, *starts[1:]], [*starts[1:], len(part)], strict=True)
    ]


def _unpacked(one: Any) -> list[Any]:
    if (
        isinstance(one, dict)
        and str(one.get("kind", "")).endswith("List")
        and isinstance(one.get("items"), list)
    ):
        return list(one["items"])
    return [one]


def unreadable(path: Path, error: Exception) -> Forbidden | Malformed:
    """Return why a file or folder cannot be read."""
    why = getattr(error, "strerror", None) or type(error).__name__
    kind = Forbidden if isinstance(error, PermissionError) else Malformed
    return kind(
        f"{path}: cannot be read ({why})", source=str(path), next_step=shell("ls -ld {}", str(path))
    )
