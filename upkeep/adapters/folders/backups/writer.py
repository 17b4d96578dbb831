"""Writes a set of backups: apply-able YAML, readable by its owner alone, never over an older file; and takes old sets of ours away.

What the API server owns is left out, for a restore with it would be refused with 409 once the object has changed (collector.md, "Traps"),
and so are owners: one that is gone takes what is restored with it. kubectl's annotation is left out because it repeats the values.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from upkeep.adapters.folders import encryption
from upkeep.adapters.folders.backups import MANIFEST_SCHEMA, stamps
from upkeep.adapters.folders.files import write_whole
from upkeep.adapters.formats.exposure import LAST_APPLIED
from upkeep.errors import BadInput
from upkeep.model import rfc3339

if TYPE_CHECKING:
    from pyrage import x25519

KEPT_METADATA = ("name", "namespace", "labels", "annotations")
LOCK = ".upkeep-backup.lock"


def restorable(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A ConfigMap or Secret as it can be applied: over the live object, and where it is gone."""
    metadata = {key: raw["metadata"][key] for key in KEPT_METADATA if raw["metadata"].get(key)}
    annotations = {
        key: value for key, value in metadata.pop("annotations", {}).items() if key != LAST_APPLIED
    }
    if annotations:
        metadata["annotations"] = annotations
    rest = {
        key: raw[key]
        for key in ("type", "immutable", "data", "binaryData")
        if raw.get(key) is not None
    }
    return {"apiVersion": "v1", "kind": raw["kind"], "metadata": metadata, **rest}


def save(
    folder: Path,
    objects: Sequence[Mapping[str, Any]],
    *,
    deployment: str,
    namespace: str,
    taken: datetime,
    recipients: "Sequence[x25519.Recipient]" = (),
) -> list[Path]:
    """Writes one set: ConfigMaps and Secrets apart, and last the manifest, which says what the others must be.

    :param recipients: who can read it; without any it is not encrypted.

    The first set of a day is named after the day, a further one after its instant, too.

    :raises BadInput: the folder cannot be written, or another backup is being written there.
    """
    bodies: dict[str, tuple[bytes, int]] = {}
    for part, kind in (("backup", "ConfigMap"), ("secrets", "Secret")):
        chosen = [restorable(raw) for raw in objects if raw["kind"] == kind]
        if chosen:
            # Escaped and never folded: what is between the quotes is the value, to every parser.
            text = yaml.safe_dump_all(chosen, explicit_start=True, sort_keys=False, width=2**31 - 1)
            body = text.encode()
            bodies[part] = encryption.encrypt(body, recipients) if recipients else body, len(chosen)
    with _locked(folder):
        day, there = f"{taken.astimezone(UTC):%Y%m%d}", stamps(folder)
        stamp = day if day not in there else f"{taken.astimezone(UTC):%Y%m%d-%H%M%S}"
        if stamp in there:
            raise BadInput(
                f"--backups={folder}: there is a backup of this second already; nothing was written"
            )
        names = {
            part: f"{part}-{stamp}.yaml{encryption.SUFFIX if recipients else ''}" for part in bodies
        }
        files = {
            names[part]: {
                "sha256": hashlib.sha256(body).hexdigest(),
                "size_bytes": len(body),
                "objects": count,
            }
            for part, (body, count) in bodies.items()
        }
        manifest = {
            "schema": MANIFEST_SCHEMA,
            "taken": rfc3339(taken),
            "namespace": namespace,
            "deployment": deployment,
            "files": files,
        }
        written = {names[part]: body for part, (body, _) in bodies.items()}
        written[f"manifest-{stamp}.json"] = json.dumps(manifest, indent=2).encode() + b"\n"
        try:
            for name, body in written.items():
                write_whole(folder / name, body)
        except OSError as error:
            raise _unwritable(folder, error) from None
    return [folder / name for name in written]


def prune(folder: Path, *, now: datetime, days: int, at_least: int) -> list[str]:
    """Takes away sets that ``upkeep backup`` wrote more than ``days`` ago, but never leaves fewer than ``at_least`` of these.

    The guide's own files have no manifest, and are never touched.

    :returns: the names that they had, oldest first. :raises BadInput: one cannot be removed.
    """
    removed = []
    with _locked(folder):
        ours = sorted(
            stamp for stamp, names in stamps(folder).items() if f"manifest-{stamp}.json" in names
        )
        first = f"{now.astimezone(UTC) - timedelta(days=days):%Y%m%d}"
        for stamp in ours[: max(0, len(ours) - at_least)]:
            if stamp[:8] < first:
                try:
                    # Without its manifest, which goes first, what a killed run leaves is an older backup and no faulty one.
                    for part in (
                        "manifest-{}.json",
                        "backup-{}.yaml",
                        "secrets-{}.yaml",
                        "backup-{}.yaml.age",
                        "secrets-{}.yaml.age",
                    ):
                        (folder / part.format(stamp)).unlink(missing_ok=True)
                except OSError as error:
                    raise _unwritable(folder, error) from None
                removed.append(stamp)
    return removed


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer at a time: between looking for a name and taking it nobody else takes it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(
            folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BadInput(
            f"--backups={folder}: another upkeep backup is writing there; run it again when that has ended"
        ) from None
    finally:
        os.close(descriptor)


def _unwritable(folder: Path, error: OSError) -> BadInput:
    return BadInput(
        f"--backups={folder}: cannot be written ({error.strerror}); name a folder that can"
    )
