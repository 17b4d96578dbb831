"""A line of results.jsonl as diff, waive and --baseline read it: docs/results.schema.json."""

from typing import Literal

from upkeep.adapters.wire.decoding import Wire
from upkeep.records.ledger import Cadence, Instant, KeptOutcome, Severity


class FindingLine(Wire, frozen=True):
    """A finding of a line."""

    object: str
    code: str
    owner: str = ""
    waiver: str = ""


class ResultLine(Wire, frozen=True):
    """A line: one control on one target."""

    schema: Literal[1]
    run: str
    target: str
    control: str
    cadence: tuple[Cadence, ...]
    gate: bool
    severity: Severity
    outcome: KeptOutcome
    reason: str
    summary: str
    findings: tuple[FindingLine, ...]
    measured: Instant | None
    valid_until: Instant | None


class LimitFact(Wire, frozen=True):
    """A limit that run.json tells."""

    name: str
    value: str
    default: str


class RunFacts(Wire, frozen=True):
    """What is read of run.json."""

    version: str
    limits: tuple[LimitFact, ...]
