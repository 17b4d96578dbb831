"""The record of a drill: a sign-off with its evidence file."""

import argparse
import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upkeep.errors import BadInput

if TYPE_CHECKING:
    from datetime import datetime


REVIEWER = "upkeep drill restore"


def record_drill(
    path: Path,
    target: str,
    options: argparse.Namespace,
    now: "datetime",
    sentence: str,
    evidence: dict[str, Any],
    *,
    satisfied: bool,
) -> None:
    from upkeep.adapters.folders import attestations
    from upkeep.files import write_whole
    from upkeep.limits import LIMITS

    file = path.parent / f"drill-restore-{now:%Y%m%d-%H%M%S}.json"
    limit = LIMITS["recovery_age"]
    entry = {
        "control": "recovery-rehearsed",
        "target": target,
        "status": "satisfied" if satisfied else "not-satisfied",
        "explanation": sentence,
        "by": (options.by or getpass.getuser()).strip(),
        "reviewed_by": REVIEWER,
        "valid_for": limit.text(limit.default).replace(" ", ""),
        "evidence": [file.name],
    }
    try:
        write_whole(file, json.dumps(evidence, indent=2).encode() + b"\n", mode=0o644)
    except OSError as error:
        raise BadInput(f"--attestations={path}: cannot write {file} ({error.strerror}).") from None
    attestations.append(path, entry, at=now.replace(microsecond=0))
    print(f"{path}: recovery-rehearsed ({entry['status']}), evidence {file.name}")


def text(instant: "datetime") -> str:
    from upkeep.model import rfc3339

    return rfc3339(instant)
