"""``--gate``: the verdict, gate.json, and the exit code. What the verdict means is upkeep.gate's."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from reports.ledger import LEDGER, Ledger, not_run, stopped
from reports.writing import failures_of
from upkeep.model import Result
from upkeep.results import SCHEMA
from upkeep.session import CONTROL, RUN, chooses, narrowed_by, records, settings
from upkeep.verdict import Code, Verdict, verdict

VERDICT = pytest.StashKey[Verdict]()


def pytest_configure(config: pytest.Config) -> None:
    """What would keep gated controls from even being collected contradicts --gate: they could not be listed as not run."""
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
                f"--gate and {word} contradict each other: nothing would be judged"
            )
    if word := narrowed_by(config):
        raise pytest.UsageError(
            f"--gate judges the whole checklist: leave {word} out, and choose with -m"
        )


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    ledger = config.stash.get(LEDGER, None)
    if ledger is None or not settings(config).gate or exitstatus == pytest.ExitCode.USAGE_ERROR:
        return
    hidden = left_out(config, ledger)
    decided = verdict(
        [*ledger.results, *hidden],
        strict=settings(config).gate_strict,
        stopped=stopped(ledger, exitstatus),
    )
    config.stash[VERDICT] = decided
    ledger.gate = _document(config, decided)
    ledger.replace("gate.json", json.dumps(ledger.gate, indent=2, ensure_ascii=False) + "\n")


def left_out(config: pytest.Config, ledger: Ledger) -> list[Result]:
    """The gated controls that ``-m`` chose by their cadence and left out by their name: the gate judges cadences whole.

    They are found by evaluating the expression with their own markers and each other control's name.
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
                not_run(item, "left out by its name in -m, but the gate judges cadences whole")
            )
    return hidden


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, Any, Any]:
    """With --gate only usage errors keep pytest's own code; they come as an exception and pass through here."""
    status: Any = yield
    if not records(config) or not settings(config).gate or status == pytest.ExitCode.USAGE_ERROR:
        return status
    if VERDICT not in config.stash:
        return int(Code.UNMEASURED)
    code = config.stash[VERDICT].code
    if code is Code.OPEN and failures_of(config).sentences:
        # A report that came after the verdict could not be written: nobody may find it open.
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
        terminalreporter.write_line(f"  removed from the gate by the settings: {name} ({why})")


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
