"""No credential leaves through a command: neither one that cannot be used, nor one that a library quotes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ROOT
from upkeep import masking
from upkeep.__main__ import main
from upkeep.commands import connection
from upkeep.masking import MASK, hide, mask, own

HALVES = ("canary-first-17", "canary-second-17")
TOKEN = "\n".join(HALVES)
COMMANDS = {
    "backup": ["backup", "--backups=b"],
    "export": ["export", "--exports=e"],
    "doctor": ["doctor", "--"],
    "run": ["run", "-m", "control(id='pods-ready')", "--out=out"],
}


def kubeconfig(folder: Path, user: dict[str, Any]) -> Path:
    body = {
        "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": "http://ada:horse-17@127.0.0.1:9"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": user}],
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(body))
    return file


def plugin(folder: Path) -> dict[str, Any]:
    status = '{"token": "canary-first-17\\ncanary-second-17"}'
    version = '"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"'
    file = folder / "gives"
    file.write_text(f"#!/bin/sh\ncat <<'END'\n{{{version}, \"status\": {status}}}\nEND\n")
    file.chmod(0o755)
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "interactiveMode": "Never",
        "command": "./gives",
    }


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("way", ["token", "tokenFile", "exec"])
def test_a_token_with_a_line_end_is_refused_and_not_shown(
    command: str, way: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    users: dict[str, dict[str, Any]] = {
        "token": {"token": TOKEN},
        "tokenFile": {"tokenFile": "token"},
        "exec": {"exec": plugin(tmp_path)},
    }
    file = kubeconfig(tmp_path, users[way])
    ran = subprocess.run(
        [sys.executable, "-m", "upkeep", *COMMANDS[command], f"--kubeconfig={file}"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = ran.stdout + ran.stderr
    kept = "".join(
        path.read_text(errors="replace")
        for folder in ("out", "b", "e")
        for path in (tmp_path / folder).rglob("*")
        if path.is_file()
    )
    assert ran.returncode == 4
    assert "holds a line end. Write the token in one line" in said
    assert "Traceback" not in said
    assert not any(half in said + kept for half in (*HALVES, "horse-17"))


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"Invalid header value b'Bearer {HALVES[0]}'"),
        KeyError(f"Authorization: Bearer {HALVES[0]}"),
        OSError(5, f"Input/output error of token={HALVES[0]}"),
    ],
)
def test_what_a_library_says_is_masked_by_the_last_handler(
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def broken(_: object) -> None:
        raise error

    monkeypatch.setattr(connection, "connected", broken)
    assert main(["export", f"--exports={tmp_path}"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("upkeep: ")
    assert said.err.count("\n") == 1
    assert HALVES[0] not in said.err


def test_an_interrupt_is_one_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(connection, "connected", interrupted)
    assert main(["export", "--exports=x"]) == 2
    assert capsys.readouterr().err == "upkeep: interrupted\n"


def test_the_runs_own_secrets_are_masked_by_value() -> None:
    """Words that no shape gives away, whole and in the pieces that a line end makes of them."""
    hide("correct horse\nbattery-staple", "short", "")
    assert own("the horse said battery-staple") == f"the horse said {MASK}"
    assert mask("correct horse\nbattery-staple!") == f"{MASK}!"
    assert own("short") == "short"
    hide("-----BEGIN PRIVATE KEY-----\nMIIBVAIBADANBg\n-----END PRIVATE KEY-----")
    assert own("-----BEGIN PRIVATE KEY-----: MIIBVAIBADANBg") == (
        f"-----BEGIN PRIVATE KEY-----: {MASK}"
    )
    assert len(masking._HIDDEN) == len(set(masking._HIDDEN))
