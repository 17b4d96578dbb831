"""The ledger: a folder with one immutable, compressed file for each run.

Every file names the SHA-256 of the newest files that its run saw, as a git commit names its
parents. No lock is needed: names are unique, so several writers, a git branch or a bucket between
CI jobs cannot overwrite each other. A file that was edited or removed in the middle shows; the
removal of the newest shows by the digest that each run prints (``upkeep ledger verify --expect``).
"""

import contextlib
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from upkeep.adapters.wire.decoding import decode
from upkeep.adapters.wire.text import one_line
from upkeep.errors import BadInput, Malformed
from upkeep.files import read_bounded, write_whole
from upkeep.records.ledger import (
    SCHEMA,
    KeptResult,
    KeptRun,
    LedgerFault,
    RunHeader,
    StartedRun,
)

SUFFIX = ".jsonl.gz"
STARTED = ".started"
RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-z]+(-pruned)?")
# A run of 200 targets is 400 kB, and 6 MB unpacked; what is larger by far was not written here.
MOST_BYTES = 64 * 1024 * 1024
MOST_UNPACKED_BYTES = 256 * 1024 * 1024
MOST_LINE_BYTES = 4 * 1024 * 1024
_ENCODER = msgspec.json.Encoder()


def runs(folder: Path) -> tuple[list[KeptRun], list[LedgerFault]]:
    """Return the runs of a ledger, oldest first, and the files that cannot be read.

    Only the header of each file is decoded. A folder that does not exist holds no run.

    :raises BadInput: the folder cannot be read.
    """
    found, faults = [], []
    for path in _files(folder):
        try:
            found.append(_run(path))
        except ValueError as error:
            faults.append(LedgerFault("file-unreadable", one_line(path.name), str(error)))
    return sorted(found, key=lambda run: (run.header.started, run.file)), faults


def results(folder: Path, run: KeptRun) -> Iterator[KeptResult]:
    """Yield the results of a run, one at a time.

    :raises BadInput: the file is gone, or a line is none of a result.
    """
    try:
        lines = _lines(_content(folder / run.file))
        next(lines, b"")
        for line in lines:
            yield decode(line, KeptResult, what="a line")
    except (OSError, ValueError, Malformed) as error:
        raise BadInput(f"{folder / run.file}: {_why(error)}") from None


def newest(kept: Iterable[KeptRun]) -> dict[str, str]:
    """Return the files that no other names as its parent, with their SHA-256: a run's parents."""
    kept = list(kept)
    named = {name for run in kept for name in run.header.parents}
    return {run.file: run.digest for run in kept if run.file not in named}


