"""``upkeep diff RUN RUN``: which findings are new, fixed, unchanged, and what cannot be compared.

RUN is a results folder, a results.jsonl, or with --ledger=DIR ``latest`` or the id of a run.
Exit codes: 0 nothing new, 1 at least one new finding, 4 bad input.
"""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from upkeep.commands.printing import say

if TYPE_CHECKING:
    from upkeep.adapters.folders.recorded import RecordedRun


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("earlier", metavar="RUN", help="the earlier run")
    parser.add_argument("later", metavar="RUN", help="the later run")
    parser.add_argument("--ledger", metavar="DIR", help="the ledger that holds the runs")
    parser.add_argument("--settings", metavar="FILE", help="settings file (default: upkeep.toml)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(options: argparse.Namespace) -> int:
    """Compares and prints."""
    from upkeep.adapters.folders import recorded
    from upkeep.domain.decisions.comparison import compare
    from upkeep.settings.run import resolve

    given = {"settings": options.settings, "ledger": options.ledger}
    ledger = resolve(given, os.environ, cwd=Path.cwd()).ledger
    earlier = recorded.read(options.earlier, ledger=ledger)
    later = recorded.read(options.later, ledger=ledger)
    found = compare(earlier.results, later.results, alike=unlike(earlier, later))
    if options.json:
        print(json.dumps(msgspec.to_builtins(found), indent=2, ensure_ascii=False))
        return 1 if found.new else 0
    say(f"{earlier.name} -> {later.name}")
    for word, sign, those in (
        ("new", "+", found.new),
        ("fixed", "-", found.fixed),
        ("unchanged", " ", found.unchanged),
    ):
        say(f"{len(those)} {word}")
        for one in those:
            say(f"  {sign} [{one.target}] {one.control} {one.code}: {one.owner}")
    say(f"{len(found.incomparable)} not comparable")
    for each in found.incomparable:
        say(f"  ? [{each.target}] {each.control}: {each.reason}")
    return 1 if found.new else 0


def unlike(earlier: "RecordedRun", later: "RecordedRun") -> str:
    """Return why two runs as a whole cannot be compared; empty where they can."""
    if earlier.version != later.version:
        return f"version {earlier.version or 'unknown'} against {later.version or 'unknown'}"
    names = {*earlier.limits, *later.limits}
    changed = [name for name in sorted(names) if earlier.limits.get(name) != later.limits.get(name)]
    return f"another limit: {', '.join(changed)}" if changed else ""
