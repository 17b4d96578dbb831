"""Read the folder of backups: the files of each set, and the time of each."""

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from upkeep.adapters.folders.backups.files import (
    MOST_BYTES,
    Reading,
    content,
    objects_in,
    opened,
    unreadable,
)
from upkeep.adapters.folders.backups.manifest import MOST_AHEAD, differences, read_manifest
from upkeep.adapters.folders.backups.objects import configuration_object, metadata_text, word
from upkeep.adapters.wire.text import printable
from upkeep.errors import Absent, Malformed
from upkeep.records.backups import BackupFault, BackupFile, BackupFolder, BackupSet
from upkeep.records.configuration import ConfigurationObject
from upkeep.shell import shell

if TYPE_CHECKING:
    from pyrage import x25519

MOST_MANIFEST_BYTES = 64 * 1024
MOST_FILES = 20_000
# The day of a name is local to its writer: from UTC-12 to UTC+14.
BEHIND, AHEAD = timedelta(hours=12), timedelta(hours=14)
_NAME = re.compile(
    r"(?P<part>backup|secrets|manifest)-(?P<stamp>(?P<day>\d{8})(?:-\d{6})?)\.(?P<end>yaml|yaml\.age|json)"
)
_ALIKE = re.compile(r"(backup|secrets|manifest)-\d.*")


@dataclass(frozen=True, slots=True)
class Manifest:
    """An unreduced object of a backup, for the API server alone. It is never shown."""

    kind: str
    namespace: str
    name: str
    body: Mapping[str, Any] = field(repr=False)


def read(
    folder: Path, *, now: datetime, days: int, identities: "Sequence[x25519.Identity]" = ()
) -> BackupFolder:
    """Return the sets of today and the last ``days`` days, and an older newest one.

    :param identities: they decrypt encrypted files.
    :raises Absent: there is no such folder, or an encrypted file and no identity.
    :raises Forbidden: the folder or a file may not be read.
    :raises Malformed: it is no folder, another error, or no identity decrypts an undamaged file.
    """
    try:
        mode = folder.stat().st_mode
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        raise Absent(
            f"--backups={folder}: no such folder",
            source=str(folder),
            next_step=shell("mount it here, or upkeep backup --backups={}", str(folder)),
        ) from None
    except OSError as error:
        raise unreadable(folder, error) from None
    if len(names) > MOST_FILES:
        raise Malformed(
            f"--backups={folder}: more than {MOST_FILES} files",
            source=str(folder),
            next_step=shell("ls {} | wc -l", str(folder)),
        )
    found: dict[str, list[str]] = {}
    faults: list[BackupFault] = []
    for name in names:
        if (match := _ours(name)) is not None:
            if _begins(match["day"]) - AHEAD > now:
                faults.append(
                    BackupFault(
                        name,
                        "file-from-the-future",
                        f"{name} has a day in the future",
                    )
                )
            else:
                found.setdefault(match["stamp"], []).append(name)
        elif _ALIKE.fullmatch(name):
            shown = printable(name)  # a name that is not UTF-8 holds lone surrogates
            faults.append(
                BackupFault(
                    shown,
                    "file-name-unknown",
                    f"{shown} is neither backup-YYYYMMDD.yaml nor secrets-YYYYMMDD.yaml",
                )
            )
    first = (now - timedelta(days=days)).strftime("%Y%m%d")
    newest_first = sorted(found, reverse=True)
    chosen = [stamp for stamp in newest_first if stamp[:8] >= first] or newest_first[:1]
    sets = [_set(folder, stamp, found[stamp], now=now, identities=identities) for stamp in chosen]
    return BackupFolder(str(folder), bool(mode & stat.S_IXOTH), tuple(sets), tuple(faults))


def stamps(folder: Path) -> dict[str, list[str]]:
    """Return the files of each set by the common part of their names.

    :raises OSError: the folder cannot be read.
    """
    found: dict[str, list[str]] = {}
    for name in sorted(os.listdir(folder)):
        if (match := _ours(name)) is not None:
            found.setdefault(match["stamp"], []).append(name)
    return found


