"""compliance.html: which facts does the page show, and in which order?"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from reports.causes import stories
from reports.compliance.guide import words
from reports.compliance.ordering import ORDER, groups, verdict
from reports.findings import codes, measure, runbook_url
from upkeep.model import (
    CADENCES,
    SEVERITIES,
    Finding,
    Outcome,
    Result,
    Scalar,
    Trend,
    parse_time,
    span,
)
from upkeep.results import counts

# A control that passed, or was accepted or not tried, needs one row; any other an article.
_IN_FULL = (Outcome.FAIL, Outcome.DUE, Outcome.UNKNOWN)
_FOLDED = (Outcome.NOT_RUN, Outcome.WAIVED, Outcome.PASS, Outcome.NOT_APPLICABLE)


class Source(Struct, frozen=True):
    """A measurement of the run, once, with the controls that rest on it."""

    target: str
    name: str
    source: str
    taken: datetime
    digest: str
    controls: int


def html(results: Sequence[Result], *, run: dict[str, Any], gate: dict[str, Any] | None) -> str:
    """Return the compliance report: one page, self-contained, readable without scripts."""
    from reports.compliance import templates

    environment = templates.environment()
    ended = parse_time(run["ended"])
    remembered = run.get("ledger") or {"cadences": [], "findings": [], "faults": []}
    since = {
        (one["target"], one["control"], one["code"], one["owner"]): parse_time(one["first_seen"])
        for one in remembered["findings"]
    }
    environment.filters |= {
        "measure": _measure,
        "anchor": lambda result: re.sub(r"[^\w-]", "_", f"{result.control.id}-{result.target}"),
        "drawing": drawing,
        "codes": codes,
        "runbook_url": runbook_url,
        "time": _time,
        "guide": lambda control: words(control.guide),
        "first_seen": lambda finding, result: _first_seen(finding, result, since, ended),
        "css": lambda text: re.sub(r"[^\w.:+-]", "", text),
    }
    found = groups(results)
    targets = list(dict.fromkeys(result.target for result in results))
    places = run.get("looked_at", [])
    baseline = run.get("baseline", "")
    return environment.get_template("page.html.j2").render(
        verdict=verdict(results, stopped=run["stopped"]),
        stories=[story for story in stories(results) if story.symptoms],
        full=[group for group in found if group.outcome in _IN_FULL],
        folded=[group for group in found if group.outcome in _FOLDED],
        index=[result for group in found for result in group.results],
        order={outcome.value: word for outcome, word in ORDER.items()},
        counts=counts(results),
        severities=[
            (severity, counts([one for one in results if one.control.severity == severity]))
            for severity in SEVERITIES
            if any(one.control.severity == severity for one in results)
        ],
        targets=targets,
        verdicts=[
            (target, verdict([one for one in results if one.target == target]))
            for target in targets
        ],
        embedded=[place["target"] for place in places if place.get("embedded")],
        hidden=_hidden(results, baseline),
        baseline=baseline,
        scope=_scope(results, run),
        standings=_standings(remembered["cadences"], run["cadences"], ended),
        ledger=run.get("ledger"),
        decided=[one for one in results if one.valid_until or one.outcome is Outcome.DUE],
        changed=[limit for limit in run["limits"] if limit["value"] != limit["default"]],
        sources=_sources(results),
        places=places,
        who=run.get("who", {}),
        waiver_faults=run.get("waiver_faults", []),
        stylesheet=(templates.FOLDER / "style.css").read_text(encoding="utf-8"),
        run=run,
        gate=gate,
    )


def _measure(value: Scalar, unit: str) -> str:
    """Return a value with its unit; seconds that a person does not count as a duration."""
    number, _, rest = unit.partition(" ")
    if number == "s" and isinstance(value, int | float) and 120 <= value < math.inf:
        return f"{span(value)} {rest}".strip()
    return measure(value, unit)


def _time(instant: datetime | str) -> str:
    at = parse_time(instant) if isinstance(instant, str) else instant
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _first_seen(
    finding: Finding,
    result: Result,
    since: dict[tuple[str, str, str, str], datetime],
    ended: datetime,
) -> str:
    """Return since when a finding is there, and for how long; a finding of this run alone is new."""
    owner = finding.owner or finding.object
    at = since.get((result.target, result.control.id, finding.code, owner))
    return f"{at:%Y-%m-%d %H:%M} UTC, for {span(ended - at)}" if at else "this run"


def _hidden(results: Iterable[Result], baseline: str) -> int:
    """Return the number of findings that --baseline hides."""
    ticket = f"baseline {baseline}"
    return sum(finding.waiver == ticket for one in results for finding in one.findings if baseline)


def _scope(results: Sequence[Result], run: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Return the cadences with the number of their controls in this run, and of all."""
    scope = run.get("scope", {})
    mine = {
        cadence: len({one.control.id for one in results if cadence in one.control.cadence and one.outcome is not Outcome.NOT_RUN})
        for cadence in CADENCES
    }  # fmt: skip
    return [(cadence, mine[cadence], scope.get(cadence, mine[cadence])) for cadence in CADENCES]


def _standings(
    cadences: Iterable[dict[str, Any]], chosen: Sequence[str], ended: datetime
) -> list[dict[str, Any]]:
    """Return where each cadence stands, the overdue ones first, with the age of its last run."""
    found = [
        one
        | {
            "age": span(ended - parse_time(one["last"])) if one["last"] else "",
            "now": one["cadence"] in chosen,
        }
        for one in cadences
    ]
    return sorted(found, key=lambda one: one["standing"] != "overdue")


def _sources(results: Iterable[Result]) -> list[Source]:
    """Return every measurement once, in the order of targets and names."""
    used: dict[tuple[str, str, str, datetime, str], set[str]] = defaultdict(set)
    for result in results:
        for one in result.evidence:
            key = result.target, one.name, one.source, one.taken, one.digest
            used[key].add(result.control.id)
    return [Source(*key, len(controls)) for key, controls in sorted(used.items())]


def drawing(trend: Trend) -> dict[str, Any]:
    """Return the points of a trend in an SVG: time from left to right, values from 0 up."""
    width, height, left, right, top, bottom = 640, 120, 52, 632, 12, 104
    first, last = trend.points[0][0], trend.points[-1][0]
    seconds, most = (last - first).total_seconds(), max(value for _, value in trend.points)
    dots = [
        (
            round(
                left
                + (right - left) * ((at - first).total_seconds() / seconds if seconds else 0.5),
                1,
            ),
            round(bottom - (bottom - top) * (value / most if most else 0), 1),
        )
        for at, value in trend.points
    ]
    line = " ".join(f"{x},{y}" for x, y in dots)
    least = f"{min(value for _, value in trend.points):.3g}"
    return {
        "width": width, "height": height, "left": left, "right": right, "top": top, "bottom": bottom,
        "dots": dots, "line": line, "least": least, "most": f"{most:.3g}",
    }  # fmt: skip
