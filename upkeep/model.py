"""Outcomes, findings and judgements: the words in which every check answers.

A judge is a pure function ``(records, *, now, limits) -> Judgement``. A fixture records the judgement for the reports, so that the check
stays one assert, and so that reports, gate and waivers never have to read assertion text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a control on a target. The values are those of results.jsonl (contract.md, "Results")."""

    PASS = "pass"  # noqa: S105 - an outcome
    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    DUE = "due"
    NOT_RUN = "not-run"
    NOT_APPLICABLE = "not-applicable"


CADENCES = ("daily", "weekly", "monthly", "quarterly", "emergency")
SEVERITIES = ("critical", "high", "medium", "low")

Scalar = str | int | float | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, said so that an on-call engineer understands it at 3 a.m.

    :ivar object: what it is about, ``Kind/name`` or ``Kind/name container/name``.
    :ivar code: a stable, hyphenated name of the kind of fault, for waivers and dashboards.
    :ivar message: one sentence.
    :ivar observed: the value that was seen; ``limit`` the one that would be good; ``unit`` of both.
    :ivar next: what to do now, a command ready to paste where there is one.
    """

    object: str
    code: str
    message: str
    observed: Scalar = None
    limit: Scalar = None
    unit: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """How a value moved: (instant, value), oldest first, in ``unit``."""

    name: str
    unit: str
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge makes of the records. True when there is no finding.

    :ivar observed: what was seen, also when it is good: "2 of 2 replicas ready".
    :ivar limit: against which limit; ``unit`` of the limit.
    :ivar basis: over which window and from which source: "24 h, from Prometheus".
    :ivar trends: how what was judged moved, for the report.
    :ivar due: nothing is known to be wrong, but a person has to confirm it: the outcome is *due* instead of *fail*.
    :ivar valid_until: when what it rests on ends, where that is known.
    """

    findings: tuple[Finding, ...]
    observed: str
    limit: Scalar = None
    unit: str = ""
    basis: str = ""
    trends: tuple[Trend, ...] = ()
    due: bool = False
    valid_until: datetime | None = None

    def __bool__(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a measurement came from.

    :ivar name: the measurement, for instance ``pods``.
    :ivar source: verb and path, PromQL or file.
    :ivar taken: the instant (UTC).
    :ivar digest: SHA-256 of the redacted record, hexadecimal.
    """

    name: str
    source: str
    taken: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Control:
    """The meta-data of a control, as its check declares them.

    :ivar title: the first line of the check's docstring: the requirement as a sentence.
    :ivar guide: the guide's paragraph that it verifies; ``(beyond)`` where the guide has none.
    """

    id: str
    title: str
    severity: str
    guide: str
    cadence: tuple[str, ...]
    gate: bool
    runbook: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One control on one target: a line of results.jsonl."""

    control: Control
    target: str
    outcome: Outcome
    summary: str
    reason: str = ""
    observed: Scalar = None
    limit: Scalar = None
    unit: str = ""
    basis: str = ""
    findings: tuple[Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    trends: tuple[Trend, ...] = ()
    next: str = ""
    measured: datetime | None = None
    valid_until: datetime | None = None
    duration_seconds: float = 0.0


# Anybody on the way can read the credentials and write the answers.
UNVERIFIED = (
    "the server's certificate is not verified: the kubeconfig sets insecure-skip-tls-verify. "
    "Set certificate-authority instead"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target's objects were looked at, and as whom: nothing of it is a secret.

    :ivar server: the URL of the API server, or that it was the embedded cluster.
    :ivar context: the context of the kubeconfig; ``user`` is the one that it names there.
    :ivar acting: the context of the identity that rehearsed; empty where nobody did.
    :ivar warning: what is to be known about the connection; empty where nothing is.
    """

    target: str
    server: str
    namespace: str
    context: str
    user: str
    acting: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """The run that results belong to."""

    id: str
    started: datetime
    version: str
    cadences: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    requests: int = 0
    limits: tuple[tuple[str, str, str], ...] = field(default=())
    places: tuple[Place, ...] = ()


def rfc3339(instant: datetime) -> str:
    """``2026-01-02T15:04:05Z``: an instant in UTC (RFC 3339). A naive one is refused."""
    if instant.tzinfo is None:
        raise ValueError("a time without a zone")
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """The instant of an RFC 3339 time with up to nanoseconds, as Kubernetes writes it.

    :raises ValueError: not such a time, or one without a zone.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"a time without a zone: {text!r}")
    try:
        return instant.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar, in another zone
        raise ValueError(f"a time outside of the calendar: {text!r}") from None


def span(seconds: float | timedelta) -> str:
    """A duration as a person reads it, two parts at most: ``3 d 4 h``, ``90 s`` as ``1 min 30 s``, ``0.25 s``, ``1.5 s``."""
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    if total < 0:
        return "-" + span(-total)
    if total < 1 or (total < 10 and total != round(total)):
        return f"{total:.3g} s"
    rest, parts = round(total), []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def listed(names: Sequence[str], *, most: int = 5) -> str:
    """Names in one line, ``a, b and 3 more`` when there are many."""
    if len(names) <= most:
        return ", ".join(names)
    return ", ".join(names[:most]) + f" and {len(names) - most} more"
