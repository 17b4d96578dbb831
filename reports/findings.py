"""How a judgement is recorded, and how its findings read: what, where, what to do next."""

from collections.abc import Callable

import pytest

from upkeep.model import Finding, Judgement, Scalar

JUDGEMENT = pytest.StashKey[Judgement]()

# What becomes of a recorded judgement, and what may be said of it, are plugins of their own.
pytest_plugins = ["reports.secrecy", "reports.outcomes"]


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Callable[[Judgement], Judgement]:
    """Records the judgement of the check that asks, and hands it back, so that the check stays one assert."""

    def record(judgement: Judgement) -> Judgement:
        if JUDGEMENT in request.node.stash:
            raise TypeError(f"{request.node.name} judges twice; one check is one control and one judgement")
        if not isinstance(judgement, Judgement):
            raise TypeError(f"{request.node.name} judged nothing: a {type(judgement).__name__} is not a Judgement")
        request.node.stash[JUDGEMENT] = judgement
        return judgement

    return record


def lines_of(finding: Finding) -> list[str]:
    """A finding in three lines at most: what, where, what to do next."""
    where = ", ".join(part for part in (finding.object, seen(finding.observed, finding.limit, finding.unit)) if part)
    lines = [flat(finding.message)]
    if where:
        lines.append(f"where: {flat(where)}")
    if finding.next:
        lines.append(f"next: {flat(finding.next)}")
    return lines


def seen(observed: Scalar, limit: Scalar, unit: str) -> str:
    """``observed 3 restarts, limit 0 restarts``: only what is known."""
    parts = [
        f"{word} {measure(value, unit)}" for word, value in (("observed", observed), ("limit", limit)) if value not in (None, "")
    ]
    return ", ".join(parts)


def measure(value: Scalar, unit: str) -> str:
    """A value with its unit, unless its text already ends with it; empty when there is none."""
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if not unit or text.endswith(unit) else f"{text} {unit}"


def flat(text: str) -> str:
    """A text in one line."""
    return " ".join(text.split())
