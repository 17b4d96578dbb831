"""Write sets of backups as YAML for kubectl apply, with mode 0600, never over a file; and prune old sets of ours.

Left out are the server's fields, with which a restore over a changed object fails (409); owners, since the garbage
collector deletes a restored object whose owner is gone; and kubectl's annotation, which repeats the values.
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
from upkeep.adapters.formats.exposure import LAST_APPLIED
from upkeep.errors import BadInput
from upkeep.files import write_whole
from upkeep.model import rfc3339

if TYPE_CHECKING:
    from pyrage import x25519

KEPT_METADATA = ("name", "namespace", "labels", "annotations")
LOCK = ".upkeep-backup.lock"


def restorable(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ConfigMap or Secret that can be applied, over the live object and as a new one."""
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
    """Write one set: ConfigMaps, Secrets, and last the manifest with their digests.

    The first set of a day has the day in its name, a further one the time, too.

    :param recipients: they can decrypt it; without any it is not encrypted.
    :raises BadInput: the folder cannot be written, or another backup writes there.
    """
    bodies: dict[str, tuple[bytes, int]] = {}
    for part, kind in (("backup", "ConfigMap"), ("secrets", "Secret")):
        chosen = [restorable(raw) for raw in objects if raw["kind"] == kind]
        if chosen:
            # Escaped and never folded, so that every YAML parser reads the same value.
            text = yaml.safe_dump_all(chosen, explicit_start=True, sort_keys=False, width=2**31 - 1)
            body = text.encode()
            bodies[part] = encryption.encrypt(body, recipients) if recipients else body, len(chosen)
    with _locked(folder):
        day, there = f"{taken.astimezone(UTC):%Y%m%d}", stamps(folder)
        stamp = day if day not in there else f"{taken.astimezone(UTC):%Y%m%d-%H%M%S}"
        if stamp in there:
            raise BadInput(
                f"--backups={folder}: a backup of this second exists; nothing was written"
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
    """Remove sets that ``upkeep backup`` wrote more than ``days`` ago, but keep ``at_least`` of them.

    The guide's own files have no manifest and are never touched.

    :returns: the stamps of the removed sets, oldest first. :raises BadInput: a file cannot be removed.
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
                    # The manifest goes first: a killed run leaves an older backup then, and no faulty one.
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
    """Hold the folder's lock, so that no other writer takes the same name."""
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
            f"--backups={folder}: another upkeep backup is writing there; run again after it"
        ) from None
    finally:
        os.close(descriptor)


def _unwritable(folder: Path, error: OSError) -> BadInput:
    return BadInput(
        f"--backups={folder}: cannot be written ({error.strerror}); name a writable folder"
    )
