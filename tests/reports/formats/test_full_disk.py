"""A full disk under one option's file: the error names that option, and no path is printed of a file that is not there."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import ROOT

FULL = "No space left on device"


@pytest.fixture
def full(disk_of: Callable[[str], Path]) -> Path:
    """A folder on a disk of its own, of one page; a ledger's marker has room, its file does not."""
    return disk_of("4k")


def run(folder: Path, *options: str) -> tuple[int, str]:
    """Return the exit code of a run on the embedded cluster, and what it printed."""
    words = [
        sys.executable, "-m", "pytest", "-m", "control(id='pods-ready') or daily and gate",
        "--demo", f"--out={folder / 'out'}", *options,
    ]  # fmt: skip
    environ = {name: value for name, value in os.environ.items() if not name.startswith("UPKEEP_")}
    done = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("option", "name", "hint"),
    [
        ("--junitxml", "j.xml", "--junitxml=FILE"),
        ("--html", "r.html", "--html=FILE"),
        ("--save-bundle", "b.bundle", "--save-bundle=FILE"),
        ("--alluredir", "allure", "--alluredir=DIR"),
    ],
)
def test_the_option_of_the_file_is_named(
    option: str, name: str, hint: str, full: Path, tmp_path: Path
) -> None:
    (full / "fill").write_bytes(b"x" * 4096)
    code, said = run(tmp_path, f"{option}={full / name}")
    assert code == 3
    mine = [line for line in said.splitlines() if str(full / name) in line]
    wanted = f"ERROR: {full / name} could not be written: {FULL}. Free some space, or use {hint}"
    assert mine == [wanted]
    assert f"compliance report: {tmp_path / 'out'}/compliance.html" in said


def test_of_a_full_output_folder_no_path_is_printed(full: Path) -> None:
    code, said = run(full)
    assert code == 3
    assert (
        f"ERROR: compliance.html could not be written: {FULL}. Free some space, or use --out=DIR"
        in said
    )
    assert "compliance report: " not in said
    assert "Generated html report" not in said
    assert "generated xml file" not in said


def test_a_run_that_the_ledger_could_not_keep_does_not_end_with_0(
    full: Path, tmp_path: Path
) -> None:
    code, said = run(tmp_path, f"--ledger={full}")
    told = f"not recorded: --ledger={full}: cannot be written ({FULL})"
    assert code == 3
    assert told in said
    assert "Not recorded: --ledger=" in (tmp_path / "out" / "summary.md").read_text()
