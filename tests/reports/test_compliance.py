"""compliance.html: what it says, in which order, and that it needs nothing from elsewhere."""

import re
from typing import Any

import msgspec.structs
import pytest

from reports.compliance import draw, html, markdown, verdict
from tests import ROOT
from tests.reports.inner import Inner, check
from tests.reports.page import Page
from tests.reports.samples import (
    ALL,
    CONTROL,
    DECLARED,
    FAILED,
    NOON,
    NOT_RUN,
    PASSED,
    RUN,
    UNKNOWN,
)
from upkeep import REPOSITORY
from upkeep.model import Evidence, Finding, Outcome, Result

pytest_plugins = ["pytester"]


def page(results: list[Result], gate: dict[str, Any] | None = None, **facts: Any) -> Page:
    read = Page(html(results, run=RUN | facts, gate=gate))
    assert read.open == []
    return read


@pytest.mark.parametrize(
    ("results", "stopped", "sentence"),
    [
        ([PASSED, PASSED], [], "All 2 controls pass."),
        ([PASSED], [], "The control passes."),
        ([PASSED, DECLARED], [], "The control passes."),
        (ALL, [], "3 of 4 controls did not pass: 1 failed, 1 could not be measured, 1 not run."),
        ([], [], "No control was judged."),
        ([DECLARED], [], "No control was judged."),
        (
            [PASSED, NOT_RUN],
            ["the run was interrupted"],
            "1 of 2 controls did not pass: 1 not run. The run was interrupted.",
        ),
    ],
)
def test_the_verdict(results, stopped, sentence):
    assert verdict(results, stopped=stopped) == sentence
    assert page(results, stopped=stopped).text.startswith(
        f"Compliance report: maintenance of cano-collector Compliance report, maintenance of cano-collector, daily {sentence} "
    )


def test_what_fell_short_comes_first():
    text = page(ALL).text
    heads = ["1 failed", "1 could not be measured", "Index of controls", "1 was not run"]
    order = [text.rindex(f" {name} ") for name in [*heads, "1 passed", "1 not applicable"]]
    assert order == sorted(order)
    index = text.partition("Index of controls outcome control")[2].partition("1 was not run")[0]
    names = ("pods-ready", "health-ok", "not-tried", "logs-clean", "declared")
    assert sorted(names, key=index.index) == list(names)


def test_a_failure_has_all_that_an_auditor_asks_for():
    text = page([FAILED]).text
    for words in (
        "Every pod is ready.",
        "pods-ready , critical, gate, daily",
        "Guide, Health Checks: “Check pod status” kubectl get pods -n monitoring -l app=cano-collector",
        "docs/runbook.md#pods-ready",
        "Observed 1 of 2 ready",
        "Limit 0.99 ratio",
        "Window and basis 24 h, Prometheus",
        "Measured 2026-01-02 12:00:00 UTC",
        "Pod/a not-ready Pod a is not ready. 1 replicas 2 replicas none this run",
        "Next kubectl describe pod a",
        f"pods GET /api/v1/pods {'0123456789abcdef' * 4} 2026-01-02 12:00:00 UTC 1",
    ):
        assert words in text
    assert ("span", {"class": "outcome fail", "data-sign": "✕"}) in page([FAILED]).tags


