"""Judge whether active silences, or an inhibit rule, keep every alert from the collector, or from the receivers beside it.

Source: https://prometheus.io/docs/alerting/latest/alertmanager/#silences
"""

from collections.abc import Sequence

from upkeep.domain.alertmanager import routing
from upkeep.domain.alertmanager.automata import Unreadable
from upkeep.domain.alertmanager.matchers import BadMatcher
from upkeep.domain.alertmanager.routing import Delivery
from upkeep.errors import Malformed
from upkeep.judges.monitoring.receivers import EVERY_ALERT, name_of
from upkeep.judges.wording import excerpt
from upkeep.masking import mask
from upkeep.model import Finding, listed, utc
from upkeep.records.monitoring import (
    AlertmanagerConfiguration,
    InhibitRule,
    NotificationReceiver,
    Silence,
)
from upkeep.shell import shell


def silenced(
    configuration: AlertmanagerConfiguration,
    silences: Sequence[Silence],
    reached: Sequence[Delivery],
    *,
    ours: Sequence[NotificationReceiver],
    beside: Sequence[NotificationReceiver],
    limit: int,
) -> list[Finding]:
    """Return the findings of receivers that get alerts by the routes, and none that is not silenced.

    :param reached: where alerts end by the routes alone.
    :param beside: the receivers that work without the collector; ``limit`` of them must be notified.
    :raises Malformed: a matcher cannot be decided.
    """
    try:
        groups = {one.id: routing.conditions(one.matchers) for one in silences}
        left, taken = routing.heard(configuration.route, [*groups.values()])
        deciding = [one for one in silences if groups[one.id] in taken]
        of_receiver = {
            one.route.receiver: [
                silence
                for silence in deciding
                if routing.some_alert((*one.conditions, *groups[silence.id]))
            ]
            for one in reached
        }
    except (BadMatcher, Unreadable) as error:
        raise Malformed(
            f"The matchers of Alertmanager's routes and silences cannot be decided: {error}.",
            source=configuration.source,
            next_step="amtool silence query",
        ) from None
    if not left:
        return [_finding("Alertmanager", EVERY_ALERT, deciding, code="silences-everything")]
    heard = {one.route.receiver for one in left}
    quiet = [one for one in beside if one.name not in heard]
    if len(beside) - len(quiet) >= limit:
        quiet = []
    if not any(one.name in heard for one in ours):
        quiet = [*ours, *quiet]
    found = []
    for one in quiet:
        name = name_of(one)
        found.append(
            _finding(
                f"Receiver/{name}",
                f"{EVERY_ALERT} to receiver {name}",
                of_receiver[one.name],
                code="receiver-silenced",
            )
        )
    return found


def inhibiting(rule: InhibitRule) -> Finding:
    """Return the finding of an inhibit rule that silences every alert."""
    shown = excerpt(mask(", ".join(rule.source)))
    message = f"One inhibit rule silences every alert: while {shown} fires, Alertmanager sends no other alert."
    fix = shell("in the inhibit rule of {}: narrow it by target_matchers, and by equal", shown)
    return Finding(
        "Alertmanager", "inhibits-everything", message, EVERY_ALERT, "some alerts", "", fix
    )


def _finding(where: str, what: str, silences: Sequence[Silence], *, code: str) -> Finding:
    named = listed([one.id[:64] for one in silences], most=3)
    until = utc(min(one.until for one in silences))
    which = f"Silence {named} matches" if len(silences) == 1 else f"Silences {named} match"
    return Finding(
        where,
        code,
        f"{which} {what} until {until}. Alertmanager notifies no receiver of them.",
        what,
        "some alerts",
        "",
        shell("amtool silence expire {}", silences[0].id),
    )
