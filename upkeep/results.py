"""results.jsonl: how is a result written to a line and read back?

The schema of a line is docs/results.schema.json. A line is one JSON object in UTF-8; times are RFC 3339
in UTC.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from upkeep.model import (
    Control,
    Evidence,
    Finding,
    Outcome,
    Result,
    Scalar,
    Trend,
    parse_time,
    rfc3339,
)
from upkeep.records.ledger import Cadence, Severity

SCHEMA = 1


class _Finding(msgspec.Struct, frozen=True):
    object: str
    owner: str
    code: str
    message: str
    observed: Scalar
    limit: Scalar
    unit: str
    waiver: str


class _Evidence(msgspec.Struct, frozen=True):
    name: str
    source: str
    taken: str
    digest: str


class _Point(msgspec.Struct, frozen=True):
    at: str
    value: float


class _Trend(msgspec.Struct, frozen=True):
    name: str
    unit: str
    points: tuple[_Point, ...]


class _Line(msgspec.Struct, frozen=True):
    """A line, as docs/results.schema.json describes it: a wrong type is no default."""

    schema: int
    run: str
    target: str
    control: str
    title: str
    cadence: tuple[Cadence, ...]
    gate: bool
    severity: Severity
    outcome: Outcome
    reason: str
    summary: str
    observed: Scalar
    limit: Scalar
    unit: str
    basis: str
    findings: tuple[_Finding, ...]
    evidence: tuple[_Evidence, ...]
    trends: tuple[_Trend, ...]
    guide: str
    runbook: str
    next: str
    measured: str | None
    valid_until: str | None
    duration_seconds: float


def to_line(result: Result, *, run: str) -> str:
    """Return the line of a result, without its line end.

    :param run: the id of the run.
    """
    control = result.control
    line = {
        "schema": SCHEMA,
        "run": run,
        "target": result.target,
        "control": control.id,
        "title": control.title,
        "cadence": list(control.cadence),
        "gate": control.gate,
        "severity": control.severity,
        "outcome": result.outcome.value,
        "reason": result.reason,
        "summary": result.summary,
        "observed": result.observed,
        "limit": result.limit,
        "unit": result.unit,
        "basis": result.basis,
        "findings": [_finding(finding) for finding in result.findings],
        "evidence": [_evidence(evidence) for evidence in result.evidence],
        "trends": [_trend(trend) for trend in result.trends],
        "guide": control.guide,
        "runbook": control.runbook,
        "next": result.next,
        "measured": rfc3339(result.measured) if result.measured else None,
        "valid_until": rfc3339(result.valid_until) if result.valid_until else None,
        "duration_seconds": round(result.duration_seconds, 6),
    }
    return json.dumps(line, ensure_ascii=False, allow_nan=False)


def from_line(text: str) -> tuple[str, Result]:
    """Return the run's id and the result of a line.

    A control's description and the next step of each finding are not in a line, so they are empty.

    :raises ValueError: a line of another form.
    """
    try:
        line = msgspec.json.decode(text.encode(), type=_Line)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f"not a line of results.jsonl{_where(str(error))}") from None
    if line.schema != SCHEMA:
        raise ValueError(f"a result of schema {line.schema}; this version reads {SCHEMA}")
    control = Control(
        id=line.control,
        title=line.title,
        severity=line.severity,
        guide=line.guide,
        cadence=line.cadence,
        gate=line.gate,
        runbook=line.runbook,
    )
    return line.run, Result(
        control=control,
        target=line.target,
        outcome=line.outcome,
        summary=line.summary,
        reason=line.reason,
        observed=line.observed,
        limit=line.limit,
        unit=line.unit,
        basis=line.basis,
        findings=tuple(Finding(**msgspec.structs.asdict(one)) for one in line.findings),
        evidence=tuple(
            Evidence(one.name, one.source, parse_time(one.taken), one.digest)
            for one in line.evidence
        ),
        trends=tuple(
            Trend(
                one.name,
                one.unit,
                tuple((parse_time(point.at), point.value) for point in one.points),
            )
            for one in line.trends
        ),
        next=line.next,
        measured=parse_time(line.measured) if line.measured else None,
        valid_until=parse_time(line.valid_until) if line.valid_until else None,
        duration_seconds=line.duration_seconds,
    )


def _where(message: str) -> str:
    """Return the key that does not fit; nothing that stands in the line."""
    missing = re.match(r"Object missing required field `(\w+)`", message)
    at = re.search(r" - at `\$\.?([\w.\[\]]*)`$", message)
    path = ".".join(filter(None, (at[1] if at else "", missing[1] if missing else "")))
    return f": {path} {'is missing' if missing else 'is of another type'}" if path else ""


def counts(results: Sequence[Result]) -> dict[str, int]:
    """Return the number of results of every outcome, in the order of ``Outcome``."""
    outcomes = [result.outcome for result in results]
    return {outcome.value: outcomes.count(outcome) for outcome in Outcome}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "object": finding.object,
        "owner": finding.owner,
        "code": finding.code,
        "message": finding.message,
        "observed": finding.observed,
        "limit": finding.limit,
        "unit": finding.unit,
        "waiver": finding.waiver,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "name": evidence.name,
        "source": evidence.source,
        "taken": rfc3339(evidence.taken),
        "digest": evidence.digest,
    }


def _trend(trend: Trend) -> dict[str, Any]:
    return {
        "name": trend.name,
        "unit": trend.unit,
        "points": [{"at": rfc3339(at), "value": value} for at, value in trend.points],
    }
