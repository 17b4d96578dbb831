"""What ``-m`` names and is not there is told with what was meant, before anything is measured."""

import re

import pytest

from tests.reports.inner import Inner, check

pytest_plugins = ["pytester"]

READY, FLOW = (
    check("pods-ready", marks="daily gate"),
    check("alerts-flow", marks="weekly", severity="medium"),
)
THERE = "Markers: daily, weekly, monthly, quarterly, emergency, gate, control."
LISTED = "pytest --collect-only -q lists the controls."


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("control(id='pods-redy')", [f"no control 'pods-redy' (did you mean 'pods-ready'?). {LISTED}"]),
        ('daily and not control(id="alerts_flow")', [f"no control 'alerts_flow' (did you mean 'alerts-flow'?). {LISTED}"]),
        ("control(id='or')", [f"no control 'or'. {LISTED}"]),
        ("control(severity='hgh')", [f"no control with severity 'hgh' (did you mean 'high'?). {LISTED}"]),
        ("control(id='pods-ready', guide='Check pods status')",
         [f"no control with guide 'Check pods status' (did you mean 'Check pod status'?). {LISTED}"]),
        ("control(ids='pods-ready')", ["unknown field 'ids' of control (did you mean 'id'?). Fields: id, severity, guide."]),
        ("control(id=7)", [f"no control '7'. {LISTED}"]),
        ("daily or dayly", [f"unknown marker 'dayly' (did you mean 'daily'?). {THERE}"]),
        ("contrl(id='pods-ready')", [f"unknown marker 'contrl' (did you mean 'control'?). {THERE}"]),
        ("dayly or control(id='x') or control(id='y')",
         [f"unknown marker 'dayly' (did you mean 'daily'?). {THERE}", f"no control 'x'. {LISTED}", f"no control 'y'. {LISTED}"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", [[], ["--collect-only", "-q"], ["--gate"]])
def test_what_is_not_there_is_told_with_what_is_near(pytester, expression, said, more):
    inner = Inner(pytester, READY, FLOW)
    result = inner.run("-m", expression, *more)
    assert result.ret == 4
    assert [
        line
        for line in result.stderr.lines
        if line.startswith("ERROR: -m") or ": no control" in line or ": unknown" in line
    ] == [
        f"{'' if number else 'ERROR: '}-m {expression!r}: {one}" for number, one in enumerate(said)
    ]
    assert "pods-ready  high" not in result.stdout.str()


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("control(id='pods-ready')", 0),
        ("daily or weekly", 0),
        ("not weekly and (gate or emergency)", 0),
        ("control(severity='medium', id='alerts-flow')", 0),
        ("control(id='pods-ready') and weekly", 5),  # both exist; nothing is both
        ("monthly", 5),
        ("daily and (", 4),
    ],
)
def test_what_is_there_is_chosen_and_pytest_says_the_rest(pytester, expression, code):
    result = Inner(pytester, READY, FLOW).run("-m", expression)
    assert result.ret == code
    assert not re.search("no control|unknown", result.stderr.str())


def test_what_a_part_of_the_checks_does_not_hold_may_stand_elsewhere(pytester):
    """The settings' word for the gate is not looked at then; an ``-m`` that can choose nothing is."""
    inner = Inner(pytester, READY)
    (pytester.path / "checks" / "test_other.py").write_text("")
    (pytester.path / "upkeep.toml").write_text('[gate]\nadd = ["pods-ready"]\n')
    assert inner.run("checks/test_other.py").ret == 5
    assert inner.run("checks/test_other.py", "-m", "control(id='pods-ready')").ret == 4


def test_a_file_that_cannot_be_read_is_told_first(pytester):
    inner = Inner(pytester, READY)
    (pytester.path / "checks" / "test_broken.py").write_text("import nothing_of_that_name\n")
    result = inner.run("-m", "control(id='in-the-broken-file')")
    assert "no control" not in result.stderr.str()
    assert result.ret == 2


def test_a_keyword_is_part_of_the_controls_id(pytester: pytest.Pytester) -> None:
    inner = Inner(pytester, READY, FLOW)
    inner.run("-k", "pods-re").assert_outcomes(passed=1, deselected=1)
