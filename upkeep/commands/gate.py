"""``upkeep gate``: the verdict from the ledger alone, without a cluster.

Every gated control counts with its newest result; one whose basis has ended (a sign-off, a waiver)
closes the gate, and so does an overdue cadence.
Exit codes: 0 open, 10 failed, 14 invalid or expired, 12 could not be measured or no run at all,
13 overdue, 11 closed by --gate-strict, 4 bad input. A ledger that does not exist or cannot be read
is 14; one without a run is 12.
"""

import argparse
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from upkeep.commands.printing import say
from upkeep.errors import BadInput
from upkeep.shell import shell

if TYPE_CHECKING:
    from upkeep.records.decisions import Override
    from upkeep.records.ledger import KeptRun, LedgerFault
    from upkeep.settings.run import RunSettings
    from upkeep.verdict import Verdict


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("--ledger", metavar="DIR", help="the record of runs")
    parser.add_argument(
        "--target", metavar="NAME", action="append", default=[], help="repeatable (default: all)"
    )
    parser.add_argument("--gate-strict", action="store_true", help="controls outside count, too")
    parser.add_argument("--override", metavar="FILE", help="a recorded decision, at most 24 hours")
    parser.add_argument("--settings", metavar="FILE", help="settings file (default: upkeep.toml)")


def run(options: argparse.Namespace) -> int:
    """Prints the verdict."""
    from upkeep.clock import Clock
    from upkeep.settings.run import named_file, resolve
    from upkeep.verdict import Code, due_command

    given = {
        "settings": options.settings,
        "ledger": options.ledger,
        "override": options.override,
        "gate_strict": options.gate_strict,
    }
    settings = resolve(given, os.environ, cwd=Path.cwd())
    if settings.ledger is None:
        raise BadInput("no ledger given: add --ledger=DIR")
    decided = decide(settings, targets=options.target, now=Clock().now())
    say(f"gate {decided.sentence} (code {int(decided.code)}; from {settings.ledger})")
    for one in decided.overridden.values():
        say(
            f"  OPEN BY OVERRIDE [{one.target}] until {one.expires:%Y-%m-%d %H:%M} UTC: "
            f"{one.reason} ({one.ticket}, by {one.by}, approved by {one.approved_by})"
        )
    for reason in decided.reasons:
        where = f"{reason.control} " if reason.control else ""
        at = f"[{reason.target}] " if reason.target else ""
        say(f"  {int(reason.code)}  {where}{at}{reason.text}")
    overdue = [one.target for one in decided.reasons if one.code is Code.OVERDUE]
    if overdue:
        file = named_file(settings, cwd=Path.cwd())
        say(f"next: {due_command(overdue, ledger=settings.ledger, settings=file)}")
    return int(decided.code)


def decide(settings: "RunSettings", *, targets: list[str], now: datetime) -> "Verdict":
    """Return the verdict of a ledger.

    A ledger that does not exist or cannot be read is invalid: it closes the gate, as a run does it.

    :raises BadInput: a target that the ledger does not know.
    """
    from upkeep.adapters.folders import decisions, ledger, recorded
    from upkeep.domain.decisions.overdue import ahead, standings
    from upkeep.verdict import Memory, verdict

    folder = settings.ledger
    invalid: list[str] = []
    overrides: Sequence[Override] = ()
    assert folder is not None
    if settings.override is not None:
        try:
            overrides = decisions.overrides(settings.override)
        except BadInput as error:
            invalid.append(str(error))
    kept: list[KeptRun] = []
    faults: list[LedgerFault] = []
    try:
        # A run makes its folder; here a missing one is a typing error, or a volume not mounted.
        if not folder.exists():
            raise BadInput(f"--ledger={folder}: there is no such folder")
        kept, faults = ledger.verify(folder)
        read = True
    except BadInput as error:
        invalid.append(str(error))
        read = False
    invalid += [f"ledger file {fault.file}: {fault.message}" for fault in faults]
    horizon = ahead(now, settings.limits)
    invalid += [
        f"ledger file {one.file}: it began after now, by the clock that wrote it: "
        "its results do not count, and newer ones cannot be told from older ones"
        for one in kept
        if one.header.started > horizon
    ]
    unreadable = {fault.file for fault in faults}
    sound = [one for one in kept if one.file not in unreadable and one.header.started <= horizon]
    known = list(dict.fromkeys(name for one in kept for name in one.header.targets))
    for name in targets:
        if read and not faults and name not in known:
            raise BadInput(
                f"--target={name}: the ledger has no run of it; it has {', '.join(known) or 'none'}"
            )
    if read and not (kept or faults):
        step = shell("upkeep run -m gate --gate --ledger={}", str(folder))
        say(f"--ledger={folder} holds no run (next: {step})")
    wanted = targets or known
    results = [one for one in recorded.newest(folder, sound, now=now) if one.target in wanted]
    return verdict(
        results,
        strict=settings.gate_strict,
        memory=Memory(
            now,
            standings(
                [one.header for one in kept], targets=wanted, now=now, limits=settings.limits
            ),
            invalid,
            # A target that no run is known of may be a typing error, or its ledger is not mounted.
            overrides if set(wanted) <= set(known) else (),
        ),
    )
