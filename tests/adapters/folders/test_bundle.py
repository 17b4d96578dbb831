"""The file of a bundle: whole or refused, with one sentence."""

import gzip
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from upkeep.adapters.folders import bundle
from upkeep.addressing import Address
from upkeep.errors import BadInput
from upkeep.limits import Limits
from upkeep.masking import hide
from upkeep.model import Place
from upkeep.records.bundle import SCHEMA, BundledMeasurement, BundledTarget, BundleHeader

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
TARGET = BundledTarget(
    name="",
    now=NOON,
    namespace="monitoring",
    place=Place("default", "https://h", "monitoring", "c", "u"),
    address=Address("c"),
)
PODS = BundledMeasurement(target="default", name="pods", record=msgspec.Raw(b'["a"]'), digest="d")


def header(schema: int = SCHEMA) -> BundleHeader:
    return BundleHeader(
        schema=schema, run="20260102T120000Z-abcdef", version="0.1.0", started=NOON,
        arguments=("-m", "daily"), limits=Limits().values(), targets=(TARGET,),
    )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "bundle.gz"
    bundle.write(path, header(), [PODS])
    return path


def lines(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).split(b"\n")


def test_a_bundle_is_read_as_it_was_written(file: Path) -> None:
    found = bundle.read(file)
    assert found.header == header()
    assert found.measurements == {("default", "pods"): PODS}
    assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_runs_own_secrets_are_masked(tmp_path: Path) -> None:
    hide("the-token-of-the-run")
    told = msgspec.structs.replace(PODS, source="GET /the-token-of-the-run")
    bundle.write(tmp_path / "b", header(), [told])
    assert b"the-token" not in gzip.decompress((tmp_path / "b").read_bytes())


def cut(body: bytes) -> bytes:
    return body[:-20]


def cut_and_packed_again(body: bytes) -> bytes:
    return gzip.compress(gzip.decompress(body)[:-5])


def without_a_line(body: bytes) -> bytes:
    kept = gzip.decompress(body).split(b"\n")
    return gzip.compress(b"\n".join([kept[0], *kept[2:]]))


def edited(body: bytes) -> bytes:
    return gzip.compress(gzip.decompress(body).replace(b'["a"]', b'["b"]'))


def flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 8]) + body[middle + 1 :]


def newer(body: bytes) -> bytes:
    return gzip.compress(gzip.decompress(body).replace(b'{"schema":1', b'{"schema":2', 1))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (cut, "it is cut, or was added to"),
        (lambda body: body + b"more", "it is cut, or was added to"),
        (cut_and_packed_again, "it is cut: its last line is not whole"),
        (without_a_line, "it was altered: its SHA-256 is not the one in its last line"),
        (edited, "it was altered: its SHA-256 is not the one in its last line"),
        (flipped, "not a bundle of upkeep, or damaged: expected a gzip file"),
        (newer, "it is of schema 2, written by a newer upkeep; this version reads 1"),
        (lambda _: b"", "it is cut, or was added to"),
        (lambda _: b"not gzip", "not a bundle of upkeep, or damaged: expected a gzip file"),
        (lambda _: gzip.compress(b"{}\n"), "not a bundle of upkeep"),
        (lambda _: gzip.compress(b'{"schema":1}\n{}\n'), "not a bundle of upkeep"),
    ],
)
def test_what_is_not_whole_is_refused_in_one_sentence(file: Path, harm, said: str) -> None:
    file.write_bytes(harm(file.read_bytes()))
    with pytest.raises(BadInput, match=re.escape(said)) as caught:
        bundle.read(file)
    assert str(caught.value).startswith(f"--bundle={file}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "said"), [("no", "No such file"), ("", "Is a directory")])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        bundle.read(tmp_path / name)


def test_a_bundle_that_would_fill_the_memory_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MOST_UNPACKED_BYTES", 100)
    with pytest.raises(BadInput, match="it holds more than"):
        bundle.read(file)


def test_a_full_disk_keeps_the_earlier_bundle(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        bundle.write(file, header(), [])
    assert file.read_bytes() == before
