"""Atomic writes: a temporary file, synced and renamed, in a synced folder."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, body: bytes, *, mode: int = 0o600) -> None:
    """Write or replace a file of an existing folder.

    :raises OSError: it cannot be written; then no part of it is left.
    """
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as file:
            temporary = file.name
            os.fchmod(file.fileno(), mode)
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        temporary = ""
        _sync_folder(path.parent)
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Sync the folder: a rename survives a crash once its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
