"""How values and sentences are written in every report."""

import math
from collections.abc import Sequence

from upkeep import REPOSITORY
from upkeep.masking import own
from upkeep.model import Control, Finding, Scalar, listed


def flat(text: str) -> str:
    """A text in one line."""
    return " ".join(text.split())


def measure(value: Scalar, unit: str) -> str:
    """A value with its unit, unless its text already ends with it; empty when there is none."""
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if not unit or text.endswith(unit) else f"{text} {unit}"


def seen(observed: Scalar, limit: Scalar, unit: str) -> str:
    """``observed 3 restarts, limit 0 restarts``: only what is known."""
    parts = [
        f"{word} {measure(value, unit)}"
        for word, value in (("observed", observed), ("limit", limit))
        if value not in (None, "")
    ]
    return ", ".join(parts)


def plain(value: Scalar) -> Scalar:
    """A value of ours as JSON can hold it: infinity and the like become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return own(value) if isinstance(value, str) else value


def codes(findings: Sequence[Finding], *, most: int = 3) -> str:
    """Return the distinct codes of findings in one line: the rows of the runbook's tables."""
    return listed(list(dict.fromkeys(finding.code for finding in findings)), most=most)


def runbook_url(control: Control) -> str:
    """Return the public URL of a control's section of the runbook."""
    return f"{REPOSITORY}/blob/main/{control.runbook}"
