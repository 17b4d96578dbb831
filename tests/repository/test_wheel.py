"""The wheel carries the checks: installed into an empty environment, outside the checkout, ``upkeep run`` is ``pytest`` on them."""

import json
import subprocess
import sys
from pathlib import Path

from tests import ROOT


def test_the_checks_run_from_an_installed_wheel(tmp_path: Path) -> None:
    """No checkout, no current folder that matters, no module of this environment but the dependencies."""
    # How long an answer of the embedded cluster takes is not what this is about.
    patient = [
        "--limit=health_latency=30s",
        "--limit=request_deadline=1m",
        "--limit=sweep_deadline=10m",
    ]
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path / "dist"),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True, timeout=600)
    wheel = next((tmp_path / "dist").glob("*.whl"))
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
