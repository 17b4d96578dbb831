"""``upkeep attest CONTROL``: record a sign-off, with its reviewer and evidence.

One person signs off and another person reviews. Each run judges the entry: its age and its evidence.
A missing or expired entry is *due*. An evidence path is relative to the folder of the attestations file.
The entry keeps the SHA-256 of its evidence; a later change of that file makes the entry invalid.
Exit codes: 0 the entry is added; 4 bad input, and the file is unchanged.
"""

import argparse
import os
from pathlib import Path

from upkeep.domain.decisions import persons
from upkeep.errors import BadInput
from upkeep.judges.attestations.signoffs import LIMIT_OF
from upkeep.limits import LIMITS, nearest


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "control", metavar="CONTROL", help=f"control to sign off: {', '.join(LIMIT_OF)}"
    )
    parser.add_argument("--by", required=True, metavar="NAME", help="person who signs off")
    parser.add_argument(
        "--reviewed-by", required=True, metavar="NAME", help="another person, who reviewed it"
    )
    parser.add_argument(
        "--explanation",
        required=True,
        metavar="TEXT",
        help="action and result, without secrets",
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
        help="for secrets-rotated: 'Secret/NAME key KEY' or Secret/NAME",
    )
    parser.add_argument(
        "--target",
        metavar="NAME",
        default="default",
        help="target of the settings file, or * for all (default: default)",
    )
    parser.add_argument(
        "--at", metavar="TIME", help="time of the action, as 2026-01-02T15:04:05Z (default: now)"
    )
    parser.add_argument(
        "--valid-for",
        metavar="DURATION",
        help="validity, as 31d (default and maximum: the control's limit)",
    )
    parser.add_argument(
        "--evidence",
        metavar="FILE",
        action="append",
        default=[],
        help="evidence file, relative to the attestations file (repeatable)",
    )
    parser.add_argument(
        "--attestations",
        metavar="FILE",
        help="attestations file (default: attestations of the settings); created if missing",
    )
    parser.add_argument("--settings", metavar="FILE", help="settings file (default: upkeep.toml)")


def run(options: argparse.Namespace) -> int:
    """Check the entry and add it."""
    from upkeep.adapters.folders import attestations
    from upkeep.clock import Clock
    from upkeep.model import parse_time
    from upkeep.settings.run import resolve

    if options.control not in LIMIT_OF:
        known = ", ".join(LIMIT_OF)
        raise BadInput(
            f"{options.control}: this control takes no sign-off"
            f"{nearest(options.control, list(LIMIT_OF))}. Controls with a sign-off: {known}."
        )
    if persons.same(options.by, options.reviewed_by):
        raise BadInput("--by and --reviewed-by name the same person. Name another reviewer.")
    if (options.control == "secrets-rotated") is not bool(options.object):
        raise BadInput(
            "secrets-rotated needs --object='Secret/NAME key KEY'; no other control takes it."
        )
    settings = resolve(
        {"settings": options.settings, "attestations": options.attestations},
        os.environ,
        cwd=Path.cwd(),
    )
    if settings.attestations is None:
        raise BadInput("No attestations file given. Add --attestations=FILE.")
    limit = LIMITS[LIMIT_OF[options.control]]
    valid_for = options.valid_for or limit.text(limit.default)
    limit.parse(valid_for, where="--valid-for")
    now = Clock().now()
    try:
        at = parse_time(options.at) if options.at else now.replace(microsecond=0)
    except ValueError:
        raise BadInput(
            f"--at={options.at} is not an RFC 3339 time. Write for example 2026-01-02T15:04:05Z."
        ) from None
    if at > now:
        raise BadInput(f"--at={options.at} is in the future. Give a past time.")
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
        f"{settings.attestations}: {options.control} ({options.status}) by {entry['by']},"
        f" reviewed by {entry['reviewed_by']}, valid for {valid_for}"
    )
    return 0
