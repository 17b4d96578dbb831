"""The model: outcomes, findings and judgements, which every check returns.

A judge is a pure function ``(records, *, now, limits) -> Judgement``. A fixture records the judgement
for the reports. So a check is one assert, and no report parses assertion text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from upkeep.errors import Unmeasured
from upkeep.shell import NO_COMMAND, Command


class Outcome(StrEnum):
    """The outcome of a control on a target: the values of results.jsonl (docs/results.schema.json)."""

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


class Finding(Struct, frozen=True):
    """One fault, in words that an on-call engineer understands at 3 a.m.

    :ivar object: the faulty object, ``Kind/name`` or ``Kind/name container/name``.
    :ivar code: the stable, hyphenated name of the kind of fault: the runbook's tables have it.
    :ivar message: the fact and, where known, its cause.
    :ivar observed: the observed value; ``limit`` the allowed one; ``unit`` that of both.
    :ivar next: the fix: one command ready to paste, or one option. It is never masked, so every name
        from outside is quoted for the shell (``upkeep.shell``) and no secret is in it.
    :ivar owner: the object that keeps its name over a rollout: with control, target and code the
        identity of the finding. Reports fill it in; see ``upkeep.domain.decisions.ownership``.
    :ivar waiver: the ticket of the waiver that covers it; empty where none does.
    """

    object: str
    code: str
    message: str
    observed: Scalar = None
    limit: Scalar = None
    unit: str = ""
    next: Command = NO_COMMAND
    owner: str = ""
    waiver: str = ""


class Trend(Struct, frozen=True):
    """A value over time: (instant, value), oldest first, in ``unit``."""

    name: str
    unit: str
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of a judge. True without findings.

    A judgement without findings is a pass, so it cannot be made where a part was not measured.

    :ivar observed: the observed value, also of a pass: "2 of 2 replicas ready".
    :ivar limit: the limit; ``unit`` its unit.
    :ivar basis: window and source: "24 h, from Prometheus".
    :ivar trends: the judged values over time, for the report.
    :ivar due: a sign-off is missing or expired: the outcome is *due* instead of *fail*.
    :ivar valid_until: the end of the sign-off's validity, where known.
    :ivar unmeasured: the error of a part that was not measured; findings count all the same. Where
        a waiver covers them all, the control is *could not measure*.
    :raises Unmeasured: ``unmeasured``, where there are no findings.
    """

    findings: tuple[Finding, ...]
    observed: str
    limit: Scalar = None
    unit: str = ""
    basis: str = ""
    trends: tuple[Trend, ...] = ()
    due: bool = False
    valid_until: datetime | None = None
    unmeasured: Unmeasured | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.unmeasured is not None and not self.findings:
            raise self.unmeasured

    def __bool__(self) -> bool:
        return not self.findings


class Evidence(Struct, frozen=True):
    """The origin of a measurement.

    :ivar name: the measurement, for example ``pods``.
    :ivar source: verb and path, PromQL or file.
    :ivar taken: the instant (UTC).
    :ivar digest: SHA-256 of the redacted record, hexadecimal.
    """

    name: str
    source: str
    taken: datetime
    digest: str


class Control(Struct, frozen=True):
    """The meta-data of a control, as its check declares them.

    :ivar title: the requirement: the first line of the check's docstring.
    :ivar guide: the paragraph of the guide; ``(beyond)`` without one.
    """

    id: str
    title: str
    severity: str
    guide: str
    cadence: tuple[str, ...]
    gate: bool
    runbook: str
    description: str = ""


class Result(Struct, frozen=True):
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


class Place(Struct, frozen=True):
    """The cluster of a target and the account that read it. No field is a secret.

    :ivar server: the URL of the API server, or the words for the embedded cluster.
    :ivar context: the kubeconfig context; ``user`` the user of that context.
    :ivar acting: the context of the acting identity; empty without one.
    :ivar warning: what readers must know about the connection; empty where nothing.
    :ivar embedded: whether it is the embedded cluster of ``--demo``.
    :ivar uid: the UID of its namespace kube-system; empty where ``uid_unread`` says why.
    """

    target: str
    server: str
    namespace: str
    context: str
    user: str
    acting: str = ""
    warning: str = ""
    embedded: bool = False
    uid: str = ""
    uid_unread: str = ""


class Run(Struct, frozen=True):
    """The run of results."""

    id: str
    started: datetime
    version: str
    cadences: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    requests: int = 0
    limits: tuple[tuple[str, str, str], ...] = field(default=())
    places: tuple[Place, ...] = ()


def utc(instant: datetime) -> str:
    """Return an instant for people: ``2026-11-25 22:34 UTC``. Data has ``rfc3339``."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def utc_after(instant: datetime) -> str:
    """Return the first whole minute that is not before the instant, for people: what waits for it is not too early."""
    return utc(instant + timedelta(minutes=1, microseconds=-1))


def rfc3339(instant: datetime) -> str:
    """Return an instant in UTC as ``2026-01-02T15:04:05Z`` (RFC 3339).

    :raises ValueError: an instant without a zone.
    """
    if instant.tzinfo is None:
        raise ValueError("a time without a zone")
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Parse an RFC 3339 time with up to nanoseconds, as Kubernetes writes it.

    :raises ValueError: another form, or a time without a zone.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"a time without a zone: {text!r}")
    try:
        return instant.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar, in another zone
        raise ValueError(f"a time outside of the calendar: {text!r}") from None


def span(seconds: float | timedelta) -> str:
    """Return a duration for people, with at most two parts: ``3 d 4 h``, ``90 s`` as ``1 min 30 s``, ``0.25 s``, ``1.5 s``."""
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
    """Return names in one line, ``a, b and 3 more`` for many."""
    if len(names) <= most:
        return ", ".join(names)
    return ", ".join(names[:most]) + f" and {len(names) - most} more"
