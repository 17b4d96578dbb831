"""Alertmanager: what it is told to do, and what it holds, as records. A configuration is parsed once, here, wherever it was read.

From 0.26 on the API hides URLs. Then they can be had from where the configuration is stored: the Secret that the operator generates
(``alertmanager.yaml.gz``), a Secret or ConfigMap of one's own. The API stays the one to say what is loaded; what is stored only tells where its
webhooks lead. No URL, key or address comes out of this module.

Source: Alertmanager's OpenAPI v2; https://prometheus.io/docs/alerting/latest/configuration/; prometheus-operator, "Alerting".
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from upkeep.adapters.formats import yaml_text
from upkeep.adapters.http.web import WebApi
from upkeep.domain.matchers import holds_of_all
from upkeep.errors import Absent, Malformed
from upkeep.masking import mask
from upkeep.model import listed, parse_time
from upkeep.records.monitoring import (
    AlertmanagerConfiguration,
    NotificationReceiver,
    NotificationRoute,
    RoutedAlerts,
    Webhook,
)
from upkeep.records.serving import Service

STATUS = "/api/v2/status"
# The operator's name of the key, packed where it generates it, and the program's own.
KEYS = ("alertmanager.yaml.gz", "alertmanager.yaml", "alertmanager.yml")
MOST_BYTES = 4 * 1024 * 1024
WEBHOOK_PATH = "/api/alerts"
DEFAULT_PORTS = {"http": 80, "https": 443}
# Alertmanager's own repeat_interval, where nobody says another.
REPEAT_SECONDS = 4 * 3600
UNITS = {"y": 31536000, "w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
_PART = re.compile(r"(\d+)(ms|[ywdhms])")
_DURATION = re.compile(r"(\d+(ms|[ywdhms]))+")
_IN_CLUSTER = re.compile(r"[^.:]+|.+\.svc(\..+)?")


class Alertmanager:
    """One Alertmanager, by its API v2. ``namespace`` is that in which it resolves a bare host name; empty where it is not known."""

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self.where = api.where
        self.namespace = api.namespace

    def configuration(
        self, services: Sequence[Service], *, collector: str
    ) -> AlertmanagerConfiguration:
        """The configuration that it has loaded.

        :raises Unmeasured: of any kind.
        """
        status = self._api.get(STATUS, {})
        try:
            text = status["config"]["original"]
        except (KeyError, TypeError):
            raise Malformed(
                f"{self.where}{STATUS}: it shows no configuration", source=STATUS
            ) from None
        return parse(
            text,
            where=f"{self.where}{STATUS}",
            services=services,
            collector=collector,
            namespace=self.namespace,
        )

    def routed(self, configuration: AlertmanagerConfiguration, *, collector: str) -> RoutedAlerts:
        """The alerts that are routed to the collector now.

        A receiver is the collector's when a webhook of it leads there; where it is hidden whither, when its name holds the collector's.

        :raises Unmeasured: no receiver can be said to be the collector's and some hide their URLs, so that nobody can tell.
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
            raise Malformed(f"{self.where}/api/v2/alerts: no list", source="/api/v2/alerts")
        if not own and hidden:
            raise Malformed(
                f"{self.where} hides the webhook URLs of its receivers ({', '.join(hidden)}): whether one posts to the collector cannot be told; "
                f"name the receiver after it ({collector})",
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
                f"{self.where}/api/v2/alerts: an alert without receivers or startsAt",
                source="/api/v2/alerts",
            ) from None
        again = max(_sent_again(configuration.route, own), default=float(REPEAT_SECONDS))
        return RoutedAlerts(
            tuple(own), len(mine), min(starts, default=None), max(starts, default=None), again
        )


def _posts_to(receiver: NotificationReceiver, collector: str) -> bool:
    """A webhook certainly leads to the collector, or nobody says whither and the receiver is named after it."""
    leads = {webhook.leads for webhook in receiver.webhooks}
    return "collector" in leads or (
        bool(leads & {"hidden", "unknown"}) and collector in receiver.name
    )


