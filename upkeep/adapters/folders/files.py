"""Files are written whole or not at all: under a temporary name, synced, renamed; the folder is synced, too."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, body: bytes, *, mode: int = 0o600) -> None:
    """Writes a file in a folder that exists; one of that name is replaced.

    :raises OSError: it cannot be written; then there is neither the file nor a part of it.
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
    """A rename is lasting once its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
