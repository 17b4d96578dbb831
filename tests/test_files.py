"""Files are read as far as they may go, and only where they are files."""

import os
import socket
from pathlib import Path

import pytest

from upkeep.files import read_bounded


def test_a_file_up_to_the_limit_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read_bounded(tmp_path / "x", most_bytes=5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_bounded(tmp_path / "x", most_bytes=4)


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="no regular file"):
        read_bounded(tmp_path / "fifo", most_bytes=5)
    with pytest.raises(OSError, match="no regular file"):
        read_bounded(Path("/dev/zero"), most_bytes=5)
    (tmp_path / "zero").symlink_to("/dev/zero")
    with pytest.raises(OSError, match="no regular file"):
        read_bounded(tmp_path / "zero", most_bytes=5)
    with pytest.raises(IsADirectoryError):
        read_bounded(tmp_path, most_bytes=5)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError, match="No such device"):
            read_bounded(tmp_path / "socket", most_bytes=5)


def test_a_link_is_followed_only_where_it_may_be(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    (tmp_path / "link").symlink_to("x")
    assert read_bounded(tmp_path / "link", most_bytes=5) == b"1"
    with pytest.raises(OSError, match="symbolic links"):
        read_bounded(tmp_path / "link", most_bytes=5, follow=False)
