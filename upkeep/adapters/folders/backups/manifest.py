"""The manifest that ``upkeep backup`` writes beside a set: its time, and the SHA-256 of its files."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from upkeep.adapters.folders.backups.files import Reading
from upkeep.adapters.folders.backups.objects import word
from upkeep.model import parse_time
from upkeep.records.backups import BackupFault

# The clock of the machine that wrote a set may be ahead of ours.
MOST_AHEAD = timedelta(minutes=5)
MANIFEST_SCHEMA = "cano-upkeep/backup/1"


def read_manifest(name: str, body: bytes, read: Reading, *, now: datetime) -> dict[str, Any] | None:
    """Return the manifest of a set; ``None`` with a fault for an unusable one."""
    why = ""
    try:
        found = json.loads(body)
        taken = parse_time(found["taken"])
        files = {str(file): str(entry["sha256"]) for file, entry in found["files"].items()}
        if found["schema"] != MANIFEST_SCHEMA:
            why = "has another schema"
        elif taken > now + MOST_AHEAD:
            why = "has a time in the future"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        why = "has another form than upkeep backup writes"
    if why:
        read.faults.append(BackupFault(name, "manifest-unusable", f"{name} {why}"))
        return None
    return {"taken": taken, "files": files}


def differences(name: str, manifest: Mapping[str, Any], read: Reading) -> Iterator[BackupFault]:
    """Yield the files of a set that differ from its manifest."""
    said: Mapping[str, str] = manifest["files"]
    faulty = {fault.file for fault in read.faults}
    for file in sorted({*said, *read.bodies}):
        if file in read.bodies and file not in said:
            yield BackupFault(
                file, "manifest-differs", f"{file} is not in {name}; it was added later"
            )
        elif file not in read.bodies and file not in faulty:
            yield BackupFault(file, "manifest-differs", f"{word(file)} is in {name} but missing")
        elif file in read.bodies and not hmac.compare_digest(
            hashlib.sha256(read.bodies[file]).hexdigest(), said[file].lower()
        ):
            yield BackupFault(
                file,
                "manifest-differs",
                f"{file} was changed: its SHA-256 differs from {name}",
            )
