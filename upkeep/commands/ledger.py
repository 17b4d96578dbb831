"""``upkeep ledger verify | history CONTROL | prune``: the record of runs, checked, read, shortened.

Exit codes: 0 the ledger is sound, and prune and history did what was asked; 14 verify found that
it was altered, cut or shortened; 4 bad input.
"""

import argparse
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from upkeep.commands.printing import say
from upkeep.errors import BadInput

_KEEP = re.compile(r"(\d{1,4})(d|w|m|y)")
_DAYS = {"d": 1, "w": 7, "m": 31, "y": 366}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("action", choices=("verify", "history", "prune"), help="what to do")
    parser.add_argument("control", nargs="?", metavar="CONTROL", help="for history: the control")
    parser.add_argument("--ledger", metavar="DIR", help="the folder (default: of the settings)")
    parser.add_argument("--settings", metavar="FILE", help="settings file (default: upkeep.toml)")
    parser.add_argument("--target", metavar="NAME", help="for history: only this target")
    parser.add_argument(
        "--expect",
        metavar="DIGEST",
        action="append",
        default=[],
        help="for verify: the SHA-256 that a run printed; its file must be there (repeatable)",
    )
    parser.add_argument("--keep", metavar="AGE", help="for prune: 2y, 18m, 90d; at least 92d")


def run(options: argparse.Namespace) -> int:
    """Carries out the action."""
    from upkeep.settings.run import resolve

    given = {"settings": options.settings, "ledger": options.ledger}
    folder = resolve(given, os.environ, cwd=Path.cwd()).ledger
    if folder is None:
        raise BadInput("no ledger given: add --ledger=DIR")
    if not folder.is_dir():
        raise BadInput(f"--ledger={folder}: there is no such folder")
    if options.action == "history":
        return _history(options, folder)
    if options.control:
        raise BadInput(f"{options.control}: only history takes a control")
    return _verify(options, folder) if options.action == "verify" else _prune(options, folder)


def _verify(options: argparse.Namespace, folder: Path) -> int:
    from upkeep.adapters.folders import ledger

    for digest in options.expect:
        if not re.fullmatch(r"[0-9a-f]{8,64}", digest):
            raise BadInput(f"--expect={digest}: 8 to 64 hexadecimal digits of a SHA-256 expected")
    kept, faults = ledger.verify(folder, expect=options.expect)
    for run_of in ledger.killed(folder):
        started = f"{run_of.started:%Y-%m-%d %H:%M} UTC"
        say(f"{run_of.run}: began {started} and was not recorded: it runs still, or was killed")
    for fault in faults:
        say(f"{fault.code} {fault.file}: {fault.message}")
    say(f"{len(kept)} runs, {len(faults)} faults")
    for name, digest in ledger.newest(kept).items():
        say(f"newest: {name} sha256:{digest}")
    return 14 if faults else 0


def _history(options: argparse.Namespace, folder: Path) -> int:
    from upkeep.adapters.folders import ledger

    if not options.control:
        raise BadInput("which control? upkeep ledger history CONTROL")
    kept, faults = ledger.runs(folder)
    found = 0
    for one in kept:
        for result in ledger.results(folder, one):
            if result.control != options.control or options.target not in (None, result.target):
                continue
            found += 1
            when = f"{one.header.started:%Y-%m-%d %H:%M} UTC"
            codes = ", ".join(dict.fromkeys(finding.code for finding in result.findings))
            told = codes or result.reason
            say(f"{when}  {result.target}  {result.outcome}{f'  {told}' if told else ''}")
    for fault in faults:
        say(f"{fault.code} {fault.file}: {fault.message}")
    if not found:
        say(f"no run of this ledger judged {options.control}")
    return 0


def _prune(options: argparse.Namespace, folder: Path) -> int:
    import secrets

    import upkeep
    from upkeep.adapters.folders import ledger
    from upkeep.clock import Clock
    from upkeep.records.ledger import SCHEMA, RunHeader

    kept_for = _KEEP.fullmatch(options.keep or "")
    if not kept_for:
        raise BadInput("--keep=AGE was expected, such as --keep=2y, 18m or 400d")
    age = timedelta(days=int(kept_for[1]) * _DAYS[kept_for[2]])
    if age < timedelta(days=92):
        raise BadInput(f"--keep={options.keep}: at least 92d; quarterly runs are judged by it")
    now = Clock().now()
    header = RunHeader(
        schema=SCHEMA,
        run=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}-pruned",
        started=now,
        ended=now,
        version=upkeep.__version__,
    )
    before = now - min(age, now - datetime(1, 1, 2, tzinfo=UTC))
    removed = ledger.prune(folder, before=before, header=header)
    say(f"{len(removed)} runs removed, older than {options.keep}")
    return 0
