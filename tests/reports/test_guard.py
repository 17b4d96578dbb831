"""Where the suite refuses to run: tried on a copy of its plugins with a check of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.reports.inner import HEAD, INI, PLUGINS, check


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite like ours, whose reports lie where it says that they lie."""
    for name in ("reports", "fixtures"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("out", "__pycache__")
        )
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "guide.rst", tmp_path / "docs")
    (tmp_path / "pytest.ini").write_text(INI)
    # pytest-xdist's option, whether it is installed or not (inner runs leave the real one out)
    option = "def pytest_addoption(parser): parser.addoption('--numprocesses', type=int)"
    (tmp_path / "conftest.py").write_text(
        f"pytest_plugins = {['reports.guard', *PLUGINS]!r}\n{option}\n"
    )
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "test_inner.py").write_text(
        HEAD + check("good") + check("bad", "assert judge(BAD)")
    )
    return tmp_path


def run(
    folder: Path, *arguments: str, python: tuple[str, ...] = (), **variables: str
) -> tuple[int, str]:
    """pytest there, in a process of its own: its exit code and what it said on stderr."""
    environ = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTEST_", "UPKEEP_"))
    }
    environ |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    command = [sys.executable, *python, "-m", "pytest", "-p", "no:xdist", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=600, check=False
    )
    return done.returncode, done.stderr


def test_it_runs_where_it_should(suite):
    assert run(suite) == (1, "")


def test_without_assertions(suite):
    code, said = run(suite, python=("-O",))
    assert (code, "removes assertions, so every failing check would pass" in said) == (4, True)
    assert run(suite, PYTHONOPTIMIZE="1")[0] == 4


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--assert=plain"], "--assert=plain and -p no:assertion are not supported"),
        (["-p", "no:assertion"], "--assert=plain and -p no:assertion are not supported"),
        (
            ["--rootdir=checks", "checks/test_inner.py"],
            "so the suite's configuration is not loaded",
        ),
        (
            ["-c", "/dev/null", "--rootdir=."],
            "The configuration is /dev/null, not the one in",
        ),
        (
            ["-p", "no:reports.outcomes"],
            "-p no:reports.outcomes: the checks need this plugin",
        ),
        (["-p", "no:reports.gate"], "-p no:reports.gate"),
        (["--debug"], "--debug writes the arguments of every hook"),
        (["--numprocesses=2"], "-n is not supported"),
    ],
)
def test_refused(suite, arguments, complaint):
    code, said = run(suite, *arguments)
    assert (code, complaint in said, "Traceback" in said) == (4, True, False)
    assert not (suite / "reports" / "out").exists()
    assert not list(suite.rglob("pytestdebug.log")), "arguments may hold a password"
