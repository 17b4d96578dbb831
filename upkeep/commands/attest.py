"""``upkeep attest CONTROL``: what only a person can confirm, as a reviewed entry of the file of attestations.

One person confirms and another has reviewed it. Whether an entry holds, its time and its evidence, is judged at each run; what is missing or
expired is *due*. Evidence is named relative to the file's folder and recorded with its SHA-256: a file that changes afterwards ends the entry.
Exit codes: 0 the entry was added; 4 bad input, and the file is as it was.
"""

import argparse
import os
from pathlib import Path

from upkeep.domain import persons
from upkeep.errors import BadInput
from upkeep.judges.attestations.signoffs import LIMIT_OF
from upkeep.limits import LIMITS, nearest

SUMMARY = "confirm what only a person can confirm: a reviewed entry with evidence"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument(
        "control", metavar="CONTROL", help=f"what is confirmed: {', '.join(LIMIT_OF)}"
    )
    parser.add_argument("--by", required=True, metavar="NAME", help="who confirms it")
    parser.add_argument(
        "--reviewed-by", required=True, metavar="NAME", help="who else looked at it"
    )
    parser.add_argument(
        "--explanation",
        required=True,
        metavar="TEXT",
        help="what was done and what came of it; no secrets",
    )
    parser.add_argument(
        "--status",
        choices=("satisfied", "not-satisfied"),
        default="satisfied",
        help="default: satisfied",
    )
    parser.add_argument(
        "--object",
        metavar="OBJECT",
        default="",
        help="what it is about, for secrets-rotated: 'Secret/NAME key KEY' or Secret/NAME",
    )
    parser.add_argument(
        "--target",
        metavar="NAME",
        default="default",
        help="the target of the settings file, or * for every one (default: default)",
    )
    parser.add_argument(
        "--at", metavar="TIME", help="when it was done, 2026-01-02T15:04:05Z (default: now)"
    )
    parser.add_argument(
        "--valid-for",
        metavar="DURATION",
        help="how long it holds, 31d (default and most: the control's limit)",
    )
    parser.add_argument(
        "--evidence",
        metavar="FILE",
        action="append",
        default=[],
        help="a file beside the attestations (repeatable)",
    )
    parser.add_argument(
        "--attestations",
        metavar="FILE",
        help="the file (default: attestations of the settings file); made where it is missing",
    )
    parser.add_argument(
        "--settings", metavar="FILE", help="settings file (default: upkeep.toml where it exists)"
    )


def run(options: argparse.Namespace) -> int:
    """Checks the entry and adds it."""
    from upkeep.adapters.folders import attestations
    from upkeep.clock import Clock
    from upkeep.model import parse_time
    from upkeep.settings import resolve

    if options.control not in LIMIT_OF:
        known = ", ".join(LIMIT_OF)
        raise BadInput(
            f"{options.control}: no person can confirm that{nearest(options.control, list(LIMIT_OF))}; what can be: {known}"
        )
    if persons.same(options.by, options.reviewed_by):
        raise BadInput(
            "--by and --reviewed-by are the same person: somebody else must have looked at it"
        )
    if (options.control == "secrets-rotated") is not bool(options.object):
        raise BadInput(
            "--object='Secret/NAME key KEY' says which rotation is confirmed, for secrets-rotated and nothing else"
        )
    settings = resolve(
        {"settings": options.settings, "attestations": options.attestations},
        os.environ,
        cwd=Path.cwd(),
    )
    if settings.attestations is None:
        raise BadInput("where the entry goes was not said: --attestations=FILE")
    limit = LIMITS[LIMIT_OF[options.control]]
    valid_for = options.valid_for or limit.text(limit.default)
    limit.parse(valid_for, where="--valid-for")
    now = Clock().now()
    try:
        at = parse_time(options.at) if options.at else now.replace(microsecond=0)
    except ValueError:
        raise BadInput(
            f"--at={options.at}: a time such as 2026-01-02T15:04:05Z was expected"
        ) from None
    if at > now:
        raise BadInput(f"--at={options.at} has not come yet")
    entry = {
        "control": options.control,
        "target": options.target,
        "object": options.object,
        "status": options.status,
        "explanation": options.explanation.strip(),
        "by": options.by.strip(),
        "reviewed_by": options.reviewed_by.strip(),
        "valid_for": valid_for,
        "evidence": options.evidence,
    }
    attestations.append(settings.attestations, entry, at=at)
    print(
        f"{settings.attestations}: {options.control} ({options.status}) by {entry['by']}, reviewed by {entry['reviewed_by']}, for {valid_for}"
    )
    return 0
