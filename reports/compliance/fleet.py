"""The fleet's page: what does a ledger say of every target? Static files, with a link to each run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from reports.compliance.ordering import ORDER
from upkeep import REPOSITORY
from upkeep.adapters.folders import ledger as files
from upkeep.domain.decisions.comparison import Comparison, compare
from upkeep.domain.decisions.overdue import CadenceStanding
from upkeep.errors import BadInput
from upkeep.files import write_whole
from upkeep.model import SEVERITIES, span
from upkeep.records.ledger import KeptResult, KeptRun, LedgerFault
from upkeep.verdict import Verdict

# The histories show the newest runs; the ledger keeps all of them.
MOST_RUNS = 30
_CONTROL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Record(Struct, frozen=True):
    """The data of the pages.

    :ivar kept: the runs, oldest first, without records of pruning.
    :ivar verdict: the gate's, from this ledger.
    """

    folder: Path
    kept: Sequence[KeptRun]
    faults: Sequence[LedgerFault]
    standings: Sequence[CadenceStanding]
    verdict: Verdict
    now: datetime


class Cell(Struct, frozen=True):
    """A cadence on a target: its standing, its newest complete run, and that run's outcomes."""

    cadence: str
    standing: str
    age: str
    run: str
    outcomes: Mapping[str, int]


class Change(Struct, frozen=True):
    """What changed on a target between two runs of the same cadences."""

    target: str
    earlier: str
    later: str
    found: Comparison


def draw(record: Record, out: Path) -> list[str]:
    """Write index.html, a page for each run and one for each control, and return their names.

    :raises BadInput: a file of the ledger is gone, or ``out`` cannot be written.
    """
    recent = record.kept[-MOST_RUNS:]
    newest = _newest_complete(record.kept)
    shown = {one.header.run: one for one in [*recent, *newest.values()]}
    results = {name: list(files.results(record.folder, one)) for name, one in shown.items()}
    controls = _controls(results)
    pages = {"index.html": _index(record, newest, results, controls)}
    for name, one in shown.items():
        pages[f"run-{name}.html"] = _render(
            "fleet_run.html.j2", record, run=one, results=_ordered(results[name])
        )
    for control, severity in controls.items():
        if _CONTROL.fullmatch(control):
            pages[f"control-{control}.html"] = _render(
                "fleet_control.html.j2",
                record,
                control=control,
                severity=severity,
                runs=recent,
                history=_history(control, recent, results),
            )
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            write_whole(out / name, text.encode("utf-8", errors="backslashreplace"), mode=0o644)
    except OSError as error:
        raise BadInput(f"--out={out}: cannot be written ({error.strerror}).") from None
    return list(pages)


def _index(
    record: Record,
    newest: Mapping[tuple[str, str], KeptRun],
    results: Mapping[str, list[KeptResult]],
    controls: Mapping[str, str],
) -> str:
    cells: dict[str, list[Cell]] = {}
    for one in record.standings:
        run = newest.get((one.target, one.cadence))
        mine = [
            result.outcome
            for result in (results[run.header.run] if run else ())
            if result.target == one.target and one.cadence in result.cadence
        ]
        counted = Counter(mine)
        cells.setdefault(one.target, []).append(
            Cell(
                one.cadence,
                one.standing.value,
                span(record.now - one.last) if one.last else "",
                run.header.run if run else "",
                {word.value: counted[word.value] for word in ORDER if counted[word.value]},
            )
        )
    return _render(
        "fleet.html.j2",
        record,
        cells=cells,
        cadences=list(dict.fromkeys(one.cadence for one in record.standings)),
        changes=[one for target in cells for one in _changes(target, record.kept, results)],
        latest={control: _latest(control, record.kept, results) for control in controls},
        controls=controls,
        named=[one for one in controls if _CONTROL.fullmatch(one)],
        newest=files.newest(record.kept),
    )


def _newest_complete(kept: Sequence[KeptRun]) -> dict[tuple[str, str], KeptRun]:
    """Return (target, cadence) -> its newest complete run."""
    return {
        (target, cadence): one
        for one in kept
        for target, cadences in one.header.complete.items()
        for cadence in cadences
    }


def _controls(results: Mapping[str, list[KeptResult]]) -> dict[str, str]:
    """Return control -> severity, the gravest first."""
    found = {one.control: one.severity for rows in results.values() for one in rows}
    return dict(sorted(found.items(), key=lambda one: (SEVERITIES.index(one[1]), one[0])))


def _changes(
    target: str, kept: Sequence[KeptRun], results: Mapping[str, list[KeptResult]]
) -> list[Change]:
    """Return what changed on a target between its two newest runs of the same cadences."""
    alike: dict[tuple[str, ...], list[KeptRun]] = {}
    for one in kept:
        if target in one.header.targets and one.header.run in results:
            alike.setdefault(one.header.cadences, []).append(one)
    return [
        _change(target, runs[-2], runs[-1], results) for runs in alike.values() if len(runs) > 1
    ]


def _change(
    target: str, earlier: KeptRun, later: KeptRun, results: Mapping[str, list[KeptResult]]
) -> Change:
    before, after = earlier.header, later.header
    differs = (
        "limits differ"
        if before.limits != after.limits
        else "versions differ"
        if before.version != after.version
        else ""
    )
    found = compare(
        [one for one in results[before.run] if one.target == target],
        [one for one in results[after.run] if one.target == target],
        alike=differs,
    )
    return Change(target, before.run, after.run, found)


def _latest(
    control: str, kept: Sequence[KeptRun], results: Mapping[str, list[KeptResult]]
) -> dict[str, int]:
    """Return the newest outcomes of a control over the targets, each with its number."""
    newest: dict[str, str] = {
        result.target: result.outcome
        for one in kept
        for result in results.get(one.header.run, ())
        if result.control == control and result.outcome != "not-run"
    }
    counted = Counter(newest.values())
    return {word.value: counted[word.value] for word in ORDER if counted[word.value]}


def _history(
    control: str, recent: Sequence[KeptRun], results: Mapping[str, list[KeptResult]]
) -> dict[str, dict[str, KeptResult]]:
    """Return target -> run -> the result of a control."""
    found: dict[str, dict[str, KeptResult]] = {}
    for one in recent:
        for result in results[one.header.run]:
            if result.control == control:
                found.setdefault(result.target, {})[one.header.run] = result
    return dict(sorted(found.items()))


def _ordered(results: Sequence[KeptResult]) -> list[KeptResult]:
    order = [outcome.value for outcome in ORDER]
    return sorted(
        results,
        key=lambda one: (
            order.index(one.outcome),
            SEVERITIES.index(one.severity),
            one.control,
            one.target,
        ),
    )


def _render(template: str, record: Record, **facts: Any) -> str:
    from reports.compliance import templates

    environment = templates.environment()
    environment.filters["time"] = lambda at: f"{at:%Y-%m-%d %H:%M} UTC"
    environment.filters["runbook_url"] = lambda one: f"{REPOSITORY}/blob/main/docs/runbook.md#{one}"
    return environment.get_template(template).render(
        record=record,
        order={outcome.value: word for outcome, word in ORDER.items()},
        stylesheet=(templates.FOLDER / "style.css").read_text(encoding="utf-8"),
        **facts,
    )
