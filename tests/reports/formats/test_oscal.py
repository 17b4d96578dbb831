"""oscal-assessment-results.json: what each outcome becomes, and that every reference leads somewhere."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec.structs
import pytest

from reports.compliance.oscal import NAMESPACE, STATES, oscal
from tests import ROOT
from tests.reports.samples import CONTROL, FAILED, NOON, PASSED, UNKNOWN
from tests.reports.samples import RUN as FACTS
from upkeep.limits import LIMITS
from upkeep.model import Finding, Outcome, Result

RUN = FACTS | {
    "targets": ["prod-eu"],
    "limits": [
        {"name": name, "value": limit.text(limit.default), "default": limit.text(limit.default)}
        for name, limit in LIMITS.items()
    ],
}
SUNDAY = datetime(2026, 1, 4, tzinfo=UTC)
WAIVED = msgspec.structs.replace(
    FAILED,
    control=msgspec.structs.replace(CONTROL, id="waived"),
    outcome=Outcome.WAIVED,
    findings=(Finding("Pod/a", "not-ready", "Pod a is not ready.", waiver="OPS-7"),),
    valid_until=SUNDAY,
)
DUE = msgspec.structs.replace(
    FAILED, control=msgspec.structs.replace(CONTROL, id="due"), outcome=Outcome.DUE, evidence=()
)
ABSENT = Result(
    msgspec.structs.replace(CONTROL, id="absent"),
    "prod-eu",
    Outcome.NOT_APPLICABLE,
    "no Prometheus",
)
LEFT = Result(msgspec.structs.replace(CONTROL, id="left"), "prod-eu", Outcome.NOT_RUN, "Left out.")
ALL = [FAILED, UNKNOWN, PASSED, WAIVED, DUE, ABSENT, LEFT]


def drawn(results: list[Result], **run: Any) -> dict[str, Any]:
    return json.loads(oscal(results, run=RUN | run, gate=None))["assessment-results"]


def only(results: list[Result], **run: Any) -> dict[str, Any]:
    (found,) = drawn(results, **run)["results"]
    return found


def prop(thing: dict[str, Any], name: str) -> str:
    (found,) = [one["value"] for one in thing["props"] if one["name"] == name]
    return found


def dangling(document: dict[str, Any]) -> list[str]:
    """Return the references that lead nowhere, and the UUIDs that are there twice."""
    known: list[str] = []
    asked: list[str] = []

    def visit(value: Any) -> None:
        for name, entry in value.items() if isinstance(value, dict) else ():
            if name == "uuid":
                known.append(entry)
            elif name.endswith("-uuid"):
                asked.append(entry)
            elif name == "href" and entry.startswith("#"):
                asked.append(entry[1:])
            visit(entry)
        for entry in value if isinstance(value, list) else ():
            visit(entry)

    visit(document)
    lost = [one for one in asked if one not in known]
    for result in document["results"]:
        (selection,) = result["reviewed-controls"]["control-selections"]
        included = {one["control-id"] for one in selection.get("include-controls", [])}
        found = {one["target"]["target-id"] for one in result.get("findings", [])}
        lost += [*(included ^ found)] if included else [*found]
    return lost + [one for one in set(known) if known.count(one) > 1]


def test_every_reference_leads_somewhere() -> None:
    document = drawn(ALL)
    assert dangling(document) == []
    assert dangling(drawn([])) == []
    assert dangling(drawn([LEFT])) == []
    other = msgspec.structs.replace(FAILED, target="prod-us")
    assert dangling(drawn([*ALL, other], targets=["prod-eu", "prod-us"])) == []
    (result,) = document["results"]
    result["findings"][0]["related-observations"][0]["observation-uuid"] = "no"
    result["observations"][0]["subjects"][0]["subject-uuid"] = "neither"
    document["import-ap"]["href"] = "#nor"
    assert sorted(dangling(document)) == ["neither", "no", "nor"]


def test_only_a_pass_is_satisfied_and_what_was_not_judged_has_no_finding() -> None:
    result = only(ALL)
    states = {one["target"]["target-id"]: one["target"]["status"] for one in result["findings"]}
    assert {name: (one["state"], one["reason"]) for name, one in states.items()} == {
        "logs-clean": ("satisfied", "pass"),
        "pods-ready": ("not-satisfied", "fail"),
        "health-ok": ("not-satisfied", "other"),
        "waived": ("not-satisfied", "other"),
        "due": ("not-satisfied", "other"),
    }
    assert states["health-ok"]["remarks"] == "Could not be measured (forbidden)."
    outcomes = {prop(one, "control"): prop(one, "outcome") for one in result["observations"]}
    assert outcomes == {one.control.id: one.outcome.value for one in ALL}
    assert set(Outcome) - set(STATES) == {Outcome.NOT_RUN, Outcome.NOT_APPLICABLE}
    (selection,) = result["reviewed-controls"]["control-selections"]
    assert [one["control-id"] for one in selection["exclude-controls"]] == ["absent", "left"]


def test_the_table_of_the_documentation_is_the_one_of_the_code() -> None:
    text = (ROOT / "docs" / "oscal.md").read_text(encoding="utf-8")
    table = text.partition("| outcome | state |")[2]
    rows = re.findall(r"^\| ([a-z-]+) \| ([a-z-]+) \| ([a-z]+|–) \|", table, flags=re.MULTILINE)
    told = {Outcome(outcome): (state, reason) for outcome, state, reason in rows}
    nothing = dict.fromkeys(set(Outcome) - set(STATES), ("none", "–"))
    assert told == STATES | nothing
    assert NAMESPACE in text


def test_a_risk_is_the_same_in_every_run_and_an_approved_one_has_its_deadline() -> None:
    risks = {prop(one, "control"): one for one in only(ALL)["risks"]}
    assert {name: one["status"] for name, one in risks.items()} == {
        "pods-ready": "open",
        "waived": "deviation-approved",
        "due": "open",
    }
    assert risks["waived"]["deadline"] == "2026-01-04T00:00:00Z"
    assert prop(risks["waived"], "waiver") == "OPS-7"
    assert "deadline" not in risks["pods-ready"]
    later = {prop(one, "control"): one for one in only(ALL, run="another")["risks"]}
    assert {name: one["uuid"] for name, one in later.items()} == {
        name: one["uuid"] for name, one in risks.items()
    }
    assert only(ALL, run="another")["uuid"] != only(ALL)["uuid"]


def test_what_a_baseline_hides_is_no_approved_deviation() -> None:
    hidden = Finding("Pod/a", "not-ready", "Pod a is not ready.", waiver="baseline r1")
    found = only([msgspec.structs.replace(WAIVED, findings=(hidden,))], baseline="r1")["risks"]
    assert [one["status"] for one in found] == ["open"]


def test_findings_of_one_identity_are_one_risk() -> None:
    two = tuple(
        Finding(f"Pod/{name}", "not-ready", f"{name}.", owner="Deployment/c") for name in "ab"
    )
    (risk,) = only([msgspec.structs.replace(FAILED, findings=two)])["risks"]
    assert (risk["description"], prop(risk, "owner")) == ("a. b.", "Deployment/c")


@pytest.mark.parametrize(
    ("cadence", "until", "expires"),
    [
        (("daily",), None, "2026-01-03T18:00:00Z"),
        (("weekly", "daily"), None, "2026-01-03T18:00:00Z"),
        (("emergency",), None, None),
        (("quarterly",), SUNDAY, "2026-01-04T00:00:00Z"),
    ],
)
def test_an_observation_expires_with_its_cadence(cadence, until, expires) -> None:
    control = msgspec.structs.replace(CONTROL, cadence=cadence)
    result = msgspec.structs.replace(FAILED, control=control, valid_until=until)
    (observation,) = only([result])["observations"]
    assert observation["collected"] == "2026-01-02T12:00:00Z"
    assert observation.get("expires") == expires


def test_the_same_results_give_the_same_document() -> None:
    assert oscal(ALL, run=RUN, gate=None) == oscal(ALL, run=RUN, gate=None)


def test_what_others_wrote_is_text_and_in_one_line() -> None:
    evil = "<script>a</script> **b**\n\n# c"
    finding = Finding("Pod/x\n y", "not-ready", evil)
    (risk,) = only([msgspec.structs.replace(FAILED, findings=(finding,), summary=evil)])["risks"]
    assert risk["description"] == r"\<script\>a\</script\> \*\*b\*\* \# c"
    assert prop(risk, "owner") == "Pod/x y"


def test_a_run_from_a_bundle_says_so() -> None:
    bundle = {"run": "r7", "started": "2026-01-01T00:00:00Z"}
    assert "Judged again from the bundle of run r7" in only(ALL, bundles=[bundle])["remarks"]
    assert "remarks" not in only(ALL)
    assert NOON.tzinfo is UTC
