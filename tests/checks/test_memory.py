"""Two weeks with ledger, waiver and override on the embedded cluster: what a person would say."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.checks.inner import LEDGER_ALONE
from upkeep.__main__ import main
from upkeep.adapters.folders import ledger
from upkeep.clock import HeldClock
from upkeep.commands import gate, suite
from upkeep.errors import BadInput
from upkeep.session import CLOCK
from upkeep.settings.run import named_file, resolve
from upkeep.verdict import due_command

START = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
WAIVER = """\
- control: error-rate-low
  target: default
  object: Deployment/*
  reason: the upstream of team b answers 500 until Thursday
  owner: Ada
  approved_by: Bob
  approved_on: 2026-01-04
  ticket: OPS-7
  expires: 2026-01-07
"""
OVERRIDE = """\
target: default
reason: this deployment is the fix
by: Ada
approved_by: Bob
ticket: OPS-8
issued: 2026-01-08T11:00:00Z
expires: 2026-01-08T15:00:00Z
"""


class At:
    """The plugin that holds the clock of an inner run at an instant."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[CLOCK] = HeldClock(self.instant)


class Fortnight:
    """The runs of two weeks into one ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ledger = folder, folder / "ledger"

    def run(self, day: float, scenario: str, *arguments: str, cadence: str = "daily") -> int:
        instant = START + timedelta(days=day)
        arguments = (*arguments, f"--ledger={self.ledger}", f"--out={self.folder / 'out'}")
        chosen = ["-m", cadence, f"--demo={scenario}", "--gate", "-q", *LEDGER_ALONE, *arguments]
        return suite.run(chosen, plugins=[At(instant)])

    def told(self) -> dict[str, Any]:
        return json.loads((self.folder / "out" / "gate.json").read_bytes())

    def outcome(self, control: str) -> dict[str, Any]:
        lines = (self.folder / "out" / "results.jsonl").read_bytes().splitlines()
        return next(one for one in map(json.loads, lines) if one["control"] == control)

    def from_ledger(self, day: float) -> tuple[int, list[str]]:
        settings = resolve({"ledger": str(self.ledger)}, {}, cwd=self.folder)
        decided = gate.decide(settings, targets=[], now=START + timedelta(days=day))
        return int(decided.code), [reason.text for reason in decided.reasons]


@pytest.fixture
def fortnight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fortnight:
    monkeypatch.chdir(tmp_path)
    return Fortnight(tmp_path)


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_two_weeks(fortnight: Fortnight, tmp_path: Path) -> None:
    every = "daily or weekly or monthly or quarterly"
    # Day 0: an empty ledger, and a run of everything: nothing is overdue afterwards.
    assert fortnight.run(0, "healthy", cadence=every) == 0
    assert fortnight.from_ledger(0.5) == (0, [])
    # Day 1: a finding.
    assert fortnight.run(1, "alert-errors") == 10
    (reason,) = [one for one in fortnight.told()["reasons"] if one["code"] == 10]
    assert reason["control"] == "error-rate-low"
    # Day 2: a waiver that ends with day 5 (7 January): the control is measured, and waived.
    waivers = f"--waivers={written(tmp_path / 'waivers.yaml', WAIVER)}"
    assert fortnight.run(2, "alert-errors", waivers) == 0
    waived = fortnight.outcome("error-rate-low")
    assert (waived["outcome"], waived["valid_until"]) == ("waived", "2026-01-08T00:00:00Z")
    assert {finding["waiver"] for finding in waived["findings"]} == {"OPS-7"}
    # Days 3 to 5: daily runs.
    for day in (3, 4, 5):
        assert fortnight.run(day, "alert-errors", waivers) == 0
    # Day 5.6: the waiver has ended; the ledger alone says so.
    code, texts = fortnight.from_ledger(5.6)
    assert code == 14
    assert "what it rests on ended at 2026-01-08 00:00 UTC" in texts[0]
    # Day 6: the finding counts again, and the expired waiver is named.
    assert fortnight.run(6, "alert-errors", waivers) == 10
    assert {one["code"] for one in fortnight.told()["reasons"]} == {10, 14}
    # The same run with a recorded override: the fix itself must get through.
    override = f"--override={written(tmp_path / 'override.yaml', OVERRIDE)}"
    assert fortnight.run(6.01, "alert-errors", waivers, override) == 0
    told = fortnight.told()
    assert (told["verdict"], told["open"]) == ("OPEN BY OVERRIDE", True)
    assert told["overrides"][0]["approved_by"] == "Bob"
    assert {one["code"] for one in told["reasons"]} == {10, 14}
    # Day 7: fixed.
    assert fortnight.run(7, "healthy") == 0
    # Day 8.5: yesterday's daily run was missed.
    assert fortnight.from_ledger(8.5) == (
        13,
        [
            "daily is overdue: its last complete run began 2026-01-09 12:00 UTC",
            "weekly is overdue: its last complete run began 2026-01-02 12:00 UTC",
        ],
    )
    assert fortnight.run(8.5, "healthy", "--due", cadence=every) == 0
    assert fortnight.from_ledger(8.6) == (0, [])
    # Day 9: somebody edits a file of the ledger.
    kept, _ = ledger.runs(fortnight.ledger)
    path = fortnight.ledger / kept[1].file
    original = path.read_bytes()
    path.write_bytes((fortnight.ledger / kept[2].file).read_bytes())
    code, texts = fortnight.from_ledger(8.7)
    assert code == 14
    assert kept[1].file in texts[0]
    assert fortnight.run(9, "healthy") == 14
    path.write_bytes(original)
    # Day 10: the newest file is removed: its printed digest still knows.
    kept, _ = ledger.runs(fortnight.ledger)
    (fortnight.ledger / kept[-1].file).unlink()
    assert ledger.verify(fortnight.ledger)[1] == []
    (fault,) = ledger.verify(fortnight.ledger, expect=[kept[-1].digest])[1]
    assert fault.code == "newest-removed"


def test_an_unreadable_waiver_file_keeps_the_gate_shut(
    fortnight: Fortnight, tmp_path: Path
) -> None:
    broken = f"--waivers={written(tmp_path / 'w.yaml', '- control: [')}"
    assert fortnight.run(0, "healthy", broken) == 14
    assert "w.yaml" in fortnight.told()["reasons"][0]["text"]


def test_a_ledger_that_cannot_be_written_keeps_the_gate_shut(
    fortnight: Fortnight, tmp_path: Path
) -> None:
    (tmp_path / "ledger").write_text("a file")
    assert fortnight.run(0, "healthy") == 14


def test_baseline_hides_what_is_known_and_says_so(fortnight: Fortnight, tmp_path: Path) -> None:
    out = tmp_path / "base"
    common = ["-m", "daily", "-q", *LEDGER_ALONE, f"--out={out}"]
    assert suite.run([*common, "--demo=alert-errors"], plugins=[At(START)]) == 1
    later = ["-m", "daily", "-q", *LEDGER_ALONE, f"--out={tmp_path / 'out'}", f"--baseline={out}"]
    assert suite.run([*later, "--demo=alert-errors"], plugins=[At(START)]) == 0
    known = fortnight.outcome("error-rate-low")
    assert known["outcome"] == "waived"
    assert "hidden by --baseline" in known["summary"]
    assert suite.run([*later, "--demo=destination-failing"], plugins=[At(START)]) == 1
    assert suite.run([*later, "--gate", "--demo=alert-errors"], plugins=[At(START)]) == 4


def test_due_needs_a_ledger(fortnight: Fortnight) -> None:
    assert suite.run(["--due", "--demo", "-q", *LEDGER_ALONE], plugins=[At(START)]) == 4


def test_a_target_that_the_ledger_does_not_know_is_refused(fortnight: Fortnight) -> None:
    fortnight.ledger.mkdir(exist_ok=True)
    settings = resolve({"ledger": str(fortnight.ledger)}, {}, cwd=fortnight.folder)
    with pytest.raises(BadInput, match="has no run of it"):
        gate.decide(settings, targets=["eu"], now=START)


def test_a_part_of_a_cadence_is_not_the_cadence(fortnight: Fortnight) -> None:
    for part in ("daily and not gate", "daily and not control(id='pods-ready')"):
        instant = START + timedelta(days=len(part) / 1000)
        words = ["-m", part, "--demo=healthy", "-q", *LEDGER_ALONE, f"--ledger={fortnight.ledger}"]
        suite.run([*words, f"--out={fortnight.folder / 'out'}"], plugins=[At(instant)])
    kept, _ = ledger.runs(fortnight.ledger)
    assert [run.header.complete for run in kept] == [{"default": ()}] * 2


def test_what_is_not_due_is_judged_by_its_newest_result(fortnight: Fortnight) -> None:
    every = "daily or weekly or monthly or quarterly"
    assert fortnight.run(0, "crash-looping", cadence=every) == 10
    # Nothing is due, then only daily; the failed controls of both keep the gate shut.
    assert fortnight.run(0.1, "healthy", "--due", cadence=every) == 10
    assert fortnight.run(1.2, "crash-looping", "--due", cadence=every) == 10


def test_findings_hidden_by_baseline_do_not_open_the_gate_of_the_ledger(
    fortnight: Fortnight,
) -> None:
    every = "daily or weekly or monthly or quarterly"
    common = ["--demo=crash-looping", "-q", "-m", every, *LEDGER_ALONE]
    for day, more in ((0, []), (1, ["--baseline=latest"])):
        words = [*common, f"--ledger={fortnight.ledger}", f"--out={fortnight.folder / 'out'}"]
        suite.run([*words, *more], plugins=[At(START + timedelta(days=day))])
    assert fortnight.outcome("pods-ready")["outcome"] == "waived"
    assert fortnight.from_ledger(1.1)[0] == 10


def test_what_is_overdue_has_the_command_that_runs_it(
    fortnight: Fortnight, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["-m", "gate", "-q", *LEDGER_ALONE, f"--out={tmp_path / 'out'}"]
    common = ["--demo", f"--ledger={fortnight.ledger}", *options]
    suite.run(common, plugins=[At(START)])
    said = capsys.readouterr().out
    step = f"next: upkeep run --due --ledger={fortnight.ledger}"
    assert "weekly is overdue: the ledger has no complete weekly run\n" in said
    assert f"    {step}\n" in said
    assert main(["gate", f"--ledger={fortnight.ledger}"]) != 0
    assert capsys.readouterr().out.endswith(f"{step}\n")
    file = tmp_path / "other.toml"
    file.write_text('[targets.eu]\ndemo = ""\n[targets.us]\ndemo = "healthy"\n')
    given = {"settings": str(file), "ledger": str(fortnight.ledger), "target": ["eu", "us"]}
    named = named_file(resolve(given, {}, cwd=tmp_path), cwd=tmp_path)
    command = due_command(["eu", "us", "eu"], ledger=Path("a b"), settings=named)
    assert command == f"upkeep run --due '--ledger=a b' --settings={file} --target=eu --target=us"
