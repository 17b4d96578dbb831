"""What Prometheus answers, or a program that speaks its HTTP API.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/ and web/api/v1/api.go
"""

from typing import Annotated, Any, Literal

from msgspec import Meta

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import Labels, Text, Time

# Seconds since 1970, and the number as a text: it may be NaN or +Inf, which JSON cannot say.
Point = tuple[float, str]
# Go counts nanoseconds in 64 bits: 292 years.
Seconds = Annotated[float, Meta(ge=0, le=2**63 / 10**9)]


class Marked(Wire, frozen=True):
    """Marks of a part that is missing, of whatever type: other programs have their own."""

    isPartial: Any = None
    is_partial: Any = None
    partial: Any = None
    partialResponse: Any = None
    partial_response: Any = None
    truncated: Any = None
    isTruncated: Any = None
    warnings: Any = None
    infos: Any = None
    groupNextToken: Any = None
    nextToken: Any = None
    next_token: Any = None

    def marks(self) -> list[str]:
        """Return the names of the marks that are set."""
        return [name for name in Marked.__struct_fields__ if getattr(self, name)]


class VectorEntry(Wire, frozen=True):
    """A sample of an instant vector."""

    metric: Labels
    value: Point


class Vector(Marked, frozen=True, kw_only=True):
    """The data of an instant query."""

    resultType: Literal["vector"]
    result: tuple[VectorEntry, ...]


class MatrixEntry(Wire, frozen=True):
    """A series of a range vector: it has a point at least."""

    metric: Labels
    values: Annotated[tuple[Point, ...], Meta(min_length=1)]


class Matrix(Marked, frozen=True, kw_only=True):
    """The data of a range query."""

    resultType: Literal["matrix"]
    result: tuple[MatrixEntry, ...]


class ActiveAlert(Wire, frozen=True):
    """An alert of a rule."""

    state: str = ""


class Rule(Wire, frozen=True):
    """An alerting rule; a recording rule, which other programs also give, has no state.

    Each program has words of its own: vmalert has the health ``no match`` and the state ``""``. They
    are judged in the rules that matter, and are no reason to refuse the others.
    """

    name: Text
    query: str
    health: str
    state: str | None = None
    lastError: str = ""
    lastEvaluation: Time | None = None
    alerts: tuple[ActiveAlert, ...] | None = None


class RuleGroup(Wire, frozen=True):
    """A group of rules; null rules are none. Never evaluated is year 1."""

    rules: tuple[Rule, ...] | None
    interval: Seconds = 0
    lastEvaluation: Time | None = None


class Rules(Marked, frozen=True, kw_only=True):
    """The data of the rules that are loaded."""

    groups: tuple[RuleGroup, ...]


class ConfigText(Wire, frozen=True):
    """The data of the loaded configuration, its secrets hidden."""

    yaml: str


class Config(Wire, frozen=True):
    """The answer to what configuration is loaded."""

    data: ConfigText


class Flags(Wire, frozen=True):
    """The answer to what flags the server was started with."""

    data: dict[str, str]


class VectorReply(Marked, frozen=True, kw_only=True):
    """The answer to an instant query: an error has no data."""

    status: Literal["success", "error"]
    data: Vector | None = None
    error: str = ""


class MatrixReply(Marked, frozen=True, kw_only=True):
    """The answer to a range query."""

    status: Literal["success", "error"]
    data: Matrix | None = None
    error: str = ""


class RulesReply(Marked, frozen=True, kw_only=True):
    """The answer to what rules are loaded."""

    status: Literal["success", "error"]
    data: Rules | None = None
    error: str = ""


class AlertmanagerConfig(Wire, frozen=True):
    """alertmanagerConfig of Alertmanager's openapi.yaml."""

    original: str


class AlertmanagerStatus(Wire, frozen=True):
    """alertmanagerStatus of https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml, where it is required."""

    config: AlertmanagerConfig


class AlertmanagerUptime(Wire, frozen=True):
    """When it started: alertmanagerStatus of the same, where it is required."""

    uptime: Time


class Receiver(Wire, frozen=True):
    """receiver of the same."""

    name: str


class Alert(Wire, frozen=True):
    """gettableAlert of the same: all are required."""

    receivers: tuple[Receiver, ...]
    labels: dict[str, str]
    startsAt: Time


class SilenceMatcher(Wire, frozen=True):
    """matcher of the same; before 0.22 there were no negative ones."""

    name: Text
    value: str
    isRegex: bool
    isEqual: bool = True


class SilenceStatus(Wire, frozen=True):
    """silenceStatus of the same."""

    state: Literal["expired", "active", "pending"]


class Silence(Wire, frozen=True):
    """gettableSilence of the same, where it is required; Alertmanager takes none without a matcher."""

    id: Text
    status: SilenceStatus
    matchers: Annotated[tuple[SilenceMatcher, ...], Meta(min_length=1)]
    endsAt: Time


Alerts = tuple[Alert, ...]
Silences = tuple[Silence, ...]
__all__ = [
    "AlertmanagerStatus",
    "AlertmanagerUptime",
    "Alerts",
    "Config",
    "Flags",
    "Matrix",
    "MatrixReply",
    "Rules",
    "RulesReply",
    "Silences",
    "Vector",
    "VectorReply",
]
