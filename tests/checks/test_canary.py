"""No secret in any output: every one in the demo's objects and logs carries a marker, and the marker is looked for everywhere."""

import base64
import gzip
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests import ROOT
from tests.checks.inner import EVERY, named
from upkeep import demo
from upkeep.__main__ import main
from upkeep.model import CADENCES

SHAPES = {
    "plain": demo.CANARY,
    "URL-encoded": quote(f"/{demo.CANARY}", safe=""),
    "JSON-escaped": json.dumps(f"/{demo.CANARY}").replace("/", "\\/").strip('"'),
    # Whatever surrounds it, one of the three ways in which base64 can cut the marker shows.
    **{
        f"base64 at {offset}": base64.b64encode(b"x" * offset + demo.CANARY.encode())[
            4 if offset else 0 :
        ]
        .decode()
        .rstrip("=")[: -2 or None]
        for offset in (0, 1, 2)
    },
}
SCENARIOS = [
    "errors-in-logs",
    "recovered-panic-in-logs",
    "chart/errors-in-previous-log",
    "chart/malformed@configuration",
    "chart/configuration-key-missing",
    "expired@all",
    "cut@logs",
    "secret-immutable",
    "chart/secret-key-missing",
    "chart/backup-differs",
    "chart/upgrade-unrenderable",
    "bad-configuration-change",
    "credential-in-env",
    "secrets-applied",
    "chart/webhook-in-configmap",
]
COMMANDS = {
    "doctor": [
        "doctor",
        *(f"--cadence={cadence}" for cadence in CADENCES),
        "--",
        "--demo={scenario}",
    ],
    "backup": ["backup", "--backups={folder}/backups", "--demo={scenario}"],
    "export": ["export", "--exports={folder}/exports", "--demo={scenario}"],
}
LOUD = ["-vv", "--tb=long", "-l", "--full-trace", "--log-level=DEBUG", "-rA"]


def leaks(text: bytes) -> list[str]:
    """The shapes in which the marker stands in a text."""
    return [name for name, shape in SHAPES.items() if shape.encode() in text]


def content(path: Path) -> bytes:
    """Return what a file says: a bundle is compressed."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_the_marker_would_be_found() -> None:
    """The search itself works: in every shape."""
    for wrapped in (
        demo.CANARY,
        quote(f"https://h/{demo.CANARY}", safe=""),
        base64.b64encode(f"ab{demo.CANARY}cd".encode()).decode(),
    ):
        assert leaks(wrapped.encode())


# What native shows of frames does not depend on the scenario: one log, and one configuration that cannot be read.
@pytest.mark.parametrize(
    ("scenarios", "style"),
    [(SCENARIOS[:8], "--tb=long"), (SCENARIOS[8:], "--tb=long"), (SCENARIOS[:4:3], "--tb=native")],
)
def test_no_secret_leaves(scenarios: list[str], style: str, tmp_path: Path) -> None:
    """As loud as pytest can be: not in a file, not on the terminal, not in an exception."""
    out, exports, file = tmp_path / "out", tmp_path / "exports", tmp_path / "upkeep.toml"
    targets = {scenario: named(scenario) for scenario in scenarios}
    file.write_text(
        "".join(f'[targets."{name}"]\ndemo = "{scenario}"\n' for scenario, name in targets.items())
    )
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        EVERY,
        f"--settings={file}",
        "--target=*",
        f"--out={out}",
        f"--exports={exports}",
        f"--save-bundle={tmp_path / 'bundle.gz'}",
        *LOUD,
        style,
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("UPKEEP_")}
    limits = ["--limit=request_deadline=3s"]
    ran = subprocess.run(
        [*words, *limits], cwd=ROOT, capture_output=True, timeout=600, env=environment
    )
    assert ran.returncode == 1
    found = {"stdout": leaks(ran.stdout), "stderr": leaks(ran.stderr)}
    found |= {
        str(path.relative_to(tmp_path)): leaks(content(path))
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert {place: shapes for place, shapes in found.items() if shapes} == {}
    results = (out / "results.jsonl").read_bytes()
    for name in targets.values():
        assert results.count(f'"target": "{name}"'.encode()) > 40, name
    assert content(tmp_path / "bundle.gz").count(b"\n") > 60 * len(targets)


@pytest.mark.parametrize(
    "scenario",
    [
        "credential-in-env",
        "chart/secrets-applied",
        "expired@all",
        "malformed@configuration",
        "cut@metrics",
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_no_secret_leaves_a_command(
    command: str, scenario: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What they print and what they write; the copies of ConfigMaps and Secrets apart: these are why backups are not for everybody."""
    main([word.format(folder=tmp_path, scenario=scenario) for word in COMMANDS[command]])
    said = capfd.readouterr()
    assert said.out or said.err
    found = {"stdout": leaks(said.out.encode()), "stderr": leaks(said.err.encode())}
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    found |= {
        path.name: leaks(path.read_bytes())
        for path in files
        if not path.name.startswith(("backup-", "secrets-"))
    }
    assert {place: shapes for place, shapes in found.items() if shapes} == {}
    written = [path for path in files if path.parent.name in ("backups", "exports")]
    assert written or command == "doctor" or "@" in scenario
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} <= {0o600}


@pytest.mark.parametrize(
    "text",
    [
        "destinations:\n  slack:\n  - name: ops\n    api_key: {secret}\n    slack_channel: [7]\n",
        "destinations:\n  slack:\n  - {secret}: 1\n    name: ops\n",
        "destinations: [{secret}\n",
        "destinations:\n  slack:\n  - name: ops\n    webhookURL: [{secret}]\n",
    ],
)
def test_no_secret_leaves_a_check_of_files_or_an_attestation(
    text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Faults of a document are told by path and line; and what may be secret beside an attestation is its evidence, of which the digest is kept."""
    document, attestations = tmp_path / "destinations.yaml", tmp_path / "attestations.yaml"
    document.write_text(text.format(secret=f"xoxb-{demo.CANARY}-oncall"))
    assert main(["config", "check", str(document)]) == 1
    words = [
        "--by=Ada",
        "--reviewed-by=Grace",
        "--explanation=read",
        f"--evidence={document.name}",
        f"--attestations={attestations}",
    ]
    assert main(["attest", "documentation-current", *words]) == 0
    said = capfd.readouterr()
    assert [
        leaks(said.out.encode()),
        leaks(said.err.encode()),
        leaks(attestations.read_bytes()),
    ] == [[], [], []]
