"""``upkeep render RUN``: draw compliance.html and summary.md again from saved results.

RUN is the folder of a run, or its results.jsonl. Nothing is measured. A results.jsonl whose SHA-256
is not the one in run.json is refused.
Exit codes: 0 drawn, 4 bad input.
"""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", metavar="RUN", help="the folder of a run, or its results.jsonl")


def run(options: argparse.Namespace) -> int:
    """Draw the reports and print their paths."""
    from upkeep.commands.suite import plugin

    path = Path(options.run)
    folder = path if path.is_dir() else path.parent
    for name in plugin("reports.compliance").draw(folder):
        print(folder / name)
    return 0