def test_a_likely_cause_stands_before_everything_with_what_follows_from_it():
    crash = Finding(
        "Pod/a container/c",
        "container-waiting",
        "Container c of pod a waits: CrashLoopBackOff.",
        "CrashLoopBackOff",
    )
    cause = msgspec.structs.replace(FAILED, findings=(crash,), summary=crash.message)
    followed = Result(
        msgspec.structs.replace(CONTROL, id="pods-stable"),
        "prod-eu",
        Outcome.FAIL,
        "Container <c> restarted.",
        findings=(
            Finding("Pod/a container/c", "container-restarted", "Container <c> restarted.", 3),
        ),
    )
    read = page([followed, PASSED, cause])
    box = read.text.partition("Likely cause ")[2].partition(" Summary Controls by severity")[0]
    assert box.startswith(
        "pods-ready ( container-waiting ): Container c of pod a waits: CrashLoopBackOff. kubectl describe pod a Likely effects"
    )
    assert box.endswith("pods-stable ( container-restarted ): Container <c> restarted.")
    links = [str(attributes["href"]) for tag, attributes in read.tags if tag == "a"]
    links = [link for link in links if link.endswith("-prod-eu")]
    anchors = [
        f"#{attributes['id']}"
        for tag, attributes in read.tags
        if tag in ("article", "tr") and "id" in attributes
    ]
    assert links[:2] == ["#pods-ready-prod-eu", "#pods-stable-prod-eu"]
    assert set(links) <= set(anchors)
    assert len(anchors) == len(set(anchors)) == 3
    told = markdown([followed, PASSED, cause], run=RUN, gate=None)
    assert (
        "Likely cause: pods-ready, Container c of pod a waits: CrashLoopBackOff. Likely effects: pods-stable.\n"
        in told
    )
    assert "Likely cause" not in page(ALL).text + markdown(ALL, run=RUN, gate=None)


def test_what_could_not_be_measured_says_why_and_what_ends_it():
    text = page([UNKNOWN]).text
    assert (
        "may not list pods (forbidden) Request GET /api/v1/pods Next upkeep rbac | kubectl apply -f -"
        in text
    )
    assert "Observed" not in text


def test_run_facts_limits_and_targets():
    text = page(ALL).text
    for words in (
        "Run 20260102T120000Z-abc123",
        "Requests made 24",
        "Target prod-eu",
        "Arguments -m daily",
        "Version of upkeep 0.1.0",
        "restarts 3 0",
    ):
        assert words in text
    changed, _, every = text.partition("Every limit in force (2)")
    assert "backup_age" not in changed
    assert "restarts 3, backup_age 1 d 1 h" in every
    assert "No limit was changed" in page(ALL, limits=RUN["limits"][1:]).text


def test_where_was_looked_and_as_whom():
    """An auditor has this page and not the kubeconfig; a record of before this was told is drawn all the same."""
    heads = "target API server UID of kube-system namespace context user rehearsed as context"
    told = "prod-eu https://10.0.0.1:6443 {} monitoring eu auditor oncall"
    assert f"{heads} {told.format('not read (not asked)')}" in page(ALL).text
    for facts, said in (
        ({"uid": "5a2bf4f8", "uid_unread": ""}, "5a2bf4f8"),
        ({"uid": "", "uid_unread": "forbidden"}, "not read (forbidden)"),
    ):
        place = RUN["looked_at"][0] | facts
        assert told.format(said) in page(ALL, looked_at=[place]).text
    assert "rehearsed as context" not in page(ALL, looked_at=[]).text
    before = {name: value for name, value in RUN.items() if name != "looked_at"}
    assert "rehearsed as context" not in html(ALL, run=before, gate=None)


def test_counts_by_severity_and_outcome():
    assert "critical 1 0 1 1 1 4 low 0 1 0 0 0 1 all 1 1 1 1 1 5" in page(ALL).text


def test_the_gate_is_there_when_it_was_asked():
    gate = {
        "code": 10, "open": False, "verdict": "closed: a gated control failed", "strict": False, "judged": 2, "added": ["logs-clean"],
        "reasons": [{"code": 10, "control": "pods-ready", "target": "prod-eu", "outcome": "fail", "text": "Pod a is not ready."},
                    {"code": 12, "control": "", "target": "lab", "outcome": "", "text": "no gated control was judged"}],
        "removed": [{"control": "health-ok", "reason": "known"}],
    }  # fmt: skip
    text = page(ALL, gate).text
    assert "Gate closed: a gated control failed (exit code 10; gated controls judged: 2)." in text
    assert (
        "10: pods-ready on prod-eu, Pod a is not ready. 12: on lab, no gated control was judged"
        in text
    )
    assert "added to the gate by the settings: logs-clean" in text
    assert "removed from the gate by the settings: health-ok (known)" in text
    assert "Gate" not in page(ALL).text


