"""Atomic writes: a temporary file, synced and renamed, in a synced folder."""

import errno
import os
import stat
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


def read_bounded(path: Path, *, most_bytes: int, follow: bool = True) -> bytes:
    """Return the content of a regular file.

    :param most_bytes: what it may hold at most.
    :param follow: whether the name itself may be a link.
    :raises OSError: it cannot be read, is no regular file or holds more; ``strerror`` says why.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)  # Non-blocking: a FIFO would wait for somebody who writes.
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        # The size is not believed: files of /proc say 0, and one may grow.
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {most_bytes} bytes", str(path))
    return content
