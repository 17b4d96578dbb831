"""Ask Alertmanager for its configuration and its active alerts, by API v2.

Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from upkeep.adapters.http.alertmanager_configuration import REPEAT_SECONDS, parse
from upkeep.adapters.http.web import WebApi
from upkeep.errors import Malformed, TooEarly
from upkeep.model import parse_time, rfc3339
from upkeep.records.monitoring import (
    AlertmanagerConfiguration,
    NotificationReceiver,
    NotificationRoute,
    RoutedAlerts,
)
from upkeep.records.serving import Service

STATUS = "/api/v2/status"
# Prometheus sends a firing alert again after a minute, or its evaluation interval.
SETTLED = timedelta(minutes=10)


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
        status = self._api.get(STATUS, {})
        try:
            text = status["config"]["original"]
        except (KeyError, TypeError):
            raise Malformed(
                f"{self.where}{STATUS}: the answer holds no configuration.", source=STATUS
            ) from None
        return parse(
            text,
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
        :raises Unmeasured: no receiver is known to be the collector's, and some hide their URLs.
        """
        own = [one.name for one in configuration.receivers if _posts_to(one, collector)]
        hidden = [
            one.name
            for one in configuration.receivers
            if any(webhook.leads == "hidden" for webhook in one.webhooks)
        ]
        alerts = self._api.get(
            "/api/v2/alerts", {"active": "true", "silenced": "false", "inhibited": "false"}
        )
        if not isinstance(alerts, list):
            raise Malformed(
                f"{self.where}/api/v2/alerts: the answer is not a list of alerts.",
                source="/api/v2/alerts",
            )
        if not own and hidden:
            raise Malformed(
                f"{self.where} hides the webhook URLs of {', '.join(hidden)}, so the collector's receiver is not known. "
                f"Name the receiver after it ({collector}).",
                source=STATUS,
                next_step=f"name the receiver {collector}, or route a heartbeat (Watchdog) to the collector",
            )
        try:
            mine = [
                alert
                for alert in alerts
                if any(receiver["name"] in own for receiver in alert["receivers"])
            ]
            starts = [parse_time(alert["startsAt"]) for alert in mine]
        except (KeyError, TypeError, ValueError):
            raise Malformed(
                f"{self.where}/api/v2/alerts: an alert has no receivers or no startsAt.",
                source="/api/v2/alerts",
            ) from None
        if not mine:
            self._require_settled(at)
        again = max(_sent_again(configuration.route, own), default=float(REPEAT_SECONDS))
        return RoutedAlerts(
            tuple(own), len(mine), min(starts, default=None), max(starts, default=None), again
        )

    def _require_settled(self, at: datetime) -> None:
        """Alertmanager keeps no alerts over a restart: right after one it holds none, whatever fires.

        :raises TooEarly: it has just started. :raises Malformed: it does not say when it started.
        """
        status = self._api.get(STATUS, {})
        try:
            started = parse_time(status["uptime"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Malformed(
                f"{self.where}{STATUS}: the answer has no start time (uptime).", source=STATUS
            ) from None
        if at - started < SETTLED:
            when = rfc3339(started + SETTLED)
            raise TooEarly(
                f"{self.where} started at {rfc3339(started)}: Prometheus may not have sent its alerts again. Retry after {when}.",
                source=STATUS,
                next_step=f"run again after {when}",
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
