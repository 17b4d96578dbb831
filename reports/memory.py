"""``--ledger=DIR``: the run's marker while it goes on, its file when it ends, and what is overdue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from reports.decisions import DECISIONS, audit, without_entry
from reports.ledger.record import LEDGER
from reports.writing import failures_of
from upkeep.adapters.folders import ledger as files
from upkeep.adapters.folders.recorded import newest, short
from upkeep.addressing import addressed
from upkeep.domain.decisions.overdue import (
    CadenceStanding,
    Standing,
    ahead,
    complete_cadences,
    standings,
)
from upkeep.errors import BadInput
from upkeep.model import Outcome, Result
from upkeep.records.ledger import (
    SCHEMA,
    KeptRun,
    LedgerFault,
    RunHeader,
    StartedRun,
)
from upkeep.session import (
    CONTROL,
    DEFAULT_TARGET,
    NOT_DUE,
    RUN,
    SWEEPS,
    VERDICT,
    begin_run,
    ended,
    narrowed_by,
    settings,
    target_of,
    who,
)
from upkeep.settings.run import named_file
from upkeep.verdict import Memory, due_command, overdue_text


@dataclass
class Ledger:
    """What the run knows of the ledger.

    :ivar kept: the runs that it found there; ``faults`` what is wrong with it.
    :ivar recorded: the run's own file, once it is written.
    :ivar due: with --due, the (target, cadence) pairs that are due; ``None`` without it.
    """

    kept: list[KeptRun] = field(default_factory=list)
    faults: list[LedgerFault] = field(default_factory=list)
    unusable: str = ""
    standings: list[CadenceStanding] = field(default_factory=list)
    recorded: KeptRun | None = None
    due: set[tuple[str, str]] | None = None


MEMORY = pytest.StashKey[Ledger]()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Read the ledger and leave the marker of this run.

    An unusable ledger closes the gate with code 14; without --gate it is a usage error.
    """
    config = session.config
    chosen = settings(config)
    if chosen.ledger is None or LEDGER not in config.stash:
        return
    config.stash[MEMORY] = memory = Ledger()
    run = begin_run(config)
    try:
        memory.kept, memory.faults = files.verify(chosen.ledger)
        files.begin(
            chosen.ledger,
            StartedRun(run=run.id, started=run.started, who=who(), targets=run.targets),
        )
    except BadInput as error:
        if not chosen.gate:
            raise pytest.UsageError(str(error)) from None
        memory.unusable = str(error)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """``--due``: keeps the checks of a cadence that is due on their target."""
    if not settings(config).due:
        return
    memory = config.stash.get(MEMORY, None)
    if memory is None:
        raise pytest.UsageError("--due reads the ledger: add --ledger=DIR")
    found = standings(
        [run.header for run in memory.kept],
        targets=begin_run(config).targets,
        now=ended(config),
        limits=settings(config).limits,
    )
    memory.due = {
        (one.target, one.cadence) for one in found if one.standing is not Standing.CURRENT
    }
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        cadences = item.stash[CONTROL].cadence
        wanted = any((target_of(item), cadence) in memory.due for cadence in cadences)
        (kept if wanted else left).append(item)
        item.stash[NOT_DUE] = not wanted
    if left:
        items[:] = kept
        config.hook.pytest_deselected(items=left)


def nothing_due(config: pytest.Config) -> bool:
    """Return whether ``--due`` found every cadence current."""
    memory = config.stash.get(MEMORY, None)
    return memory is not None and memory.due == set()


def remembered(config: pytest.Config, results: Sequence[Result]) -> list[Result]:
    """Return, with ``--due``, the newest results of the controls that were not due.

    The gate judges them too: what failed yesterday is not good because it is current.
    """
    memory = config.stash.get(MEMORY, None)
    if memory is None or memory.due is None:
        return []
    folder = settings(config).ledger
    assert folder is not None
    judged = {(one.target, one.control.id) for one in results}
    unreadable = {fault.file for fault in memory.faults}
    now = ended(config)
    horizon = ahead(now, settings(config).limits)
    sound = [
        one for one in memory.kept if one.file not in unreadable and one.header.started <= horizon
    ]
    targets = begin_run(config).targets
    return [
        one
        for one in newest(folder, sound, now=now)
        if one.target in targets and (one.target, one.control.id) not in judged
    ]


