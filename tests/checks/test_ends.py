"""The kill matrix: whatever ends a run, wherever it is, what is on the disk is whole and nothing stays behind."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ROOT
from tests.fuzzing import FUZZ
from upkeep import demo

POINTS = ("collecting", "plugin", "helm", "judging", "reporting")
SIGNALS = {name: signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL")}
ENDS = (*SIGNALS, "full disk", "removed folder")
CHECKS = "control(id='pods-ready') or control(id='health-ok') or control(id='upgrade-rehearsed')"
WAIT = "echo $$ > {folder}/pid; touch {folder}/reached; while ! test -e {folder}/go; do sleep 0.05; done"
SECONDS = 120.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[demo.Cluster]:
    from upkeep.clock import Clock

    with demo.start("healthy", now=Clock().now) as cluster:
        yield cluster


@pytest.fixture
def disk(disk_of: Callable[[str], Path]) -> Path:
    """A folder on a disk of its own, of 256 KiB."""
    return disk_of("256k")


def script(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def kubeconfig(cluster: demo.Cluster, folder: Path, point: str) -> Path:
    """The cluster's; at the point ``plugin`` its token comes from a program that stands still."""
    document: dict[str, Any] = yaml.safe_load(Path(cluster.kubeconfig).read_text())
    if point == "plugin":
        user = document["users"][0]["user"]
        status = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": {"token": user.pop("token")},
        }
        script(folder / "gives", f"{WAIT.format(folder=folder)}; echo '{json.dumps(status)}'")
        user["exec"] = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "Never",
            "command": "./gives",
        }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(document))
    file.chmod(0o600)
    return file


def _hang_up() -> None:
    """A session that started these tests by nohup ignores SIGHUP, and so would the run."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def started(cluster: demo.Cluster, folder: Path, out: Path, point: str) -> subprocess.Popen[bytes]:
    """A run that stands still at the point."""
    pause = WAIT.format(folder=folder) if point == "helm" else "true"
    script(
        folder / "bin" / "helm",
        f'if [ "$1" = version ]; then echo v3.18.0; exit; fi; {pause}; exit 1',
    )
    (folder / "tmp").mkdir()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("UPKEEP_")}
    environ |= {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "TMPDIR": str(folder / "tmp"),
        "PAUSE_AT": point,
        "PAUSE_IN": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    words = [
        sys.executable, "-m", "pytest", "-m", CHECKS, "--gate", "-p", "tests.checks.pausing",
        f"--out={out}", f"--kubeconfig={kubeconfig(cluster, folder, point)}",
        f"--namespace={cluster.namespace}", "--acting-context=demo-acting",
        f"--chart-repository={cluster.charts}",
    ]  # fmt: skip
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            words, cwd=ROOT, env=environ, stdout=said, stderr=said, preexec_fn=_hang_up
        )  # fmt: skip
    ends = time.monotonic() + SECONDS
    while not (folder / "reached").exists():
        assert process.poll() is None, (folder / "said").read_text()
        assert time.monotonic() < ends
        time.sleep(0.02)
    return process


def end(how: str, process: subprocess.Popen[bytes], folder: Path, out: Path) -> None:
    """Do it, and let the run go on where it can."""
    if how in SIGNALS:
        process.send_signal(SIGNALS[how])
    elif how == "removed folder":
        shutil.rmtree(out)
    else:
        with contextlib.suppress(OSError), (out / "fill").open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
    if how not in SIGNALS:
        (folder / "go").touch()


def alive(folder: Path) -> bool:
    if not (folder / "pid").exists():
        return False
    number = (folder / "pid").read_text().strip()
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX"
    return False


# On every change each end and each point twice; the whole matrix under UPKEEP_TEST_FUZZ.
CELLS = [
    (how, point)
    for row, how in enumerate(ENDS)
    for column, point in enumerate(POINTS)
    if FUZZ or (row + column) % len(POINTS) in (0, 2)
]


@pytest.mark.parametrize(("how", "point"), CELLS)
def test_what_is_on_the_disk_is_whole_and_nothing_stays_behind(
    how: str, point: str, cluster: demo.Cluster, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    out = request.getfixturevalue("disk") / "out" if how == "full disk" else tmp_path / "out"
    process = started(cluster, folder, out, point)
    began = time.monotonic()
    try:
        end(how, process, folder, out)
        if point == "reporting" and how in ("SIGINT", "SIGTERM", "SIGHUP"):
            time.sleep(0.5)  # The record is being written: it is written to its end.
            (folder / "go").touch()
        code = process.wait(SECONDS)
    finally:
        process.kill()
        process.wait()
        (folder / "go").touch()
    seconds, said = time.monotonic() - began, (folder / "said").read_text(errors="replace")
    names = {path.name for path in out.iterdir()} if out.exists() else set()
    lines = (out / "results.jsonl").read_bytes() if "results.jsonl" in names else b""
    outcomes = {row["control"]: row["outcome"] for row in map(json.loads, lines.splitlines())}
    gate = json.loads((out / "gate.json").read_bytes()) if "gate.json" in names else None

    assert not any(word in said for word in ("Traceback", "INTERNALERROR")), said
    assert lines == b"" or lines.endswith(b"\n")
    assert not {name for name in names if name.endswith(".new")}
    assert gate is None or not gate["open"] or how == "SIGKILL"
    ends = time.monotonic() + 10
    while alive(folder) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not alive(folder)
    # A chart's archive, which is public, may stay where nothing can be done any more.
    stays = {"chart.tgz"} if how == "SIGKILL" else set()
    assert {path.name for path in (folder / "tmp").rglob("*") if path.is_file()} <= stays
    if how == "SIGKILL":
        assert code == -signal.SIGKILL
        # It is closed from the start, so that a killed run leaves no open one.
        assert gate is None or not gate["open"]
        return
    assert code == 12, said
    if how in SIGNALS:
        # Two seconds on an idle machine; the tests' machine is not.
        assert seconds < 20
        assert gate is not None
        assert len(outcomes) == 3
        judged = sum(outcome != "not-run" for outcome in outcomes.values())
        assert (
            judged == {"collecting": 0, "plugin": 0, "helm": 2, "judging": 1, "reporting": 3}[point]
        )
        assert {"run.json", "compliance.html", "summary.md"} <= names
    else:
        assert "could not be written: " in said
