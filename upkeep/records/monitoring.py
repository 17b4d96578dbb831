"""What Prometheus and Alertmanager know."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alerting rule as Prometheus has loaded it. ``state`` is firing, pending or inactive; ``health`` ok, err or unknown;
    ``metrics`` are the metrics that its expression names, with whether each exists."""

    name: str
    state: str
    health: str
    query: str
    metrics: tuple[tuple[str, bool], ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class ScrapeState:
    """What Prometheus says of ``up`` for one pod: ``None`` when it has no such series."""

    pod: str
    up: float | None


@dataclass(frozen=True, slots=True)
class RoutedAlerts:
    """What Alertmanager now routes to the collector. ``receivers`` post to it; ``active`` counts alerts routed there now,
    ``oldest`` is when the oldest of them started and ``newest`` the newest; after ``repeat_seconds`` at the latest, what has not changed is sent
    again."""

    receivers: tuple[str, ...]
    active: int
    oldest: datetime | None
    newest: datetime | None = None
    repeat_seconds: float = 4 * 3600
