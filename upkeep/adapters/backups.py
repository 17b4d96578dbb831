"""A folder of backups as records: the guide's files (``backup-YYYYMMDD.yaml``, ``secrets-YYYYMMDD.yaml``) and those of ``upkeep backup``, which
have a ``manifest-YYYYMMDD.json`` beside them.

Files are untrusted input, and what is wrong with one is a fault of it, never the end of the reading. Values become keyed digests here.
Source: the guide's "Backup current configuration", "Backup Verification" and its backup CronJob; collector.md, "Traps".
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from upkeep.adapters import documents, encryption
from upkeep.adapters.exposure import LAST_APPLIED
from upkeep.errors import Absent, Forbidden, Malformed
from upkeep.model import parse_time
from upkeep.records import BackupFault, BackupFaultCode, BackupFile, BackupFolder, BackupSet, ConfigurationObject

if TYPE_CHECKING:
    from pyrage import x25519

MOST_BYTES = 4 * 1024 * 1024  # of a file: some of the largest objects
MOST_DOCUMENTS = 200
MOST_MANIFEST_BYTES = 64 * 1024
MOST_FILES = 20_000
# A name's day is the local one of whoever wrote it: from UTC-12 to UTC+14.
BEHIND, AHEAD = timedelta(hours=12), timedelta(hours=14)
# The clock of the machine that wrote may be a little ahead of ours.
MOST_AHEAD = timedelta(minutes=5)
MANIFEST_SCHEMA = "cano-upkeep/backup/1"
KINDS = ("ConfigMap", "Secret")
# What the API server writes into an object (metadata.*, and the status as a whole).
SERVER_METADATA = ("resourceVersion", "uid", "creationTimestamp", "managedFields", "generation", "selfLink", "deletionTimestamp")
_NAME = re.compile(r"(?P<part>backup|secrets|manifest)-(?P<stamp>(?P<day>\d{8})(?:-\d{6})?)\.(?P<end>yaml|yaml\.age|json)")
_ALIKE = re.compile(r"(backup|secrets|manifest)-\d.*")
_RUN_TOGETHER = re.compile(r"^apiVersion:", re.MULTILINE)

_DIGEST_KEY = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object of a backup as it is: for the API server alone. It never shows and is no record."""

    kind: str
    namespace: str
    name: str
    body: Mapping[str, Any] = field(repr=False)


@dataclass(slots=True)
class _Read:
    """What is known of a set so far."""

    files: list[BackupFile] = field(default_factory=list)
    faults: list[BackupFault] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict, repr=False)
    unopened: list[str] = field(default_factory=list)


def digest(value: bytes) -> str:
    """A keyed digest: equal values of this run have equal ones, and without the key, which no one keeps, it tells nothing (HMAC-SHA-256)."""
    return hmac.new(_DIGEST_KEY, value, hashlib.sha256).hexdigest()


def read(folder: Path, *, now: datetime, days: int, identities: "Sequence[x25519.Identity]" = ()) -> BackupFolder:
    """The sets of the last ``days`` days and of today, and the newest in any case, also where it is older.

    :param identities: what opens the files that are encrypted.
    :raises Absent: there is no such folder, or a file is encrypted and there is no identity.
    :raises Forbidden: the folder or a file may not be read.
    :raises Malformed: it is no folder, cannot be read for another reason, or no identity opens a file that is as it was written.
    """
    try:
        mode = folder.stat().st_mode
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        raise Absent(
            f"--backups={folder}: there is no such folder",
            source=str(folder),
            next_step=f"mount it here, or upkeep backup --backups={folder}",
        ) from None
    except OSError as error:
        raise _unreadable(folder, error) from None
    if len(names) > MOST_FILES:
        raise Malformed(f"--backups={folder}: more than {MOST_FILES} files", source=str(folder), next_step=f"ls {folder} | wc -l")
    found: dict[str, list[str]] = {}
    faults: list[BackupFault] = []
    for name in names:
        if (match := _ours(name)) is not None:
            if _begins(match["day"]) - AHEAD > now:
                faults.append(BackupFault(name, "file-from-the-future", f"{name} is of a day that has not begun anywhere"))
            else:
                found.setdefault(match["stamp"], []).append(name)
        elif _ALIKE.fullmatch(name):
            faults.append(BackupFault(name, "file-name-unknown", f"{name} is neither backup-YYYYMMDD.yaml nor secrets-YYYYMMDD.yaml"))
    first = (now - timedelta(days=days)).strftime("%Y%m%d")
    newest_first = sorted(found, reverse=True)
    chosen = [stamp for stamp in newest_first if stamp[:8] >= first] or newest_first[:1]
    sets = [_set(folder, stamp, found[stamp], now=now, identities=identities) for stamp in chosen]
    return BackupFolder(str(folder), bool(mode & stat.S_IXOTH), tuple(sets), tuple(faults))


