"""What of a run's paths is bad input, told before any request, and what is a fact about the install."""

import json
import os
from pathlib import Path

import pytest

from upkeep.commands import suite

CONTROLS = "control(id='config-backed-up') or control(id='metrics-exported') or control(id='documentation-current') or control(id='restore-rehearsed')"


def run(out: Path, *words: str) -> int:
    return suite.run(["-m", CONTROLS, "-q", "--demo", f"--out={out}", *words])


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "--emergency-config={}/none",
            "--emergency-config={}/none: no such file or folder.",
        ),
        (
            "--emergency-config={}/file/none",
            "--emergency-config={}/file/none: no such file or folder.",
        ),
        ("--backups={}/file", "--backups={}/file is a file. Expected a folder."),
        ("--exports={}/file", "--exports={}/file is a file. Expected a folder."),
        (
            "--attestations={}/none/a.yaml",
            "--attestations={0}/none/a.yaml: no such folder: {0}/none.",
        ),
        (
            "--backup-identity={}/none",
            "--backup-identity={}/none: cannot be read (No such file or directory)",
        ),
    ],
)
def test_what_can_only_be_a_slip_is_refused_before_any_request(
    word: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(tmp_path / "out", word.format(tmp_path)) == 4
    told = capsys.readouterr()
    assert f"ERROR: {said.format(tmp_path)}\n" in told.err
    results = tmp_path / "out" / "results.jsonl"
    assert not results.exists() or {
        json.loads(line)["outcome"] for line in results.read_text().splitlines()
    } == {"not-run"}


def test_what_may_come_to_be_is_a_fact_about_the_install(tmp_path: Path) -> None:
    """A folder of backups may not be mounted, or nothing was saved yet; exports and attestations are made by the first who writes some."""
    words = [
        f"--backups={tmp_path}/none",
        f"--exports={tmp_path}/new",
        f"--attestations={tmp_path}/a.yaml",
    ]
    assert run(tmp_path / "out", *words) == 1
    told = {
        one["control"]: one
        for one in map(json.loads, (tmp_path / "out" / "results.jsonl").read_text().splitlines())
    }
    assert {control: one["outcome"] for control, one in told.items()} == {
        "config-backed-up": "unknown",
        "metrics-exported": "fail",
        "documentation-current": "due",
        "restore-rehearsed": "unknown",
    }
    assert f"upkeep backup --backups={tmp_path}/none" in told["config-backed-up"]["next"]


def test_a_folder_that_runs_cannot_save_into_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """root may write anywhere: what the system says of another user is put in its place."""
    exports = tmp_path / "exports"
    may = os.access
    monkeypatch.setattr("os.access", lambda path, *more: path != tmp_path and may(path, *more))
    assert run(tmp_path / "out", f"--exports={exports}") == 4
    said = f"ERROR: --exports={exports} cannot be written. Name a writable folder.\n"
    assert said in capsys.readouterr().err
