"""Findings: how is a judgement recorded, and how is a finding shown?"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from reports.decisions import held_against, identified
from reports.text import flat, seen
from upkeep.addressing import Address, addressed
from upkeep.masking import own
from upkeep.model import Finding, Judgement
from upkeep.session import ADDRESS
from upkeep.shell import Command

JUDGEMENT = pytest.StashKey[Judgement]()

# The plugins that decide the outcome of a recorded judgement and mask its text.
pytest_plugins = ["reports.secrecy", "reports.outcomes"]


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Callable[[Judgement], Judgement]:
    """Record the judgement of a check, with its commands addressed to the cluster, and return it."""

    def record(judgement: Judgement) -> Judgement:
        if JUDGEMENT in request.node.stash:
            raise TypeError(
                f"{request.node.name} judges twice. One check is one control and one judgement."
            )
        if not isinstance(judgement, Judgement):
            raise TypeError(
                f"{request.node.name} passed a {type(judgement).__name__} to judge. Expected a Judgement."
            )
        address = request.node.stash.get(ADDRESS, Address())
        findings = tuple(
            replace(finding, next=Command(addressed(finding.next, address)))
            for finding in judgement.findings
        )
        findings = held_against(request.node, identified(request.node, findings))
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
