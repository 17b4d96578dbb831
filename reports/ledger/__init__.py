"""results.jsonl: the record of a run, a line for each finished control, also of a killed run."""

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.junitxml import xml_key

from reports.ledger.facts import run_facts
from reports.ledger.record import LEDGER, OURS, Ledger
from reports.outcomes import RESULT
from reports.unrun import tell, why
from reports.writing import failures_of, open_lock, replace
from upkeep.model import Outcome, Result
from upkeep.session import (
    CONTROL,
    NOT_DUE,
    RUN,
    begin_run,
    chooses,
    output,
    records,
    settings,
    target_of,
)


def pytest_configure(config: pytest.Config) -> None:
    if not records(config):
        return
    folder = output(config)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open_lock(folder / ".lock")
    except OSError as error:
        raise pytest.UsageError(unwritable(folder, error)) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise pytest.UsageError(
            f"Another run is writing to {folder}. Wait for it, or add --out=DIR."
        ) from None
    except OSError as error:  # a file system without locks
        os.close(lock)
        raise pytest.UsageError(unwritable(folder, error)) from None
    config.stash[LEDGER] = ledger = Ledger(folder, lock, failures_of(config))
    config.pluginmanager.register(_Outermost(), "upkeep-outermost")
    config.add_cleanup(ledger.close)


def unwritable(folder: Path, error: OSError) -> str:
    """Return the refusal of an output folder that cannot be written."""
    return f"Cannot write results to {folder}: {error.strerror} ({error.filename or folder}). Name another folder: --out=DIR."


def pytest_sessionstart(session: pytest.Session) -> None:
    if LEDGER in session.config.stash:
        begin_run(session.config)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, Any, Any]:
    try:
        return (yield)
    except pytest.UsageError:
        _leave_alone(session.config)
        raise


# The outermost wrapper sees what the sweep refuses; the innermost runs after the sweep.
class _Outermost:
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except pytest.UsageError:
            _leave_alone(session.config)
            raise


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, Any, Any]:
    goes_on = not session.testsfailed or session.config.option.continue_on_collection_errors
    if LEDGER in session.config.stash and session.items and goes_on:
        _open(session.config)
    return (yield)


def _open(config: pytest.Config) -> None:
    ledger = config.stash[LEDGER]
    try:
        ledger.open(keep=["gate.json"] if settings(config).gate else [])
    except FileNotFoundError as error:  # It was there at the start: the run goes on without it.
        ledger.failures.add(error, file="results.jsonl")
    except OSError as error:
        raise pytest.UsageError(unwritable(ledger.folder, error)) from None


def _leave_alone(config: pytest.Config) -> None:
    """Keep the earlier results: a refused run has none, and no plugin writes a report of it."""
    ledger = config.stash.get(LEDGER, None)
    if ledger is None:
        return
    ledger.close()
    del config.stash[LEDGER]
    if xml_key in config.stash:
        config.pluginmanager.unregister(config.stash[xml_key])
        del config.stash[xml_key]
    for plugin in config.pluginmanager.get_plugins():
        if type(plugin).__module__.startswith("pytest_html."):
            config.pluginmanager.unregister(plugin)


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
    finally:  # a judged result is kept, also when the run ends during its report
        if RESULT in item.stash:
            item.config.stash[LEDGER].write(item.stash[RESULT], run=item.config.stash[RUN].id)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the selected controls that were not run, and run.json, before gate and reports read them."""
    ledger = session.config.stash.get(LEDGER, None)
    if ledger is None:
        return
    _open(session.config)
    run = begin_run(session.config)
    # Without -m the keyword is the selection itself. The gate judges whole cadences, and lists them.
    option = session.config.option
    by_keyword = option.keyword and not option.markexpr and not settings(session.config).gate
    left = [
        item
        for item in ledger.collected
        if RESULT not in item.stash
        and CONTROL in item.stash
        and not item.stash.get(NOT_DUE, False)
        and not (by_keyword and not any(item is kept for kept in session.items))
        and chooses(session.config, item.iter_markers())
    ]
    for item in left:
        ledger.write(not_run(item, why(session, item)), run=run.id)
    tell(left, session)
    ledger.facts = run_facts(session.config, ledger, run, exitstatus=exitstatus)
    facts = json.dumps(ledger.facts, indent=2, ensure_ascii=False)
    ledger.replace("run.json", facts + "\n")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Adds the SHA-256 of every file of the run to run.json, when the last of them is written.

    Sign it with ``ssh-keygen -Y sign``: docs/runbook.md shows the line.
    """
    ledger = config.stash.get(LEDGER, None)
    path = ledger.folder / "run.json" if ledger is not None else None
    if path is None or not path.is_file():
        return
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["files"] = {
        name: hashlib.sha256((path.parent / name).read_bytes()).hexdigest()
        for name in OURS
        if name != "run.json" and (path.parent / name).is_file()
    }
    try:
        replace(path, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:  # The summary was printed already; run.json stays without them.
        print(f"ERROR: run.json has no digests: {error.strerror}", file=sys.stderr)  # noqa: T201 - pytest's reporter is gone


def not_run(item: pytest.Item, why: str) -> Result:
    """Return the result of a check that was not run."""
    return Result(
        control=item.stash[CONTROL], target=target_of(item), outcome=Outcome.NOT_RUN, summary=why
    )
