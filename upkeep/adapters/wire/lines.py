"""A line of results.jsonl as diff, waive and --baseline read it: docs/results.schema.json."""

from typing import Any, ClassVar, Literal

from msgspec import field

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


class RunPart(Wire, frozen=True):
    """A run in short, as a merged run keeps each of its parts."""

    run: str
    started: Instant
    ended: Instant
    who: dict[str, str]
    arguments: tuple[str, ...]
    requests: int


class PlaceFact(Wire, frozen=True):
    """A cluster that a run read: ``upkeep.model.Place``."""

    target: str
    server: str = ""
    namespace: str = ""
    context: str = ""
    user: str = ""
    acting: str = ""
    warning: str = ""
    embedded: bool = False


class LedgerFacts(Wire, frozen=True):
    """What run.json tells of the ledger."""

    cadences: tuple[dict[str, Any], ...]
    findings: tuple[dict[str, Any], ...]
    faults: tuple[dict[str, Any], ...]


class RunFile(RunPart, frozen=True, kw_only=True):
    """run.json, as ``upkeep merge`` joins it."""

    KIND: ClassVar = "run.json"
    schema: Literal[1]
    version: str
    targets: tuple[str, ...]
    cadences: tuple[Cadence, ...]
    looked_at: tuple[PlaceFact, ...]
    limits: tuple[LimitFact, ...]
    stopped: tuple[str, ...]
    scope: dict[str, int] = field(default_factory=dict)
    baseline: str = ""
    waiver_faults: tuple[str, ...] = ()
    ledger: LedgerFacts | None = None
    merged: tuple[RunPart, ...] = ()


class RunFacts(Wire, frozen=True):
    """What is read of run.json."""

    version: str
    limits: tuple[LimitFact, ...]
