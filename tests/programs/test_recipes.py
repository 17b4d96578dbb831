"""The recipes of docs/ci, executed without their servers: exit codes 0, 10 and 12, and the reports that are kept.

The steps run as they are written. Only the package index is another one: a folder with this
checkout's wheel, whose dependencies are those of the environment that runs the tests.
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ROOT
from tests.programs import program

RECIPES = ROOT / "docs" / "ci"
# Scenario of the embedded cluster -> exit code of the gate.
CODES = {"healthy": 0, "alert-errors": 10, "forbidden@metrics": 12}
REPORTS = {"gate.json", "compliance.html", "results.jsonl"}


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    words = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    return folder


def environment(folder: Path, wheels: Path, scenario: str) -> dict[str, str]:
    """Return the variables of a runner whose Python and package index are those of this test."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "python3").symlink_to(Path(sys.executable).resolve())
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "CI"))
    }
    return kept | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        "PIP_IGNORE_INSTALLED": "1",  # this checkout is installed where PYTHONPATH leads
        "PIP_FIND_LINKS": str(wheels),
        "UPKEEP_DEMO": scenario,
    }


def execute(words: list[str | Path], *, at: Path, given: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        words, cwd=at, env=given, capture_output=True, text=True, check=False, timeout=240
    )
    return done.returncode, done.stdout + done.stderr


def repository(folder: Path) -> Path:
    """Return an empty repository, as a runner has checked it out."""
    made = folder / "checkout"
    made.mkdir()
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--allow-empty", "-m", "first"],
        ["remote", "add", "origin", "https://gitlab.example/group/project.git"],
    ):  # fmt: skip
        subprocess.run(["git", *words], cwd=made, check=True)
    return made


def kept(folder: Path) -> dict[str, Any]:
    """Return the verdict of the reports that a runner kept."""
    assert {path.name for path in folder.iterdir()} >= REPORTS
    return dict(json.loads((folder / "gate.json").read_text()))


def test_actionlint_finds_nothing() -> None:
    files = [RECIPES / "github-actions.yml", ROOT / ".github" / "workflows" / "release.yml"]
    words = [program("actionlint"), "-no-color", *map(str, files)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(("scenario", "code"), CODES.items())
def test_github_actions(scenario: str, code: int, tmp_path: Path, wheels: Path) -> None:
    act = program("act")
    given = environment(tmp_path, wheels, scenario)
    at = repository(tmp_path)
    # The server's own action cannot be cloned here: this one copies to a folder.
    upload = tmp_path / "upload-artifact"
    upload.mkdir()
    shell = 'cp -r "${{ inputs.path }}" "$KEPT"'
    steps = [{"shell": "sh", "run": shell}]
    (upload / "action.yml").write_text(
        yaml.safe_dump(
            {
                "name": "keep",
                "description": "keep",
                "inputs": {name: {} for name in ("name", "path", "retention-days")},
                "runs": {"using": "composite", "steps": steps},
            }
        )
    )
    passed = (
        "PYTHONPATH",
        *(name for name in given if name.startswith("PIP_")),
        "UPKEEP_DEMO",
        "PATH",
    )
    done, said = execute(
        [
            act, "workflow_dispatch", "-W", RECIPES / "github-actions.yml", "-P", "ubuntu-latest=-self-hosted",
            "--local-repository", f"actions/upload-artifact@v4={upload}", "-s", "CANO_KUBECONFIG=none",
            *(word for name in passed for word in ("--env", f"{name}={given[name]}")), "--env", f"KEPT={tmp_path / 'kept'}",
        ],
        at=at,
        given=given | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert (done == 0) == (code == 0), said[-3000:]
    assert kept(tmp_path / "kept")["code"] == code, said[-3000:]
    if code:
        assert f"exit status {code}" in said or f"exitcode '{code}'" in said, said[-3000:]


@pytest.mark.parametrize(("scenario", "code"), CODES.items())
def test_gitlab_ci(scenario: str, code: int, tmp_path: Path, wheels: Path) -> None:
    runner = program("gitlab-ci-local")
    program("rsync")
    at = repository(tmp_path)
    (at / ".gitlab-ci.yml").write_bytes((RECIPES / "gitlab-ci.yml").read_bytes())
    given = environment(tmp_path, wheels, scenario) | {"HOME": str(tmp_path)}
    done, said = execute([runner, "--force-shell-executor"], at=at, given=given)
    assert (done == 0) == (code == 0), said[-3000:]
    places = list((at / ".gitlab-ci-local" / "artifacts").glob("*/upkeep-reports"))
    assert len(places) == 1, said[-3000:]
    assert kept(places[0])["code"] == code
    if code:
        assert re.search(rf"cano-collector-gate.*{code}", said), said[-3000:]


@pytest.mark.parametrize(("scenario", "code"), CODES.items())
def test_jenkins(scenario: str, code: int, tmp_path: Path, wheels: Path) -> None:
    """The shell of the stage, as Jenkins runs it: sh -xe; the folder that it archives."""
    text = (RECIPES / "Jenkinsfile").read_text(encoding="utf-8")
    (shell,) = re.findall(r"sh '''\n(.*?)'''", text, re.DOTALL)
    (archived,) = re.findall(r"archiveArtifacts artifacts: '([\w-]+)/\*\*'", text)
    given = environment(tmp_path, wheels, scenario)
    done, said = execute(["sh", "-xec", shell], at=tmp_path, given=given)
    assert done == code, said[-3000:]
    assert kept(tmp_path / archived)["code"] == code
