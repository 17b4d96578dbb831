"""The runbook's lines that sign a run, with a real ssh-keygen, on the files of a real run."""

import re
import subprocess
from pathlib import Path

import pytest

from tests import ROOT
from tests.checks.inner import LEDGER_ALONE
from tests.programs import program
from upkeep.commands import suite

SIGNER = "auditor@example.org"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A home with a key, a run in it, and the runbook's lines; the first of them has signed."""
    home = tmp_path_factory.mktemp("home")
    (home / ".ssh").mkdir(mode=0o700)
    key = home / ".ssh" / "id_ed25519"
    subprocess.run(
        [
            program("ssh-keygen"),
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-f",
            str(key),
        ],
        check=True,
    )
    public = key.with_suffix(".pub").read_text(encoding="utf-8").split()
    (home / "allowed_signers").write_text(f"{SIGNER} {public[0]} {public[1]}\n", encoding="utf-8")
    out = home / "reports" / "out"
    assert suite.run(["-m", "daily", "-q", "--demo", f"--out={out}", *LEDGER_ALONE]) == 0
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    block = re.search(r"^```sh\n(ssh-keygen -Y sign.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    lines = block[1].splitlines()
    assert ran(lines[0], home).returncode == 0
    return home, lines


def ran(line: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the runbook, as a reader would."""
    line = line.replace("~", str(home))
    return subprocess.run(["bash", "-c", line], cwd=home, capture_output=True, text=True)


def test_the_signature_and_every_file_verify(signed: tuple[Path, list[str]]) -> None:
    home, (_, verify, files) = signed
    program("jq")
    assert ran(verify, home).stdout.startswith(f'Good "upkeep" signature for {SIGNER}')
    said = ran(files, home)
    assert said.returncode == 0, said.stderr
    assert "oscal-assessment-results.json: OK" in said.stdout
    assert "results.jsonl: OK" in said.stdout


def test_an_edited_file_and_an_edited_run_are_found(signed: tuple[Path, list[str]]) -> None:
    home, (_, verify, files) = signed
    out = home / "reports" / "out"
    program("jq")
    summary = out / "summary.md"
    summary.write_text(summary.read_text(encoding="utf-8") + "edited\n", encoding="utf-8")
    said = ran(files, home)
    assert (said.returncode, "summary.md: FAILED" in said.stdout) == (1, True)
    run = out / "run.json"
    run.write_text(run.read_text(encoding="utf-8").replace('"daily"', '"weekly"'), encoding="utf-8")
    assert ran(verify, home).returncode != 0
