"""The file of a bundle: written whole, and read to its last line before any of it is used.

A bundle that was cut, altered or written by a newer version is refused. Its SHA-256 finds damage and
edits; it is no signature: ``run.json`` and the terminal show it, and docs/runbook.md signs that file.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import msgspec

from upkeep.adapters.wire.decoding import decode
from upkeep.errors import BadInput, Malformed
from upkeep.files import read_bounded, write_whole
from upkeep.masking import hidden
from upkeep.records.bundle import (
    SCHEMA,
    Bundle,
    BundledMeasurement,
    BundleEnd,
    BundleHeader,
)

# All controls of one cluster are 0.1 MiB, and 5 MiB unpacked.
MOST_BYTES = 512 * 1024 * 1024
MOST_UNPACKED_BYTES = 1024 * 1024 * 1024
CHUNK_BYTES = 64 * 1024  # zlib unpacks it to 64 MiB at most
_ENCODER = msgspec.json.Encoder()


class _Schema(msgspec.Struct):
    schema: int


def write(path: Path, header: BundleHeader, measurements: Iterable[BundledMeasurement]) -> str:
    """Write a bundle, readable by its owner only, and return the SHA-256 of the file.

    :raises OSError: it cannot be written; the file that was there stays.
    """
    # Line by line: unpacked, the evidence of a fleet is hundreds of megabytes.
    written, count, body = hashlib.sha256(), 0, io.BytesIO()
    with gzip.GzipFile(fileobj=body, mode="wb", compresslevel=6, mtime=0) as file:
        for one in chain([header], measurements):
            # Records hold no secret. Should one of them, what the run itself holds is masked here.
            line = hidden(_ENCODER.encode(one).decode()).encode() + b"\n"
            written.update(line)
            file.write(line)
            count += 1
        file.write(_ENCODER.encode(BundleEnd(count, written.hexdigest())) + b"\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, body.getvalue())
    return hashlib.sha256(body.getvalue()).hexdigest()


def read(path: Path) -> Bundle:
    """Read a bundle.

    :raises BadInput: it cannot be read, is cut or altered, or is no bundle of this version.
    """
    try:
        body = read_bounded(path, most_bytes=MOST_BYTES)
        header, found = _checked(_lines(body))
    except OSError as error:
        raise BadInput(f"--bundle={path}: {error.strerror or 'cannot be read'}.") from None
    except Malformed as error:
        raise BadInput(f"--bundle={path}: not a bundle of upkeep ({error.message}).") from None
    except ValueError as error:
        raise BadInput(f"--bundle={path}: {error}.") from None
    measurements = {(one.target, one.name): one for one in found}
    return Bundle(str(path), hashlib.sha256(body).hexdigest(), header, measurements)


def _checked(lines: Iterator[bytes]) -> tuple[BundleHeader, list[BundledMeasurement]]:
    """Return what the lines hold, once the last of them has confirmed the others.

    :raises Malformed: a line of another form.
    :raises ValueError: it was altered.
    """
    line = next(lines, b"")
    header, found, read = _header(line), [], hashlib.sha256(line + b"\n")
    last = b""
    for line in lines:
        if last:
            found.append(decode(last, BundledMeasurement, what="a line"))
            read.update(last + b"\n")
        last = line
    end = decode(last, BundleEnd, what="its last line")
    if end.lines != len(found) + 1 or end.sha256 != read.hexdigest():
        raise ValueError("it was altered: its SHA-256 is not the one in its last line")
    return header, found


def _header(line: bytes) -> BundleHeader:
    schema = decode(line, _Schema, what="its first line").schema
    if schema > SCHEMA:
        raise ValueError(
            f"it is of schema {schema}, written by a newer upkeep; this version reads {SCHEMA}"
        )
    return decode(line, BundleHeader, what="its first line")


def _lines(body: bytes) -> Iterator[bytes]:
    """Yield the lines of a gzip file.

    :raises ValueError: it is none, is cut, or is far too large.
    """
    unpacker, rest, unpacked = zlib.decompressobj(wbits=31), b"", 0
    for start in range(0, len(body), CHUNK_BYTES):
        try:
            part = unpacker.decompress(body[start : start + CHUNK_BYTES])
        except zlib.error:
            raise ValueError("not a bundle of upkeep, or damaged: expected a gzip file") from None
        unpacked += len(part)
        if unpacked > MOST_UNPACKED_BYTES:
            raise ValueError(f"it holds more than {MOST_UNPACKED_BYTES >> 30} GiB")
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("it is cut, or was added to")
    if rest:
        raise ValueError("it is cut: its last line is not whole")
