"""The folder: which files belong to which set, and when each was made."""

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from shlex import quote
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
from upkeep.errors import Absent, Malformed
from upkeep.records.backups import BackupFault, BackupFile, BackupFolder, BackupSet
from upkeep.records.configuration import ConfigurationObject

if TYPE_CHECKING:
    from pyrage import x25519

MOST_MANIFEST_BYTES = 64 * 1024
MOST_FILES = 20_000
# A name's day is the local one of whoever wrote it: from UTC-12 to UTC+14.
BEHIND, AHEAD = timedelta(hours=12), timedelta(hours=14)
_NAME = re.compile(
    r"(?P<part>backup|secrets|manifest)-(?P<stamp>(?P<day>\d{8})(?:-\d{6})?)\.(?P<end>yaml|yaml\.age|json)"
)
_ALIKE = re.compile(r"(backup|secrets|manifest)-\d.*")


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object of a backup as it is: for the API server alone. It never shows and is no record."""

    kind: str
    namespace: str
    name: str
    body: Mapping[str, Any] = field(repr=False)


def read(
    folder: Path, *, now: datetime, days: int, identities: "Sequence[x25519.Identity]" = ()
) -> BackupFolder:
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
            next_step=f"mount it here, or upkeep backup --backups={quote(str(folder))}",
        ) from None
    except OSError as error:
        raise unreadable(folder, error) from None
    if len(names) > MOST_FILES:
        raise Malformed(
            f"--backups={folder}: more than {MOST_FILES} files",
            source=str(folder),
            next_step=f"ls {quote(str(folder))} | wc -l",
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
                        f"{name} is of a day that has not begun anywhere",
                    )
                )
            else:
                found.setdefault(match["stamp"], []).append(name)
        elif _ALIKE.fullmatch(name):
            faults.append(
                BackupFault(
                    name,
                    "file-name-unknown",
                    f"{name} is neither backup-YYYYMMDD.yaml nor secrets-YYYYMMDD.yaml",
                )
            )
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
    fits = (
        match is not None
        and (match["part"] == "manifest") == (match["end"] == "json")
        and _day(match["day"]) is not None
    )
    return match if fits else None


def manifests(
    folder: Path, backup: BackupSet, *, identities: "Sequence[x25519.Identity]" = ()
) -> list[Manifest]:
    """The objects of a set as they are, for a rehearsal; files with a fault have none.

    :raises Forbidden: a file may not be read any more. :raises Malformed: it cannot be read for another reason.
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
                    f"{one.file}: {one.kind}/{one.name} is in the set twice",
                )
            )
        seen.add(key)
    if manifest is not None:
        read.faults += differences(f"manifest-{stamp}.json", manifest, read)
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
    """When a set was made, and who says so. Where nobody credible does, the beginning of its day: a copy is never younger than it can be."""
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
