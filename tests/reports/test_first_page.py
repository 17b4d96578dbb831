"""The first page of compliance.html: scope, verdicts, who, banners, and what the ledger remembers."""

from datetime import UTC, datetime, timedelta

import msgspec.structs

from tests import ROOT
from tests.reports.samples import CONTROL, FAILED, NOON, PASSED, RUN
from tests.reports.test_compliance import page
from upkeep.domain.decisions.comparison import FindingIdentity, first_seen
from upkeep.model import Outcome, Trend
from upkeep.records.ledger import KeptFinding, KeptResult

LEDGER = {
    "faults": [],
    "cadences": [
        {"target": "prod-eu", "cadence": "daily", "standing": "current", "last": "2026-01-02T12:00:00Z", "said": {}},
        {"target": "prod-eu", "cadence": "weekly", "standing": "overdue", "last": None, "said": {}},
        {"target": "prod-eu", "cadence": "monthly", "standing": "due", "last": "2025-12-01T12:00:00Z", "said": {"pass": 9, "fail": 1}},
    ],
    "findings": [
        {"target": "prod-eu", "control": "pods-ready", "code": "not-ready", "owner": "Pod/a", "first_seen": "2025-12-30T10:00:03Z"},
    ],
}  # fmt: skip


def test_scope_and_who():
    text = page(
        [FAILED, PASSED],
        scope={"all": 58, "daily": 13, "weekly": 11},
        who={"user": "ada", "host": "runner-1", "job": "https://ci.example/job/1"},
    ).text
    assert "This run judged 2 of 58 controls: daily 2 of 13, weekly 0 of 11" in text
    assert "Run by ada on runner-1, job https://ci.example/job/1" in text
    assert "No ledger was given" in text


def test_the_ledger_tells_cadences_and_age_of_findings():
    text = page([FAILED], ledger=LEDGER).text
    assert text.index("weekly OVERDUE") < text.index("monthly due")
    assert "OVERDUE never none" in text
    assert "monthly due 2025-12-01 12:00:00 UTC, 32 d ago 9 pass, 1 fail" in text
    assert "daily current 2026-01-02 12:00:00 UTC, 3 s ago this run" in text
    assert "2025-12-30 10:00 UTC, for 3 d 2 h" in text
    assert "none this run" in page([FAILED], ledger=LEDGER | {"findings": []}).text
    broken = page([FAILED], ledger={"faults": ["x.gz: the file is cut"], "cadences": [], "findings": []})  # fmt: skip
    assert "Ledger: x.gz: the file is cut" in broken.text


def test_what_nobody_may_overlook_is_in_a_banner():
    place = RUN["looked_at"][0] | {"embedded": True}
    assert "EMBEDDED CLUSTER: prod-eu" in page([PASSED], looked_at=[place]).text
    assert "EMBEDDED" not in page([PASSED]).text
    override = {
        "target": "prod-eu", "reason": "this is the fix", "by": "Ada", "approved_by": "Bob", "ticket": "OPS-8",
        "issued": "2026-01-02T11:00:00Z", "expires": "2026-01-02T15:00:00Z",
    }  # fmt: skip
    gate = {
        "code": 0, "open": True, "verdict": "OPEN BY OVERRIDE", "strict": False, "judged": 1, "added": [], "removed": [],
        "reasons": [], "overrides": [override], "targets": {"prod-eu": 0},
    }  # fmt: skip
    text = page([PASSED], gate).text
    assert "OPEN BY OVERRIDE: the gate of prod-eu is open until 2026-01-02 15:00:00 UTC" in text
    assert "approved by Bob" in text
    known = msgspec.structs.replace(FAILED.findings[0], waiver="baseline R1")
    hidden = msgspec.structs.replace(FAILED, outcome=Outcome.WAIVED, findings=(known,))
    assert "BASELINE: 1 finding of run R1 is hidden" in page([hidden], baseline="R1").text
    assert "Waiver: OPS-1 is unused" in page([PASSED], waiver_faults=["OPS-1 is unused"]).text


def test_each_target_has_its_verdict():
    other = msgspec.structs.replace(PASSED, target="prod-us")
    text = page([FAILED, other]).text
    assert "prod-eu 1 of 1 controls did not pass: 1 failed. prod-us The control passes." in text


def test_sign_offs_have_their_dates():
    signed = msgspec.structs.replace(PASSED, basis="attestation by Ada", valid_until=NOON)
    lapsed = msgspec.structs.replace(FAILED, outcome=Outcome.DUE)
    text = page([signed, lapsed]).text.partition("Sign-offs and waivers")[2]
    assert "attestation by Ada 2026-01-02 12:00:00 UTC" in text
    assert "no sign-off" in text


def test_lines_stay_where_styles_are_stripped():
    """Jenkins' default policy takes inline styles away: an SVG keeps its presentation attributes."""
    trend = Trend("p95", "s", ((NOON - timedelta(days=1), 1.0), (NOON, 2.0)))
    tags = page([msgspec.structs.replace(PASSED, trends=(trend,))]).tags
    (line,) = [attributes for tag, attributes in tags if tag == "polyline"]
    assert (line["fill"], line["stroke"]) == ("none", "#1d4f91")


def test_seconds_are_told_as_a_duration():
    old = msgspec.structs.replace(PASSED, limit=2592000.0, unit="s old")
    assert "30 d old" in page([old]).text


def test_the_run_id_on_each_printed_page_cannot_leave_its_string():
    """It comes from a file: only the characters of an id reach the style sheet."""
    from reports.compliance import html

    evil = html([PASSED], run=RUN | {"run": 'x"; } </style><script>'}, gate=None)
    assert '"upkeep run xstylescript"' in evil
    assert "<script" not in evil


def test_cells_name_their_column_where_rows_are_stacked():
    tags = page([FAILED, PASSED]).tags
    cells = [attributes for tag, attributes in tags if tag == "td"]
    assert cells
    assert [one for one in cells if "data-label" not in one] == [{}, {}], "the index's badges"
    style = (ROOT / "reports" / "compliance" / "style.css").read_text(encoding="utf-8")
    assert "attr(data-label)" in style


def test_first_seen_ends_where_a_run_judged_without_the_finding():
    one = FindingIdentity("eu", "pods-ready", "not-ready", "Deployment/c")
    other = FindingIdentity("eu", "pods-ready", "waiting", "Deployment/c")
    day = datetime(2026, 1, 10, tzinfo=UTC)

    def run(age: int, outcome: str, *codes: str) -> tuple[datetime, list[KeptResult]]:
        findings = tuple(KeptFinding(code, "Deployment/c") for code in codes)
        result = KeptResult(
            target="eu", control="pods-ready", outcome=outcome, severity="high",
            cadence=("daily",), findings=findings,
        )  # fmt: skip
        return day - timedelta(days=age), [result]

    history = [
        run(1, "fail", "not-ready", "waiting"),
        run(2, "unknown"),
        run(3, "fail", "not-ready"),
        run(4, "pass"),
        run(5, "fail", "not-ready"),
    ]
    assert first_seen(history, [one, other]) == {
        one: day - timedelta(days=3),
        other: day - timedelta(days=1),
    }
    assert first_seen([], [one]) == {}
    assert CONTROL.id == "pods-ready"
