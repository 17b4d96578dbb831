"""``upkeep render RUN``, ``upkeep render --ledger=DIR``: draw the reports again from what is recorded.

RUN is the folder of a run, or its results.jsonl: compliance.html and summary.md are drawn beside it.
A results.jsonl whose SHA-256 is not the one in run.json is refused. With --ledger alone the page of
the fleet is drawn into --out: targets and cadences, changes, a page for each run and control.
Nothing is measured.
Exit codes: 0 drawn, 4 bad input.
"""

import argparse
import os
from pathlib import Path

from upkeep.errors import BadInput

FLEET = "reports/fleet"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "run", metavar="RUN", nargs="?", help="the folder of a run, or its results.jsonl"
    )
    parser.add_argument("--ledger", metavar="DIR", help="draw the fleet's page of this ledger")
    parser.add_argument(
        "--out", metavar="DIR", help=f"folder of the fleet's page (default: {FLEET})"
    )
    parser.add_argument("--settings", metavar="FILE", help="settings file (default: upkeep.toml)")


def run(options: argparse.Namespace) -> int:
    """Draw the reports and print their paths."""
    from upkeep.commands.suite import plugin

    if (options.run is None) is (options.ledger is None):
        raise BadInput("Expected RUN, the folder of a run, or --ledger=DIR for the fleet's page.")
    if options.ledger is not None:
        return _fleet(options)
    path = Path(options.run)
    if not path.exists():
        raise BadInput(f"{path}: no such folder or results.jsonl.")
    folder = path if path.is_dir() else path.parent
    for name in plugin("reports.compliance").draw(folder):
        print(folder / name)
    return 0


def _fleet(options: argparse.Namespace) -> int:
    from upkeep.adapters.folders import ledger
    from upkeep.clock import Clock
    from upkeep.commands.gate import decide
    from upkeep.commands.suite import plugin
    from upkeep.domain.decisions.overdue import standings
    from upkeep.settings.run import resolve

    given = {"settings": options.settings, "ledger": options.ledger}
    settings = resolve(given, os.environ, cwd=Path.cwd())
    folder, now = settings.ledger, Clock().now()
    assert folder is not None
    kept, faults = ledger.verify(folder)
    runs = [one for one in kept if not one.header.removed]
    if not runs:
        raise BadInput(f"--ledger={folder}: it holds no run. Run pytest with --ledger={folder}.")
    unreadable = {fault.file for fault in faults if fault.code == "file-unreadable"}
    targets = list(dict.fromkeys(name for one in runs for name in one.header.targets))
    fleet = plugin("reports.compliance.fleet")
    out = Path(options.out or FLEET)
    record = fleet.Record(
        folder,
        [one for one in runs if one.file not in unreadable],
        faults,
        standings([one.header for one in kept], targets=targets, now=now, limits=settings.limits),
        decide(settings, targets=[], now=now),
        now,
    )
    names = fleet.draw(record, out)
    print(f"{out / names[0]} and {len(names) - 1} pages beside it")
    return 0
