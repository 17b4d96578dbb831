"""Do alerts get to the collector, and to somebody when it is gone?

Source: the guide's "Fallback Plan"; https://prometheus.io/docs/alerting/latest/configuration/ and Alertmanager's dispatch.Route.Match.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upkeep.domain.matchers import holds_of_all
from upkeep.domain.metric_names import WEBHOOK_PATH
from upkeep.errors import Absent, Ambiguous, Malformed
from upkeep.judges.wording import counted, excerpt
from upkeep.limits import Limits
from upkeep.masking import mask
from upkeep.model import Finding, Judgement, listed
from upkeep.records.monitoring import (
    AlertmanagerConfiguration,
    NotificationReceiver,
    NotificationRoute,
    Webhook,
)
from upkeep.records.serving import Service
from upkeep.records.workload import Install

LIMIT = "fallback_receivers"


@dataclass(frozen=True, slots=True)
class _Use:
    """A receiver that alerts get to, and which ones: by the matchers on the way. ``at_times``: the intervals that mute the route."""

    receiver: str
    which: str
    at_times: tuple[str, ...] = ()


def fallback(
    configuration: AlertmanagerConfiguration,
    services: Sequence[Service],
    *,
    limits: Limits,
    install: Install,
) -> Judgement:
    """fallback-notification: a route leads to the collector, at a port of its Service and at its path, and routes lead to at least
    ``limits["fallback_receivers"]`` receivers that do not depend on it.

    Alertmanager tells each integration of a receiver by itself, so a receiver with one beside the collector's webhook is such a receiver; one without
    any, ``null``, is not. Receivers that no route leads to do not count, nor do those that every route to is muted at times (whichever: nobody knows
    when it will be needed). An inhibit rule that is about every alert silences the others as well. Which alerts get where is said, and not judged.

    :raises Absent: the collector has no Service that a webhook could lead to.
    :raises Malformed: a webhook decides, and Alertmanager does not show its URL. :raises Ambiguous: its address is outside the cluster.
    """
    if not services:
        raise Absent(
            "no Service selects the collector's pods, so that no webhook can lead to one",
            source=f"GET /api/v1/namespaces/{install.namespace}/services",
            next_step=f"kubectl -n {install.namespace} get services",
        )
    uses = list(_uses(configuration.route, ()))
    used = {use.receiver for use in uses}
    receivers = [one for one in configuration.receivers if one.name in used]
    limit, found = int(limits[LIMIT]), []
    ours = [
        one for one in receivers if any(webhook.leads == "collector" for webhook in one.webhooks)
    ]
    for one in ours:
        for webhook in one.webhooks:
            found += _of_webhook(one, webhook, services) if webhook.leads == "collector" else []
    always = {use.receiver for use in uses if not use.at_times}
    independent = [one for one in receivers if _independent(one)]
    beside, muted = (
        [one for one in independent if (one.name in always) is wanted] for wanted in (True, False)
    )
    unsure = [
        one
        for one in receivers
        if any(webhook.leads in ("hidden", "unknown") for webhook in one.webhooks)
    ]
    found += [_silenced(source) for source in configuration.inhibiting]
    if not ours and not unsure:
        found.append(_not_routed(configuration, used, services))
    if len({one.name for one in beside} | ({one.name for one in unsure} & always)) < limit:
        intervals = [
            name for use in uses for name in use.at_times if muted and use.receiver == muted[0].name
        ]
        found.append(
            _muted(muted[0], intervals, beside, limit=limit)
            if muted
            else _no_fallback(configuration, used, ours, beside, limit=limit)
        )
    if not found and unsure and (not ours or len(beside) < limit):
        raise _cannot_tell(configuration, unsure, services)
    told = [
        f"to the collector: {_said(ours, uses)}"
        if ours
        else f"to the collector: {'not known' if unsure else 'none'}"
    ]
    told.append(f"to others: {_said(independent, uses, kinds=True) or 'none'}")
    basis = f"{configuration.source}; a webhook counts as the collector's when its host is one of its Services"
    return Judgement(tuple(found), "; ".join(told), limit, "receivers beside the collector", basis)


def _uses(
    route: NotificationRoute, above: tuple[str, ...], which: str = "every alert"
) -> Iterator[_Use]:
    """Who is told of which alerts. A route itself tells only what none of its routes takes; one without matchers takes everything."""
    taken = False
    for child in route.routes:
        matchers = (*above, *child.matchers)
        yield from _uses(child, matchers, ", ".join(matchers) or "every alert")
        if all(holds_of_all(matcher) for matcher in child.matchers):
            taken = True
            if not child.goes_on:
                break
    if not taken:
        yield _Use(
            route.receiver,
            f"{which} that no other route takes" if route.routes else which,
            route.at_times,
        )


def _independent(receiver: NotificationReceiver) -> bool:
    return bool(receiver.integrations) or any(
        webhook.leads in ("elsewhere", "namesake") for webhook in receiver.webhooks
    )


def _of_webhook(
    receiver: NotificationReceiver, webhook: Webhook, services: Sequence[Service]
) -> list[Finding]:
    """What keeps a webhook that leads to the collector's Service from arriving there."""
    service = next(one for one in services if one.name == webhook.service)
    name, where, fix = (
        _name(receiver),
        f"Receiver/{_name(receiver)}",
        f"in Alertmanager's receiver {_name(receiver)}: {_url(service)}",
    )
    ports = [port.port for port in service.ports]
    found = []
    if webhook.port not in ports:
        numbers = " or ".join(map(str, ports)) or "none"
        message = f"Alertmanager's receiver {name} posts to port {webhook.port} of Service {service.name}, which has {numbers}: no alert gets through."
        found.append(Finding(where, "wrong-port", message, webhook.port, numbers, "port", fix))
    if webhook.path.rstrip("/") != WEBHOOK_PATH:
        path = excerpt(webhook.path) or "/"
        message = f"Alertmanager's receiver {name} posts to {path} of the collector, which takes alerts at {WEBHOOK_PATH} alone."
        found.append(Finding(where, "wrong-path", message, path, WEBHOOK_PATH, "path", fix))
    if webhook.scheme != "http":
        message = f"Alertmanager's receiver {name} posts to the collector by {webhook.scheme}, and it speaks http alone."
        found.append(Finding(where, "wrong-scheme", message, webhook.scheme, "http", "scheme", fix))
    return found


