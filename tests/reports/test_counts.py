"""Every report counts the same outcomes: in whole runs, and in those that end early."""

import json
import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import ROOT
from tests.reports.formats.test_html import rows
from tests.reports.inner import Inner, check

pytest_plugins = ["pytester"]

WAIVER = """\
- {control: waived, code: not-ready, reason: known, owner: Ada, approved_by: Bob,
   approved_on: %s, ticket: OPS-7, expires: %s}
"""
ENDINGS = {
    "whole": ((), "", {"pass": 2, "fail": 1, "unknown": 1, "waived": 1, "due": 1, "not-applicable": 1}),
    "left out by -k": (("-m", "daily", "-k", "good"), "", {"pass": 1, "not-run": 6}),
    "ended by -x": (("-x",), "", {"pass": 1, "fail": 1, "not-run": 5}),
    "Ctrl-C between checks": (
        (),
        "def pytest_runtest_logfinish(nodeid):\n    if 'bad' in nodeid: raise KeyboardInterrupt",
        {"pass": 1, "fail": 1, "not-run": 5},
    ),
    "Ctrl-C in a check": (
        (),
        "def pytest_runtest_call(item):\n    if 'bad' in item.name: raise KeyboardInterrupt",
        {"pass": 1, "not-run": 6},
    ),
    "SIGTERM": (
        (),
        "def pytest_runtest_call(item):\n    import os\n    if 'bad' in item.name: os.kill(os.getpid(), 15)",
        {"pass": 1, "not-run": 6},
    ),
    "a plugin that breaks": (
        (),
        "def pytest_runtest_logfinish(nodeid):\n    if 'bad' in nodeid: raise ValueError('broken')",
        {"pass": 1, "fail": 1, "not-run": 5},
    ),
}  # fmt: skip
MORE = "PLUGINS += ['reports.ending', 'reports.memory', 'reports.metrics']\n"
CHECKS = (
    check("good"),
    check("bad", "assert judge(BAD)"),
    check("dark", "raise Forbidden('may not')"),
    check("waived", "assert judge(BAD)"),
    check("overdue", "assert judge(Judgement(BAD.findings, 'no sign-off', due=True))"),
    check("declared", "raise NotApplicable('no Prometheus')"),
    check("last"),
)


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_counts_the_same(pytester, monkeypatch, ending):
    from datetime import UTC, datetime, timedelta

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    arguments, conftest, expected = ENDINGS[ending]
    inner = Inner(pytester, *CHECKS, conftest=MORE + conftest)
    today = datetime.now(UTC).date()
    waivers = pytester.path / "waivers.yaml"
    waivers.write_text(WAIVER % (today, today + timedelta(days=3)), encoding="utf-8")
    textfile = pytester.path / "upkeep.prom"
    inner.pytester.runpytest_subprocess(
        f"--waivers={waivers}", f"--textfile={textfile}", *arguments
    )
    found = {
        "results.jsonl": Counter(inner.outcomes().values()),
        "run.json": inner.file("run.json")["counts"],
        "junit.xml": junit(inner),
        "allure-results": allure(inner),
        "report.html": Counter(
            re.findall(r'<td class=\\"col-outcome\\">([a-z-]+)</td>', rows(inner))
        ),
        "compliance.html": compliance(inner),
        "summary.md": summary(inner),
        "oscal-assessment-results.json": oscal(inner),
        "OSCAL's own count": oscal_counts(inner),
    }
    # A cadence that was not run whole is not published: the last whole run would be erased.
    assert textfile.exists() == ("not-run" not in expected)
    if textfile.exists():
        found["metrics"] = metrics(textfile)
    assert {name: {k: v for k, v in one.items() if v} for name, one in found.items()} == dict.fromkeys(found, expected)  # fmt: skip
    assert headline(inner) == f"7 controls: {words(expected)}."
    suite = ElementTree.parse(inner.out / "junit.xml").getroot()[0]
    skipped = sum(expected.get(one, 0) for one in ("not-run", "waived", "not-applicable"))
    assert int(suite.attrib["skipped"]) == skipped


def test_what_was_not_run_has_its_sentence_reason_and_group(pytester):
    inner = Inner(pytester, check("good"), check("other", marks="weekly daily"))
    result = inner.run("-k", "good", "-m", "daily")
    result.assert_outcomes(passed=1, deselected=1)
    case = cases(inner)[1]
    assert (case.get("name"), case.get("classname")) == ("It holds for other.", "daily.default")
    assert case.find("skipped").get("message") == "not run: Left out by -k or --deselect."
    (told,) = [one for one in allure_files(inner) if one["name"] == "It holds for other."]
    labels = {one["name"]: one["value"] for one in told["labels"]}
    assert (labels["parentSuite"], labels["suite"]) == ("daily", "default")
    assert (told["status"], labels["outcome"]) == ("skipped", "not-run")
    assert "Left out by -k" in told["statusDetails"]["message"]


