"""compliance.html, summary.md and oscal-assessment-results.json: drawn from results.jsonl, run.json and gate.json alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from reports.bundle import facts
from reports.compliance.ordering import ORDER, verdict
from reports.compliance.oscal import oscal
from reports.compliance.page import html
from reports.compliance.remembered import remembered
from reports.compliance.summary import markdown
from reports.ledger.record import LEDGER
from reports.writing import failures_of, replace
from upkeep.adapters.wire.decoding import decode
from upkeep.adapters.wire.lines import RunFile
from upkeep.adapters.wire.text import printable_json
from upkeep.errors import BadInput, Malformed
from upkeep.results import from_line, to_line
from upkeep.session import begin_run

__all__ = ["DRAWN", "ORDER", "draw", "html", "markdown", "verdict"]

# The reports that are drawn from the results, by the name of their file.
DRAWN: dict[str, Any] = {
    "compliance.html": html,
    "summary.md": markdown,
    "oscal-assessment-results.json": oscal,
}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """After ledger and gate, whose files are read."""
    ledger = session.config.stash.get(LEDGER, None)
    if ledger is None:
        return
    # From memory: on a full disk the files may miss what there was no room for.
    run = begin_run(session.config).id
    results = [from_line(to_line(result, run=run))[1] for result in ledger.results]
    ledger.facts |= remembered(session.config, results) | facts(session.config)
    if undelivered := failures_of(session.config).undelivered:
        ledger.facts["undelivered"] = undelivered
    ledger.replace("run.json", json.dumps(ledger.facts, indent=2, ensure_ascii=False) + "\n")
    for name, render in DRAWN.items():
        ledger.replace(name, render(results, run=ledger.facts, gate=ledger.gate))


def draw(folder: Path) -> list[str]:
    """Draw the reports of the results in a folder again, and return their names.

    :raises BadInput: a file that is missing, or not as a run writes it.
    """
    results = []
    try:
        # Of bytes: str.splitlines ends a line at U+2028 and its like, which JSON leaves as they are.
        content = (folder / "results.jsonl").read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        for number, line in enumerate(content.splitlines(), 1):
            try:
                results.append(from_line(printable_json(line).decode())[1])
            except ValueError as error:
                raise BadInput(f"{folder / 'results.jsonl'}, line {number}: {error}") from None
        run = _read(folder / "run.json")
        gate = _read(folder / "gate.json") if (folder / "gate.json").exists() else None
        if run.get("files", {}).get("results.jsonl", digest) != digest:
            raise BadInput(
                f"{folder / 'results.jsonl'}: its SHA-256 is not the one in run.json; it was altered"
            )
        for name, render in DRAWN.items():
            replace(folder / name, render(results, run=run, gate=gate))
    except OSError as error:
        raise BadInput(f"{error.filename or folder}: {error.strerror}") from None
    return list(DRAWN)


def _read(path: Path) -> dict[str, Any]:
    try:
        body = printable_json(path.read_bytes())
        if path.name == "run.json":
            decode(body, RunFile)  # of these types, times among them
        found = json.loads(body)
        if found["schema"] != 1:
            raise ValueError
    except (ValueError, KeyError, TypeError, Malformed):
        raise BadInput(
            f"{path}: expected the facts of a run, schema 1, as a run writes them"
        ) from None
    return dict(found)
