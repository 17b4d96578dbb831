"""Bad input: exit code 4, one sentence on stderr that names what is wrong and what to do, and nothing is left behind."""

import json
import re
from pathlib import Path

import pytest

from upkeep.commands import suite

ROOT = Path(__file__).resolve().parents[1]
NO_REQUEST = {
    "no cluster": (["--kubeconfig=/absent"], "no cluster: there is no kubeconfig at /absent"),
    "an unknown scenario": (["--demo=helthy"], "'healthy'"),
    "an unknown limit": (["--demo", "--limit=alert_windw=1h"], "alert_window"),
    "a limit that is none": (["--demo", "--limit=alert_window=soon"], "alert_window"),
    "a limit out of its range": (["--demo", "--limit=log_coverage=2"], "log_coverage"),
    "a settings file that is not there": (["--demo", "--settings=/absent.toml"], "/absent.toml"),
    "an unknown target": (["--demo", "--target=x"], "x"),
    "contradictory options": (["--demo", "--context=x"], "--demo"),
    "a folder that cannot be written": (["--demo", "--out=/proc/upkeep"], "/proc/upkeep"),
    "an absence without its reason": (["--demo", "--absent=prometheus"], "prometheus"),
    "an absence of nothing known": (["--demo", "--absent=promtheus=none"], "prometheus"),
}
AFTER_LOOKING = {
    "no collector": (["--demo=no-collector"], "no collector in namespace monitoring"),
    "two collectors": (["--demo=two-collectors"], "--deployment="),
    "no such namespace": (["--demo", "--namespace=monitorin"], "monitorin"),
    "no such Deployment": (["--demo", "--deployment=colector"], "colector"),
}


def refused(arguments: list[str], out: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What stderr says of a run that is refused."""
    chosen = arguments if any(word.startswith("--out=") for word in arguments) else [*arguments, f"--out={out}"]
    code = suite.run(["-m", "daily", "-q", *chosen])
    said = capsys.readouterr().err
    assert code == 4, said
    assert "Traceback" not in said
    sentences = [line for line in said.splitlines() if line.strip()]
    assert len(sentences) == 1, said
    assert sentences[0].startswith("ERROR: ")
    return sentences[0]


@pytest.mark.parametrize("case", NO_REQUEST)
def test_what_is_known_before_any_request_is_said_before(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    arguments, words = NO_REQUEST[case]
    assert words in refused(arguments, tmp_path / "out", capsys)
    ledger = tmp_path / "out" / "results.jsonl"
    results = [json.loads(line) for line in ledger.read_text().splitlines()] if ledger.exists() else []
    assert {result["outcome"] for result in results} <= {"not-run"}


@pytest.mark.parametrize("case", AFTER_LOOKING)
def test_a_target_that_is_not_there_is_said_at_once(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, words = AFTER_LOOKING[case]
    assert words in refused(arguments, tmp_path / "out", capsys)


def test_the_readme_names_options_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Every --option of the README is one of pytest's or of a command's."""
    assert suite.run(["--help"]) == 0
    known = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    for command in sorted((ROOT / "upkeep" / "commands").glob("*.py")):
        known |= set(re.findall(r'"(--[a-z][a-z-]+)"', command.read_text(encoding="utf-8")))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert named - known == {"--option"}  # the word for any of them
    assert len(named) > 10
