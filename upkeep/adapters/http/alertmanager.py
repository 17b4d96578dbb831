"""Ask Alertmanager for its configuration, its active alerts and its active silences, by API v2.

Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from upkeep.adapters.http.alertmanager_configuration import REPEAT_SECONDS, parse
from upkeep.adapters.http.web import WebApi
from upkeep.adapters.wire.prometheus import (
    AlertmanagerStatus,
    AlertmanagerUptime,
    Alerts,
    Silences,
)
from upkeep.adapters.wire.text import printable
from upkeep.domain.alertmanager import routing
from upkeep.domain.alertmanager.automata import Unreadable
from upkeep.domain.alertmanager.matchers import BadMatcher, Matcher
from upkeep.errors import Absent, Malformed, TooEarly
from upkeep.model import utc, utc_after
from upkeep.records.monitoring import (
    AlertmanagerConfiguration,
    NotificationReceiver,
    NotificationRoute,
    RoutedAlerts,
    Silence,
)
from upkeep.records.serving import Service
from upkeep.shell import Command, shell

STATUS, ALERTS, SILENCES = "/api/v2/status", "/api/v2/alerts", "/api/v2/silences"
# Prometheus sends a firing alert again after a minute, or its evaluation interval.
SETTLED = timedelta(minutes=10)
# An active silence that has ended is no answer of now; clocks may differ by less.
ENDED = timedelta(minutes=5)
_OPERATORS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}


class Alertmanager:
    """One Alertmanager, by its API v2.

    ``namespace`` is where it resolves a bare host name; empty where that is not known.
    """

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self.where = api.where
        self.namespace = api.namespace

    def configuration(
        self, services: Sequence[Service], *, collector: str
    ) -> AlertmanagerConfiguration:
        """Return the configuration that it has loaded.

        :raises Unmeasured: of any kind.
        """
        status = self._api.get(STATUS, {}, AlertmanagerStatus)
        return parse(
            status.config.original,
            where=f"{self.where}{STATUS}",
            services=services,
            collector=collector,
            namespace=self.namespace,
        )

    def routed(
        self, configuration: AlertmanagerConfiguration, *, collector: str, at: datetime
    ) -> RoutedAlerts:
        """Return the active alerts that are routed to the collector.

        A receiver is the collector's when a webhook of it leads there. Where its URL is hidden, its name decides.

        :raises TooEarly: it routes none, and started so recently that Prometheus may not have sent its alerts again.
        :raises Absent: it holds no alert at all, so that nothing shows that Prometheus reaches it.
        :raises Unmeasured: no receiver is known to be the collector's, and some hide their URLs; or its alerts contradict its routes.
        """
        own = [one.name for one in configuration.receivers if _posts_to(one, collector)]
        hidden = [
            one.name
            for one in configuration.receivers
            if any(webhook.leads == "hidden" for webhook in one.webhooks)
        ]
        chosen = {"active": "true", "silenced": "false", "inhibited": "false"}
        alerts = self._api.get(ALERTS, chosen, Alerts)
        if not own and hidden:
            raise Malformed(
                f"{self.where} hides the webhook URLs of {', '.join(hidden)}, so the collector's receiver is not known. "
                f"Name the receiver after it ({collector}).",
                source=STATUS,
                next_step=shell(
                    "name the receiver {}, or route a heartbeat (Watchdog) to the collector",
                    collector,
                ),
            )
        mine = [one for one in alerts if any(receiver.name in own for receiver in one.receivers)]
        starts = [one.startsAt.astimezone(UTC) for one in mine]
        if not mine:
            self._require_settled(at)
            self._require_believable(alerts, configuration.route, own)
        again = max(_sent_again(configuration.route, own), default=float(REPEAT_SECONDS))
        return RoutedAlerts(
            tuple(own), len(mine), min(starts, default=None), max(starts, default=None), again
        )

    def silences(self, at: datetime) -> tuple[Silence, ...]:
        """Return the silences that are active.

        :raises Malformed: one has ended, so the answer is not of now.
        :raises Unmeasured: of any kind.
        """
        active = [
            one for one in self._api.get(SILENCES, {}, Silences) if one.status.state == "active"
        ]
        for one in active:
            if at - one.endsAt.astimezone(UTC) > ENDED:
                raise Malformed(
                    f"{self.where} says that silence {one.id} is active. It ended at {utc(one.endsAt)}.",
                    source=SILENCES,
                    next_step="run again",
                )
        return tuple(
            Silence(
                one.id,
                tuple(
                    str(Matcher(each.name, _OPERATORS[each.isEqual, each.isRegex], each.value))
                    for each in one.matchers
                ),
                one.endsAt.astimezone(UTC),
            )
            for one in active
        )

    def _require_settled(self, at: datetime) -> None:
        """Alertmanager keeps no alerts over a restart: right after one it holds none, whatever fires.

        :raises TooEarly: it has just started.
        """
        started = self._api.get(STATUS, {}, AlertmanagerUptime).uptime.astimezone(UTC)
        if at - started < SETTLED:
            when = utc_after(started + SETTLED)
            raise TooEarly(
                f"{self.where} started at {utc(started)}: Prometheus may not have sent its alerts again. Retry after {when}.",
                source=STATUS,
                next_step=shell("run again after {}", Command(when)),
            )

    def _require_believable(
        self, alerts: Alerts, route: NotificationRoute, own: Sequence[str]
    ) -> None:
        """Require that a list without an alert for the collector shows that there is none.

        :raises Absent: the list is empty. :raises Malformed: by its labels and the routes, an alert in it is the collector's.
        """
        if own and not alerts:
            raise Absent(
                f"{self.where} holds no active alert, so nothing shows that Prometheus reaches it.",
                source=ALERTS,
                next_step="route a heartbeat (Watchdog) to the collector",
            )
        for alert in alerts:
            try:
                routes_to = {*routing.receivers(alert.labels, route)}
            except (BadMatcher, Unreadable) as error:
                raise Malformed(
                    f"{self.where}: its routes are not read: {error}", source=STATUS
                ) from None
            if expected := sorted(routes_to & {*own}):
                name = alert.labels.get(routing.ALERTNAME, "")
                raise Malformed(
                    f"{self.where} sends alert {printable(name)} to other receivers than {expected[0]}, which its configuration names for it.",
                    source=ALERTS,
                    next_step="run again",
                )


def _posts_to(receiver: NotificationReceiver, collector: str) -> bool:
    """Return whether a webhook leads to the collector, or is hidden in a receiver with its name."""
    leads = {webhook.leads for webhook in receiver.webhooks}
    return "collector" in leads or (
        bool(leads & {"hidden", "unknown"}) and collector in receiver.name
    )


def _sent_again(route: NotificationRoute, receivers: Sequence[str]) -> Iterator[float]:
    """Yield the repeat_interval of each route to these receivers."""
    if route.receiver in receivers:
        yield route.repeat_seconds
    for one in route.routes:
        yield from _sent_again(one, receivers)
