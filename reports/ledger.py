"""results.jsonl, the record of a run: a line for each control as it finishes, so that a killed run keeps what it has."""

import dataclasses
import errno
import fcntl
import json
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.outcomes import RESULT
from reports.writing import Failures, failures_of, open_lock, open_new, replace, write_all
from upkeep.masking import hidden, own
from upkeep.model import Outcome, Result, Run, rfc3339
from upkeep.results import SCHEMA, counts, to_line
from upkeep.session import (
    CONTROL,
    INTERRUPTED,
    RUN,
    begin_run,
    chooses,
    ended,
    output,
    records,
    target_of,
)

# What a run writes; an earlier run's are taken away at the start, and nothing else is.
OURS = (
    "results.jsonl",
    "run.json",
    "gate.json",
    "compliance.html",
    "summary.md",
    "report.html",
    "junit.xml",
)


class Ledger:
    """The record of the run that is going on.

    :ivar results: what has been written, in order.
    :ivar collected: every check that was collected, before any was deselected.
    :ivar facts: the run's, once it has ended; ``gate`` is the verdict's document, where there is one.
    :ivar uncollected: the files that could not be collected: their checks are not even known.
    """

    def __init__(self, folder: Path, lock: int, failures: Failures) -> None:
        self.failures = failures
        self.facts: dict[str, Any] = {}
        self.gate: dict[str, Any] | None = None
        self.folder = folder
        self.results: list[Result] = []
        self.collected: list[pytest.Item] = []
        self.uncollected: list[str] = []
        self._lock = lock
        self._file: int | None = None

    def open(self) -> None:
        """Takes the earlier run's files away and begins anew."""
        for name in OURS:
            (self.folder / name).unlink(missing_ok=True)
        for pattern in ("*-result.json", "*-container.json", "*-attachment*"):
            for path in (self.folder / "allure-results").glob(pattern):
                path.unlink()
        self._file = open_new(self.folder / "results.jsonl")
        self.failures.last_look = self.require_folder

    def write(self, result: Result, *, run: str) -> None:
        """Adds a result, at once and for good."""
        if self._file is None:
            raise ValueError("the ledger is not open")
        line = hidden(to_line(result, run=run)).encode("utf-8", errors="backslashreplace")
        self.results.append(result)
        try:
            write_all(self._file, line + b"\n")
        except OSError as error:
            self.failures.add(error, file="results.jsonl")

    def replace(self, name: str, text: str) -> None:
        """Writes a file of the run whole, or notes why it could not be written."""
        path = self.folder / name
        self.failures.attempt(path, lambda: replace(path, text))

    def require_folder(self) -> None:
        """Notes when somebody took the record away while the run wrote it."""
        if self._file is None:
            return
        try:
            there = (self.folder / "results.jsonl").stat()
        except OSError as error:
            self.failures.add(error, file="results.jsonl")
            return
        if there.st_ino != os.fstat(self._file).st_ino:
            gone = FileNotFoundError(errno.ENOENT, "somebody replaced it")
            self.failures.add(gone, file="results.jsonl")

    def close(self) -> None:
        """Ends the record and lets the next run have the folder."""
        for descriptor in (self._file, self._lock):
            if descriptor is not None:
                os.close(descriptor)


LEDGER = pytest.StashKey[Ledger]()


def pytest_configure(config: pytest.Config) -> None:
    if not records(config):
        return
    folder = output(config)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open_lock(folder / ".lock")
    except OSError as error:
        raise pytest.UsageError(_unwritable(folder, error)) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise pytest.UsageError(
            f"another run is writing to {folder}: wait for it, or choose another folder with --out=DIR"
        ) from None
    except OSError as error:  # a file system without locks
        os.close(lock)
        raise pytest.UsageError(_unwritable(folder, error)) from None
    config.stash[LEDGER] = ledger = Ledger(folder, lock, failures_of(config))
    config.add_cleanup(ledger.close)


def _unwritable(folder: Path, error: OSError) -> str:
    return f"cannot write results to {folder}: {error.strerror} ({error.filename or folder}); choose another folder with --out=DIR"


def pytest_sessionstart(session: pytest.Session) -> None:
    if LEDGER in session.config.stash:
        try:
            session.config.stash[LEDGER].open()
        except OSError as error:
            raise pytest.UsageError(_unwritable(output(session.config), error)) from None
        begin_run(session.config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if LEDGER in config.stash:
        config.stash[LEDGER].collected = list(items)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    report: Any = yield
    if report.failed and LEDGER in collector.config.stash:
        collector.config.stash[LEDGER].uncollected.append(collector.nodeid)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    try:
        return (yield)
    finally:  # what was judged is kept, also when the run ends in the middle of telling it
        if RESULT in item.stash:
            item.config.stash[LEDGER].write(item.stash[RESULT], run=item.config.stash[RUN].id)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Lists what was chosen and not run, and writes the run's facts. Before gate and compliance report, which read them."""
    ledger = session.config.stash.get(LEDGER, None)
    if ledger is None:
        return
    run = begin_run(session.config)
    for item in ledger.collected:
        if (
            RESULT not in item.stash
            and CONTROL in item.stash
            and chooses(session.config, item.iter_markers())
        ):
            ledger.write(not_run(item, _why(session, item)), run=run.id)
    ledger.facts = _facts(session.config, ledger, run, exitstatus)
    facts = json.dumps(ledger.facts, indent=2, ensure_ascii=False)
    ledger.replace("run.json", facts + "\n")


def not_run(item: pytest.Item, why: str) -> Result:
    """The result of a check that was not run."""
    return Result(
        control=item.stash[CONTROL], target=target_of(item), outcome=Outcome.NOT_RUN, summary=why
    )


def stopped(ledger: Ledger, exitstatus: int) -> list[str]:
    """What went wrong with the run as a whole, in sentences. pytest's codes 0, 1 (checks fell short) and 5 (no checks) are not that."""
    found = [f"{name} could not be collected" for name in ledger.uncollected]
    codes = {
        pytest.ExitCode.INTERRUPTED: "the run was interrupted",
        pytest.ExitCode.INTERNAL_ERROR: "pytest or a plugin broke during the run",
        pytest.ExitCode.USAGE_ERROR: "the run was refused",
    }
    if exitstatus in codes and not (found and exitstatus == pytest.ExitCode.INTERRUPTED):
        found.append(codes[pytest.ExitCode(exitstatus)])
    elif exitstatus not in set(pytest.ExitCode):
        found.append(f"the run was ended with code {exitstatus}")
    return found + ledger.failures.sentences


def _why(session: pytest.Session, item: pytest.Item) -> str:
    if session.config.stash.get(INTERRUPTED, False):
        return "the run was interrupted before it was measured"
    if not any(item is kept for kept in session.items):
        return "deselected, though its marker chose it (-k, --deselect or the like)"
    return "the run ended before it was judged"


def _facts(config: pytest.Config, ledger: Ledger, run: Run, exitstatus: int) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run": run.id,
        "version": run.version,
        "started": rfc3339(run.started),
        "ended": rfc3339(ended(config)),
        "arguments": list(run.arguments),
        "targets": list(run.targets),
        "cadences": list(run.cadences),
        "requests": run.requests,
        "looked_at": [
            {name: own(value) for name, value in dataclasses.asdict(place).items()}
            for place in run.places
        ],
        "limits": [
            {"name": name, "value": value, "default": default}
            for name, value, default in run.limits
        ],
        "counts": counts(ledger.results),
        "stopped": stopped(ledger, exitstatus),
    }
