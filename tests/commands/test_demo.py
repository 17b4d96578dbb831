"""upkeep demo: its kubeconfig replaces nobody else's."""

from pathlib import Path

import pytest

from upkeep.commands.demo import MARK, _copied
from upkeep.errors import BadInput


def test_the_kubeconfig_replaces_its_own_and_no_other(tmp_path: Path) -> None:
    made, to = tmp_path / "made", tmp_path / "to"
    made.write_text("apiVersion: v1\n")
    for _ in range(2):
        _copied(made, to)
        assert to.read_bytes() == MARK + b"apiVersion: v1\n"
        assert to.stat().st_mode & 0o777 == 0o600
    to.write_text("theirs")
    (tmp_path / "link").symlink_to("nowhere")
    for other in (to, tmp_path / "link"):
        with pytest.raises(BadInput, match="another file stands there"):
            _copied(made, other)
    assert to.read_text() == "theirs"
    assert not (tmp_path / "nowhere").exists()
