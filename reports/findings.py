"""Findings: how is a judgement recorded, and how do all reports write one?"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from reports.decisions import held_against, identified
from upkeep import REPOSITORY
from upkeep.addressing import Address, addressed
from upkeep.masking import own
from upkeep.model import Control, Finding, Judgement, Scalar, listed
from upkeep.session import ADDRESS
from upkeep.settings.tables import OF_FINDINGS, in_tables
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
            replace(
                finding,
                message=in_tables(finding.message, address.table, only=OF_FINDINGS),
                next=step_of(finding.next, address),
            )
            for finding in judgement.findings
        )
        findings = held_against(request.node, identified(request.node, findings))
        told = dataclasses.replace(judgement, findings=findings)
        request.node.stash[JUDGEMENT] = told
        return told

    return record


def step_of(step: str, address: Address) -> Command:
    """Return a next step for its cluster: commands name it, and options that this run takes."""
    return Command(in_tables(addressed(step, address), address.table))


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


def flat(text: str) -> str:
    """Return a text in one line, which is no command to Azure Pipelines wherever it is printed.

    Source: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
    """
    return " ".join(text.split()).replace("##vso[", "# #vso[").replace("##[", "# #[")


def measure(value: Scalar, unit: str) -> str:
    """Return a value with its unit, unless its text ends with it; empty without a value."""
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if not unit or text.endswith(unit) else f"{text} {unit}"


def seen(observed: Scalar, limit: Scalar, unit: str) -> str:
    """Return ``observed 3 restarts, limit 0 restarts``, with the known values only."""
    parts = [
        f"{word} {measure(value, unit)}"
        for word, value in (("observed", observed), ("limit", limit))
        if value not in (None, "")
    ]
    return ", ".join(parts)


def plain(value: Scalar) -> Scalar:
    """Return a value for JSON: infinity and NaN become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return own(value) if isinstance(value, str) else value


def codes(findings: Sequence[Finding], *, most: int = 3) -> str:
    """Return the distinct codes of findings in one line: the rows of the runbook's tables."""
    return listed(list(dict.fromkeys(finding.code for finding in findings)), most=most)


def runbook_url(control: Control) -> str:
    """Return the public URL of a control's section of the runbook."""
    return f"{REPOSITORY}/blob/main/{quote(control.runbook, safe='/#')}"
