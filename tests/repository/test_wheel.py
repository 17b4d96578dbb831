"""The wheel carries the checks: installed into an empty environment, outside the checkout, ``upkeep run`` is ``pytest`` on them."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import ROOT

DIRT = (
    "reports/out/results.jsonl",
    "reports/out/compliance.html",
    "reports/out/allure-results/1-result.json",
    "reports/__pycache__/gate.cpython-311.pyc",
    "checks/__pycache__/test_logs.cpython-311.pyc",
    "upkeep-data/backups/secrets-20260102.yaml",
    "upkeep.toml",
)

RUNBOOK = "docs/runbook.md"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of the archive of a used checkout: with results, caches, settings and backups.

    Without ``--wheel`` the archive is built first and the wheel from it, as a release does.
    """
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    names = ("upkeep", "checks", "fixtures", "reports", "docs")
    for name in names:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("out"))
    for name in ("conftest.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, tree / name)
    for name in DIRT:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("dirt", encoding="utf-8")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(tree)], check=True, capture_output=True, timeout=600)
    return next(folder.glob("*.whl"))


def test_a_used_checkout_packs_the_project_and_nothing_else(wheel: Path) -> None:
    """No .gitignore is beside it: an archive of the sources has none either."""
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    of = {
        "upkeep/suite/checks": "checks",
        "upkeep/suite/fixtures": "fixtures",
        "upkeep/suite/reports": "reports",
        "upkeep/suite/docs": "docs",
        "upkeep": "upkeep",
    }
    wanted = {
        f"{place}/{path.relative_to(ROOT / folder).as_posix()}"
        for place, folder in of.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and path.suffix != ".png"
        and "__pycache__" not in path.parts
        and (ROOT / "reports" / "out") not in path.parents
    }
    wanted |= {"upkeep/suite/conftest.py", "upkeep/suite/pyproject.toml"}
    assert packed == wanted
    assert f"upkeep/suite/{RUNBOOK}" in packed


def test_the_index_would_take_the_wheel(wheel: Path) -> None:
    """.github/workflows/release.yml runs the same before it publishes."""
    check = [sys.executable, "-m", "twine", "check", "--strict", str(wheel)]
    done = subprocess.run(check, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_checks_run_from_an_installed_wheel(
    tmp_path: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No checkout, no current folder that matters, no module of this environment but the dependencies."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    # How long an answer of the embedded cluster takes is not what this is about.
    patient = [
        "--limit=health_latency=30s",
        "--limit=request_deadline=1m",
        "--limit=sweep_deadline=10m",
    ]
    venv = tmp_path / "venv"
    # This environment's pip installs into that one, which needs none of its own.
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(venv)],
        check=True,
        capture_output=True,
        timeout=600,
    )
    python = venv / "bin" / "python"
    install = [
        sys.executable,
        "-m",
        "pip",
        f"--python={python}",
        "install",
        "--quiet",
        "--no-compile",
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=600)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ran = subprocess.run(
        [venv / "bin" / "upkeep", "run", "-m", "daily", "--demo", "--out=results", *patient],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "warning" not in ran.stdout
    assert "embedded cluster (--demo): the printed commands are examples" in ran.stdout
    assert "Embedded cluster" in (elsewhere / "results" / "summary.md").read_text()
    results = [
        json.loads(line)
        for line in (elsewhere / "results" / "results.jsonl").read_text().splitlines()
    ]
    assert [result["outcome"] for result in results] == ["pass"] * 13
    where = subprocess.run(
        [python, "-c", "import upkeep; print(upkeep.__file__)"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(venv))
    # The entry point of pytest: its own message would be "unrecognized arguments".
    said = subprocess.run(
        [python, "-m", "pytest", "-m", "daily", "--demo"],
        cwd=elsewhere, capture_output=True, text=True, timeout=600,
    ).stderr  # fmt: skip
    assert said.strip().endswith("Type: upkeep run -m daily --demo")