def recall(config: pytest.Config, results: Sequence[Result]) -> Memory:
    """Return what the verdict takes from ledger and decisions; the run that ends now counts."""
    decisions = config.stash.get(DECISIONS, None)
    invalid = list(decisions.invalid) if decisions is not None else []
    overrides = decisions.overrides if decisions is not None else ()
    memory = config.stash.get(MEMORY, None)
    if memory is None:
        return Memory(ended(config), invalid=invalid, overrides=overrides)
    if memory.unusable:
        return Memory(ended(config), invalid=[*invalid, memory.unusable], overrides=overrides)
    invalid += [f"ledger file {fault.file}: {fault.message}" for fault in memory.faults]
    headers = [*(run.header for run in memory.kept), _header(config, results, memory)]
    memory.standings = standings(
        headers,
        targets=config.stash[RUN].targets,
        now=ended(config),
        limits=settings(config).limits,
    )
    return Memory(ended(config), memory.standings, invalid, overrides)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Records the run: after the gate's verdict, and before the report that names its digest."""
    config = session.config
    memory = config.stash.get(MEMORY, None)
    if memory is None or memory.unusable:
        return
    folder = settings(config).ledger
    assert folder is not None
    if LEDGER not in config.stash:  # a refused run is no run
        files.withdraw(folder, begin_run(config).id)
        return
    results = config.stash[LEDGER].results
    if not memory.standings:
        recall(config, results)
    try:
        memory.recorded = files.record(
            folder, _header(config, results, memory), map(short, results)
        )
    except BadInput as error:
        memory.unusable = str(error)
        failures_of(config).undelivered.append(f"not recorded: {error}")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if LEDGER in config.stash:
        results = config.stash[LEDGER].results
        judged = [one.control.id for one in results if one.outcome is not Outcome.NOT_RUN]
        for said in without_entry(config):
            terminalreporter.write_line(said, yellow=True)
        for flaw in audit(config, judged):
            terminalreporter.write_line(f"waiver {flaw.code}: {flaw.message}", yellow=True)
    memory = config.stash.get(MEMORY, None)
    if memory is None or LEDGER not in config.stash:
        return
    if nothing_due(config):
        terminalreporter.write_line("nothing is due: every cadence is current on every target")
    for one in memory.standings:
        if one.standing is Standing.OVERDUE:
            terminalreporter.write_line(f"[{one.target}] {overdue_text(one)}", yellow=True)
    overdue = [one.target for one in memory.standings if one.standing is Standing.OVERDUE]
    if overdue:
        terminalreporter.write_line(f"    next: {_what_is_due(config, overdue)}")
    for fault in memory.faults:
        terminalreporter.write_line(f"ledger {fault.code}: {fault.file}: {fault.message}", red=True)
    if memory.unusable:
        terminalreporter.write_line(f"not recorded: {memory.unusable}", red=True)
    if memory.recorded is not None:
        recorded = memory.recorded
        terminalreporter.write_line(f"ledger: {recorded.file} sha256:{recorded.digest}")


def _what_is_due(config: pytest.Config, targets: Sequence[str]) -> str:
    """Return the command that runs the overdue cadences, addressed as the run was."""
    chosen = settings(config)
    assert chosen.ledger is not None
    file = named_file(chosen, cwd=config.invocation_params.dir)
    command = due_command(targets, ledger=chosen.ledger, settings=file)
    if chosen.targets[0].name:
        return command
    sweep = config.stash.get(SWEEPS, {}).get(DEFAULT_TARGET)
    return addressed(command, sweep.address) if sweep is not None else command


def _header(config: pytest.Config, results: Sequence[Result], memory: Ledger) -> RunHeader:
    run = begin_run(config)
    complete = _complete(config, results, memory)
    outcomes = [one.outcome.value for one in results]
    verdict = config.stash.get(VERDICT, None)
    return RunHeader(
        schema=SCHEMA,
        run=run.id,
        started=run.started,
        ended=ended(config),
        version=run.version,
        who=who(),
        targets=run.targets,
        cadences=run.cadences,
        complete=complete,
        counts={outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)},
        gate={target: int(code) for target, code in verdict.targets.items()} if verdict else {},
        limits={name: value for name, value, default in run.limits if value != default},
        parents=files.newest(memory.kept),
    )


def tried(
    config: pytest.Config, results: Sequence[Result]
) -> Sequence[tuple[str, Sequence[str], str]]:
    """Return (target, cadences, outcome) of every control that there is, chosen or not.

    An expression such as ``-m "daily and not gate"`` leaves controls of the cadence out without a
    result: to the cadence they are as those that were not run.
    """
    said = [(one.target, one.control.cadence, one.outcome.value) for one in results]
    judged = {(one.target, one.control.id) for one in results}
    return said + [
        (target_of(item), item.stash[CONTROL].cadence, Outcome.NOT_RUN.value)
        for item in config.stash[LEDGER].collected
        if CONTROL in item.stash and (target_of(item), item.stash[CONTROL].id) not in judged
    ]


def _complete(
    config: pytest.Config, results: Sequence[Result], memory: Ledger
) -> dict[str, tuple[str, ...]]:
    """Return the cadences that this run carried out whole, for each target."""
    asked = () if narrowed_by(config) else begin_run(config).cadences
    whole = complete_cadences(tried(config, results), asked=asked)
    if memory.due is None:
        return whole
    due = memory.due
    return {
        target: tuple(cadence for cadence in cadences if (target, cadence) in due)
        for target, cadences in whole.items()
    }