def test_nothing_comes_from_elsewhere_and_nothing_runs():
    read = page(ALL)
    assert not {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "object", "form"}
    assert not [
        attributes for _, attributes in read.tags if {"src", "onclick", "style"} & set(attributes)
    ]
    links = {str(attributes["href"]) for tag, attributes in read.tags if tag == "a"}
    ids = {f"#{attributes['id']}" for _, attributes in read.tags if "id" in attributes}
    assert {link for link in links if link[0] == "#"} <= ids
    assert {link for link in links if link[0] != "#"} == {
        f"{REPOSITORY}/blob/main/docs/runbook.md#pods-ready"
    }, "links, never loaded"
    assert not [tag for tag, attributes in read.tags if "href" in attributes and tag != "a"]
    assert (
        "meta",
        {
            "http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; style-src 'unsafe-inline'",
        },
    ) in read.tags
    assert "url(" not in html(ALL, run=RUN, gate=None)
    assert "@import" not in html(ALL, run=RUN, gate=None)


def test_headers_have_a_scope_and_tables_are_whole():
    assert all(
        attributes.get("scope") in ("col", "row")
        for tag, attributes in page(ALL).tags
        if tag == "th"
    )


def test_what_others_wrote_is_escaped():
    evil = "<script>alert(1)</script>"
    finding = Finding(evil, "x", evil, evil, evil, evil)
    result = msgspec.structs.replace(
        FAILED, target=evil, summary=evil, observed=evil, unit=evil, basis=evil, next=evil, findings=(finding,),
        evidence=(Evidence(evil, evil, NOON, ""),), control=msgspec.structs.replace(CONTROL, title=evil, guide=evil),
    )  # fmt: skip
    written = html(
        [result, msgspec.structs.replace(result, outcome=Outcome.NOT_RUN)],
        run=RUN | {"arguments": [evil], "targets": [evil]},
        gate=None,
    )
    assert "<script" not in written
    assert "&lt;script&gt;" in written
    assert "<script" not in markdown([result], run=RUN, gate=None).replace("\\<", "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme):
    """WCAG 2.1 AA: 4.5 to 1 between text and what is behind it."""
    style = html(ALL, run=RUN, gate=None)
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colours = dict(
        re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[0 if scheme == "light" else 1])
    )
    pairs = [
        ("ink", "paper"),
        ("ink", "sheet"),
        ("ink", "wash"),
        ("soft", "paper"),
        ("soft", "sheet"),
        ("link", "sheet"),
    ]
    pairs += [(name, f"{name}-wash") for name in ("fail", "unknown", "none", "pass")]
    assert {
        pair: ratio(colours[pair[0]], colours[pair[1]])
        for pair in pairs
        if ratio(colours[pair[0]], colours[pair[1]]) < 4.5
    } == {}


def ratio(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.1)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_it_is_drawn_at_the_end_and_can_be_drawn_again(pytester):
    inner = Inner(pytester, check("good", marks="daily gate"), check("bad", "assert judge(BAD)"))
    inner.run("--gate")
    first = (inner.out / "compliance.html").read_text(encoding="utf-8")
    assert "Gate open" in Page(first).text
    assert "1 of 2 controls did not pass: 1 failed." in (inner.out / "summary.md").read_text(
        encoding="utf-8"
    )
    (inner.out / "compliance.html").unlink()
    draw(inner.out)
    assert (inner.out / "compliance.html").read_text(encoding="utf-8") == first


def test_an_interrupted_run_has_its_report(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    inner = Inner(
        pytester,
        check("good"),
        check("after"),
        conftest="def pytest_runtest_logfinish(): raise KeyboardInterrupt",
    )
    inner.pytester.runpytest_subprocess()
    text = Page((inner.out / "compliance.html").read_text(encoding="utf-8")).text
    assert "1 of 2 controls did not pass: 1 not run. The run was interrupted." in text
