"""Files of a run: whole or not there, and through no link."""

import os
from pathlib import Path

import pytest

from reports import writing
from reports.writing import Failures, open_lock, replace
from upkeep.masking import MASK, hide


def test_a_file_is_replaced_whole_and_through_no_link(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("theirs")
    (tmp_path / ".x.new").symlink_to(other)
    (tmp_path / "x").symlink_to(other)
    hide("correct-horse")
    replace(tmp_path / "x", "ours, correct-horse \udc80")
    assert (tmp_path / "x").read_text() == f"ours, {MASK} \\udc80"
    assert other.read_text() == "theirs"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "x"]


def test_what_could_not_be_written_leaves_the_earlier_file_and_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_text("earlier")

    def full(descriptor: int, content: bytes) -> int:
        if os.lseek(descriptor, 0, os.SEEK_CUR):
            raise OSError(28, "No space left on device")
        return write(descriptor, bytes(content)[:3])

    write = os.write
    monkeypatch.setattr(writing.os, "write", full)
    failures = Failures()
    for _ in range(2):
        failures.attempt(tmp_path / "x", lambda: replace(tmp_path / "x", "longer"))
    assert failures.sentences == ["x could not be written: No space left on device"]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "earlier"


def test_a_lock_follows_no_link_and_waits_for_nobody(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("theirs")
    (tmp_path / "link").symlink_to("other")
    os.mkfifo(tmp_path / "fifo")
    for name in ("link", "fifo"):
        with pytest.raises(OSError, match=r"symbolic links|no regular file"):
            open_lock(tmp_path / name)
    assert (tmp_path / "other").read_text() == "theirs"
    os.close(open_lock(tmp_path / "lock"))
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