def _not_routed(
    configuration: AlertmanagerConfiguration, used: set[str], services: Sequence[Service]
) -> Finding:
    names = listed([service.name for service in services])
    idle = [
        one
        for one in configuration.receivers
        if one.name not in used and any(each.leads == "collector" for each in one.webhooks)
    ]
    if idle:
        name = _name(idle[0])
        message = f"Alertmanager's receiver {name} posts to the collector, and no route leads to it: the collector hears nothing."
        fix = f"add to Alertmanager's route: {{receiver: {name}, continue: true}}"
        return Finding(f"Receiver/{name}", "not-routed", message, 0, 1, "routes", fix)
    namesakes = [
        one
        for one in configuration.receivers
        if any(each.leads == "namesake" for each in one.webhooks)
    ]
    hint = (
        f"; receiver {_name(namesakes[0])} posts to a Service of that name in another namespace"
        if namesakes
        else ""
    )
    message = f"No receiver of Alertmanager posts to Service {names}, so the collector hears nothing{hint}."
    fix = f"give a receiver of Alertmanager, to which a route leads, a webhook with {_url(services[0])}"
    return Finding("Alertmanager", "not-routed", message, 0, 1, "receivers", fix)


def _no_fallback(
    configuration: AlertmanagerConfiguration,
    used: set[str],
    ours: Sequence[NotificationReceiver],
    beside: Sequence[NotificationReceiver],
    *,
    limit: int,
) -> Finding:
    told = f"{listed([_name(one) for one in beside])} alone" if beside else "nobody"
    message = f"When the collector is gone, Alertmanager tells {told}: at least {counted(limit, 'receiver')} must not depend on it."
    idle = [one for one in configuration.receivers if one.name not in used and _independent(one)]
    if idle:
        fix = f"add to Alertmanager's route, before the others: {{receiver: {_name(idle[0])}, continue: true}}"
    else:
        whom = (
            f"receiver {_name(ours[0])}"
            if ours
            else "a receiver of Alertmanager, to which a route leads"
        )
        fix = f"give {whom} email_configs, slack_configs or the like: docs/runbook.md#fallback-notification"
    return Finding("Alertmanager", "no-fallback", message, len(beside), limit, "receivers", fix)


