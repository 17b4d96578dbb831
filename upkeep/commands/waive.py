"""``upkeep waive RUN``: a waiver file for the findings of a run, one entry each.

The entries are invalid until a person fills in reason, owner, approved_by, approved_on, ticket
and expires. RUN is a results folder, a results.jsonl, or with --ledger=DIR ``latest`` or an id.
Exit codes: 0 written, 1 the run has no finding to waive, 4 bad input.
"""

import argparse
import os
from pathlib import Path

from upkeep.commands.printing import say
from upkeep.errors import BadInput

TO_FILL = ("reason", "owner", "approved_by", "approved_on", "ticket", "expires")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("run", metavar="RUN", help="the run whose findings are listed")
    parser.add_argument("--control", metavar="ID", action="append", default=[], help="repeatable")
    parser.add_argument("--write", metavar="FILE", help="a new file (default: print)")
    parser.add_argument("--ledger", metavar="DIR", help="the ledger that holds the run")
    parser.add_argument("--settings", metavar="FILE", help="settings file (default: upkeep.toml)")


def run(options: argparse.Namespace) -> int:
    """Writes or prints the entries."""
    import yaml

    from upkeep.adapters.folders import recorded
    from upkeep.domain.decisions.comparison import identities
    from upkeep.domain.decisions.waiving import MOST_DAYS
    from upkeep.files import write_whole
    from upkeep.settings.run import resolve

    given = {"settings": options.settings, "ledger": options.ledger}
    ledger = resolve(given, os.environ, cwd=Path.cwd()).ledger
    found = recorded.read(options.run, ledger=ledger)
    entries = []
    for result in found.results:
        if result.outcome != "fail" or (options.control and result.control not in options.control):
            continue
        for one in sorted(identities(result)):
            text = yaml.safe_dump(
                [
                    {
                        "control": one.control,
                        "target": _literal(one.target),
                        "object": _literal(one.owner),
                        "code": one.code,
                    }
                ],
                sort_keys=False,
                allow_unicode=True,
                width=120,
            )
            most = f"at most {MOST_DAYS[result.severity]} days after approved_on"
            blanks = "".join(
                f"  {key}:{f'  # {most}' if key == 'expires' else ''}\n" for key in TO_FILL
            )
            entries.append(text + blanks)
    if not entries:
        say(f"{found.name}: no finding to waive")
        return 1
    head = (
        f"# Findings of run {found.name}. Fill in every key: a waiver is invalid until then.\n"
        "# approved_by is another person than owner; expires is a date or an RFC 3339 time.\n"
    )
    body = head + "\n".join(entries)
    if options.write is None:
        print(body, end="")
        return 0
    path = Path(options.write)
    if path.exists():
        raise BadInput(f"--write={path}: the file exists; name a new one, or print and paste")
    try:
        write_whole(path, body.encode(), mode=0o644)
    except OSError as error:
        raise BadInput(f"--write={path}: cannot be written ({error.strerror})") from None
    print(f"{path}: {len(entries)} entries to fill in")
    return 0


def _literal(name: str) -> str:
    """Return a glob that matches the name alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