def test_a_killed_run_leaves_what_was_finished_and_nothing_of_an_earlier_one(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    kill = "import os\ndef pytest_runtest_call(item):\n    if os.environ.get('KILL') and 'dark' in item.name: os.kill(os.getpid(), 9)\n"
    inner = Inner(pytester, *CHECKS, conftest=kill)
    assert inner.pytester.runpytest_subprocess("--gate").ret == 12
    assert len(list(inner.out.iterdir())) > 6
    monkeypatch.setenv("KILL", "1")
    assert inner.pytester.runpytest_subprocess("--gate").ret == -9
    assert inner.outcomes() == {"good": "pass", "bad": "fail"}
    left = {path.name for path in inner.out.iterdir()} - {".lock"}
    assert left == {"results.jsonl", "gate.json", "allure-results"}
    assert set(allure(inner)) <= {"pass", "fail"}
    assert (inner.file("gate.json")["open"], inner.file("gate.json")["code"]) == (False, 12)


def words(expected: dict[str, int]) -> str:
    order = ("pass", "fail", "unknown", "waived", "due", "not-run", "not-applicable")
    return ", ".join(f"{expected[one]} {one}" for one in order if one in expected)


def cases(inner: Inner) -> list[ElementTree.Element]:
    return [
        one
        for one in ElementTree.parse(inner.out / "junit.xml").iter("testcase")
        if one.get("classname") != "pytest"  # an internal error has a case of its own
    ]


def junit(inner: Inner) -> Counter[str]:
    said = [
        {each.get("name"): each.get("value") for each in one.iter("property")}
        for one in cases(inner)
    ]
    return Counter(one["outcome"] for one in said)


def allure_files(inner: Inner) -> list[dict]:
    return [json.loads(p.read_text()) for p in (inner.out / "allure-results").glob("*-result.json")]


def allure(inner: Inner) -> Counter[str]:
    return Counter(
        next(label["value"] for label in one["labels"] if label["name"] == "outcome")
        for one in allure_files(inner)
    )


def compliance(inner: Inner) -> Counter[str]:
    page = (inner.out / "compliance.html").read_text(encoding="utf-8")
    index = page.partition('<table class="index">')[2].partition("</table>")[0]
    return Counter(re.findall(r'<span class="outcome ([a-z-]+)"', index))


def summary(inner: Inner) -> Counter[str]:
    from reports.compliance import ORDER

    outcomes = {word: outcome.value for outcome, word in ORDER.items()}
    lines = (inner.out / "summary.md").read_text(encoding="utf-8").splitlines()
    cells = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")]
    return Counter(outcomes[cell] for cell in cells if cell in outcomes)


def assessed(inner: Inner) -> dict:
    (found,) = inner.file("oscal-assessment-results.json")["assessment-results"]["results"]
    return found


def oscal(inner: Inner) -> Counter[str]:
    return Counter(
        prop["value"]
        for one in assessed(inner)["observations"]
        for prop in one["props"]
        if prop["name"] == "outcome"
    )


def oscal_counts(inner: Inner) -> dict[str, int]:
    return {
        prop["name"].removeprefix("count-"): int(prop["value"])
        for prop in assessed(inner)["props"]
        if prop["name"].startswith("count-")
    }


def metrics(file: Path) -> Counter[str]:
    return Counter(
        re.findall(
            r'^cano_upkeep_control_outcome\{.*outcome="([a-z-]+)".*\} 1\.0$',
            file.read_text(encoding="utf-8"),
            flags=re.MULTILINE,
        )
    )


def headline(inner: Inner) -> str:
    page = (inner.out / "report.html").read_text(encoding="utf-8")
    return re.search(r"<p>(\d+ controls: [^<]*)</p>", page)[1]


@pytest.mark.parametrize(("text", "code"), [("[]", 0), ("# none left", 0), ("", 4)])
def test_a_file_without_a_waiver_is_told(pytester, text, code):
    inner = Inner(pytester, check("good"), conftest=MORE)
    (pytester.path / "waivers.yaml").write_text(text)
    result = inner.run("-m", "daily", "--waivers=waivers.yaml")
    assert result.ret == code
    told = "waivers.yaml: no entry, so no finding is waived"
    if code:
        assert "waivers.yaml: the file is empty" in result.stderr.str()
    else:
        assert told in result.stdout.str()
        assert told in inner.file("run.json")["waiver_faults"][0]
