"""``--gate``: the exit code, gate.json, and everything that must not open it."""

import pytest

from tests.reports.inner import Inner, check

pytest_plugins = ["pytester"]

GOOD = check("good", marks="daily gate")
ALSO = check("also-good", marks="weekly gate")
BAD = check("bad", "assert judge(BAD)", marks="daily gate")
STOPPED = check("stopped", "raise Forbidden('may not')", marks="daily gate")
OUTSIDE = check("outside", "assert judge(BAD)", marks="daily")


@pytest.mark.parametrize(
    ("checks", "arguments", "code"),
    [
        ([GOOD, ALSO], ["--gate"], 0),
        ([GOOD, ALSO, OUTSIDE], ["--gate", "-m", "gate"], 0),
        ([GOOD, OUTSIDE], ["--gate", "-m", "daily"], 0),
        ([GOOD, OUTSIDE], ["--gate-strict", "-m", "daily"], 11),
        ([GOOD, BAD], ["--gate", "-m", "gate"], 10),
        ([GOOD, STOPPED], ["--gate", "-m", "gate"], 12),
        ([STOPPED, BAD, OUTSIDE], ["--gate-strict"], 10),
        ([GOOD, ALSO, BAD], ["--gate", "-m", "weekly"], 0),
        # nothing gated was chosen, or nothing at all
        ([GOOD, OUTSIDE], ["--gate", "-m", "not gate"], 12),
        ([GOOD], ["--gate", "-m", "weekly"], 12),
        ([OUTSIDE], ["--gate"], 12),
        # hidden from it
        ([GOOD, BAD], ["--gate", "-k", "good"], 12),
        ([GOOD, BAD], ["--gate", "-k", "nothing"], 12),
        ([GOOD, BAD], ["--gate", "--deselect=checks/test_inner.py::test_bad"], 12),
        ([BAD, GOOD], ["--gate", "-x"], 10),
        ([STOPPED, GOOD], ["--gate", "-x"], 12),
        ([OUTSIDE, GOOD], ["--gate", "-x"], 12),
        ([OUTSIDE, GOOD], ["--gate", "--maxfail=1"], 12),
        ([GOOD, BAD], ["--gate", "-m", "gate and not control(id='bad')"], 12),
        ([GOOD, BAD], ["--gate", "-m", "control(id='good')"], 12),
        (
            [GOOD, ALSO, BAD],
            ["--gate", "-m", "(control(id='good') and daily) or control(id='also-good')"],
            12,
        ),
        # without --gate pytest's codes are pytest's
        ([GOOD], [], 0),
        ([BAD], [], 1),
        ([STOPPED], [], 1),
        ([GOOD], ["-m", "weekly"], 5),
    ],
)
def test_the_exit_code(pytester, checks, arguments, code):
    assert Inner(pytester, *checks).run(*arguments).ret == code


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["checks/test_inner.py"], "Remove checks/test_inner.py and select with -m"),
        (["checks/test_inner.py::test_good"], "Remove checks/test_inner.py::test_good and select"),
        (["--ignore=checks/test_inner.py"], "Remove --ignore and select"),
        (["--ignore-glob=*inner*"], "Remove --ignore-glob and select"),
        (["-p", "cacheprovider", "--lf"], "--lf is not supported"),
        (["-o", "python_functions=test_good"], "Remove -o python_functions=test_good and select"),
        (["--collect-only"], "--gate and --collect-only contradict"),
        (["--setup-only"], "--gate and --setup-only contradict"),
        (["--setup-plan"], "--gate and --setup-plan contradict"),
    ],
)
def test_what_would_hide_checks_from_collection_is_refused(pytester, arguments, complaint):
    result = Inner(pytester, GOOD, BAD).run("--gate", *arguments)
    assert result.ret == 4
    assert complaint in result.stderr.str()


def test_the_folder_of_the_checks_may_be_named(pytester):
    assert Inner(pytester, GOOD).run("--gate", str(pytester.path / "checks")).ret == 0


def test_ctrl_c_closes_it(pytester, monkeypatch):
    inner = Inner(
        pytester, GOOD, conftest="def pytest_runtest_logfinish(): raise KeyboardInterrupt"
    )
    assert inner.run("--gate").ret == 12
    assert [reason["text"] for reason in inner.file("gate.json")["reasons"]] == [
        "the run was interrupted"
    ]


