"""A result and its line."""

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import msgspec.structs
import pytest

from tests import ROOT
from upkeep.model import Control, Evidence, Finding, Outcome, Result
from upkeep.results import counts, from_line, to_line

SCHEMA = json.loads((ROOT / "docs" / "results.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
CONTROL = Control(
    "pods-ready",
    "Every pod is ready.",
    "critical",
    "Check pod status",
    ("daily", "emergency"),
    True,
    "docs/runbook.md#pods-ready",
)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
FAILED = Result(
    control=CONTROL,
    target="prod-eu",
    outcome=Outcome.FAIL,
    summary="Pod a is not ready – really.",
    observed="1 of 2",
    limit=2,
    unit="replicas",
    basis="Pods",
    findings=(Finding("Pod/a", "not-ready", "Pod a is not ready.", 1, 2, "replicas"),),
    evidence=(Evidence("pods", "GET /api/v1/pods", NOON, "ab" * 32),),
    next="kubectl describe pod a",
    measured=NOON,
    valid_until=datetime(2026, 1, 3, 12, tzinfo=UTC),
    duration_seconds=0.25,
)


def changed(**fields: Any) -> dict[str, Any]:
    return json.loads(to_line(FAILED, run="r")) | fields


def test_a_line_comes_back_as_it_went():
    assert from_line(to_line(FAILED, run="20260102T120000Z-abc123")) == (
        "20260102T120000Z-abc123",
        FAILED,
    )


def test_a_line_is_one_line_and_of_the_schema():
    line = to_line(msgspec.structs.replace(FAILED, summary="two\nlines"), run="r")
    assert line.count("\n") == 0
    VALIDATOR.validate(json.loads(line))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(changed(extra=1), id="a field that is not there"),
        pytest.param(changed(outcome="green"), id="an outcome that is not there"),
        pytest.param(changed(findings=[]), id="a failure without a finding"),
        pytest.param(
            changed(outcome="unknown", findings=[], reason=""), id="unknown without a reason"
        ),
        pytest.param(changed(reason="forbidden"), id="a failure with a reason for not measuring"),
        pytest.param(changed(measured="2026-01-02 12:00"), id="a time that is not RFC 3339"),
        pytest.param(changed(cadence=[]), id="no cadence"),
        pytest.param(
            {key: value for key, value in changed().items() if key != "basis"}, id="a field missing"
        ),
    ],
)
def test_the_schema_refuses(line):
    assert not VALIDATOR.is_valid(line)


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "{}",
        '{"schema": 2}',
        "[]",
        json.dumps(changed(evidence=[{"name": "pods"}])),
        json.dumps(changed(outcome="green")),
    ],
)
def test_what_is_no_line_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        from_line(text)


def test_counts_name_every_outcome():
    assert counts([FAILED, FAILED]) == {
        "pass": 0, "fail": 2, "unknown": 0, "waived": 0, "due": 0, "not-run": 0, "not-applicable": 0,
    }  # fmt: skip