def stamps(folder: Path) -> dict[str, list[str]]:
    """The files of the folder that belong to a set, by what their names share.

    :raises OSError: the folder cannot be read.
    """
    found: dict[str, list[str]] = {}
    for name in sorted(os.listdir(folder)):
        if (match := _ours(name)) is not None:
            found.setdefault(match["stamp"], []).append(name)
    return found


def _ours(name: str) -> re.Match[str] | None:
    """The parts of a name of a file that belongs to a set."""
    match = _NAME.fullmatch(name)
    fits = match is not None and (match["part"] == "manifest") == (match["end"] == "json") and _day(match["day"]) is not None
    return match if fits else None


def manifests(folder: Path, backup: BackupSet, *, identities: "Sequence[x25519.Identity]" = ()) -> list[Manifest]:
    """The objects of a set as they are, for a rehearsal; files with a fault have none.

    :raises Forbidden: a file may not be read any more. :raises Malformed: it cannot be read for another reason.
    """
    found: list[Manifest] = []
    for file in backup.files:
        if not file.name.endswith(".json"):
            read = _Read()
            body = _bytes(folder, file.name, read, most=MOST_BYTES)
            body = None if body is None else _opened(folder, file.name, body, read, identities)
            if body is not None:
                found += [
                    Manifest(str(raw["kind"]), _text(raw, "namespace"), _text(raw, "name"), raw) for raw in _objects(file.name, body, read)
                ]
    return found


def configuration_object(raw: Mapping[str, Any], *, file: str = "") -> ConfigurationObject:
    """A ConfigMap or Secret without its values.

    :raises ValueError: it is none, has no name, or a value is no text, or no base64 where it must be. The message names the key.
    """
    metadata, kind = raw.get("metadata"), raw.get("kind")
    if raw.get("apiVersion") != "v1" or kind not in KINDS:
        raise ValueError(f"a {_word(kind)} of {_word(raw.get('apiVersion'))}, where a ConfigMap or Secret (v1) must be")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise ValueError(f"a {kind} without a name")
    values = _data(kind, raw)
    annotations = metadata.get("annotations")
    kept = [f"metadata.{name}" for name in SERVER_METADATA if metadata.get(name) is not None] + (["status"] if "status" in raw else [])
    return ConfigurationObject(
        kind=kind,
        namespace=_text(raw, "namespace"),
        name=metadata["name"],
        keys={key: digest(value) for key, value in sorted(values.items())},
        type=str(raw.get("type") or "Opaque") if kind == "Secret" else "",
        data_bytes=sum(map(len, values.values())),
        file=file,
        server_fields=tuple(kept),
        last_applied=isinstance(annotations, Mapping) and LAST_APPLIED in annotations,
    )


def _data(kind: str, raw: Mapping[str, Any]) -> dict[str, bytes]:
    """The values, decoded; what ``stringData`` has wins, as on the server."""
    found: dict[str, bytes] = {}
    parts = (("data", kind == "Secret"), ("binaryData", True), ("stringData", False))
    for part, encoded in parts:
        entries = raw.get(part)
        if entries is not None and not isinstance(entries, Mapping):
            raise ValueError(f"{part} is no mapping")
        for key, value in (entries or {}).items():
            if not isinstance(key, str) or not isinstance(value, str):
                raise ValueError(f"{part}.{_word(key)} is no text, which the API server refuses")
            try:
                found[key] = base64.b64decode(re.sub(r"[\r\n]", "", value), validate=True) if encoded else value.encode("utf-8", "replace")
            except (binascii.Error, ValueError):
                raise ValueError(f"{part}.{_word(key)} is not base64, which the API server refuses") from None
    return found


