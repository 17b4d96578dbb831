"""Bad input: exit code 4, one sentence on stderr that names what is wrong and what to do, and nothing is left behind."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from upkeep.__main__ import COMMANDS, main
from upkeep.commands import suite
from upkeep.demo import listing

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
# contract.md, "Running checks": what there is, and what an issue to come will bring.
OPTIONS = (
    *(
        "--kubeconfig",
        "--context",
        "--namespace",
        "--deployment",
        "--collector",
        "--prometheus",
        "--alertmanager",
        "--absent",
        "--exports",
        "--backups",
        "--backup-identity",
        "--attestations",
        "--emergency-config",
        "--acting-context",
        "--chart-repository",
    ),
    *("--limit", "--out", "--settings", "--target", "--gate", "--gate-strict", "--demo"),
)
LATER = ("--waivers", "--ledger", "--save-bundle", "--bundle")
KUBECONFIG = "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n"
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


@pytest.fixture
def said_by_help(capsys: pytest.CaptureFixture[str]) -> str:
    """What pytest --help says of upkeep's own options."""
    assert suite.run(["--help"]) == 0
    _, _, rest = capsys.readouterr().out.partition("maintenance of cano-collector:\n")
    return rest.partition("\n\n")[0]


def test_help_lists_every_option_of_the_contract_with_its_meaning(said_by_help: str) -> None:
    listed = re.findall(r"^  (--[a-z-]+)\S* *(.*)$", said_by_help, re.MULTILINE)
    known = {name for name, _ in listed}
    assert set(OPTIONS) <= known
    assert not set(LATER) & known


def test_an_option_of_a_later_issue_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert suite.run(["-m", "daily", "--demo", f"--out={out}", *(f"{name}=x" for name in LATER)]) == 4
    said = capsys.readouterr().err
    assert [name for name in LATER if f"{name}=x" not in said] == []
    assert not out.exists()


@pytest.mark.parametrize(
    ("written", "arguments", "words"),
    [
        (KUBECONFIG, ["--context=prod"], "--context=prod: no such context; {file} has none"),
        (KUBECONFIG + "current-context: a\n", [], "current-context 'a' does not exist; {file} has none"),
        ("clusters: [\n", [], "kubeconfig {file}, line 2 is not YAML"),
    ],
    ids=["unknown context", "no current context", "malformed"],
)
def test_a_kubeconfig_that_leads_nowhere_is_named(
    written: str, arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(written)
    assert refused([f"--kubeconfig={file}", *arguments], tmp_path / "out", capsys) == "ERROR: " + words.format(file=file)


def test_an_unknown_scenario_is_named_with_where_it_stands_and_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever it is said: before any result is written."""
    out, settings = tmp_path / "out", tmp_path / "upkeep.toml"
    nearest = "no scenario is called 'helthy'; the nearest is 'healthy' (--demo=list prints all of them)"
    assert refused(["--demo=helthy"], out, capsys) == f"ERROR: --demo=helthy: {nearest}"
    settings.write_text('[targets.lab]\ndemo = "helthy"')
    assert refused([f"--settings={settings}", "--target=lab"], out, capsys) == f"ERROR: [targets.lab] demo: {nearest}"
    monkeypatch.setenv("UPKEEP_DEMO", "list")
    words = "ERROR: UPKEEP_DEMO, or demo of the settings file: 'list' is no scenario; pytest --demo=list prints them"
    assert refused([], out, capsys) == words
    assert not out.exists()


def test_the_scenarios_are_printed_and_nothing_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.run(["--demo=list", f"--out={tmp_path / 'out'}"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines() == list(listing.lines())
    assert not (tmp_path / "out").exists()
    assert main(["demo", "list"]) == 0
    assert capsys.readouterr().out == printed


def test_the_readme_has_every_exit_code_of_the_gate_that_there_is(said_by_help: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("| code | the gate is |")[2].partition("\n\n")[0]
    codes = set(re.findall(r"^\| (\d+) \|", table, re.MULTILINE))
    assert codes == {"0", "10", "12", "14", "11", "4"}
    gate = " ".join(said_by_help.partition("--gate ")[2].split())
    assert [code for code in sorted(codes - {"4"}) if not re.search(rf"\b{code}\b", gate)] == []


def test_an_option_whose_value_may_be_left_out_may_stand_last(tmp_path: Path) -> None:
    """What is put behind it would be its value: the folder of the checks goes before."""
    out = tmp_path / "out"
    assert suite.run(["-m", "control(id='pods-ready')", "-q", f"--out={out}", "--demo"]) == 0
    (result,) = (out / "results.jsonl").read_text().splitlines()
    assert (json.loads(result)["control"], json.loads(result)["outcome"]) == ("pods-ready", "pass")


def upkeep(*words: str) -> tuple[int, str, str]:
    """``python -m upkeep`` in a process of its own: its exit code, what it said, what it complained of."""
    done = subprocess.run([sys.executable, "-m", "upkeep", *words], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    return done.returncode, done.stdout, done.stderr


def test_upkeep_help_lists_every_command() -> None:
    code, said, complaint = upkeep("--help")
    assert (code, complaint) == (0, "")
    assert [name for name in COMMANDS if not re.search(rf"^    {name} ", said, re.MULTILINE)] == []


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"run"}))
def test_each_command_says_its_exit_codes_in_its_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert "xit codes: 0" in capsys.readouterr().out


def test_no_command_is_a_usage_error_that_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 4
    said = capsys.readouterr()
    assert (said.out, [name for name in COMMANDS if name not in said.err]) == ("", [])


def test_options_of_the_checks_that_doctor_got_as_its_own_are_said_where_they_belong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--context=prod"]) == 4
    assert "options of the checks stand behind --: upkeep doctor -- --context=prod" in capsys.readouterr().err


def test_an_unknown_command_is_a_usage_error_without_a_traceback() -> None:
    code, said, complaint = upkeep("nonsense")
    assert (code == 4, said, "Traceback" in complaint, "nonsense" in complaint) == (True, "", False, True)


BARE = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "hypothesis" else found(name, *more)
import pytest
code = pytest.main(["--collect-only", "-q", "-m", "daily", "-p", "no:hypothesispytest", "--absent=backups=restored from git"])
sys.exit(code or "hypothesis" in sys.modules)
"""


def test_a_value_with_a_space_needs_nothing_that_only_tests_need():
    """pytest takes such an option for a path before it knows the options, and loads the conftest of this folder."""
    done = subprocess.run([sys.executable, "-c", BARE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "pods-ready" in done.stdout) == (0, True), done.stdout + done.stderr
