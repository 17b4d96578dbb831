"""A recorded run, wherever it is kept: a results folder, a results.jsonl, or a run of the ledger."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from upkeep.adapters.folders import ledger as files
from upkeep.errors import BadInput
from upkeep.limits import nearest
from upkeep.model import Result
from upkeep.records.ledger import KeptFinding, KeptResult, KeptRun
from upkeep.results import from_line

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run's results in short.

    :ivar name: its id; ``version`` and ``limits`` are those that it was judged with.
    """

    name: str
    version: str
    limits: dict[str, str]
    results: tuple[KeptResult, ...]


def read(run: str, *, ledger: Path | None) -> RecordedRun:
    """Return the run that a word names: a folder, a results.jsonl, ``latest`` or an id.

    :param ledger: the folder of the ledger, where one was named.
    :raises BadInput: there is no such run, or it cannot be read.
    """
    path = Path(run)
    if path.is_dir() and (path / "results.jsonl").is_file():
        return _of_results(path / "results.jsonl")
    if path.is_file():
        return _of_results(path)
    if ledger is None:
        raise BadInput(
            f"{run}: no folder with a results.jsonl and no such file; "
            "for a run of the ledger add --ledger=DIR"
        )
    kept, faults = files.runs(ledger)
    found = chosen(kept, run)
    if found is None:
        if faults:
            raise BadInput(f"{ledger / faults[0].file}: {faults[0].message}")
        near = nearest(run, [one.header.run for one in kept])
        raise BadInput(f"{run}: --ledger={ledger} has no such run{near}; it has {len(kept)}")
    header = found.header
    results = tuple(files.results(ledger, found))
    return RecordedRun(header.run, header.version, header.limits, results)


def chosen(kept: Sequence[KeptRun], run: str) -> KeptRun | None:
    """Return the run of a ledger that a word names; records of a pruning are none."""
    real = [one for one in kept if not one.header.removed]
    if run == LATEST:
        return real[-1] if real else None
    return next((one for one in real if one.header.run == run), None)


def short(result: Result) -> KeptResult:
    """Return a result in short."""
    return KeptResult(
        target=result.target,
        control=result.control.id,
        outcome=result.outcome.value,
        severity=result.control.severity,
        cadence=result.control.cadence,
        gate=result.control.gate,
        reason=result.reason,
        summary=result.summary,
        findings=tuple(
            KeptFinding(
                finding.code, finding.owner or finding.object, finding.object, finding.waiver
            )
            for finding in result.findings
        ),
        measured=result.measured,
        valid_until=result.valid_until,
    )


def _of_results(path: Path) -> RecordedRun:
    results, name = [], ""
    try:
        with path.open(encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    name, result = from_line(line)
                except ValueError as error:
                    raise BadInput(f"{path}, line {number}: {error}") from None
                results.append(short(result))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read ({error})") from None
    version, limits = _facts(path.with_name("run.json"))
    return RecordedRun(name or str(path), version, limits, tuple(results))


def _facts(path: Path) -> tuple[str, dict[str, str]]:
    """Return the version and the changed limits that run.json tells; nothing where it is missing."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        limits = {
            one["name"]: one["value"] for one in facts["limits"] if one["value"] != one["default"]
        }
        return str(facts["version"]), limits
    except FileNotFoundError:
        return "", {}
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput(f"{path}: not the facts of a run, as a run writes them") from None
