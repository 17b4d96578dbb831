"""Receivers of Alertmanager in words: their names, their integrations and the alerts that they get."""

from collections.abc import Sequence

from upkeep.domain.alertmanager.routing import Delivery
from upkeep.judges.wording import excerpt
from upkeep.masking import mask
from upkeep.model import listed
from upkeep.records.monitoring import NotificationReceiver

EVERY_ALERT = "every alert"


def said(
    receivers: Sequence[NotificationReceiver], reached: Sequence[Delivery], *, kinds: bool = False
) -> str:
    """Return receivers with their integrations and the alerts that they get: ``mail (email; severity="critical")``."""
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
            dict.fromkeys(_alerts(use) for use in reached if use.route.receiver == one.name)
        )
        parts.append(
            f"{name_of(one)} ({'; '.join(filter(None, [listed(how), listed(which, most=3)]))})"
        )
    return ", ".join(parts)


def _alerts(use: Delivery) -> str:
    """Return which alerts end at a route, by the matchers on the way."""
    which = mask(", ".join(map(str, use.conditions))) or EVERY_ALERT
    which += " that no other route takes" if use.leftover else ""
    when = " never" if use.route.muted else " at times" if use.route.at_times else ""
    return which + when


def name_of(receiver: NotificationReceiver) -> str:
    """Return the name, masked and short."""
    return excerpt(receiver.name)
