"""Forgiving input: variables of Kubernetes, the variable KUBECONFIG, a used port and a closed pipe."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from upkeep.__main__ import main
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
