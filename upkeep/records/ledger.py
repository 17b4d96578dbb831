"""The ledger: runs that were recorded, each with its results in short.

These records are the file format too: msgspec reads and writes them, and refuses other types.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

SCHEMA = 1
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Severity = Literal["critical", "high", "medium", "low"]
# A name in a file of metrics, too.
Cadence = Annotated[str, msgspec.Meta(pattern=r"\A(daily|weekly|monthly|quarterly|emergency)\Z")]
KeptOutcome = Literal["pass", "fail", "unknown", "due", "waived", "not-applicable", "not-run"]


class KeptFinding(msgspec.Struct, frozen=True, omit_defaults=True):
    """A finding in short.

    :ivar owner: what keeps its name over a rollout; with control, target and code the identity.
    :ivar object: what it was about in that run, for instance a pod.
    :ivar waiver: the ticket of the waiver that covered it; empty where none did.
    """

    code: str
    owner: str
    object: str = ""
    waiver: str = ""


class KeptResult(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A result in short: one control on one target."""

    target: str
    control: str
    outcome: KeptOutcome
    severity: Severity
    cadence: tuple[Cadence, ...]
    gate: bool = False
    reason: str = ""
    summary: str = ""
    findings: tuple[KeptFinding, ...] = ()
    measured: Instant | None = None
    valid_until: Instant | None = None


class RunHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a run's file.

    :ivar complete: target -> the cadences of which every control was judged or tried, none left out.
    :ivar gate: target -> the exit code of the verdict on it; empty where no verdict was asked for.
    :ivar parents: file name -> SHA-256 of the newest files that this run saw, as commits name theirs.
    :ivar removed: file name -> SHA-256 of what ``upkeep ledger prune`` removed; a run has none.
    :ivar who: who ran it: ``user``, ``host``, ``job`` where they are known.
    """

    schema: int
    run: str
    started: Instant
    ended: Instant
    version: str
    who: dict[str, str] = {}
    targets: tuple[str, ...] = ()
    cadences: tuple[Cadence, ...] = ()
    complete: dict[str, tuple[Cadence, ...]] = {}
    counts: dict[str, int] = {}
    gate: dict[str, int] = {}
    limits: dict[str, str] = {}
    parents: dict[str, str] = {}
    removed: dict[str, str] = {}


class StartedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that began: the marker beside the ledger's files until the run is recorded."""

    run: str
    started: Instant
    who: dict[str, str] = {}
    targets: tuple[str, ...] = ()


class KeptRun(msgspec.Struct, frozen=True):
    """A run of the ledger: its file's name, the SHA-256 of the file, its header."""

    file: str
    digest: str
    header: RunHeader


class LedgerFault(msgspec.Struct, frozen=True):
    """What is wrong with a ledger.

    :ivar code: ``file-unreadable``, ``file-altered``, ``file-removed``, ``newest-removed``,
        ``run-killed``, ``from-the-future``.
    """

    code: str
    file: str
    message: str
