"""What becomes of a check: every way to end, its outcome, and pytest's word for it in every format."""

import json
import re
from xml.etree import ElementTree

import pytest

from tests.reports.inner import Inner, check

pytest_plugins = ["pytester"]

STOPPED = """
@pytest.fixture
def stopped():
    raise Forbidden("may not list pods", source="GET /api/v1/pods", next_step="upkeep rbac | kubectl apply -f -")

@pytest.fixture
def absent_on_purpose():
    raise NotApplicable("no Prometheus in the lab")

@pytest.fixture
def asserts():
    assert 1 == 2

@pytest.fixture
def breaks():
    raise ValueError("boom")

@pytest.fixture
def breaks_after():
    yield
    raise ValueError("late boom")
"""

# name: (body, fixtures, outcome, reason, word of pytest)
WAYS = {
    "good": ("assert judge(GOOD)", "judge", "pass", "", "passed"),
    "bad": ("assert judge(BAD)", "judge", "fail", "", "failed"),
    "stopped-measurement": (
        "assert judge(GOOD)",
        "judge, stopped",
        "unknown",
        "forbidden",
        "error",
    ),
    "stopped-judge": ("raise TooEarly('not yet')", "judge", "unknown", "too-early", "error"),
    "not-applicable": (
        "assert judge(GOOD)",
        "judge, absent_on_purpose",
        "not-applicable",
        "",
        "skipped",
    ),
    "not-applicable-to-the-judge": (
        "raise NotApplicable('declared')",
        "judge",
        "not-applicable",
        "",
        "skipped",
    ),
    "fixture-asserts": ("assert judge(GOOD)", "judge, asserts", "unknown", "internal", "error"),
    "fixture-breaks": ("assert judge(GOOD)", "judge, breaks", "unknown", "internal", "error"),
    "check-breaks": ("raise KeyError('x')", "judge", "unknown", "internal", "error"),
    "check-exits": ("raise SystemExit(0)", "judge", "unknown", "internal", "error"),
    "asserts-something-else": ("assert 1 == 2", "judge", "unknown", "internal", "error"),
    "asserts-after-a-pass": ("judge(GOOD)\nassert 1 == 2", "judge", "unknown", "internal", "error"),
    "judges-nothing": ("assert True", "judge", "unknown", "internal", "error"),
    "forgets-to-assert": ("judge(BAD)", "judge", "unknown", "internal", "error"),
    "judges-twice": ("judge(BAD)\nassert judge(GOOD)", "judge", "unknown", "internal", "error"),
    "judges-no-judgement": ("assert judge(True)", "judge", "unknown", "internal", "error"),
    "skips-itself": ("pytest.skip('not today')", "judge", "unknown", "internal", "error"),
    "expects-to-fail": ("pytest.xfail('known')", "judge", "unknown", "internal", "error"),
    "marks-itself": (
        "request.applymarker(pytest.mark.xfail)\nassert judge(BAD)",
        "judge, request",
        "fail",
        "",
        "failed",
    ),
    "teardown-breaks": (
        "assert judge(GOOD)",
        "judge, breaks_after",
        "unknown",
        "internal",
        "error",
    ),
    "bad-and-teardown-breaks": ("assert judge(BAD)", "judge, breaks_after", "fail", "", "failed"),
    "stopped-and-teardown-breaks": (
        "raise Absent('gone')",
        "judge, breaks_after",
        "unknown",
        "absent",
        "error",
    ),
}


@pytest.fixture
def ran(pytester: pytest.Pytester) -> tuple[Inner, pytest.RunResult]:
    inner = Inner(
        pytester, STOPPED, *(check(name, way[0], fixtures=way[1]) for name, way in WAYS.items())
    )
    return inner, inner.run()


def test_every_way_to_end_has_its_outcome(ran):
    lines = ran[0].lines()
    assert {name: (lines[name]["outcome"], lines[name]["reason"]) for name in WAYS} == {
        name: way[2:4] for name, way in WAYS.items()
    }


def test_all_reports_count_the_same(ran):
    inner, result = ran
    words = [way[4] for way in WAYS.values()]
    expected = {"passed": 1, "failed": 3, "error": 16, "skipped": 2}
    assert {word: words.count(word) for word in expected} == expected
    result.assert_outcomes(passed=1, failed=3, errors=16, skipped=2)
    junit = ElementTree.parse(inner.out / "junit.xml").getroot().find("testsuite").attrib
    assert {key: junit[key] for key in ("tests", "errors", "failures", "skipped")} == {
        "tests": "22",
        "errors": "16",
        "failures": "3",
        "skipped": "2",
    }
    statuses = [
        json.loads(path.read_text())["status"]
        for path in (inner.out / "allure-results").glob("*-result.json")
    ]
    assert {status: statuses.count(status) for status in set(statuses)} == {
        "passed": 1,
        "failed": 3,
        "broken": 16,
        "skipped": 2,
    }
    page = (inner.out / "report.html").read_text()
    shown = {
        word: int(number)
        for number, word in re.findall(r">\s*(\d+) (Passed|Failed|Errors|Skipped)", page)
    }
    assert shown == {"Passed": 1, "Failed": 3, "Errors": 16, "Skipped": 2}
    assert inner.file("run.json")["counts"] == {
        "pass": 1,
        "fail": 3,
        "unknown": 16,
        "waived": 0,
        "due": 0,
        "not-run": 0,
        "not-applicable": 2,
    }


