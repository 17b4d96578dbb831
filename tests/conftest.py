"""What all of the suite's own tests have in common."""

import gc
import os
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from upkeep import masking

# An option with a space in its value (--absent=backups="restored from git") looks like a path to pytest before it knows the options, and it then loads
# this file from the checkout's root, in an environment that need not have what tests need.
if find_spec("hypothesis") is not None:
    from tests import fuzzing as fuzzing  # its profile is hypothesis's default here

# Runs over dozens of clusters keep what they measured, and a collection walks through all of it: seldom is often enough here.
gc.set_threshold(20_000, 20, 100)


@pytest.fixture(autouse=True)
def _nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets of one test's runs are no secrets of the next one's."""
    monkeypatch.setattr(masking, "_HIDDEN", ())


@pytest.fixture
def disk_of(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return a function that makes a folder a disk of its own, of a size as mount writes it: ``256k``."""
    folder = tmp_path / "disk"

    def mounted(size: str) -> Path:
        folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(words, check=False, capture_output=True).returncode:
            pytest.skip("only root may mount a disk of its own")
        return folder

    yield mounted
    if folder.is_mount():
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the runs over many clusters: a long test that comes last has the machine to itself."""
    items.sort(key=lambda item: item.path.parent.name not in ("checks", "liars"))
