"""A recorded run, wherever it is kept: a results folder, a results.jsonl, or a run of the ledger."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

from msgspec import Struct

from upkeep.adapters.folders import ledger as files
from upkeep.adapters.wire.decoding import decode
from upkeep.adapters.wire.lines import ResultLine, RunFacts
from upkeep.adapters.wire.text import one_line
from upkeep.errors import BadInput, Malformed
from upkeep.files import read_bounded
from upkeep.limits import nearest
from upkeep.model import Control, Outcome, Result
from upkeep.records.ledger import KeptFinding, KeptResult, KeptRun, Severity

LATEST = "latest"
# A run of 200 targets writes 30 MB.
MOST_BYTES = 256 * 1024 * 1024
MOST_FACTS_BYTES = 16 * 1024 * 1024


class RecordedRun(Struct, frozen=True):
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
    try:
        if path.is_dir() and (path / "results.jsonl").exists():
            return _of_results(path / "results.jsonl")
        if path.exists() and not path.is_dir():
            return _of_results(path)
    except (OSError, ValueError) as error:  # a name that is too long, or holds NUL
        why = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"{one_line(run)[:80]}: not the name of a run ({why})") from None
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
        run = one_line(run)
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
        severity=cast(Severity, result.control.severity),
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


def newest(folder: Path, kept: Iterable[KeptRun], *, now: datetime) -> list[Result]:
    """Return the newest result of every control on every target; one that was not run is none.

    A result whose basis has ended is *due*; one that --baseline alone hides is *fail*.

    :param kept: the runs that count, oldest first.
    :raises BadInput: a file of the ledger is gone or damaged.
    """
    found: dict[tuple[str, str], KeptResult] = {}
    for one in kept:
        for result in files.results(folder, one):
            if result.outcome != "not-run":
                found[result.target, result.control] = result
    return [_result(one, now=now) for one in found.values()]


def _result(kept: KeptResult, *, now: datetime) -> Result:
    outcome, summary = Outcome(kept.outcome), kept.summary
    ends = kept.valid_until
    if outcome is Outcome.WAIVED and ends is None:
        # Every waiver ends. --baseline hides findings, and a known finding opens no gate.
        outcome, summary = Outcome.FAIL, f"no waiver covers it: {summary}"
    if ends is not None and ends <= now and outcome in (Outcome.PASS, Outcome.WAIVED):
        outcome = Outcome.DUE
        summary = f"what it rests on ended at {ends:%Y-%m-%d %H:%M} UTC; run it again ({summary})"
    control = Control(
        id=kept.control,
        title="",
        severity=kept.severity,
        guide="",
        cadence=kept.cadence,
        gate=kept.gate,
        runbook="",
    )
    return Result(control=control, target=kept.target, outcome=outcome, summary=summary)


def _of_results(path: Path) -> RecordedRun:
    results, name = [], ""
    try:
        lines = read_bounded(path, most_bytes=MOST_BYTES).split(b"\n")
        for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
            one = decode(line, ResultLine, what=f"{path}, line {number},")
            results.append(_kept(one))
            name = one_line(one.run)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from None
    except Malformed as error:
        raise BadInput(error.message) from None
    version, limits = _facts(path.with_name("run.json"))
    return RecordedRun(name or str(path), version, limits, tuple(results))


def _kept(line: ResultLine) -> KeptResult:
    return KeptResult(
        target=line.target,
        control=line.control,
        outcome=line.outcome,
        severity=line.severity,
        cadence=line.cadence,
        gate=line.gate,
        reason=line.reason,
        summary=line.summary,
        findings=tuple(
            KeptFinding(one.code, one.owner or one.object, one.object, one.waiver)
            for one in line.findings
        ),
        measured=line.measured,
        valid_until=line.valid_until,
    )


def _facts(path: Path) -> tuple[str, dict[str, str]]:
    """Return the version and the changed limits that run.json tells; nothing where it is missing."""
    try:
        facts = decode(read_bounded(path, most_bytes=MOST_FACTS_BYTES), RunFacts)
    except FileNotFoundError:
        return "", {}
    except (OSError, Malformed):
        raise BadInput(f"{path}: not the facts of a run, as a run writes them") from None
    return facts.version, {one.name: one.value for one in facts.limits if one.value != one.default}