def _ours(name: str) -> re.Match[str] | None:
    """Return the parts of a set's file name; ``None`` for another name."""
    match = _NAME.fullmatch(name)
    fits = (
        match is not None
        and (match["part"] == "manifest") == (match["end"] == "json")
        and _day(match["day"]) is not None
    )
    return match if fits else None


def manifests(
    folder: Path, backup: BackupSet, *, identities: "Sequence[x25519.Identity]" = ()
) -> list[Manifest]:
    """Return the unreduced objects of a set, for a rehearsal; files with a fault have none.

    :raises Forbidden: a file may not be read any more. :raises Malformed: another error.
    """
    found: list[Manifest] = []
    for file in backup.files:
        if not file.name.endswith(".json"):
            read = Reading()
            body = content(folder, file.name, read, most=MOST_BYTES)
            body = None if body is None else opened(folder, file.name, body, read, identities)
            if body is not None:
                found += [
                    Manifest(
                        str(raw["kind"]),
                        metadata_text(raw, "namespace"),
                        metadata_text(raw, "name"),
                        raw,
                    )
                    for raw in objects_in(file.name, body, read)
                ]
    return found


def _set(
    folder: Path,
    stamp: str,
    names: list[str],
    *,
    now: datetime,
    identities: "Sequence[x25519.Identity]",
) -> BackupSet:
    read = Reading()
    objects: list[ConfigurationObject] = []
    manifest: dict[str, Any] | None = None
    for name in names:
        is_manifest = name.endswith(".json")
        body = content(folder, name, read, most=MOST_MANIFEST_BYTES if is_manifest else MOST_BYTES)
        if body is None:
            continue
        if is_manifest:
            manifest = read_manifest(name, body, read, now=now)
        else:
            read.bodies[name] = body
            plain = opened(folder, name, body, read, identities)
            if plain is None:
                continue
            objects += [
                record
                for raw in objects_in(name, plain, read)
                if (record := _record(name, raw, read)) is not None
            ]
    seen: set[tuple[str, str, str]] = set()
    for one in objects:
        key = (one.kind, one.namespace, one.name)
        if key in seen:
            read.faults.append(
                BackupFault(
                    one.file,
                    "object-twice",
                    f"{one.file} repeats {one.kind}/{one.name} in the set",
                )
            )
        seen.add(key)
    if manifest is not None:
        read.faults += differences(f"manifest-{stamp}.json", manifest, read)
    damaged = {fault.file for fault in read.faults}
    for name in read.unopened:
        if name not in damaged:
            raise Malformed(
                f"{folder / name}: no identity of --backup-identity decrypts it",
                source=str(folder / name),
                next_step="--backup-identity=FILE",
            )
    taken, taken_from = _taken(stamp, manifest, read.files, now=now)
    day = cast("datetime", _day(stamp[:8])).date().isoformat()
    return BackupSet(
        stamp, day, taken, taken_from, tuple(read.files), tuple(objects), tuple(read.faults)
    )


def _record(name: str, raw: Mapping[str, Any], read: Reading) -> ConfigurationObject | None:
    try:
        return configuration_object(raw, file=name)
    except ValueError as error:
        metadata = raw.get("metadata")
        said = f"{word(raw.get('kind'))}/{word(metadata.get('name') if isinstance(metadata, Mapping) else None)}: {error}"
        read.faults.append(BackupFault(name, "object-unusable", f"{name}: {said}"))
        return None


def _taken(
    stamp: str, manifest: Mapping[str, Any] | None, files: list[BackupFile], *, now: datetime
) -> tuple[datetime, str]:
    """Return the time of a set and its source: a plausible manifest or file time, else the beginning of its day."""
    begins = _begins(stamp[:8])

    def fits(instant: datetime) -> bool:
        return (
            begins - AHEAD <= instant <= min(begins + timedelta(days=1) + BEHIND, now + MOST_AHEAD)
        )

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