def test_a_line_says_what_was_judged(pytester):
    body = """
    request.node.stash[EVIDENCE] = [Evidence("pods", "GET /api/v1/pods", datetime(2026, 1, 2, 12, tzinfo=UTC), "ab" * 32)]
    assert judge(BAD)
    """
    inner = Inner(
        pytester, check("pods-ready", body, marks="daily gate", fixtures="judge, request")
    )
    inner.run()
    line = inner.lines()["pods-ready"]
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", line.pop("run"))
    assert 0 <= line.pop("duration_seconds") < 5
    assert line == {
        "schema": 1,
        "target": "default",
        "control": "pods-ready",
        "title": "It holds for pods-ready.",
        "cadence": ["daily"],
        "gate": True,
        "severity": "high",
        "outcome": "fail",
        "reason": "",
        "summary": "Pod a is not ready.",
        "observed": "1 of 2 replicas ready",
        "limit": 2,
        "unit": "replicas",
        "basis": "Pods, now",
        "findings": [
            {
                "object": "Pod/a",
                "owner": "Pod/a",
                "code": "not-ready",
                "message": "Pod a is not ready.",
                "observed": 1,
                "limit": 2,
                "unit": "replicas",
                "waiver": "",
            }
        ],
        "evidence": [
            {
                "name": "pods",
                "source": "GET /api/v1/pods",
                "taken": "2026-01-02T12:00:00Z",
                "digest": "ab" * 32,
            }
        ],
        "trends": [],
        "guide": "Check pod status",
        "runbook": "docs/runbook.md#pods-ready",
        "next": "kubectl describe pod a",
        "measured": "2026-01-02T12:00:00Z",
        "valid_until": None,
    }


def test_what_was_stopped_says_by_what_and_what_ends_it(pytester):
    inner = Inner(pytester, STOPPED, check("pods-ready", fixtures="judge, stopped"))
    inner.run()
    line = inner.lines()["pods-ready"]
    assert (
        line["summary"],
        line["reason"],
        line["basis"],
        line["next"],
        line["observed"],
        line["findings"],
    ) == (
        "may not list pods.",
        "forbidden",
        "GET /api/v1/pods",
        "upkeep rbac | kubectl apply -f -",
        None,
        [],
    )


def test_what_was_asked_in_vain_was_not_measured(pytester):
    body = """
    request.node.stash[EVIDENCE] = [Evidence("pods", "GET /api/v1/pods", datetime(2026, 1, 2, 12, tzinfo=UTC), "")]
    raise Forbidden("may not")
    """
    inner = Inner(pytester, check("pods-ready", body, fixtures="judge, request"))
    inner.run()
    line = inner.lines()["pods-ready"]
    assert (line["measured"], [each["name"] for each in line["evidence"]]) == (None, ["pods"])


@pytest.mark.parametrize(
    ("marks", "selected", "options"),
    [
        (("daily", "daily emergency"), "daily", ""),
        (("daily emergency", "quarterly emergency"), "emergency", " --cadence=emergency"),
        (
            ("daily", "quarterly emergency"),
            "daily or quarterly",
            " --cadence=daily --cadence=quarterly",
        ),
        (("daily", "quarterly"), "quarterly", " --cadence=quarterly"),
    ],
)
def test_the_role_that_ends_it_is_that_of_the_run(pytester, marks, selected, options):
    names = ("pods-ready", "health-ok")
    inner = Inner(
        pytester,
        STOPPED,
        *(
            check(name, marks=each, fixtures="judge, stopped")
            for name, each in zip(names, marks, strict=True)
        ),
    )
    inner.run("-m", selected)
    steps = {line["next"] for line in inner.lines().values() if line["outcome"] == "unknown"}
    assert steps == {f"upkeep rbac{options} | kubectl apply -f -"}


def test_a_file_that_skips_itself_is_an_error(pytester):
    inner = Inner(pytester, check("pods-ready"))
    (pytester.path / "checks" / "test_shy.py").write_text(
        "import pytest\npytest.skip('not today', allow_module_level=True)\n"
    )
    result = inner.run()
    assert result.ret == 2
    result.stdout.fnmatch_lines(
        ["*checks/test_shy.py skipped itself: *not today. A check is never skipped.*"]
    )


def test_no_traceback_unless_asked(pytester):
    inner = Inner(
        pytester,
        STOPPED,
        check("pods-ready", "assert judge(BAD)"),
        check("health-ok", fixtures="judge, breaks"),
    )
    short = inner.run().stdout.str()
    assert "test_inner.py:" not in short
    assert "in breaks" not in short
    asked = inner.run("--full-trace").stdout.str()
    assert re.search(r"  \S+checks/test_inner\.py:\d+ in breaks\n", asked)
    assert 'raise ValueError("boom")' not in asked


def test_a_value_that_json_cannot_hold_is_written_as_text(pytester):
    inner = Inner(
        pytester, check("pods-ready", "assert judge(Judgement((), 'fine', limit=float('inf')))")
    )
    inner.run()
    assert inner.lines()["pods-ready"]["limit"] == "inf"
