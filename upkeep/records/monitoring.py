"""What Prometheus and Alertmanager know."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


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


Leads = Literal["collector", "namesake", "elsewhere", "unknown", "hidden"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a webhook of a receiver leads.

    :ivar leads: to the ``collector``: its host is one of the collector's Services; to a ``namesake``, a Service of that name in another namespace;
        ``elsewhere`` for certain; ``unknown``, an address outside that may lead to the collector; ``hidden`` where no URL is shown.
    :ivar service: the collector's Service; ``scheme``, ``port`` and ``path`` are known only where it leads there.
    """

    leads: Leads
    service: str = ""
    scheme: str = ""
    port: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True)
class NotificationReceiver:
    """A receiver. ``integrations`` are the kinds of what it tells beside webhooks, once for each: ``email``, ``slack``, ``pagerduty`` …"""

    name: str
    integrations: tuple[str, ...] = ()
    webhooks: tuple[Webhook, ...] = ()


@dataclass(frozen=True, slots=True)
class NotificationRoute:
    """A route of the tree.

    :ivar receiver: its own, or the one that it has from the route above.
    :ivar matchers: as Alertmanager writes them, ``severity="critical"``; none match every alert.
    :ivar goes_on: the routes beside it are looked at, too (``continue``).
    :ivar repeat_seconds: after so long what has not changed is sent again (``repeat_interval``).
    :ivar at_times: the time intervals in which it is muted, or in which alone it is not; they are its own, and not those of the routes below it.
    """

    receiver: str
    matchers: tuple[str, ...] = ()
    goes_on: bool = False
    routes: tuple["NotificationRoute", ...] = ()
    repeat_seconds: float = 4 * 3600
    at_times: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertmanagerConfiguration:
    """Alertmanager's configuration.

    :ivar source: where it was read: ``Service monitoring/alertmanager-operated:9093``, and the object that its URLs are from.
    :ivar inhibiting: of each inhibit rule that is about every alert, whatever its labels, the matchers of the alert that sets it off.
    :ivar stored: where it hides URLs and nobody said where it is stored: where that is likely to be, as ``--alertmanager-config`` takes it.
    """

    route: NotificationRoute
    receivers: tuple[NotificationReceiver, ...]
    source: str
    stored: str = ""
    inhibiting: tuple[str, ...] = ()
