"""Judge whether alerts arrive, by the counters and by what Alertmanager routes to the collector."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from upkeep.domain.metric_names import (
    RECEIVED,
)
from upkeep.errors import TooEarly, Unmeasured
from upkeep.judges.counting.counters import (
    PROCESS_START,
    ProcessWindow,
    basis,
    in_all,
    says_why_history_is_short,
    too_early,
    windows,
)
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, span, utc, utc_after
from upkeep.records.counters import CounterHistory
from upkeep.records.monitoring import RoutedAlerts
from upkeep.records.workload import Install
from upkeep.shell import Command, shell

# An alert may wait for its group (group_interval, five minutes by default) before Alertmanager sends it.
GROUPING = timedelta(minutes=5)
GROUPS = "alert groups"


@says_why_history_is_short
def flow(
    history: CounterHistory,
    routed: RoutedAlerts | Unmeasured | None,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge alerts-flow: an alert arrived in ``limits["alert_window"]``, or Alertmanager has none for the collector.

    :param routed: the active alerts that Alertmanager routes to the collector; ``None`` without an Alertmanager; the error where it could not
        be asked, which matters only when no alert is known to have arrived.
    :raises TooEarly: alerts arrived, perhaps before the window; or every process is younger than the window; or the routed alerts may have been
        sent before the first known sample, and are not sent again yet.
    :raises Unmeasured: no alert is known to have arrived, and Alertmanager could not be asked.
    """
    parts = windows(history, now=now, window_seconds=limits["alert_window"])
    least, most = in_all(parts)
    window = limits.text("alert_window")
    received, perhaps = least.total(RECEIVED), most.total(RECEIVED)
    why = basis(parts, history, now=now, limits=limits, proof="none since then, so none in")
    if received:
        sure = [one for one in parts if one.least.total(RECEIVED)]
        why = basis(sure, history, now=now, limits=limits, proof="only the certain part of")
        return Judgement(
            (), f"{counted(received, 'alert group')} received", 1, f"{GROUPS} in {window}", why
        )
    if isinstance(routed, Unmeasured):
        raise routed
    if routed is not None and routed.active == 0:
        seen = "no alert group received" if not perhaps else "no alert group certainly received"
        told = (
            "Alertmanager routes no active alert to the collector"
            if routed.receivers
            else "Alertmanager has no receiver that leads to the collector"
        )
        return Judgement(
            (), f"{seen}; {told}", 1, f"{GROUPS} in {window}", f"{why}; Alertmanager's routes"
        )
    if perhaps:
        raise too_early(parts, what=f"{counted(perhaps, 'alert group')} arrived", limits=limits)
    if routed is not None and timedelta(seconds=routed.repeat_seconds) + GROUPING > timedelta(
        seconds=limits["alert_window"]
    ):
        # Alerts that are sent again only after the window need not arrive in it, unless they started in it.
        routed = (
            routed
            if _sent_since(routed, now - timedelta(seconds=limits["alert_window"]), now=now)
            else None
        )
    if routed is None and all(one.start == PROCESS_START for one in parts):
        oldest = min(one.process_start for one in parts)
        when = utc_after(oldest + timedelta(seconds=limits["alert_window"]))
        raise TooEarly(
            f"No alert arrived in the {span(now - oldest) or '0 s'} since the oldest process started. "
            f"No Alertmanager shows that one was due. Retry after {when}.",
            source="/metrics",
            next_step="--alertmanager=URL, or route a heartbeat (Watchdog) to the collector",
        )
    if routed is not None and routed.oldest is not None and now - routed.oldest < GROUPING:
        raise TooEarly(
            f"The oldest alert that Alertmanager routes here started {span(now - routed.oldest) or '0 s'} ago and may still wait for its group. "
            f"Retry after {utc_after(routed.oldest + GROUPING)}.",
            source="/api/v2/alerts",
            next_step=shell("run again after {}", Command(utc_after(routed.oldest + GROUPING))),
        )
    heard = max(
        one.since for one in parts
    )  # an earlier alert may have gone to a process that has ended
    if (
        routed is not None
        and not _sent_since(routed, heard, now=now)
        and now - heard < (again := timedelta(seconds=routed.repeat_seconds) + GROUPING)
    ):
        raise TooEarly(
            f"Alertmanager may have sent its {counted(routed.active, 'active alert')} before {utc(heard)}, the first complete sample. "
            f"It repeats them after {span(routed.repeat_seconds)} (repeat_interval). Retry after {utc_after(heard + again)}.",
            source="/metrics, /api/v2/alerts",
            next_step=shell(
                "run again after {}, or --prometheus=URL", Command(utc_after(heard + again))
            ),
        )
    finding = _silent(parts, routed, now=now, window=window, install=install)
    return Judgement((finding,), "no alert group received", 1, f"{GROUPS} in {window}", why)


def _sent_since(routed: RoutedAlerts, begin: datetime, *, now: datetime) -> bool:
    """Return whether an alert started since, and so long ago that it was sent."""
    newest = routed.newest or routed.oldest
    return newest is not None and begin <= newest <= now - GROUPING


def _silent(
    parts: Sequence[ProcessWindow],
    routed: RoutedAlerts | None,
    *,
    now: datetime,
    window: str,
    install: Install,
) -> Finding:
    where = f"Deployment/{install.deployment}"
    since = f"since {utc(min(one.since for one in parts))}"
    if routed is None:
        message = (
            f"No alert reached the collector {since}. No Alertmanager shows that one was due. "
            f"Route a heartbeat (Watchdog) to it, or raise the limit alert_window ({window})."
        )
        fix = Command(
            "add to Alertmanager's route: {matchers: [alertname=Watchdog], receiver: cano-collector, repeat_interval: 1h}"
        )
        return Finding(where, "no-alerts", message, 0, 1, f"{GROUPS} in {window}", fix)
    oldest = (
        f", the oldest since {utc(routed.oldest)} ({span(now - routed.oldest)})"
        if routed.oldest
        else ""
    )
    message = (
        f"Alertmanager routes {counted(routed.active, 'active alert')} to the collector (receiver {listed(routed.receivers)}){oldest}. "
        f"None arrived {since}."
    )
    fix = shell(
        "kubectl -n {} get services,endpointslices; compare with the URL of receiver {}",
        install.namespace,
        listed(routed.receivers),
    )
    return Finding(
        where, "routed-alerts-do-not-arrive", message, 0, 1, f"{GROUPS} in {window}", fix
    )