def _set(folder: Path, stamp: str, names: list[str], *, now: datetime, identities: "Sequence[x25519.Identity]") -> BackupSet:
    read = _Read()
    objects: list[ConfigurationObject] = []
    manifest: dict[str, Any] | None = None
    for name in names:
        is_manifest = name.endswith(".json")
        body = _bytes(folder, name, read, most=MOST_MANIFEST_BYTES if is_manifest else MOST_BYTES)
        if body is None:
            continue
        if is_manifest:
            manifest = _manifest(name, body, read, now=now)
        else:
            read.bodies[name] = body
            plain = _opened(folder, name, body, read, identities)
            if plain is None:
                continue
            objects += [record for raw in _objects(name, plain, read) if (record := _record(name, raw, read)) is not None]
    seen: set[tuple[str, str, str]] = set()
    for one in objects:
        key = (one.kind, one.namespace, one.name)
        if key in seen:
            read.faults.append(BackupFault(one.file, "object-twice", f"{one.file}: {one.kind}/{one.name} is in the set twice"))
        seen.add(key)
    if manifest is not None:
        read.faults += _differences(f"manifest-{stamp}.json", manifest, read)
    damaged = {fault.file for fault in read.faults}
    for name in read.unopened:
        if name not in damaged:
            raise Malformed(
                f"{folder / name}: the identities of --backup-identity do not open it",
                source=str(folder / name),
                next_step="--backup-identity=FILE",
            )
    taken, taken_from = _taken(stamp, manifest, read.files, now=now)
    day = cast("datetime", _day(stamp[:8])).date().isoformat()
    return BackupSet(stamp, day, taken, taken_from, tuple(read.files), tuple(objects), tuple(read.faults))


def _bytes(folder: Path, name: str, read: _Read, *, most: int) -> bytes | None:
    """The file's content, or ``None`` with a fault. A link is not followed: it leads out of the folder, or to a file that changes."""
    path = folder / name
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            what = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no regular file"
            read.faults.append(BackupFault(name, "file-not-regular", f"{name} is {what}, and was not opened"))
            return None
        modified = datetime.fromtimestamp(max(0, status.st_mtime), UTC)
        read.files.append(BackupFile(name, stat.S_IMODE(status.st_mode), modified))
        if status.st_size > most:
            read.faults.append(BackupFault(name, "file-too-large", f"{name} has {status.st_size} bytes, more than {most}"))
            return None
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            body = file.read(most + 1)
    except FileNotFoundError:  # pruned between the listing and now
        return None
    except (OSError, OverflowError) as error:
        raise _unreadable(path, error) from None
    if not body.strip():
        read.faults.append(BackupFault(name, "file-empty", f"{name} is empty"))
        return None
    return body


def _opened(folder: Path, name: str, body: bytes, read: _Read, identities: "Sequence[x25519.Identity]") -> bytes | None:
    """What a file holds, decrypted where it is encrypted; ``None``, and it is noted, where no identity opens it.

    :raises Absent: there is no identity.
    """
    if not name.endswith(encryption.SUFFIX):
        return body
    if not identities:
        path = folder / name
        raise Absent(f"{path}: is encrypted, and no identity was named", source=str(path), next_step="--backup-identity=FILE")
    try:
        return encryption.decrypt(body, identities)
    except encryption.Unopened:
        read.unopened.append(name)
        return None


def _objects(name: str, body: bytes, read: _Read) -> Iterator[dict[str, Any]]:
    """The raw objects of a file, those of a ``List`` one by one."""

    def fault(code: BackupFaultCode, message: str) -> None:
        read.faults.append(BackupFault(name, code, message))

    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        fault("file-not-text", f"{name} is no text: byte {error.start} is not UTF-8")
        return
    if not body.endswith(b"\n"):
        fault("file-truncated", f"{name}: its last line has no end, so the rest is missing")
    found = []
    parts = documents.split(text)
    if len(parts) > MOST_DOCUMENTS:
        fault("file-too-large", f"{name} has more than {MOST_DOCUMENTS} documents")
        return
    for part in parts:
        pieces = _pieces(part)
        if len(pieces) > 1:
            fault(
                "documents-run-together", f"{name} has {len(pieces)} objects without --- between them: kubectl restores the last one alone"
            )
        for piece in pieces[:MOST_DOCUMENTS]:
            try:
                found.append(documents.load(piece, name=name, most_bytes=MOST_BYTES))
            except Malformed as error:
                fault("file-not-yaml", error.message)
    raws = [raw for one in found if one is not None for raw in _unpacked(one)]
    if not raws and not any(one.file == name for one in read.faults):
        fault("file-empty", f"{name} holds no object")
    for raw in raws:
        if isinstance(raw, dict) and isinstance(raw.get("kind"), str) and isinstance(raw.get("metadata"), dict):
            yield raw
        else:
            fault("object-unusable", f"{name}: something without kind or metadata, as a file has that was cut")


