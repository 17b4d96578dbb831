"""Records of Prometheus and Alertmanager: rules, scrapes, routes and receivers."""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class AlertRule(Struct, frozen=True):
    """An alerting rule as Prometheus has loaded it.

    :ivar state: ``firing``, ``pending`` or ``inactive``.
    :ivar health: ``ok``, ``err``, or ``unknown`` until its first evaluation.
    :ivar metrics: the metrics that its expression names, with whether each exists.
    :ivar evaluated: its last evaluation; ``None`` before the first one.
    :ivar interval_seconds: the time between two evaluations of its group; 0 where the answer has none.
    """

    name: str
    state: str
    health: str
    query: str
    metrics: tuple[tuple[str, bool], ...]
    error: str = ""
    evaluated: datetime | None = None
    interval_seconds: float = 0


class ScrapeState(Struct, frozen=True):
    """The ``up`` series of one pod in Prometheus.

    :ivar up: its value; ``None`` without a series.
    """

    pod: str
    up: float | None


class RoutedAlerts(Struct, frozen=True):
    """The active alerts that Alertmanager routes to the collector.

    :ivar receivers: the receivers that post to it.
    :ivar active: the number of active alerts routed to them.
    :ivar oldest: when the oldest of these alerts started; ``newest``: when the newest did.
    :ivar repeat_seconds: Alertmanager sends unchanged alerts again after this time.
    """

    receivers: tuple[str, ...]
    active: int
    oldest: datetime | None
    newest: datetime | None = None
    repeat_seconds: float = 4 * 3600


Leads = Literal["collector", "namesake", "elsewhere", "unknown", "hidden"]


class Webhook(Struct, frozen=True):
    """The target of a receiver's webhook.

    :ivar leads: ``collector``: its host is a Service of the collector. ``namesake``: a Service of that name in another namespace.
        ``elsewhere``: certainly another target. ``unknown``: an address outside the cluster. ``hidden``: no URL is shown.
    :ivar service: the collector's Service; it, ``scheme``, ``port`` and ``path`` are set for ``collector`` alone.
    """

    leads: Leads
    service: str = ""
    scheme: str = ""
    port: int = 0
    path: str = ""


class NotificationReceiver(Struct, frozen=True):
    """A receiver of Alertmanager.

    :ivar integrations: its kinds beside webhooks, each once: ``email``, ``slack``, ``pagerduty`` …
    """

    name: str
    integrations: tuple[str, ...] = ()
    webhooks: tuple[Webhook, ...] = ()


class NotificationRoute(Struct, frozen=True):
    """A route of Alertmanager's tree.

    :ivar receiver: its own, or that of its parent.
    :ivar matchers: one in each text, as Alertmanager writes them: ``severity="critical"``; no matcher takes every alert.
    :ivar goes_on: the routes after it are tried, too (``continue``).
    :ivar repeat_seconds: Alertmanager sends an unchanged alert again after this time (``repeat_interval``).
    :ivar at_times: the time intervals that mute it for a part of the time; they are not inherited.
    :ivar muted: time intervals mute it all the time.
    """

    receiver: str
    matchers: tuple[str, ...] = ()
    goes_on: bool = False
    routes: tuple["NotificationRoute", ...] = ()
    repeat_seconds: float = 4 * 3600
    at_times: tuple[str, ...] = ()
    muted: bool = False


class InhibitRule(Struct, frozen=True):
    """An inhibit rule: while an alert of the ``source`` fires, those of the ``target`` are silent.

    :ivar equal: labels that must be equal in both.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    equal: tuple[str, ...] = ()


class Silence(Struct, frozen=True):
    """An active silence: Alertmanager notifies no receiver of the alerts that it matches.

    :ivar matchers: one in each text, all of which must hold: ``severity="critical"``.
    :ivar until: when it ends.
    """

    id: str
    matchers: tuple[str, ...]
    until: datetime


class AlertmanagerConfiguration(Struct, frozen=True):
    """Alertmanager's configuration.

    :ivar source: where it was read: ``Service monitoring/alertmanager-operated:9093``, and the object with its URLs.
    :ivar stored: a guess for ``--alertmanager-config``, where URLs are hidden and the option is not given.
    """

    route: NotificationRoute
    receivers: tuple[NotificationReceiver, ...]
    source: str
    stored: str = ""
    inhibit_rules: tuple[InhibitRule, ...] = ()
