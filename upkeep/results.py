"""results.jsonl: how is a result written to a line and read back?

The schema of a line is docs/results.schema.json. A line is one JSON object in UTF-8; times are RFC 3339
in UTC.
"""

import json
from collections.abc import Sequence
from typing import Any

from upkeep.model import Control, Evidence, Finding, Outcome, Result, Trend, parse_time, rfc3339

SCHEMA = 1


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
        line = json.loads(text)
        if line["schema"] != SCHEMA:
            raise ValueError(f"a result of schema {line['schema']!r}; this version reads {SCHEMA}")
        control = Control(
            id=line["control"],
            title=line["title"],
            severity=line["severity"],
            guide=line["guide"],
            cadence=tuple(line["cadence"]),
            gate=line["gate"],
            runbook=line["runbook"],
        )
        return line["run"], Result(
            control=control,
            target=line["target"],
            outcome=Outcome(line["outcome"]),
            summary=line["summary"],
            reason=line["reason"],
            observed=line["observed"],
            limit=line["limit"],
            unit=line["unit"],
            basis=line["basis"],
            findings=tuple(Finding(**finding) for finding in line["findings"]),
            evidence=tuple(
                Evidence(**{**each, "taken": parse_time(each["taken"])})
                for each in line["evidence"]
            ),
            trends=tuple(_trend_of(each) for each in line["trends"]),
            next=line["next"],
            measured=parse_time(line["measured"]) if line["measured"] else None,
            valid_until=parse_time(line["valid_until"]) if line["valid_until"] else None,
            duration_seconds=line["duration_seconds"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a line of results.jsonl: {error}") from None


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


def _trend_of(line: dict[str, Any]) -> Trend:
    return Trend(
        line["name"],
        line["unit"],
        tuple((parse_time(point["at"]), point["value"]) for point in line["points"]),
    )