def _pieces(part: str) -> list[str]:
    """A document, or the objects that ``>>`` wrote one after the other into what should be one."""
    starts = [match.start() for match in _RUN_TOGETHER.finditer(part)]
    if len(starts) < 2:
        return [part]
    return [part[start:end] for start, end in zip([0, *starts[1:]], [*starts[1:], len(part)], strict=True)]


def _unpacked(one: Any) -> list[Any]:
    if isinstance(one, dict) and str(one.get("kind", "")).endswith("List") and isinstance(one.get("items"), list):
        return list(one["items"])
    return [one]


def _record(name: str, raw: Mapping[str, Any], read: _Read) -> ConfigurationObject | None:
    try:
        return configuration_object(raw, file=name)
    except ValueError as error:
        metadata = raw.get("metadata")
        said = f"{_word(raw.get('kind'))}/{_word(metadata.get('name') if isinstance(metadata, Mapping) else None)}: {error}"
        read.faults.append(BackupFault(name, "object-unusable", f"{name}: {said}"))
        return None


def _manifest(name: str, body: bytes, read: _Read, *, now: datetime) -> dict[str, Any] | None:
    """The manifest of a set: when it was made, and the SHA-256 of its files."""
    why = ""
    try:
        found = json.loads(body)
        taken = parse_time(found["taken"])
        files = {str(file): str(entry["sha256"]) for file, entry in found["files"].items()}
        if found["schema"] != MANIFEST_SCHEMA:
            why = "has another schema"
        elif taken > now + MOST_AHEAD:
            why = "says that it was made in the future"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        why = "is not what upkeep backup writes"
    if why:
        read.faults.append(BackupFault(name, "manifest-unusable", f"{name} {why}"))
        return None
    return {"taken": taken, "files": files}


def _differences(name: str, manifest: Mapping[str, Any], read: _Read) -> Iterator[BackupFault]:
    said: Mapping[str, str] = manifest["files"]
    faulty = {fault.file for fault in read.faults}
    for file in sorted({*said, *read.bodies}):
        if file in read.bodies and file not in said:
            yield BackupFault(file, "manifest-differs", f"{file} is not in {name}: it was put there later")
        elif file not in read.bodies and file not in faulty:
            yield BackupFault(file, "manifest-differs", f"{_word(file)} is in {name}, and is gone")
        elif file in read.bodies and not hmac.compare_digest(hashlib.sha256(read.bodies[file]).hexdigest(), said[file].lower()):
            yield BackupFault(file, "manifest-differs", f"{file} is not what was written: its SHA-256 is another than in {name}")


def _taken(stamp: str, manifest: Mapping[str, Any] | None, files: list[BackupFile], *, now: datetime) -> tuple[datetime, str]:
    """When a set was made, and who says so. Where nobody credible does, the beginning of its day: a copy is never younger than it can be."""
    begins = _begins(stamp[:8])

    def fits(instant: datetime) -> bool:
        return begins - AHEAD <= instant <= min(begins + timedelta(days=1) + BEHIND, now + MOST_AHEAD)

    if manifest is not None and fits(manifest["taken"]):
        return manifest["taken"], "manifest"
    modified = [file.modified for file in files if not file.name.endswith(".json")]
    if modified and fits(min(modified)):
        return min(modified), "file"
    return min(begins, now), "name"


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC) if text[:4] >= "1970" else None
    except ValueError:
        return None


def _begins(text: str) -> datetime:
    day = cast("datetime", _day(text))
    return datetime.combine(day.date(), time(), UTC)


def _text(raw: Mapping[str, Any], key: str) -> str:
    metadata = raw.get("metadata")
    value = metadata.get(key) if isinstance(metadata, Mapping) else None
    return value if isinstance(value, str) else ""


def _word(value: object) -> str:
    """A foreign name, where it looks like one; it may be anything, a value out of place included."""
    return value if isinstance(value, str) and re.fullmatch(r"[\w./-]{1,80}", value) else "something"


def _unreadable(path: Path, error: Exception) -> Forbidden | Malformed:
    why = getattr(error, "strerror", None) or type(error).__name__
    kind = Forbidden if isinstance(error, PermissionError) else Malformed
    return kind(f"{path}: cannot be read ({why})", source=str(path), next_step=f"ls -ld {path}")
