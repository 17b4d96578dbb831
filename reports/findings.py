"""How a judgement is recorded, and how its findings read: what, where, what to do next."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.text import flat, seen
from upkeep.addressing import Address, addressed
from upkeep.masking import own
from upkeep.model import Finding, Judgement
from upkeep.session import ADDRESS

JUDGEMENT = pytest.StashKey[Judgement]()

# What becomes of a recorded judgement, and what may be said of it, are plugins of their own.
pytest_plugins = ["reports.secrecy", "reports.outcomes"]


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Callable[[Judgement], Judgement]:
    """Records the judgement of the check that asks, with commands that go to the cluster that was looked at, and hands it back, so that the check
    stays one assert."""

    def record(judgement: Judgement) -> Judgement:
        if JUDGEMENT in request.node.stash:
            raise TypeError(
                f"{request.node.name} judges twice; one check is one control and one judgement"
            )
        if not isinstance(judgement, Judgement):
            raise TypeError(
                f"{request.node.name} judged nothing: a {type(judgement).__name__} is not a Judgement"
            )
        address = request.node.stash.get(ADDRESS, Address())
        findings = tuple(
            replace(finding, next=addressed(finding.next, address))
            for finding in judgement.findings
        )
        told = replace(judgement, findings=findings)
        request.node.stash[JUDGEMENT] = told
        return told

    return record


def lines_of(finding: Finding) -> list[str]:
    """Return a finding in at most three lines: the fault with its code, the place, the next step.

    Message and place are masked. The next step is a command and stays as it was made.
    """
    where = ", ".join(
        part
        for part in (finding.object, seen(finding.observed, finding.limit, finding.unit))
        if part
    )
    lines = [f"{own(flat(finding.message))} [{finding.code}]"]
    if where:
        lines.append(f"where: {own(flat(where))}")
    if finding.next:
        lines.append(f"next: {flat(finding.next)}")
    return lines
