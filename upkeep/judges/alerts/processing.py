"""What became of the alerts: did any arrive, were they dropped, lost, refused, or did they end in an error?

One POST of Alertmanager is one group of alerts, and groups are what the collector counts (collector.md, "Metrics").
Source: the guide's "Metrics Review"; controls.md, "Rates and counters".
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from upkeep.domain.counters import Counts
from upkeep.domain.metric_names import (
    DROPPED_OUTCOMES,
    ERRORS,
    PROCESSED,
    PROCESSED_OUTCOME,
    RECEIVED,
    REQUESTS,
    WEBHOOK_PATH,
)
from upkeep.errors import Malformed, TooEarly, Unmeasured
from upkeep.judges.alerts.accounting import accounted_for
from upkeep.judges.counting.counters import (
    OPEN,
    PROCESS_START,
    ProcessWindow,
    basis,
    in_all,
    log_command,
    says_why_history_is_short,
    too_early,
    windows,
)
from upkeep.judges.counting.ratios import within
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, rfc3339, span
from upkeep.records.counters import CounterHistory
from upkeep.records.monitoring import RoutedAlerts
from upkeep.records.workload import Install

__all__ = ["accounted_for", "error_rate_low", "flow", "not_dropped"]

# An alert that Alertmanager shows may wait for its group (group_interval, five minutes by default) before it is sent.
GROUPING = timedelta(minutes=5)
NOTHING_BAD = "nothing bad since then, so nothing in"
GROUPS = "alert groups"
# Go's words that Python's table has otherwise, and Python's newer ones.
PHRASES = {phrase.casefold(): code for phrase, code in (
    ("Request URI Too Long", 414), ("Content Too Large", 413), ("URI Too Long", 414), ("Range Not Satisfiable", 416),
    ("Unprocessable Content", 422), ("Request Entity Too Large", 413), ("Requested Range Not Satisfiable", 416),
    ("Unprocessable Entity", 422), *((status.phrase, status.value) for status in HTTPStatus),
)}  # fmt: skip


@says_why_history_is_short
def flow(
    history: CounterHistory,
    routed: RoutedAlerts | Unmeasured | None,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """alerts-flow: an alert arrived in ``limits["alert_window"]``, or Alertmanager has none for the collector.

    :param routed: what Alertmanager routes to the collector now; ``None`` where there is no Alertmanager; what stopped us where it could
        not be asked, which matters only when no alert is known to have arrived.
    :raises TooEarly: alerts arrived, perhaps before the window; or every process is younger than the window and nobody can say more; or what is
        routed here may have been sent before all that arrived is known, and is not sent again yet.
    :raises Unmeasured: no alert is known to have arrived, and what is routed here could not be asked.
    """
    parts = _parts(history, now=now, limits=limits)
    least, most = in_all(parts)
    window = limits.text("alert_window")
    received, perhaps = least.total(RECEIVED), most.total(RECEIVED)
    why = basis(parts, history, now=now, limits=limits, proof="nothing since then, so nothing in")
    if received:
        sure = [one for one in parts if one.least.total(RECEIVED)]
        why = basis(sure, history, now=now, limits=limits, proof="what is certain to lie in")
        return Judgement(
            (), f"{counted(received, 'alert group')} received", 1, f"{GROUPS} in {window}", why
        )
    if isinstance(routed, Unmeasured):
        raise routed
    if routed is not None and routed.active == 0:
        seen = (
            "no alert group received"
            if not perhaps
            else "no alert group is certain to have arrived"
        )
        # A receiver that leads here is a heartbeat's way; without one there never was anything to arrive, and that is said.
        told = (
            "nothing is routed to it now"
            if routed.receivers
            else "Alertmanager has no receiver that leads to it"
        )
        return Judgement(
            (), f"{seen}, and {told}", 1, f"{GROUPS} in {window}", f"{why}; Alertmanager's routes"
        )
    if perhaps:
        raise too_early(parts, what=f"{counted(perhaps, 'alert group')} arrived", limits=limits)
    if routed is not None and timedelta(seconds=routed.repeat_seconds) + GROUPING > timedelta(
        seconds=limits["alert_window"]
    ):
        # What it sends again only after the window need not have been sent in it, but for what started in it.
        routed = (
            routed
            if _sent_since(routed, now - timedelta(seconds=limits["alert_window"]), now=now)
            else None
        )
    if routed is None and all(one.start == PROCESS_START for one in parts):
        oldest = min(one.process_start for one in parts)
        when = rfc3339(oldest + timedelta(seconds=limits["alert_window"]))
        raise TooEarly(
            f"no alert has arrived in the {span(now - oldest) or '0 s'} since the oldest process started, and no Alertmanager "
            f"can tell whether one should have; there will be enough at {when}",
            source="/metrics",
            next_step="--alertmanager=URL, or route a heartbeat (Watchdog) to the collector",
        )
    if routed is not None and routed.oldest is not None and now - routed.oldest < GROUPING:
        raise TooEarly(
            f"the oldest alert that Alertmanager routes here started {span(now - routed.oldest) or '0 s'} ago: it may not have been sent "
            f"yet; there will be enough at {rfc3339(routed.oldest + GROUPING)}",
            source="/api/v2/alerts",
            next_step=f"run again after {rfc3339(routed.oldest + GROUPING)}",
        )
    heard = max(
        one.since for one in parts
    )  # before, an alert may have gone to a process that is gone
    if (
        routed is not None
        and not _sent_since(routed, heard, now=now)
        and now - heard < (again := timedelta(seconds=routed.repeat_seconds) + GROUPING)
    ):
        raise TooEarly(
            f"Alertmanager may have sent its {counted(routed.active, 'active alert')} before {rfc3339(heard)}, from when on all that arrived is "
            f"known, and sends them again after {span(routed.repeat_seconds)} (repeat_interval); there will be enough at {rfc3339(heard + again)}",
            source="/metrics, /api/v2/alerts",
            next_step=f"run again after {rfc3339(heard + again)}, or --prometheus=URL",
        )
    finding = _silent(parts, routed, now=now, window=window, install=install)
    return Judgement((finding,), "no alert group received", 1, f"{GROUPS} in {window}", why)


def _sent_since(routed: RoutedAlerts, begin: datetime, *, now: datetime) -> bool:
    """Whether an alert started since, and so long ago that it was sent, too."""
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
    since = f"since {rfc3339(min(one.since for one in parts))}"
    if routed is None:
        message = (
            f"No alert reached the collector {since}, and nobody can tell whether any should have: route a heartbeat (Watchdog) to it, "
            f"or raise the limit alert_window ({window})."
        )
        fix = "add to Alertmanager's route: {matchers: [alertname=Watchdog], receiver: cano-collector, repeat_interval: 1h}"
        return Finding(where, "no-alerts", message, 0, 1, f"{GROUPS} in {window}", fix)
    oldest = (
        f", the oldest since {rfc3339(routed.oldest)} ({span(now - routed.oldest)})"
        if routed.oldest
        else ""
    )
    message = (
        f"Alertmanager routes {counted(routed.active, 'active alert')} to the collector (receiver {listed(routed.receivers)}){oldest}, "
        f"and none arrived {since}: what is sent does not get here."
    )
    fix = f"kubectl -n {install.namespace} get services,endpointslices; compare with the URL of receiver {listed(routed.receivers)}"
    return Finding(
        where, "routed-alerts-do-not-arrive", message, 0, 1, f"{GROUPS} in {window}", fix
    )


@says_why_history_is_short
def not_dropped(
    history: CounterHistory, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """alerts-not-dropped: at most ``limits["alerts_dropped"]`` alert groups in ``limits["alert_window"]`` found no team or no destination.

    :raises TooEarly: more were dropped, perhaps before the window.
    :raises Malformed: outcomes of alerts are not told apart by the label ``source``.
    """
    parts = _parts(history, now=now, limits=limits)
    least, most = in_all(parts)
    outcomes = most.by_label(PROCESSED)
    if "" in outcomes:
        raise _no_label(PROCESSED.names[0], "source", "which alerts were dropped")
    limit, window = int(limits["alerts_dropped"]), limits.text("alert_window")
    certain, perhaps = _dropped(least), _dropped(most)
    found: list[Finding] = []
    if certain > limit:
        found = [_drop(one, parts, outcome=outcome, limit=limit, window=window, install=install)
                 for one in parts for outcome in DROPPED_OUTCOMES if one.least.total(PROCESSED, outcome)]  # fmt: skip
    elif perhaps > limit:
        bad = [one for one in parts if _dropped(one.most)]
        raise too_early(
            bad,
            what=f"{counted(perhaps, 'alert group')} {'was' if perhaps == 1 else 'were'} dropped",
            limits=limits,
        )
    observed = (
        f"{certain if found else perhaps} of {counted(most.total(RECEIVED), 'alert group')} dropped"
    )
    if not most.total(RECEIVED) and not most.total(PROCESSED):
        observed = "no traffic"
    other = [
        f"{count} {name}"
        for name, count in outcomes.items()
        if name not in (PROCESSED_OUTCOME, *DROPPED_OUTCOMES)
    ]
    observed += f"; other outcomes: {listed(other)}" if other else ""
    why = basis(parts, history, now=now, limits=limits, proof=NOTHING_BAD)
    return Judgement(tuple(found), observed, limit, f"dropped {GROUPS} in {window}", why)


def _dropped(counts: Counts) -> int:
    return sum(counts.total(PROCESSED, outcome) for outcome in DROPPED_OUTCOMES)


def _drop(
    one: ProcessWindow,
    parts: Sequence[ProcessWindow],
    *,
    outcome: str,
    limit: int,
    window: str,
    install: Install,
) -> Finding:
    count = one.least.total(PROCESSED, outcome)
    missing = (
        "no team was found for"
        if outcome == "no_team_resolved"
        else "the team has no destination for"
    )
    missing += " it" if count == 1 else " them"
    message = (
        f"Pod {one.pod} dropped {counted(count, 'alert group')} {_since(one, window)}: {missing} ({outcome}). "
        "Alertmanager was answered 200, and nobody was told."
    )
    fix = log_command(one, parts, install=install, pattern="Alert received but")
    return Finding(
        f"Pod/{one.pod}", "alerts-dropped", message, count, limit, f"{GROUPS} in {window}", fix
    )


def _since(one: ProcessWindow, window: str) -> str:
    return (
        f"in the last {window}, at least," if one.start == OPEN else f"since {rfc3339(one.since)}"
    )


@says_why_history_is_short
def error_rate_low(
    history: CounterHistory, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """error-rate-low: errors ÷ received is at most ``limits["alert_error_ratio"]`` in the window, so is refused ÷ posted at the webhook.

    Below ``limits["small_sample"]`` events a share beyond the limit fails from the second bad event on.

    :raises TooEarly: there were bad events, perhaps before the window, and it decides.
    :raises Malformed: requests without path or status, or with a status that is none.
    """
    parts = _parts(history, now=now, limits=limits)
    (least, most), window = in_all(parts), limits.text("alert_window")
    ratio, small = limits["alert_error_ratio"], limits["small_sample"]
    refused_least, posted_least = _posts(least)
    refused_most, posted_most = _posts(most)
    errors = least.total(ERRORS), most.total(ERRORS)
    received = least.total(RECEIVED), most.total(RECEIVED)

    def exceeds(bad: int, every: int) -> bool:
        return bad > every or bad / every > ratio

    found: list[Finding] = []
    if errors[0] > received[1]:
        found.append(_contradiction(errors[0], received[1], install=install))
    uncertain: list[str] = []
    for name, bad, every, code in (
        ("alert groups ended in an error", errors, received, "error-rate-high"),
        (
            "requests were refused",
            (refused_least, refused_most),
            (posted_least, posted_most),
            "requests-refused",
        ),
    ):
        share = within(*bad, all_least=every[0], all_most=every[1])
        if found and code == "error-rate-high":
            continue
        if share.certainly_too_high(exceeds, small_sample=small):
            found.append(
                _rate(code, parts, bad=bad[0], every=every[1], limits=limits, install=install)
            )
        elif share.possibly_too_high(exceeds, small_sample=small):
            uncertain.append(f"{bad[1]} of {every[1]} {name}")
    if uncertain and not found:
        raise too_early(parts, what=" and ".join(uncertain), limits=limits)
    observed = "no traffic"
    if received[1] or errors[1] or posted_most:
        observed = f"{errors[1]} of {counted(received[1], 'alert group')} ended in an error"
        observed += (
            f"; {refused_most} of {counted(posted_most, 'request')} at {WEBHOOK_PATH} refused"
        )
        if 0 < received[1] < small or 0 < posted_most < small:
            observed += f" (fewer than {small:g} events: one bad one is said, and does not fail)"
    why = basis(parts, history, now=now, limits=limits, proof=NOTHING_BAD)
    return Judgement(tuple(found), observed, round(ratio * 100, 6), f"% in {window}", why)


def _posts(counts: Counts) -> tuple[int, int]:
    """POST requests at the webhook: refused with 4xx or 5xx, and all."""
    refused = posted = 0
    for (method, path, status), count in _requests(counts).items():
        if not path:
            raise _no_label(REQUESTS.names[0], "path", "which requests were refused")
        if path.rstrip("/") == WEBHOOK_PATH and method.upper() in ("POST", ""):
            posted += count
            refused += count if _code(status) >= 400 else 0
    return refused, posted


def _requests(counts: Counts) -> dict[tuple[str, str, str], int]:
    return {
        (key[1], key[2], key[3]): value
        for key, value in counts.values.items()
        if key[0] == REQUESTS.meaning and value
    }


def _code(status: str) -> int:
    """The number of an HTTP status that is told by its number or by its reason phrase (collector.md: ``status="OK"``).

    :raises Malformed: it is neither.
    """
    code = (
        int(status)
        if status.isdecimal() and len(status) == 3
        else PHRASES.get(status.casefold(), 0)
    )
    if not 100 <= code <= 599:
        raise Malformed(
            f"{REQUESTS.names[1]} has a status {status[:40]!r} that is no HTTP status: whether it means refused cannot be told",
            source="/metrics",
        )
    return code


def _contradiction(errors: int, received: int, *, install: Install) -> Finding:
    message = (
        f"{counted(errors, 'alert group')} ended in an error and {received} were received: the counters contradict each other, there is "
        "no rate. Look at alerts-accounted-for."
    )
    fix = "pytest -m \"control(id='alerts-accounted-for')\""
    return Finding(
        f"Deployment/{install.deployment}",
        "errors-exceed-received",
        message,
        errors,
        received,
        GROUPS,
        fix,
    )


def _rate(
    code: str,
    parts: Sequence[ProcessWindow],
    *,
    bad: int,
    every: int,
    limits: Limits,
    install: Install,
) -> Finding:
    """The finding of a rate that is too high; the command looks into the pod with most of the bad events."""
    window, limit = limits.text("alert_window"), limits["alert_error_ratio"]
    percent = round(bad / every * 100, 4)
    least, _ = in_all(parts)
    if code == "error-rate-high":
        worst = max(parts, key=lambda one: one.least.total(ERRORS))
        kinds = [f"{name or 'unnamed'} {count}" for name, count in least.by_label(ERRORS).items()]
        message = (
            f"{bad} of {every} alert groups ended in an error ({percent:g} %): {listed(kinds)}."
        )
        pattern = '"level":"error"'
    else:
        worst = max(parts, key=lambda one: _posts(one.least)[0])
        kinds = [f"{status} {count}" for (method, path, status), count in sorted(_requests(least).items())
                 if path.rstrip("/") == WEBHOOK_PATH and method.upper() in ("POST", "") and _code(status) >= 400]  # fmt: skip
        message = f"{bad} of {every} requests at {WEBHOOK_PATH} were refused ({percent:g} %): {listed(kinds)}."
        pattern = f'"path":"{WEBHOOK_PATH}"'
    if every < limits["small_sample"]:
        message += f" They are fewer than {limits['small_sample']:g}, so the second bad one fails."
    message += f" Most of them in pod {worst.pod}."
    fix = log_command(worst, parts, install=install, pattern=pattern)
    return Finding(
        f"Deployment/{install.deployment}",
        code,
        message,
        percent,
        round(limit * 100, 6),
        f"% in {window}",
        fix,
    )


def _no_label(name: str, label: str, what: str) -> Malformed:
    return Malformed(
        f"{name} is exposed without the label {label}: {what} cannot be told", source="/metrics"
    )


def _parts(history: CounterHistory, *, now: datetime, limits: Limits) -> tuple[ProcessWindow, ...]:
    return windows(history, now=now, window_seconds=limits["alert_window"])