def parse(
    text: Any, *, where: str, services: Sequence[Service], collector: str, namespace: str
) -> AlertmanagerConfiguration:
    """The facts of a configuration.

    :param services: the collector's.
    :param collector: a part of the names of receivers that are likely to be the collector's.
    :raises Malformed: it is none.
    """
    if not isinstance(text, str):
        raise Malformed(f"{where}: its configuration is no text", source=where)
    read = yaml_text.load(text, name=f"the configuration of {where}", most_bytes=MOST_BYTES)
    try:
        receivers = tuple(
            _receiver(entry, services, collector, namespace) for entry in read["receivers"]
        )
        route = _route(read["route"], above="")
        inhibiting = tuple(_inhibiting(read.get("inhibit_rules") or []))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        raise Malformed(
            f"{where}: its configuration has not the form of Alertmanager's", source=where
        ) from None
    names = [one.name for one in receivers]
    unknown = sorted(set(_named(route)) - set(names))
    if not names or unknown:
        raise Malformed(
            f"{where}: its configuration names no receiver, or routes to one that it has not: {listed(unknown)}",
            source=where,
        )
    return AlertmanagerConfiguration(route, receivers, where, inhibiting=inhibiting)


def stored(raw: Mapping[str, Any], *, where: str) -> str:
    """The text of a configuration that a Secret or ConfigMap holds. For ``parse`` alone: it holds keys and URLs.

    :raises Absent: none of its keys is one. :raises Malformed: what is under it is no text.
    """
    data = raw.get("data") or {}
    key = next((key for key in KEYS if key in data), None)
    if key is None:
        raise Absent(
            f"{where} has none of the keys {listed(KEYS)}",
            source=where,
            next_step="--alertmanager-config=Secret/NAMESPACE/NAME",
        )
    value = data[key]
    try:
        if raw.get("kind") != "Secret":
            return str(value)
        body = base64.b64decode(value, validate=True)
        return (_unpacked(body) if key.endswith(".gz") else body).decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError, TypeError, ValueError):
        raise Malformed(f"{where} key {key} is no text of a configuration", source=where) from None


def _unpacked(body: bytes) -> bytes:
    """At most so much, however little it is packed into.

    :raises ValueError: it is more, or ends early.
    """
    packed = zlib.decompressobj(wbits=31)
    text = packed.decompress(body, MOST_BYTES)
    if not packed.eof:
        raise ValueError("too large, or cut")
    return text


def told(
    shown: AlertmanagerConfiguration, kept: AlertmanagerConfiguration
) -> AlertmanagerConfiguration:
    """What Alertmanager has loaded, with where its webhooks lead by what is stored.

    :raises Malformed: the two are not the same configuration: another object, or one that Alertmanager has not loaded yet.
    """
    if _shape(shown) != _shape(kept):
        raise Malformed(
            f"{kept.source} is not what {shown.source} has loaded: their receivers and routes differ",
            source=kept.source,
            next_step="--alertmanager-config=Secret/NAMESPACE/NAME of the one that Alertmanager loads; where it is, its reload failed: see its log",
        )
    return replace(kept, source=f"{shown.source}; {kept.source}")


def _shape(configuration: AlertmanagerConfiguration) -> Any:
    """What the API shows as it is stored: it writes matchers in a form of its own, and hides URLs."""

    def tree(route: NotificationRoute) -> Any:
        return route.receiver, route.goes_on, route.at_times, [tree(one) for one in route.routes]

    receivers = sorted(
        (one.name, one.integrations, len(one.webhooks)) for one in configuration.receivers
    )
    return tree(configuration.route), receivers, len(configuration.inhibiting)


def _receiver(
    entry: Mapping[str, Any], services: Sequence[Service], collector: str, namespace: str
) -> NotificationReceiver:
    name = str(entry["name"])
    kinds = [
        key.removesuffix("_configs")
        for key, value in entry.items()
        if key.endswith("_configs") and value
    ]
    ours = collector in name
    webhooks = tuple(
        _webhook(one, services, ours=ours, namespace=namespace)
        for one in entry.get("webhook_configs") or []
    )
    return NotificationReceiver(
        name, tuple(sorted(kind for kind in kinds if kind != "webhook")), webhooks
    )


