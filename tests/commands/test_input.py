"""Forgiving input: variables of Kubernetes, the variable KUBECONFIG, a used port and a closed pipe."""

import os
import shlex
import socket
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests import ROOT
from upkeep.__main__ import main
from upkeep.commands import suite
from upkeep.errors import BadInput
from upkeep.limits import nearest
from upkeep.settings.run import resolve


@pytest.mark.parametrize(
    "name",
    [
        "UPKEEP_SERVICE_HOST",
        "UPKEEP_SERVICE_PORT",
        "UPKEEP_SERVICE_PORT_HTTP",
        "UPKEEP_PORT",
        "UPKEEP_PORT_80_TCP",
        "UPKEEP_PORT_80_TCP_ADDR",
        "UPKEEP_METRICS_SERVICE_HOST",
        "UPKEEP_METRICS_PORT_9090_TCP_PROTO",
    ],
)
def test_a_variable_of_a_service_is_no_setting(name: str, tmp_path: Path) -> None:
    assert resolve({}, {name: "tcp://10.0.0.1:80"}, cwd=tmp_path).targets[0].context is None


@pytest.mark.parametrize("name", ["UPKEEP_CONTXT", "UPKEEP_SERVICE", "UPKEEP_EXPORTS_HOST"])
def test_any_other_variable_is_still_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=name):
        resolve({}, {name: "x"}, cwd=tmp_path)


def test_a_missing_file_of_kubeconfig_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/absent")
    assert main(["export", f"--exports={tmp_path}"]) == 4
    assert "the variable KUBECONFIG names /absent, and no such file" in capsys.readouterr().err


def test_a_used_port_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["demo", f"--port={port}"]) == 4
    assert f"--port={port}: Address already in use. Choose another" in capsys.readouterr().err
    assert main(["demo", "--port=99999"]) == 4
    assert "a port is a number up to 65535" in capsys.readouterr().err


def test_a_closed_pipe_ends_a_command_without_a_trace() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    ran = subprocess.run(
        [sys.executable, "-m", "upkeep", "demo", "list"],
        cwd=ROOT,
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writes)
    assert (ran.returncode, ran.stderr) == (141, "")


@pytest.mark.parametrize(
    ("word", "near"),
    [("prod-ue", "prod-eu"), ("prod-su", "prod-us"), ("prodeu", "prod-eu"), ("zzz", "")],
)
def test_the_nearest_is_that_of_the_fewest_edits(word: str, near: str) -> None:
    said = nearest(word, ["prod-us", "prod-eu", "lab"])
    assert said == (f" (did you mean {near!r}?)" if near else "")


# An environment that was made before the entry point has it not; pytest takes no plugin twice.
ENTERED = (
    [] if entry_points(group="pytest11", name="upkeep") else ["-p", "upkeep.commands.elsewhere"]
)


def pytest_elsewhere(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run pytest with the plugin that an installed upkeep enters in every pytest."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *ENTERED, *words],
        cwd=cwd, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("cwd", ["checkout", "elsewhere"])
def test_a_path_after_a_space_is_a_command_to_type(cwd: str, tmp_path: Path) -> None:
    """In the checkout, too: pytest reads an existing path as its root folder."""
    here = ROOT if cwd == "checkout" else tmp_path
    out = tmp_path / "out"
    words = ("-m", "daily", "--gate", f"--out={out}", "--limit", "alert_window=3 h")
    ran = pytest_elsewhere(*words, "--backups", str(tmp_path), cwd=here)
    typed = f"-m daily --gate --out={out} '--limit=alert_window=3 h' --backups={tmp_path}"
    assert ran.returncode == 4
    assert ran.stderr.strip().endswith(f"Type: {' '.join(['upkeep', 'run', *ENTERED, typed])}")
    assert ran.stderr.startswith("ERROR: pytest has not loaded the checks, so --")
    assert '"open": false' in (out / "gate.json").read_text()


def test_another_projects_pytest_is_its_own(tmp_path: Path) -> None:
    declared = "def pytest_addoption(parser):\n    parser.addoption('--out')\n"
    (tmp_path / "conftest.py").write_text(declared)
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    assert pytest_elsewhere("--out", "x", cwd=tmp_path).returncode == 0
    ran = pytest_elsewhere("--of-nobody", cwd=tmp_path)
    assert (ran.returncode, "upkeep run" in ran.stderr) == (4, False)


def test_upkeep_run_takes_a_path_after_a_space(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "upkeep", "run", "--collect-only", "-q", "-m", "daily", "--demo",
         "--backups", str(tmp_path), "--out", str(tmp_path)],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (ran.returncode, "alerts-flow" in ran.stdout) == (0, True), ran.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["demoo"], "unknown command 'demoo' (did you mean 'demo'?). See upkeep --help."),
        (["zzz"], "unknown command 'zzz'. See upkeep --help."),
        (["rbac", "--cadnce=daily"], "--cadnce=daily (did you mean '--cadence'?). See upkeep rbac"),
        (["gate", "--ledgr", "x"], "unknown arguments: --ledgr x (did you mean '--ledger'?)."),
    ],
)
def test_a_misspelt_command_or_option_is_told_with_the_nearest(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 4
    assert sentence in capsys.readouterr().err


def test_the_commands_to_type_are_those_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert suite.typed() == "pytest"
    monkeypatch.chdir(tmp_path)
    assert suite.typed() == "upkeep run"


def test_a_name_that_does_not_print_is_escaped_in_what_a_command_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever line of whichever command prints it: the stream itself escapes."""
    path = tmp_path / "d\x1b[31m\u202e.yaml"
    path.write_text("destinations: {slack: 7}\n")
    assert main(["config", "check", str(path)]) == 1
    said = capsys.readouterr().out
    assert "d\\u001b[31m\\u202e.yaml" in said
    assert not set("\x1b\u202e") & set(said)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_exit_code(closed: str, tmp_path: Path) -> None:
    """No file that is opened later may become the standard output."""
    words = shlex.join([sys.executable, "-m", "upkeep", "gate", f"--ledger={tmp_path / 'none'}"])
    codes = [
        subprocess.run(["sh", "-c", f"{words} {how}"], cwd=ROOT, capture_output=True).returncode
        for how in ("", closed)
    ]
    assert codes[0] == codes[1]
