"""compliance.html and summary.md: drawn from results.jsonl, run.json and gate.json alone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reports.causes import stories
from reports.ledger import LEDGER
from reports.text import codes, measure, runbook_url
from reports.writing import replace
from upkeep.model import SEVERITIES, Outcome, Result, Trend, rfc3339
from upkeep.results import counts, from_line, to_line
from upkeep.session import begin_run

# The most important outcome for an auditor first, with its words.
ORDER = {
    Outcome.FAIL: "failed",
    Outcome.DUE: "due",
    Outcome.UNKNOWN: "could not be measured",
    Outcome.NOT_RUN: "was not run",
    Outcome.WAIVED: "waived",
    Outcome.PASS: "passed",
    Outcome.NOT_APPLICABLE: "not applicable",
}
_GOOD = {Outcome.PASS, Outcome.WAIVED, Outcome.NOT_APPLICABLE}


@dataclass(frozen=True, slots=True)
class Group:
    """The controls with one outcome, the gravest first."""

    outcome: Outcome
    title: str
    results: tuple[Result, ...]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After ledger and gate, whose files are read."""
    ledger = session.config.stash.get(LEDGER, None)
    if ledger is None:
        return
    # From memory: on a full disk the files may miss what there was no room for.
    run = begin_run(session.config).id
    results = [from_line(to_line(result, run=run))[1] for result in ledger.results]
    for name, render in DRAWN.items():
        ledger.replace(name, render(results, run=ledger.facts, gate=ledger.gate))


def draw(folder: Path) -> None:
    """Draw the reports of the results in a folder.

    :raises ValueError: a line that is not a result.
    """
    # Of bytes: str.splitlines ends a line at U+2028 and its like, which JSON leaves as they are.
    lines = (folder / "results.jsonl").read_bytes().splitlines()
    results = [from_line(line.decode())[1] for line in lines]
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    gate = (
        json.loads((folder / "gate.json").read_text(encoding="utf-8"))
        if (folder / "gate.json").exists()
        else None
    )
    for name, render in DRAWN.items():
        replace(folder / name, render(results, run=run, gate=gate))


def verdict(results: Sequence[Result], *, stopped: Sequence[str] = ()) -> str:
    """Return the run in one sentence."""
    short = [result for result in results if result.outcome not in _GOOD]
    judged = len(results) - sum(result.outcome is Outcome.NOT_APPLICABLE for result in results)
    if not judged:
        sentence = "No control was judged."
    elif not short:
        sentence = f"All {judged} controls pass." if judged > 1 else "The control passes."
    else:
        numbers = counts(short)
        words = {
            Outcome.FAIL: "failed",
            Outcome.DUE: "due",
            Outcome.UNKNOWN: "could not be measured",
            Outcome.NOT_RUN: "not run",
        }
        parts = ", ".join(
            f"{numbers[outcome]} {word}" for outcome, word in words.items() if numbers[outcome]
        )
        sentence = f"{len(short)} of {judged} controls did not pass: {parts}."
    return " ".join([sentence, *(f"{text[0].upper()}{text[1:]}." for text in stopped)])


def groups(results: Sequence[Result]) -> list[Group]:
    """Return the results by outcome, the most important first."""
    found = []
    for outcome, title in ORDER.items():
        mine = [result for result in results if result.outcome is outcome]
        mine.sort(
            key=lambda result: (
                SEVERITIES.index(result.control.severity),
                result.control.id,
                result.target,
            )
        )
        if mine:
            found.append(Group(outcome, title, tuple(mine)))
    return found


def html(results: Sequence[Result], *, run: dict[str, Any], gate: dict[str, Any] | None) -> str:
    """Return the compliance report: one page, self-contained, readable without scripts."""
    import jinja2  # imported late: it is needed at the end of a run only

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "measure": measure,
        "anchor": lambda result: re.sub(r"[^\w-]", "_", f"{result.control.id}-{result.target}"),
        "drawing": drawing,
        "codes": codes,
        "runbook_url": runbook_url,
        "time": lambda instant: rfc3339(instant).replace("T", " ").replace("Z", " UTC"),
    }
    severities = [
        (severity, counts([result for result in results if result.control.severity == severity]))
        for severity in SEVERITIES
        if any(result.control.severity == severity for result in results)
    ]
    return environment.get_template("compliance.html.j2").render(
        verdict=verdict(results, stopped=run["stopped"]),
        fell_short=any(result.outcome not in _GOOD for result in results)
        or not results
        or bool(run["stopped"]),
        stories=[story for story in stories(results) if story.symptoms],
        groups=groups(results),
        order={outcome.value: word for outcome, word in ORDER.items()},
        counts=counts(results),
        severities=severities,
        targets=list(dict.fromkeys(result.target for result in results)),
        changed=[limit for limit in run["limits"] if limit["value"] != limit["default"]],
        places=run.get("looked_at", []),
        run=run,
        gate=gate,
    )


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


def markdown(results: Sequence[Result], *, run: dict[str, Any], gate: dict[str, Any] | None) -> str:
    """Return the summary for a merge request or a chat."""
    lines = [
        "# Maintenance of cano-collector",
        "",
        f"**{verdict(results, stopped=run['stopped'])}**",
        "",
    ]
    if gate is not None:
        lines += [f"Gate {gate['verdict']} (code {gate['code']}).", ""]
    for story in stories(results):
        if story.symptoms:
            names = ", ".join(_cell(result.control.id) for result in story.symptoms)
            where = (
                f" on {_cell(story.cause.target)}"
                if len({result.target for result in results}) > 1
                else ""
            )
            lines += [
                f"Likely cause{where}: {_cell(story.cause.control.id)}, {_cell(story.cause.summary)} Likely effects: {names}.",
                "",
            ]
    lines += [
        "| outcome | control | target | severity | observed | finding codes |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for group in groups(results):
        for result in group.results:
            seen = (
                measure(result.observed, "") if result.outcome is Outcome.PASS else result.summary
            )
            link = f"[{_cell(result.control.id)}]({runbook_url(result.control)})"
            cells = [result.target, result.control.severity, seen, codes(result.findings)]
            lines.append(f"| {' | '.join([_cell(group.title), link, *map(_cell, cells)])} |")
    lines += [
        "",
        f"Run {run['run']}, {run['started']} to {run['ended']}, {run['requests']} requests, upkeep {run['version']}.",
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Return text that a Markdown table shows unchanged."""
    escaped = "".join(
        f"\\{character}" if character in "\\`*_[]<>|~#" else character for character in text
    )
    return " ".join(escaped.split())


# The reports that are drawn from the results, by the name of their file.
DRAWN: dict[str, Any] = {"compliance.html": html, "summary.md": markdown}
