"""``--gate``: print the verdict, write gate.json, set the exit code. upkeep.verdict decides."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from reports.findings import flat
from reports.ledger import not_run, unwritable
from reports.ledger.facts import stopped
from reports.ledger.record import LEDGER, Ledger
from reports.memory import nothing_due, recall, remembered
from reports.writing import failures_of, replace
from upkeep.masking import mask, own
from upkeep.model import Result, rfc3339
from upkeep.records.decisions import Override
from upkeep.results import SCHEMA
from upkeep.session import CONTROL, RUN, VERDICT, chooses, narrowed_by, records, settings
from upkeep.verdict import Code, Verdict, verdict


def pytest_configure(config: pytest.Config) -> None:
    """Refuse --gate with an option that leaves gated controls uncollected: they could not be listed."""
    if not settings(config).gate:
        return
    option = config.option
    for name, word in (
        ("collectonly", "--collect-only"),
        ("setupplan", "--setup-plan"),
        ("setuponly", "--setup-only"),
    ):
        if getattr(option, name, False):
            raise pytest.UsageError(
                f"--gate and {word} contradict: {word} judges no control. Remove one."
            )
    if word := narrowed_by(config):
        raise pytest.UsageError(
            f"--gate judges the whole checklist. Remove {word} and select with -m."
        )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Close gate.json until the verdict: a killed run leaves no open one of an earlier run."""
    ledger = session.config.stash.get(LEDGER, None)
    if ledger is not None and settings(session.config).gate:
        text = "The run has not ended."
        try:
            write_closed(
                ledger.folder, code=Code.UNMEASURED, verdict="closed: no verdict yet", text=text
            )
        except OSError as error:
            raise pytest.UsageError(unwritable(ledger.folder, error)) from None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    ledger = config.stash.get(LEDGER, None)
    if ledger is None or not settings(config).gate:
        return
    hidden = [*left_out(config, ledger), *remembered(config, ledger.results)]
    decided = verdict(
        [*ledger.results, *hidden],
        strict=settings(config).gate_strict,
        stopped=stopped(ledger, exitstatus),
        memory=recall(config, ledger.results),
    )
    config.stash[VERDICT] = decided
    ledger.gate = _document(config, decided)
    ledger.replace("gate.json", json.dumps(ledger.gate, indent=2, ensure_ascii=False) + "\n")


def write_closed(folder: Path, *, code: int, verdict: str, text: str) -> None:
    """Write a gate.json without a judged control.

    :param code: 4, pytest's code for a usage error, or a code of the gate.
    """
    document = {
        "schema": SCHEMA,
        "run": "",
        "code": code,
        "open": False,
        "verdict": verdict,
        "strict": False,
        "judged": 0,
        "targets": {},
        "overrides": [],
        "reasons": [
            {"code": code, "control": "", "target": "", "outcome": "", "text": own(mask(text))}
        ],
        "added": [],
        "removed": [],
    }
    replace(folder / "gate.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def left_out(config: pytest.Config, ledger: Ledger) -> list[Result]:
    """Return the gated controls that ``-m`` selected by their cadence and left out by their id.

    The expression is evaluated with their own markers and the id of each other control.
    """
    gated = [
        item for item in ledger.collected if CONTROL in item.stash and item.stash[CONTROL].gate
    ]
    names = {
        mark.kwargs["id"]: mark
        for item in ledger.collected
        for mark in item.iter_markers("control")
    }.values()
    hidden = []
    for item in gated:
        others = [mark for mark in item.iter_markers() if mark.name != "control"]
        if not chooses(config, item.iter_markers()) and any(
            chooses(config, [*others, *name]) for name in ([], *([n] for n in names))
        ):
            hidden.append(
                not_run(item, "Left out by its id in -m. The gate judges whole cadences.")
            )
    return hidden


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    """Set the gate's exit code. Usage errors keep pytest's code; they arrive as an exception.

    A run whose metrics were not published does not end with 0, unless the gate decides: the
    metrics are no part of its verdict.
    """
    status: Any = yield
    if not records(config) or status == pytest.ExitCode.USAGE_ERROR:
        return status
    carried_out = status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if status == pytest.ExitCode.NO_TESTS_COLLECTED and nothing_due(config):
        status = pytest.ExitCode.OK
        carried_out = True
    undelivered = bool(failures_of(config).undelivered)
    if settings(config).exit_zero and carried_out:
        # A Job has no other reader than its metrics.
        return pytest.ExitCode.INTERNAL_ERROR if undelivered else 0
    if not settings(config).gate:
        return pytest.ExitCode.INTERNAL_ERROR if undelivered and status == 0 else status
    if VERDICT not in config.stash:
        return int(Code.UNMEASURED)
    code = config.stash[VERDICT].code
    if code is Code.OPEN and failures_of(config).sentences:
        # A report after the verdict could not be written: no open verdict may stay on the disk.
        (settings(config).out / "gate.json").unlink(missing_ok=True)
        return int(Code.UNMEASURED)
    return int(code)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if VERDICT not in config.stash:
        return
    decided, chosen = config.stash[VERDICT], settings(config)
    colour = {"green" if decided.code is Code.OPEN else "red": True}
    judged = f"{decided.judged} gated control{'' if decided.judged == 1 else 's'} judged"
    terminalreporter.write_line(
        f"gate {decided.sentence} (code {int(decided.code)}; {judged})", bold=True, **colour
    )
    if len(decided.targets) > 1:
        for target, code in decided.targets.items():
            state = "open" if code is Code.OPEN else f"closed (code {int(code)})"
            terminalreporter.write_line(f"  [{target}] {state}")
    for one in decided.overridden.values():
        terminalreporter.write_line(
            f"  OPEN BY OVERRIDE [{one.target}] until {one.expires:%Y-%m-%d %H:%M} UTC: {one.reason} "
            f"({one.ticket}, by {one.by}, approved by {one.approved_by})",
            bold=True,
            red=True,
        )
    for reason in decided.reasons:
        where = (
            f"{reason.control} [{reason.target}]: "
            if reason.control
            else (f"[{reason.target}]: " if reason.target else "")
        )
        terminalreporter.write_line(f"  {int(reason.code)}  {where}{reason.text}")
    if chosen.gate_add:
        terminalreporter.write_line(
            f"  added to the gate by the settings: {', '.join(chosen.gate_add)}"
        )
    for name, why in chosen.gate_remove.items():
        terminalreporter.write_line(
            f"  removed from the gate by the settings: {name} ({flat(why)})"
        )


def _override(one: Override) -> dict[str, str]:
    return {
        "target": one.target,
        "reason": one.reason,
        "by": one.by,
        "approved_by": one.approved_by,
        "ticket": one.ticket,
        "issued": rfc3339(one.issued),
        "expires": rfc3339(one.expires),
    }


def _document(config: pytest.Config, decided: Verdict) -> dict[str, Any]:
    chosen = settings(config)
    return {
        "schema": SCHEMA,
        "run": config.stash[RUN].id,
        "code": int(decided.code),
        "open": decided.code is Code.OPEN,
        "verdict": decided.sentence,
        "strict": chosen.gate_strict,
        "judged": decided.judged,
        "targets": {target: int(code) for target, code in decided.targets.items()},
        "overrides": [_override(one) for one in decided.overridden.values()],
        "reasons": [
            {
                "code": int(each.code),
                "control": each.control,
                "target": each.target,
                "outcome": each.outcome,
                "text": each.text,
            }
            for each in decided.reasons
        ],
        "added": list(chosen.gate_add),
        "removed": [{"control": name, "reason": why} for name, why in chosen.gate_remove.items()],
    }
