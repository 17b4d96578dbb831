"""results.jsonl and run.json: what is kept, whatever ends the run."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import jsonschema
import pytest

from tests import ROOT
from tests.reports.inner import Inner, check

pytest_plugins = ["pytester"]

VALIDATOR = jsonschema.Draft202012Validator(
    json.loads((ROOT / "docs" / "results.schema.json").read_text(encoding="utf-8"))
)
ALL = (
    check("good", marks="daily gate"),
    check("bad", "assert judge(BAD)"),
    check("stopped", "raise Forbidden('may not', source='GET /x', next_step='upkeep rbac')"),
    check("declared", "raise NotApplicable('no Prometheus in the lab')"),
    check("later", marks="weekly"),
)


def test_every_line_is_of_the_schema(pytester):
    inner = Inner(pytester, *ALL)
    inner.run("-m", "daily or weekly", "-k", "not good")
    lines = inner.lines()
    for line in lines.values():
        VALIDATOR.validate(line)
    assert {control: line["outcome"] for control, line in lines.items()} == {
        "bad": "fail", "stopped": "unknown", "declared": "not-applicable", "later": "pass", "good": "not-run",
    }  # fmt: skip


def test_what_a_marker_left_out_is_not_listed_and_what_was_deselected_is(pytester):
    inner = Inner(pytester, *ALL)
    inner.run("-m", "daily", "-k", "good", "--deselect=checks/test_inner.py::test_bad")
    assert inner.outcomes() == {
        "good": "pass",
        "bad": "not-run",
        "stopped": "not-run",
        "declared": "not-run",
    }
    assert inner.lines()["bad"]["summary"] == "Left out by -k or --deselect."


def test_without_a_marker_the_keyword_is_the_selection(pytester):
    inner = Inner(pytester, *ALL)
    inner.run("-k", "good")
    assert inner.outcomes() == {"good": "pass"}
    inner.run("-k", "good", "--gate")
    assert set(inner.outcomes()) == {"good", "bad", "stopped", "declared", "later"}


def test_what_came_after_x_is_listed(pytester):
    inner = Inner(pytester, *ALL)
    inner.run("-x")
    assert inner.outcomes() == {
        "good": "pass",
        "bad": "fail",
        "stopped": "not-run",
        "declared": "not-run",
        "later": "not-run",
    }
    assert inner.lines()["later"]["summary"] == "The run ended before this control."


def test_what_ctrl_c_kept_from_running_is_listed(pytester):
    inner = Inner(
        pytester, check("good"), check("interrupted", "raise KeyboardInterrupt"), check("after")
    )
    assert inner.pytester.runpytest_subprocess().ret == 2
    assert inner.outcomes() == {"good": "pass", "interrupted": "not-run", "after": "not-run"}
    assert inner.file("run.json")["stopped"] == ["the run was interrupted"]


@pytest.fixture(autouse=True)
def _programs_find_the_suite(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_broken_plugin_leaves_the_rest_not_run(pytester):
    hook = "def pytest_runtest_logfinish(nodeid):\n    if 'bad' in nodeid: raise RuntimeError('broken plugin')\n"
    inner = Inner(pytester, *ALL, conftest=hook)
    assert inner.run().ret == 3
    assert inner.outcomes()["good"] == "pass"
    assert [inner.outcomes()[name] for name in ("stopped", "declared", "later")] == [
        "not-run",
        "not-run",
        "not-run",
    ]
    assert inner.file("run.json")["stopped"] == ["pytest or a plugin raised an internal error"]


def test_only_setting_up_judges_nothing(pytester):
    inner = Inner(pytester, *ALL[:1])
    inner.run("--setup-only")
    assert inner.outcomes() == {"good": "not-run"}


def test_a_killed_run_keeps_what_finished(pytester):
    inner = Inner(pytester, check("good"), check("hangs", "import time\ntime.sleep(600)"))
    program = subprocess.Popen(
        [sys.executable, "-m", "pytest"], cwd=pytester.path, stdout=subprocess.DEVNULL
    )
    ends = time.monotonic() + 300
    while time.monotonic() < ends and not (
        (inner.out / "results.jsonl").exists() and inner.lines()
    ):
        time.sleep(0.05)
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    assert inner.outcomes() == {"good": "pass"}


def test_a_second_run_in_the_same_folder_is_refused(pytester):
    inner = Inner(pytester, *ALL)
    inner.run()
    before = inner.lines()
    with (inner.out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = inner.run()
    assert result.ret == 4
    result.stderr.fnmatch_lines(
        [f"ERROR: Another run is writing to {inner.out}. Wait for it, or add --out=DIR."]
    )
    assert inner.lines() == before
    assert inner.run().ret == 1


def test_the_earlier_runs_files_go_and_others_stay(pytester):
    inner = Inner(pytester, *ALL)
    inner.run("--gate")
    (inner.out / "notes.txt").write_text("mine")
    first = inner.file("run.json")["run"]
    inner.run("-m", "weekly")
    assert inner.file("run.json")["run"] != first
    assert list(inner.lines()) == ["later"]
    assert not (inner.out / "gate.json").exists()
    assert len(list((inner.out / "allure-results").glob("*-result.json"))) == 1
    assert (inner.out / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["--markers"],
        ["--fixtures"],
        ["--collect-only"],
        ["--setup-plan"],
    ],
)
def test_looking_only_leaves_the_results_alone(pytester, arguments):
    inner = Inner(pytester, *ALL)
    assert inner.run(*arguments).ret == 0
    assert not inner.out.exists()


def test_a_folder_that_cannot_be_written_is_refused(pytester):
    inner = Inner(pytester, *ALL)
    (pytester.path / "occupied").write_text("a file")
    result = inner.run("--out=occupied/here")
    assert result.ret == 4
    assert "Cannot write results to" in result.stderr.str()
    assert "Not a directory" in result.stderr.str()
    assert "Name another folder: --out=DIR." in result.stderr.str()


def test_a_gate_that_cannot_be_written_is_refused(pytester):
    inner = Inner(pytester, *ALL)
    (inner.out / "gate.json").mkdir(parents=True)
    result = inner.run("--gate", "-m", "daily")
    assert result.ret == 4
    assert "Cannot write results to" in result.stderr.str()
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


def test_run_json_says_what_the_run_was(pytester):
    inner = Inner(pytester, *ALL)
    inner.run("-m", "daily", "--limit=backup_age=30h", "--prometheus=https://prom.example/path")
    run = inner.file("run.json")
    assert (run["targets"], run["cadences"], run["requests"], run["version"], run["stopped"]) == (
        ["default"],
        ["daily"],
        0,
        "0.1.0",
        [],
    )
    assert run["arguments"] == [
        "-m",
        "daily",
        "--limit=backup_age=30h",
        "--prometheus=https://prom.example/path",
    ]
    assert {"name": "backup_age", "value": "1 d 6 h", "default": "1 d 1 h"} in run["limits"]
    assert run["counts"] == {
        "pass": 1,
        "fail": 1,
        "unknown": 1,
        "waived": 0,
        "due": 0,
        "not-run": 0,
        "not-applicable": 1,
    }
    assert run["started"] <= run["ended"]


def test_out_is_followed_by_every_report(pytester):
    inner = Inner(pytester, *ALL)
    inner.run("--out=elsewhere")
    assert not inner.out.exists()
    written = {path.name for path in (pytester.path / "elsewhere").iterdir()}
    assert written == {
        ".lock", "results.jsonl", "run.json", "compliance.html", "summary.md", "report.html", "junit.xml", "allure-results",
        "oscal-assessment-results.json",
    }  # fmt: skip