def _webhook(
    entry: Mapping[str, Any], services: Sequence[Service], *, ours: bool, namespace: str
) -> Webhook:
    """Where a webhook leads.

    :param ours: its receiver is named after the collector, so that an address outside is likely to be the collector's.
    """
    url = str(entry.get("url") or "<")
    if url.startswith("<") or "{{" in url:  # <secret>, or none but a url_file, or a template
        return Webhook("hidden")
    parts = urlsplit(url)
    host, port = (
        (parts.hostname or "").rstrip("."),
        parts.port or DEFAULT_PORTS.get(parts.scheme, 0),
    )
    for service in services:
        own = f"{service.name}.{service.namespace}"
        bare = host == service.name and namespace in ("", service.namespace)
        if (
            bare
            or host in service.addresses
            or host in (own, f"{own}.svc")
            or host.startswith(f"{own}.svc.")
        ):
            return Webhook("collector", service.name, parts.scheme, port, mask(parts.path))
    if _IN_CLUSTER.fullmatch(host):
        namesake = any(host.split(".")[0] == service.name for service in services)
        return Webhook("namesake" if namesake else "elsewhere")
    return Webhook(
        "unknown" if ours or parts.path.rstrip("/").endswith(WEBHOOK_PATH) else "elsewhere"
    )


def _route(
    entry: Mapping[str, Any], *, above: str, again: float = REPEAT_SECONDS
) -> NotificationRoute:
    """A route, with what it does not say as the one above says it.

    :param again: the seconds after which the one above sends what has not changed again.
    :raises ValueError: it has no receiver and there is none above, or its repeat_interval is none.
    """
    receiver = str(entry.get("receiver") or "") or above
    if not receiver:
        raise ValueError("the first route names no receiver")
    again = _seconds(entry["repeat_interval"]) if entry.get("repeat_interval") else again
    routes = tuple(_route(one, above=receiver, again=again) for one in entry.get("routes") or [])
    at_times = tuple(
        str(name)
        for part in ("mute", "active")
        for name in entry.get(f"{part}_time_intervals") or []
    )
    return NotificationRoute(
        receiver, tuple(_matchers(entry)), bool(entry.get("continue")), routes, again, at_times
    )


def _matchers(entry: Mapping[str, Any], part: str = "") -> Iterator[str]:
    """In all three forms; of an inhibit rule those of a ``part``, ``source_`` or ``target_``."""
    for key, sign in ((f"{part}match", "="), (f"{part}match_re", "=~")):
        yield from (
            mask(f'{name}{sign}"{value}"') for name, value in (entry.get(key) or {}).items()
        )
    yield from (mask(str(one)) for one in entry.get(f"{part}matchers") or [])


def _inhibiting(rules: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What sets off the inhibit rules that are about every alert: no label need be equal, and no matcher leaves one out."""
    for rule in rules:
        if not rule.get("equal") and all(holds_of_all(one) for one in _matchers(rule, "target_")):
            yield ", ".join(_matchers(rule, "source_")) or "every alert"


def _seconds(text: Any) -> float:
    """A duration as Prometheus writes it: ``1h30m``.

    :raises ValueError: it is none.
    """
    found = _DURATION.fullmatch(str(text))
    if not found or not found[0]:
        raise ValueError("no duration")
    return sum(int(number) * UNITS[unit] for number, unit in _PART.findall(found[0]))


def _sent_again(route: NotificationRoute, receivers: Sequence[str]) -> Iterator[float]:
    """The repeat_intervals of the routes to these receivers."""
    if route.receiver in receivers:
        yield route.repeat_seconds
    for one in route.routes:
        yield from _sent_again(one, receivers)


def _named(route: NotificationRoute) -> Iterator[str]:
    yield route.receiver
    for one in route.routes:
        yield from _named(one)
