"""Judge whether alerts reach the collector, and a receiver that does not depend on it.

Source: https://prometheus.io/docs/alerting/latest/configuration/; Alertmanager's ``dispatch.Route.Match``
"""

from collections.abc import Sequence

from upkeep.domain.alertmanager import routing
from upkeep.domain.alertmanager.automata import Unreadable
from upkeep.domain.alertmanager.matchers import BadMatcher
from upkeep.domain.alertmanager.routing import Delivery
from upkeep.domain.metric_names import WEBHOOK_PATH
from upkeep.errors import Absent, Ambiguous, Malformed, Unmeasured
from upkeep.judges.monitoring.receivers import name_of, said
from upkeep.judges.monitoring.silences import inhibiting, silenced
from upkeep.judges.wording import counted, excerpt
from upkeep.limits import Limits
from upkeep.masking import mask
from upkeep.model import Finding, Judgement, listed
from upkeep.records.monitoring import (
    AlertmanagerConfiguration,
    InhibitRule,
    NotificationReceiver,
    Silence,
    Webhook,
)
from upkeep.records.serving import Service
from upkeep.records.workload import Install
from upkeep.shell import Command, shell

LIMIT = "fallback_receivers"


def fallback(
    configuration: AlertmanagerConfiguration,
    services: Sequence[Service],
    *,
    silences: Sequence[Silence] | Unmeasured,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge fallback-notification: alerts reach the collector's Service at its port and path, and ``limits["fallback_receivers"]`` other receivers.

    Each integration of a receiver is notified by itself. So a receiver with one beside the collector's webhook counts as another; ``null`` does not.
    Receivers that no alert can reach do not count, nor do those whose every route is muted at times. An inhibit rule that silences every alert
    is a finding, and so are silences of every alert that the collector or the others would get. Which alerts reach which receiver is not judged.

    :raises Absent: no Service selects the collector's pods.
    :param silences: those that are active; the error where they are not known, which matters only where nothing else is found.
    :raises Malformed: a webhook decides and its URL is hidden, or a matcher cannot be decided.
    :raises Ambiguous: a webhook decides and its address is outside the cluster.
    """
    if not services:
        raise Absent(
            "No Service selects the collector's pods, so no webhook can lead to them.",
            source=f"GET /api/v1/namespaces/{install.namespace}/services",
            next_step=shell("kubectl -n {} get services", install.namespace),
        )
    reached, silencing, partly = _decided(configuration)
    used = {one.route.receiver for one in reached if not one.route.muted}
    receivers = [one for one in configuration.receivers if one.name in used]
    limit, found = int(limits[LIMIT]), []
    ours = [
        one for one in receivers if any(webhook.leads == "collector" for webhook in one.webhooks)
    ]
    for one in ours:
        for webhook in one.webhooks:
            if webhook.leads == "collector":
                found += _of_webhook(one, webhook, services, number=install.port)
    always = {one.route.receiver for one in reached if not one.route.at_times}
    ever = {one.route.receiver for one in reached}
    independent = [one for one in configuration.receivers if one.name in ever and _independent(one)]
    beside, muted = (
        [one for one in independent if (one.name in always) is wanted] for wanted in (True, False)
    )
    unsure = [
        one
        for one in receivers
        if any(webhook.leads in ("hidden", "unknown") for webhook in one.webhooks)
    ]
    found += [inhibiting(rule) for rule in silencing]
    if not ours and not unsure:
        found.append(_not_routed(configuration, used, services, number=install.port))
    if len({one.name for one in beside} | ({one.name for one in unsure} & always)) < limit:
        intervals = [
            name
            for one in reached
            for name in one.route.at_times
            if muted and one.route.receiver == muted[0].name
        ]
        found.append(
            _muted(muted[0], intervals, beside, limit=limit)
            if muted
            else _no_fallback(configuration, ever, ours, beside, limit=limit)
        )
    if not isinstance(silences, Unmeasured):
        found += silenced(configuration, silences, reached, ours=ours, beside=beside, limit=limit)
    unmeasured = silences if isinstance(silences, Unmeasured) else None
    if unsure and (not ours or len(beside) < limit):
        unmeasured = _cannot_tell(configuration, unsure, services, number=install.port)
    told = [
        f"to the collector: {said(ours, reached)}"
        if ours
        else f"to the collector: {'not known' if unsure else 'none'}"
    ]
    told.append(f"to others: {said(independent, reached, kinds=True) or 'none'}")
    told += [
        f"while {excerpt(mask(', '.join(rule.source)))} fires, an inhibit rule silences every alert "
        f"without label {listed(list(rule.equal))}"
        for rule in partly
    ]
    basis = f"{configuration.source}; a webhook counts as the collector's when its host is one of its Services"
    if not isinstance(silences, Unmeasured):
        basis += f"; {counted(len(silences), 'active silence')}"
    unit = "receivers beside the collector"
    return Judgement(tuple(found), "; ".join(told), limit, unit, basis, unmeasured=unmeasured)


def _decided(
    configuration: AlertmanagerConfiguration,
) -> tuple[tuple[Delivery, ...], tuple[InhibitRule, ...], tuple[InhibitRule, ...]]:
    """Return where alerts end, the inhibit rules that silence every alert, and those that silence
    every alert without certain labels.

    :raises Malformed: it cannot be decided.
    """
    try:
        rules = configuration.inhibit_rules
        some = routing.silences_the_unlabelled(rules)
        return routing.deliveries(configuration.route), routing.silences_everything(rules), some
    except (BadMatcher, Unreadable) as error:
        raise Malformed(
            f"The matchers of Alertmanager's routes cannot be decided: {error}.",
            source=configuration.source,
            next_step="amtool config routes show",
        ) from None


def _independent(receiver: NotificationReceiver) -> bool:
    return bool(receiver.integrations) or any(
        webhook.leads in ("elsewhere", "namesake") for webhook in receiver.webhooks
    )


def _of_webhook(
    receiver: NotificationReceiver, webhook: Webhook, services: Sequence[Service], *, number: int
) -> list[Finding]:
    """Return what stops a webhook to the collector's Service at its own port ``number``."""
    service = next(one for one in services if one.name == webhook.service)
    name, where, fix = (
        name_of(receiver),
        f"Receiver/{name_of(receiver)}",
        shell("in the receiver {} of Alertmanager: {}", name_of(receiver), _url(service, number)),
    )
    ports = service.ports_to(number) or tuple(port.port for port in service.ports)
    found = []
    if webhook.port not in ports:
        numbers = " or ".join(map(str, ports)) or "none"
        why = "is headless and translates no port" if service.headless else f"leads by {numbers}"
        message = (
            f"Receiver {name} posts to port {webhook.port} of Service {service.name}. "
            f"The Service {why}, and the collector listens on {number}. No alert arrives."
        )
        found.append(Finding(where, "wrong-port", message, webhook.port, numbers, "port", fix))
    if webhook.path.rstrip("/") != WEBHOOK_PATH:
        path = excerpt(webhook.path) or "/"
        message = f"Receiver {name} posts to {path} of the collector, which takes alerts only at {WEBHOOK_PATH}."
        found.append(Finding(where, "wrong-path", message, path, WEBHOOK_PATH, "path", fix))
    if webhook.scheme != "http":
        message = f"Receiver {name} posts to the collector by {webhook.scheme}, but the collector serves only http."
        found.append(Finding(where, "wrong-scheme", message, webhook.scheme, "http", "scheme", fix))
    return found


def _not_routed(
    configuration: AlertmanagerConfiguration,
    used: set[str],
    services: Sequence[Service],
    *,
    number: int,
) -> Finding:
    names = listed([service.name for service in services])
    idle = [
        one
        for one in configuration.receivers
        if one.name not in used and any(each.leads == "collector" for each in one.webhooks)
    ]
    if idle:
        name = name_of(idle[0])
        message = f"Receiver {name} posts to the collector, but no alert can reach this receiver. The collector gets no alerts."
        fix = shell("add to the route of Alertmanager: {{receiver: {}, continue: true}}", name)
        return Finding(f"Receiver/{name}", "not-routed", message, 0, 1, "routes", fix)
    namesakes = [
        one
        for one in configuration.receivers
        if any(each.leads == "namesake" for each in one.webhooks)
    ]
    hint = (
        f" Receiver {name_of(namesakes[0])} posts to a Service of that name in another namespace."
        if namesakes
        else ""
    )
    message = (
        f"No receiver of Alertmanager posts to Service {names}. The collector gets no alerts.{hint}"
    )
    fix = shell("give a receiver that has a route a webhook with {}", _url(services[0], number))
    return Finding("Alertmanager", "not-routed", message, 0, 1, "receivers", fix)


def _no_fallback(
    configuration: AlertmanagerConfiguration,
    used: set[str],
    ours: Sequence[NotificationReceiver],
    beside: Sequence[NotificationReceiver],
    *,
    limit: int,
) -> Finding:
    told = f"only to {listed([name_of(one) for one in beside])}" if beside else "to no receiver"
    message = f"Without the collector, Alertmanager sends alerts {told}. At least {counted(limit, 'receiver')} must not depend on it."
    idle = [one for one in configuration.receivers if one.name not in used and _independent(one)]
    if idle:
        fix = shell(
            "add to the route of Alertmanager, before the others: {{receiver: {}, continue: true}}",
            name_of(idle[0]),
        )
    else:
        whom = (
            shell("receiver {}", name_of(ours[0]))
            if ours
            else Command("a receiver that has a route")
        )
        fix = shell(
            "give {} email_configs, slack_configs or the like: docs/runbook.md#fallback-notification",
            whom,
        )
    return Finding("Alertmanager", "no-fallback", message, len(beside), limit, "receivers", fix)


def _muted(
    receiver: NotificationReceiver,
    intervals: Sequence[str],
    beside: Sequence[NotificationReceiver],
    *,
    limit: int,
) -> Finding:
    """Return the finding of a receiver that would be the fallback if its routes were not muted."""
    name, when = name_of(receiver), listed([excerpt(one) for one in dict.fromkeys(intervals)])
    message = (
        f"Time intervals ({when}) mute every route to receiver {name}. Without the collector, some alerts are sent nowhere. "
        f"At least {counted(limit, 'receiver')} must be notified at any time."
    )
    fix = shell(
        "remove mute_time_intervals and active_time_intervals from a route to receiver {}, or add one: {{receiver: {}, continue: true}}",
        name,
        name,
    )
    return Finding(
        f"Receiver/{name}", "fallback-muted", message, len(beside), limit, "receivers", fix
    )


def _cannot_tell(
    configuration: AlertmanagerConfiguration,
    unsure: Sequence[NotificationReceiver],
    services: Sequence[Service],
    *,
    number: int,
) -> Malformed | Ambiguous:
    names = listed([name_of(one) for one in unsure])
    if any(webhook.leads == "hidden" for one in unsure for webhook in one.webhooks):
        option = shell(
            "--alertmanager-config={}, where its configuration is stored", configuration.stored
        )
        return Malformed(
            f"Alertmanager hides the webhook URLs of receiver {names}, so their target is not known. "
            "Its API hides them since 0.26; a url_file is only in its pod.",
            source=configuration.source,
            next_step=option
            if configuration.stored
            else shell(
                "in the receiver {} of Alertmanager, instead of a url_file: {}",
                names,
                _url(services[0], number),
            ),
        )
    return Ambiguous(
        f"The webhook of receiver {names} leads out of the cluster. It may lead back to the collector.",
        source=configuration.source,
        next_step=shell("in the receiver {} of Alertmanager: {}", names, _url(services[0], number)),
    )


def _url(service: Service, number: int) -> Command:
    """Return the collector's URL; ``number`` is its own port."""
    port = next(iter(service.ports_to(number)), number)
    host = f"{service.name}.{service.namespace}.svc"
    return shell("url: {}", f"http://{host}:{port}{WEBHOOK_PATH}")
