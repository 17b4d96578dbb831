"""CONTRIBUTING's example, performed on a copy of the repository: it adds a control and proves it."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT

COPIED = ("bench", "checks", "deploy", "docs", "fixtures", "reports", "tests", "upkeep")
FILES = ("conftest.py", "pyproject.toml")
CONTROL = "rollout-resumed"
MOST_FILES = 8
PROOF = """
import json, sys, tempfile
from pathlib import Path
from tests.checks.inner import run
names = ["healthy", "chart", "deployment-left-paused", "forbidden@deployments"]
with tempfile.TemporaryDirectory() as folder:
    found = run(names, Path(folder), cadence=sys.argv[1]).results
print(json.dumps({name: result["outcome"] for (name, _), result in found.items()}))
"""


def blocks() -> Iterator[tuple[str, str]]:
    """Yield the file and the text of each block of the walk-through that has a file."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for found in re.finditer(
        r"^`([\w./]+)`\n\n(`{3,})\w+\n(.*?)^\2$", text, flags=re.MULTILINE | re.DOTALL
    ):
        yield found[1], found[3]


def add(path: Path, block: str) -> None:
    """Write a new file, or put imports under the docstring and everything else at the end."""
    if not path.exists():
        path.write_text(block, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    imports = "".join(line for line in block.splitlines(keepends=True) if line.startswith("from "))
    rest = "".join(line for line in block.splitlines(keepends=True) if not line.startswith("from "))
    head, docstring, body = text.partition('"""\n')
    path.write_text(f"{head}{docstring}{imports}{body}\n\n{rest.strip()}\n", encoding="utf-8")


def python(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy, and nothing of this checkout."""
    environment = {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, *words],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the example in it."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "out")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    for path, block in blocks():
        add(folder / path, block)
    return folder


def test_the_example_touches_few_files() -> None:
    """With a measurement, the changelog and the generated documents, which count as one."""
    assert len({path for path, _ in blocks()}) + 3 <= MOST_FILES


def test_the_example_passes_fails_and_could_not_be_measured(copy: Path) -> None:
    ran = python(copy, "-c", PROOF, f"control(id={CONTROL!r})")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == {
        "healthy": "pass",
        "chart": "pass",
        "deployment-left-paused": "fail",
        "forbidden@deployments": "unknown",
    }


def test_no_test_of_the_repository_fails_at_a_list(copy: Path) -> None:
    """The example's own test, and all that hold a check, a file or a section to rules."""
    ran = python(
        copy,
        "-m",
        "pytest",
        "-q",
        "--tb=short",
        "tests/judges/workload/test_resumed.py",
        "tests/repository/test_checks.py",
        "tests/repository/test_runbook.py",
    )
    assert ran.returncode == 0, ran.stdout[-3000:]