def test_an_internal_error_closes_it(pytester):
    inner = Inner(
        pytester,
        GOOD,
        conftest="def pytest_runtest_logfinish(): raise RuntimeError('broken plugin')",
    )
    assert inner.run("--gate").ret == 12
    assert [reason["text"] for reason in inner.file("gate.json")["reasons"]] == [
        "pytest or a plugin raised an internal error"
    ]


def test_an_internal_error_before_anything_closes_it(pytester):
    inner = Inner(
        pytester, GOOD, conftest="def pytest_sessionstart(): raise RuntimeError('broken plugin')"
    )
    assert inner.run("--gate").ret == 12


def test_a_file_that_cannot_be_collected_closes_it(pytester):
    inner = Inner(pytester, GOOD)
    (pytester.path / "checks" / "test_broken.py").write_text("import nothing_of_that_name")
    assert inner.run("--gate", "--continue-on-collection-errors").ret == 12
    assert [reason["text"] for reason in inner.file("gate.json")["reasons"]] == [
        "checks/test_broken.py could not be collected"
    ]
    assert inner.run("--gate").ret == 12


@pytest.mark.parametrize("code", [0, 42])
def test_pytest_exit_with_a_code_of_its_own_closes_it(pytester, code):
    inner = Inner(
        pytester,
        GOOD,
        ALSO,
        conftest=f"def pytest_runtest_logfinish(): pytest.exit('enough', returncode={code})",
    )
    assert inner.run("--gate").ret == 12
    assert inner.outcomes() == {"good": "pass", "also-good": "not-run"}


def test_usage_errors_keep_pytests_code(pytester):
    inner = Inner(pytester, GOOD)
    assert inner.run("--gate", "--no-such-option").ret == 4
    assert inner.run("--gate", "-m", "daily and").ret == 4
    assert inner.run("--gate", "-m", "no_such_marker").ret == 4


def test_the_verdict_is_printed_and_written_with_all_reasons(pytester):
    inner = Inner(pytester, GOOD, BAD, STOPPED)
    (pytester.path / "upkeep.toml").write_text(
        '[gate]\nadd = ["bad"]\nremove = [{control = "stopped", reason = "known in the lab"}]\n'
    )
    result = inner.run("--gate")
    assert result.ret == 10
    result.stdout.fnmatch_lines(
        [
            "gate closed: a gated control failed (code 10; 2 gated controls judged)",
            "  10  bad [[]default]: Pod a is not ready.",
            "  added to the gate by the settings: bad",
            "  removed from the gate by the settings: stopped (known in the lab)",
        ],
        consecutive=True,
    )
    gate = inner.file("gate.json")
    assert gate.pop("run") == inner.file("run.json")["run"]
    assert gate == {
        "schema": 1,
        "code": 10,
        "open": False,
        "verdict": "closed: a gated control failed",
        "strict": False,
        "judged": 2,
        "targets": {"default": 10},
        "overrides": [],
        "reasons": [
            {
                "code": 10,
                "control": "bad",
                "target": "default",
                "outcome": "fail",
                "text": "Pod a is not ready.",
            }
        ],
        "added": ["bad"],
        "removed": [{"control": "stopped", "reason": "known in the lab"}],
    }


def test_an_open_gate_says_so(pytester):
    Inner(pytester, GOOD).run("--gate").stdout.fnmatch_lines(
        ["gate open (code 0; 1 gated control judged)"]
    )


@pytest.mark.parametrize(
    "setting", ['add = ["goodd"]', 'remove = [{control = "goodd", reason = "typing error"}]']
)
@pytest.mark.parametrize(
    "arguments", [["--gate"], [], ["-m", "weekly"], ["--collect-only", "-q"], ["checks"]]
)
def test_a_control_that_is_not_there_cannot_be_added_or_removed(pytester, setting, arguments):
    inner = Inner(pytester, GOOD)
    (pytester.path / "upkeep.toml").write_text(f"[gate]\n{setting}\n")
    result = inner.run(*arguments)
    assert result.ret == 4
    assert "unknown control 'goodd' (did you mean 'good'?)" in result.stderr.str()


def test_without_gate_nothing_is_said(pytester):
    inner = Inner(pytester, BAD)
    assert "gate " not in inner.run().stdout.str()
    assert not (inner.out / "gate.json").exists()