def begin(folder: Path, started: StartedRun) -> None:
    """Leave the marker that a run began, and make the folder where it is missing.

    :raises BadInput: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(folder / f"{started.run}{STARTED}", _ENCODER.encode(started), mode=0o644)
    except OSError as error:
        raise BadInput(f"--ledger={folder}: cannot be written ({error.strerror})") from None


def withdraw(folder: Path, run: str) -> None:
    """Remove the marker of a run that was refused: it measured no control."""
    with contextlib.suppress(OSError):  # a marker that stays is reported as a run that never ended
        (folder / f"{run}{STARTED}").unlink(missing_ok=True)


def record(folder: Path, header: RunHeader, kept: Iterable[KeptResult]) -> KeptRun:
    """Write a run's file under a temporary name, sync it, rename it, and remove its marker.

    :raises BadInput: it cannot be written, or a file of that run is there already.
    """
    path = folder / f"{header.run}{SUFFIX}"
    lines = [_ENCODER.encode(header), *map(_ENCODER.encode, kept)]
    body = gzip.compress(b"\n".join(lines) + b"\n", compresslevel=6, mtime=0)
    try:
        if path.exists():
            raise BadInput(f"{path}: this run is recorded already; a ledger's file never changes")
        write_whole(path, body, mode=0o644)
        (folder / f"{header.run}{STARTED}").unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"--ledger={folder}: cannot be written ({error.strerror})") from None
    return KeptRun(path.name, hashlib.sha256(body).hexdigest(), header)


def verify(folder: Path, *, expect: Sequence[str] = ()) -> tuple[list[KeptRun], list[LedgerFault]]:
    """Return the runs, and everything that was altered, removed or cut since it was written.

    :param expect: SHA-256 digests of files that must be there: what runs have printed.
    :raises BadInput: the folder cannot be read.
    """
    kept, faults = runs(folder)
    digests = {run.file: run.digest for run in kept}
    gone = {name: value for run in kept for name, value in run.header.removed.items()}
    unreadable = {fault.file for fault in faults}
    for run in kept:
        try:
            for _ in results(folder, run):
                pass
        except BadInput as error:
            faults.append(LedgerFault("file-unreadable", run.file, str(error)))
    told = set()
    for run in kept:
        for name, value in run.header.parents.items():
            if name in told or name in unreadable:
                continue
            if digests.get(name, gone.get(name)) is None:
                message = f"{run.file} was written after it and names its SHA-256 {value[:12]}…"
                faults.append(LedgerFault("file-removed", name, message))
                told.add(name)
            elif digests.get(name, value) != value:
                message = f"its SHA-256 is {digests[name][:12]}…; {run.file} saw {value[:12]}…"
                faults.append(LedgerFault("file-altered", name, message))
                told.add(name)
    known = {*digests.values(), *gone.values()}
    for digest in expect:
        if not any(value.startswith(digest) for value in known):
            message = f"no file has the SHA-256 {digest}: the newest was removed or altered"
            faults.append(LedgerFault("newest-removed", "", message))
    return kept, faults


def killed(folder: Path) -> list[StartedRun]:
    """Return the runs whose marker is there and whose file is not: they run still, or were killed.

    :raises BadInput: a marker cannot be read.
    """
    found = []
    for path in sorted(folder.glob(f"*{STARTED}")):
        if (folder / f"{path.name.removesuffix(STARTED)}{SUFFIX}").exists():
            continue
        try:
            body = read_bounded(path, most_bytes=MOST_LINE_BYTES, follow=False)
            found.append(decode(body, StartedRun, what="it"))
        except (OSError, Malformed) as error:
            raise BadInput(f"{one_line(str(path))}: no marker of a run ({_why(error)})") from None
    return found


def prune(folder: Path, *, before: datetime, header: RunHeader) -> list[KeptRun]:
    """Remove the runs that ended before an instant, and record which they were.

    :param header: the header of the record; its ``removed`` and ``parents`` are filled in here.
    :returns: what was removed.
    :raises BadInput: the ledger has a fault: it is kept as it is, for it is evidence.
    """
    kept, faults = verify(folder)
    if faults:
        first = faults[0]
        raise BadInput(f"{folder / first.file}: {first.message}; nothing was removed")
    old = [run for run in kept if run.header.ended < before]
    if not old:
        return []
    removed = {run.file: run.digest for run in old}
    for run in old:  # a record that goes takes along what it knew of earlier ones
        removed |= run.header.removed
    whole = msgspec.structs.replace(header, removed=removed, parents=newest(kept))
    record(folder, whole, [])
    for run in old:
        (folder / run.file).unlink(missing_ok=True)
    return old


def _files(folder: Path) -> list[Path]:
    try:
        if not folder.exists():
            return []
        return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
    except OSError as error:
        raise BadInput(f"--ledger={folder}: cannot be read ({error.strerror})") from None


def _run(path: Path) -> KeptRun:
    """Return a file's run.

    :raises ValueError: it is none.
    """
    if not RUN_ID.fullmatch(path.name.removesuffix(SUFFIX)):
        raise ValueError("its name is not that of a run")
    try:
        body = _content(path)
        header = decode(next(_lines(body), b""), RunHeader, what="it")
    except OSError as error:
        raise ValueError(_why(error)) from None
    except Malformed as error:
        raise ValueError(f"its first line is no header of a run ({_why(error)})") from None
    if header.schema > SCHEMA:
        raise ValueError(f"written by a newer upkeep (schema {header.schema}; this reads {SCHEMA})")
    if path.name != f"{header.run}{SUFFIX}":
        raise ValueError(f"it holds run {one_line(header.run)}")
    return KeptRun(path.name, hashlib.sha256(body).hexdigest(), header)


def _content(path: Path) -> bytes:
    return read_bounded(path, most_bytes=MOST_BYTES)


def _lines(body: bytes) -> Iterator[bytes]:
    """Yield the lines of a compressed file; nothing is unpacked beyond the line that is asked for.

    :raises ValueError: it is cut, is no gzip file, or has a line that is too long.
    """
    unpacker, rest = zlib.decompressobj(wbits=31), b""
    chunk, position, unpacked = 64 * 1024, 0, 0
    try:
        while not unpacker.eof:
            fed = unpacker.unconsumed_tail or body[position : position + chunk]
            if not unpacker.unconsumed_tail:
                position += chunk
                if not fed:
                    raise ValueError("the file is cut")
            part = unpacker.decompress(fed, chunk * 4)
            unpacked += len(part)
            if unpacked > MOST_UNPACKED_BYTES:
                raise ValueError(f"more than {MOST_UNPACKED_BYTES >> 20} MiB when it is unpacked")
            rest += part
            *lines, rest = rest.split(b"\n")
            if len(rest) > MOST_LINE_BYTES:
                raise ValueError(f"a line of more than {MOST_LINE_BYTES >> 20} MiB")
            yield from lines
    except zlib.error:
        raise ValueError("not a gzip file, or damaged") from None
    if rest or unpacker.unused_data:
        raise ValueError("the file is cut or was added to")


def _why(error: Exception) -> str:
    """Return what is wrong; nothing of the file is quoted."""
    if isinstance(error, OSError):
        return error.strerror or "cannot be read"
    return str(error)
