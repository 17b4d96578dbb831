"""summary.md: the run for a merge request or a chat."""

from collections.abc import Sequence
from typing import Any

from reports.causes import stories
from reports.compliance.ordering import groups, verdict
from reports.findings import codes, measure, runbook_url
from upkeep.model import Outcome, Result


def markdown(results: Sequence[Result], *, run: dict[str, Any], gate: dict[str, Any] | None) -> str:
    """Return the summary for a merge request or a chat."""
    lines = [
        "# Maintenance of cano-collector",
        "",
        f"**{verdict(results, stopped=run['stopped'])}**",
        "",
    ]
    if any(place.get("embedded") for place in run.get("looked_at", [])):
        lines += ["Embedded cluster (`--demo`): this run checked no real cluster.", ""]
    lines += [
        f"Judged from the bundle of run {cell(one['run'])}, measured at {cell(one['started'])}. "
        "Nothing was measured now.\n"
        for one in run.get("bundles", [])
    ]
    if gate is not None:
        lines += [f"Gate {cell(str(gate['verdict']))} (code {gate['code']}).", ""]
    lines += [f"**{cell(one[:1].upper() + one[1:])}.**\n" for one in run.get("undelivered", [])]
    for story in stories(results):
        if story.symptoms:
            names = ", ".join(cell(result.control.id) for result in story.symptoms)
            where = (
                f" on {cell(story.cause.target)}"
                if len({result.target for result in results}) > 1
                else ""
            )
            lines += [
                f"Likely cause{where}: {cell(story.cause.control.id)}, {cell(story.cause.summary)} Likely effects: {names}.",
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
            link = f"[{cell(result.control.id)}]({runbook_url(result.control)})"
            cells = [result.target, result.control.severity, seen, codes(result.findings)]
            lines.append(f"| {' | '.join([cell(group.title), link, *map(cell, cells)])} |")
    lines += [
        "",
        f"Run {cell(run['run'])}, {cell(run['started'])} to {cell(run['ended'])}, {run['requests']} requests, upkeep {cell(run['version'])}.",
    ]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """Return text that a Markdown table shows unchanged."""
    escaped = "".join(
        f"\\{character}" if character in "\\`*_[]<>|~#" else character for character in text
    )
    return " ".join(escaped.split())