def _muted(
    receiver: NotificationReceiver,
    intervals: Sequence[str],
    beside: Sequence[NotificationReceiver],
    *,
    limit: int,
) -> Finding:
    """The receiver that would do, if its routes were not muted."""
    name, when = _name(receiver), listed([excerpt(mask(one)) for one in dict.fromkeys(intervals)])
    message = (
        f"When the collector is gone, whom Alertmanager tells depends on the hour: its routes to receiver {name} are muted by time intervals ({when}), and at "
        f"least {counted(limit, 'receiver')} must not depend on the collector."
    )
    fix = f"take mute_time_intervals and active_time_intervals off a route of Alertmanager to receiver {name}, or add one: {{receiver: {name}, continue: true}}"
    return Finding(
        f"Receiver/{name}", "fallback-muted", message, len(beside), limit, "receivers", fix
    )


def _silenced(source: str) -> Finding:
    """An inhibit rule without a bound."""
    shown = excerpt(source)
    message = f"While an alert fires that is {shown}, Alertmanager tells nobody of any other: an inhibit rule is about every alert."
    fix = f"in Alertmanager's inhibit rule of {shown}: narrow it by target_matchers, and by equal"
    return Finding("Alertmanager", "inhibits-everything", message, "every alert", "some", "", fix)


def _cannot_tell(
    configuration: AlertmanagerConfiguration,
    unsure: Sequence[NotificationReceiver],
    services: Sequence[Service],
) -> Malformed | Ambiguous:
    names = listed([_name(one) for one in unsure])
    if any(webhook.leads == "hidden" for one in unsure for webhook in one.webhooks):
        option = f"--alertmanager-config={configuration.stored}, where its configuration is stored"
        return Malformed(
            f"Alertmanager does not show the webhook URLs of receiver {names} (from 0.26 on it hides them, and a url_file stays in its pod): "
            "whether they lead to the collector cannot be told",
            source=configuration.source,
            next_step=option
            if configuration.stored
            else f"in Alertmanager's receiver {names}, instead of a url_file: {_url(services[0])}",
        )
    return Ambiguous(
        f"the webhook of receiver {names} leads out of the cluster, and may come back to the collector: its port and path cannot be told",
        source=configuration.source,
        next_step=f"in Alertmanager's receiver {names}: {_url(services[0])}",
    )


def _said(
    receivers: Sequence[NotificationReceiver], uses: Sequence[_Use], *, kinds: bool = False
) -> str:
    """``mail (email; severity="critical")``: receivers, what they tell by, and which alerts get there."""
    parts = []
    for one in receivers:
        how = (
            [
                *one.integrations,
                *(
                    ["webhook"]
                    if any(webhook.leads != "collector" for webhook in one.webhooks)
                    else []
                ),
            ]
            if kinds
            else []
        )
        which = list(
            dict.fromkeys(
                f"{use.which}{' at times' if use.at_times else ''}"
                for use in uses
                if use.receiver == one.name
            )
        )
        parts.append(
            f"{_name(one)} ({'; '.join(filter(None, [listed(how), listed(which, most=3)]))})"
        )
    return ", ".join(parts)


def _url(service: Service) -> str:
    port = service.ports[0].port if service.ports else 80
    return f'url: "http://{service.name}.{service.namespace}.svc:{port}{WEBHOOK_PATH}"'


def _name(receiver: NotificationReceiver) -> str:
    return excerpt(mask(receiver.name))
