"""The manifest of a set, which ``upkeep backup`` writes beside it: when it was made, and the SHA-256 of its files."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from upkeep.adapters.folders.backups.files import Reading
from upkeep.adapters.folders.backups.objects import word
from upkeep.adapters.wire.backups import SetManifest
from upkeep.adapters.wire.decoding import decode
from upkeep.errors import Malformed
from upkeep.records.backups import BackupFault

# The clock of the machine that wrote may be a little ahead of ours.
MOST_AHEAD = timedelta(minutes=5)
MANIFEST_SCHEMA = "cano-upkeep/backup/1"


def read_manifest(name: str, body: bytes, read: Reading, *, now: datetime) -> dict[str, Any] | None:
    """The manifest of a set: when it was made, and the SHA-256 of its files."""
    why = ""
    try:
        found = decode(body, SetManifest, what=name)
        if found.schema != MANIFEST_SCHEMA:
            why = "has another schema"
        elif found.taken > now + MOST_AHEAD:
            why = "says that it was made in the future"
    except Malformed:
        why = "is not what upkeep backup writes"
    if why:
        read.faults.append(BackupFault(name, "manifest-unusable", f"{name} {why}"))
        return None
    files = {file: entry.sha256 for file, entry in found.files.items()}
    return {"taken": found.taken.astimezone(UTC), "files": files}


def differences(name: str, manifest: Mapping[str, Any], read: Reading) -> Iterator[BackupFault]:
    """Where the files of a set are not those of its manifest."""
    said: Mapping[str, str] = manifest["files"]
    faulty = {fault.file for fault in read.faults}
    for file in sorted({*said, *read.bodies}):
        if file in read.bodies and file not in said:
            yield BackupFault(
                file, "manifest-differs", f"{file} is not in {name}: it was put there later"
            )
        elif file not in read.bodies and file not in faulty:
            yield BackupFault(file, "manifest-differs", f"{word(file)} is in {name}, and is gone")
        elif file in read.bodies and not hmac.compare_digest(
            hashlib.sha256(read.bodies[file]).hexdigest(), said[file].lower()
        ):
            yield BackupFault(
                file,
                "manifest-differs",
                f"{file} is not what was written: its SHA-256 is another than in {name}",
            )
