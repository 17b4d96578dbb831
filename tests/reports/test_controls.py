"""Meta-data of checks: what is refused at collection, and where it goes."""

import json
from xml.etree import ElementTree

import pytest

from tests.reports.inner import Inner, check

pytest_plugins = ["pytester"]

WHOLE = check("pods-ready", marks="daily emergency gate", severity="critical")


MARK = '@pytest.mark.control(id="pods-ready", severity="critical", guide="Check pod status")\n'
DAILY = "@pytest.mark.daily\n"

# what is taken out of a whole check, what is put in its place, and the complaint
FAULTS = {
    "no marker": (MARK, "", "has no control markers. Expected one"),
    "two markers": (
        DAILY,
        DAILY + '@pytest.mark.control(id="x", severity="low", guide="y")\n',
        "has 2 control markers",
    ),
    "no guide": (', guide="Check pod status"', "", "takes exactly id, severity and guide"),
    "an empty guide": (
        'guide="Check pod status"',
        'guide=""',
        "takes exactly id, severity and guide",
    ),
    "severity": (
        'severity="critical"',
        'severity="critcal"',
        "unknown severity 'critcal' (did you mean 'critical'?)",
    ),
    "id": ('id="pods-ready"', 'id="Pods_Ready"', "'Pods_Ready' is not an id"),
    "no cadence": (DAILY + "@pytest.mark.emergency\n", "", "has no cadence"),
    "no sentence": (
        "It holds for pods-ready.",
        "It holds",
        "must be the requirement, a sentence",
    ),
    "another fix": (
        "runbook.md#pods-ready",
        "runbook.md#other",
        "needs the line 'Fix: docs/runbook.md#pods-ready'",
    ),
    "skip": (
        DAILY,
        DAILY + "@pytest.mark.skip(reason='x')\n",
        "is marked skip. A check is never skipped",
    ),
    "xfail": (DAILY, DAILY + "@pytest.mark.xfail\n", "is marked xfail"),
    "parameters": ("(judge)", "(judge, n)", "another check has the control pods-ready too"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_refused(pytester, fault):
    old, new, complaint = FAULTS[fault]
    assert old in WHOLE
    text = WHOLE.replace(old, new)
    result = Inner(
        pytester,
        "@pytest.mark.parametrize('n', [1, 2])\n" + text if fault == "parameters" else text,
    ).run()
    assert result.ret == 4
    assert complaint in result.stderr.str()


def test_two_checks_of_one_control_are_refused(pytester):
    result = Inner(pytester, WHOLE, WHOLE.replace("test_pods_ready", "test_again")).run()
    assert result.ret == 4
    assert "another check has the control pods-ready too" in result.stderr.str()


def test_a_check_that_is_not_chosen_is_validated_too(pytester):
    result = Inner(pytester, WHOLE, check("health-ok", marks="weekly", severity="hihg")).run(
        "-m", "daily"
    )
    assert result.ret == 4


def test_the_checklist(pytester):
    inner = Inner(pytester, WHOLE, check("logs-clean"), check("backups", marks="monthly"))
    result = inner.run("--collect-only", "-q", "-m", "daily")
    assert result.ret == 0
    assert result.outlines[:2] == [
        "pods-ready  critical  daily emergency  gate  It holds for pods-ready.",
        "logs-clean  high      daily                  It holds for logs-clean.",
    ]
    assert "test_pods_ready" not in result.stdout.str()
    assert not inner.out.exists()


def test_an_empty_checklist(pytester):
    assert Inner(pytester, WHOLE).run("--collect-only", "-q", "-m", "weekly").ret == 5


def test_junit_has_the_properties(pytester):
    inner = Inner(pytester, WHOLE)
    inner.run()
    case = ElementTree.parse(inner.out / "junit.xml").getroot().find("testsuite/testcase")
    assert {each.get("name"): each.get("value") for each in case.iter("property")} == {
        "control": "pods-ready",
        "cadence": "daily emergency",
        "group": "daily",
        "title": "It holds for pods-ready.",
        "severity": "critical",
        "target": "default",
        "outcome": "pass",
    }


def test_allure_has_the_labels(pytester):
    inner = Inner(pytester, WHOLE)
    inner.run()
    (path,) = (inner.out / "allure-results").glob("*-result.json")
    result = json.loads(path.read_text(encoding="utf-8"))
    labels = {(label["name"], label["value"]) for label in result["labels"]}
    assert labels >= {
        ("severity", "blocker"),
        ("control", "pods-ready"),
        ("feature", "Check pod status"),
    }
    assert {value for name, value in labels if name == "tag"} == {"daily", "emergency", "gate"}
    assert result["description"] == (
        "It holds for pods-ready.\n\nBecause.\n\nGuide: Check pod status\n\nRunbook: docs/runbook.md#pods-ready"
    )


def test_settings_add_to_the_gate_and_take_from_it(pytester):
    inner = Inner(pytester, WHOLE, check("logs-clean"))
    (pytester.path / "upkeep.toml").write_text(
        '[gate]\nadd = ["logs-clean"]\nremove = [{control = "pods-ready", reason = "lab"}]\n'
    )
    inner.run("-m", "gate")
    assert {control: line["gate"] for control, line in inner.lines().items()} == {
        "pods-ready": False,
        "logs-clean": True,
    }


def test_a_folder_of_other_tests_is_told_in_a_few_lines(pytester):
    """As ``pytest CHECKOUT`` collects the suite's own tests."""
    others = "\n".join(f"def test_{number}(): pass" for number in range(40))
    told = Inner(pytester, WHOLE + "\n" + others).run().stderr.lines
    assert "35 more tests are no checks. Select those of checks/ alone." in told
    assert len(told) < 10
