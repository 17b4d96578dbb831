"""The file of a bundle: written whole, and read to its last line before any of it is used.

A bundle that was cut, altered or written by a newer version is refused. Its SHA-256 finds damage and
edits; it is no signature: ``run.json`` and the terminal show it, and docs/runbook.md signs that file.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterable
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
_ENCODER = msgspec.json.Encoder()


class _Schema(msgspec.Struct):
    schema: int


def write(path: Path, header: BundleHeader, measurements: Iterable[BundledMeasurement]) -> str:
    """Write a bundle, readable by its owner only, and return the SHA-256 of the file.

    :raises OSError: it cannot be written; the file that was there stays.
    """
    lines = [_ENCODER.encode(header), *map(_ENCODER.encode, measurements)]
    # Records hold no secret. Should one of them, what the run itself holds is masked here.
    masked = hidden(b"\n".join(lines).decode()).encode() + b"\n"
    end = BundleEnd(len(lines), hashlib.sha256(masked).hexdigest())
    body = gzip.compress(masked + _ENCODER.encode(end) + b"\n", compresslevel=6, mtime=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, body)
    return hashlib.sha256(body).hexdigest()


def read(path: Path) -> Bundle:
    """Read a bundle.

    :raises BadInput: it cannot be read, is cut or altered, or is no bundle of this version.
    """
    try:
        body = read_bounded(path, most_bytes=MOST_BYTES)
        lines = _unpacked(body).split(b"\n")
        header = _header(lines[0])
        *lines, last, nothing = lines
        if nothing:
            raise ValueError("it is cut: its last line is not whole")
        end = decode(last, BundleEnd, what="its last line")
        content = b"\n".join(lines) + b"\n"
        if end.lines != len(lines) or end.sha256 != hashlib.sha256(content).hexdigest():
            raise ValueError("it was altered: its SHA-256 is not the one in its last line")
        found = [decode(line, BundledMeasurement, what="a line") for line in lines[1:]]
    except OSError as error:
        raise BadInput(f"--bundle={path}: {error.strerror or 'cannot be read'}.") from None
    except Malformed as error:
        raise BadInput(f"--bundle={path}: not a bundle of upkeep ({error.message}).") from None
    except ValueError as error:
        raise BadInput(f"--bundle={path}: {error}.") from None
    measurements = {(one.target, one.name): one for one in found}
    return Bundle(str(path), hashlib.sha256(body).hexdigest(), header, measurements)


def _header(line: bytes) -> BundleHeader:
    schema = decode(line, _Schema, what="its first line").schema
    if schema > SCHEMA:
        raise ValueError(
            f"it is of schema {schema}, written by a newer upkeep; this version reads {SCHEMA}"
        )
    return decode(line, BundleHeader, what="its first line")


def _unpacked(body: bytes) -> bytes:
    """Return the content of a gzip file.

    :raises ValueError: it is none, is cut, or is far too large.
    """
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(body, MOST_UNPACKED_BYTES)
    except zlib.error:
        raise ValueError("not a bundle of upkeep, or damaged: expected a gzip file") from None
    if unpacker.unconsumed_tail:
        raise ValueError(f"it holds more than {MOST_UNPACKED_BYTES >> 30} GiB")
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("it is cut, or was added to")
    return content
