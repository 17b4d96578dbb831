"""Parse Alertmanager's configuration, from its API and from the object where it is stored.

From 0.26 on the API hides URLs. They are read from the object that stores the configuration instead: the Secret of the operator
(``alertmanager.yaml.gz``), or a Secret or ConfigMap of the user's. What the API shows remains the loaded configuration; the stored one
only adds where webhooks lead. No URL, key or address leaves this module.

Source: https://prometheus.io/docs/alerting/latest/configuration/;
https://prometheus-operator.dev/docs/developer/alerting/
"""

import base64
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from upkeep.adapters.formats import yaml_text
from upkeep.domain.alertmanager.matchers import BadMatcher, Matcher
from upkeep.domain.alertmanager.matchers import parse as parse_matchers
from upkeep.domain.alertmanager.time_intervals import muted
from upkeep.errors import Absent, Malformed
from upkeep.masking import mask
from upkeep.model import listed
from upkeep.records.monitoring import (
    AlertmanagerConfiguration,
    InhibitRule,
    NotificationReceiver,
    NotificationRoute,
    Webhook,
)
from upkeep.records.serving import Service

# The operator's name of the key, packed where it generates it, and the program's own.
KEYS = ("alertmanager.yaml.gz", "alertmanager.yaml", "alertmanager.yml")
MOST_BYTES = 4 * 1024 * 1024
WEBHOOK_PATH = "/api/alerts"
DEFAULT_PORTS = {"http": 80, "https": 443}
# Alertmanager's own repeat_interval, where the configuration has none.
REPEAT_SECONDS = 4 * 3600
MOST_SECONDS = 2**63 / 10**9  # Go counts nanoseconds in 64 bits
UNITS = {"y": 31536000, "w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
_PART = re.compile(r"(\d+)(ms|[ywdhms])")
_DURATION = re.compile(r"(\d+(ms|[ywdhms]))+")
_IN_CLUSTER = re.compile(r"[^.:]+|.+\.svc(\..+)?")


def parse(
    text: Any, *, where: str, services: Sequence[Service], collector: str, namespace: str
) -> AlertmanagerConfiguration:
    """Return the routes, receivers and inhibit rules of a configuration.

    :param services: the collector's.
    :param collector: a part of the name of receivers that are likely to be the collector's.
    :param namespace: where Alertmanager resolves a bare host name; empty where it is not known.
    :raises Malformed: it is no configuration of Alertmanager.
    """
    if not isinstance(text, str):
        raise Malformed(f"{where}: the configuration is not a text.", source=where)
    read = yaml_text.load(text, name=f"the configuration of {where}", most_bytes=MOST_BYTES)
    try:
        receivers = tuple(
            _receiver(entry, services, collector, namespace) for entry in read["receivers"]
        )
        intervals = {
            str(one["name"]): one.get("time_intervals") or []
            for key in ("mute_time_intervals", "time_intervals")
            for one in read.get(key) or []
        }
        route = _route(read["route"], above="", intervals=intervals)
        inhibit_rules = tuple(
            InhibitRule(
                _matchers(rule, "source_"),
                _matchers(rule, "target_"),
                tuple(str(label) for label in rule.get("equal") or []),
            )
            for rule in read.get("inhibit_rules") or []
        )
    except BadMatcher as error:
        raise Malformed(
            f"{where}: a matcher of its routes or inhibit rules is none: {error}.", source=where
        ) from None
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        raise Malformed(
            f"{where}: the configuration does not have Alertmanager's form.", source=where
        ) from None
    names = [one.name for one in receivers]
    unknown = sorted(set(_named(route)) - set(names))
    if not names or unknown:
        missing = f"routes to {listed(unknown)}, which it lacks" if unknown else "has no receiver"
        raise Malformed(f"{where}: the configuration {missing}.", source=where)
    return AlertmanagerConfiguration(route, receivers, where, inhibit_rules=inhibit_rules)


def stored(raw: Mapping[str, Any], *, where: str) -> str:
    """Return the configuration that a Secret or ConfigMap holds. For ``parse`` alone: it holds keys and URLs.

    :raises Absent: it has no key of a configuration. :raises Malformed: the value is not a text.
    """
    data = raw.get("data") or {}
    key = next((key for key in KEYS if key in data), None)
    if key is None:
        raise Absent(
            f"{where} has none of the keys {listed(KEYS)}.",
            source=where,
            next_step="--alertmanager-config=Secret/NAMESPACE/NAME",
        )
    value = data[key]
    try:
        if raw.get("kind") != "Secret":
            return str(value)
        body = base64.b64decode(value, validate=True)
        return (_unpacked(body) if key.endswith(".gz") else body).decode()
    except (zlib.error, TypeError, ValueError):
        raise Malformed(
            f"{where} key {key} is not the text of a configuration.", source=where
        ) from None


def _unpacked(body: bytes) -> bytes:
    """Return the text of a gzip file, at most ``MOST_BYTES`` of it: a small file can unpack to any size.

    :raises ValueError: it is larger, or ends early.
    """
    packed = zlib.decompressobj(wbits=31)
    text = packed.decompress(body, MOST_BYTES)
    if not packed.eof:
        raise ValueError("too large, or cut")
    return text


def told(
    shown: AlertmanagerConfiguration, kept: AlertmanagerConfiguration
) -> AlertmanagerConfiguration:
    """Return the loaded configuration with the webhook targets of the stored one.

    :raises Malformed: the two differ: it is another object, or Alertmanager has not loaded it yet.
    """
    if _shape(shown) != _shape(kept):
        raise Malformed(
            f"{kept.source} is not the configuration that {shown.source} has loaded: their receivers, routes or inhibit rules differ.",
            source=kept.source,
            next_step="--alertmanager-config=Secret/NAMESPACE/NAME of the object that Alertmanager loads; if it is the one, the reload failed: see Alertmanager's log",
        )
    return replace(kept, source=f"{shown.source}; {kept.source}")


def _shape(configuration: AlertmanagerConfiguration) -> Any:
    """Return what both show alike: the API hides URLs."""

    def tree(route: NotificationRoute) -> Any:
        own = (route.receiver, sorted(route.matchers), route.goes_on, route.at_times, route.muted)
        return own, [tree(one) for one in route.routes]

    receivers = sorted(
        (one.name, one.integrations, len(one.webhooks)) for one in configuration.receivers
    )
    inhibit = sorted(
        (sorted(one.source), sorted(one.target), sorted(one.equal))
        for one in configuration.inhibit_rules
    )
    return tree(configuration.route), receivers, inhibit


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
    """Return the target of a webhook.

    :param ours: its receiver has the collector's name, so an address outside is likely to be the collector's.
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
    entry: Mapping[str, Any],
    *,
    above: str,
    intervals: Mapping[str, Sequence[Any]],
    again: float = REPEAT_SECONDS,
) -> NotificationRoute:
    """Return a route; it inherits the receiver and the repeat_interval of its parent.

    :param intervals: the time intervals by name.
    :param again: the parent's repeat_interval in seconds.
    :raises ValueError: it has no receiver and no parent, or its repeat_interval or a time interval is none.
    """
    receiver = str(entry.get("receiver") or "") or above
    if not receiver:
        raise ValueError("the first route names no receiver")
    again = _seconds(entry["repeat_interval"]) if entry.get("repeat_interval") else again
    routes = tuple(
        _route(one, above=receiver, intervals=intervals, again=again)
        for one in entry.get("routes") or []
    )
    mute, active = (
        tuple(map(str, entry.get(f"{part}_time_intervals") or [])) for part in ("mute", "active")
    )
    time = muted(mute, active, intervals=intervals)
    return NotificationRoute(
        receiver,
        _matchers(entry),
        bool(entry.get("continue")),
        routes,
        again,
        () if time == "never" else (*mute, *active),
        time == "always",
    )


def _matchers(entry: Mapping[str, Any], part: str = "") -> tuple[str, ...]:
    """Return the matchers of all three forms, one in each text; of an inhibit rule those of a ``part``.

    :raises BadMatcher: one is none.
    """
    found = [
        Matcher(str(label), sign, str(value))
        for key, sign in ((f"{part}match", "="), (f"{part}match_re", "=~"))
        for label, value in (entry.get(key) or {}).items()
    ]
    found += [
        one for text in entry.get(f"{part}matchers") or [] for one in parse_matchers(str(text))
    ]
    return tuple(map(str, found))


def _seconds(text: Any) -> float:
    """Return the seconds of a duration as Prometheus writes it: ``1h30m``.

    :raises ValueError: it is no duration.
    """
    found = _DURATION.fullmatch(str(text))
    if not found or not found[0]:
        raise ValueError("no duration")
    seconds = sum(int(number) * UNITS[unit] for number, unit in _PART.findall(found[0]))
    if seconds > MOST_SECONDS:
        raise ValueError("a duration out of range")
    return seconds


def _named(route: NotificationRoute) -> Iterator[str]:
    """Yield the receiver of each route."""
    yield route.receiver
    for one in route.routes:
        yield from _named(one)
