"""What became of the alerts that were received (guide: "Metrics Review")."""

from datetime import datetime, timedelta

from upkeep import metric_names
from upkeep.errors import Absent, TooEarly, Unmeasured
from upkeep.judges.counters import bad_over, basis, received_and_accounted, too_early, windows
from upkeep.limits import Limits
from upkeep.metric_names import WEBHOOK_PATH
from upkeep.model import Finding, Judgement, listed, rfc3339, span
from upkeep.records import CounterHistory, Install, RoutedAlerts, Snapshot

ERRORS = frozenset(metric_names.ERRORS.names)
HTTP = frozenset(metric_names.REQUESTS.names)
PROCESSED = frozenset(metric_names.PROCESSED.names)
RECEIVED = frozenset(metric_names.RECEIVED.names)
DROPPED = ("no_team_resolved", "no_destinations")
SUCCESS_PHRASES = frozenset({"OK", "Created", "Accepted", "No Content"})


def _look(install: Install, words: str) -> str:
    return f"kubectl logs -n {install.namespace} deployment/{install.deployment} -c {install.container} --since=24h | grep -E '{words}'"


def _whole(history: CounterHistory) -> None:
    if not history.latest:
        raise Absent("there is no pod whose counters could be read", next_step="see pods-ready")


def flow(
    history: CounterHistory, routed: RoutedAlerts | Unmeasured | None, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """Alerts arrived in the window, or Alertmanager shows that none is routed here.

    :param routed: ``None`` where there is no Alertmanager; what stopped the look, which matters only where nothing arrived.
    :raises TooEarly: nothing arrived yet at processes younger than the window, or what arrived may be older than it.
    """
    _whole(history)
    window = limits["alert_window"]
    found = windows(history, now=now, window_seconds=window)
    closed = sum(one.total(RECEIVED) for one in found if one.closed)
    doubtful = sum(one.total(RECEIVED) for one in found if not one.closed)
    ground, limit = basis(history, found, window_seconds=window), limits.text("alert_window")
    if closed:
        return Judgement((), f"{closed:g} groups of alerts received", f"1 in {limit}", "", ground)
    if doubtful:
        raise too_early(f"{doubtful:g} groups of alerts were received", now=now, window_seconds=window)
    if isinstance(routed, Unmeasured):
        raise routed
    if routed is not None and not routed.active:
        return Judgement((), "none received; Alertmanager routes none here now", f"1 in {limit}", "", ground)
    subject = f"Deployment/{install.deployment}"
    if routed is not None:
        since = rfc3339(routed.oldest) if routed.oldest else "some time"
        message = (
            f"no alert arrived in {limit}, though Alertmanager routes {routed.active} here (receiver {listed(routed.receivers)}), "
            f"the oldest since {since}: notifications do not reach the collector"
        )
        step = "amtool config routes; then: alertmanager_notifications_failed_total, and the Service's port in the webhook URL"
        return Judgement((Finding(subject, "alerts-not-arriving", message, 0, 1, "groups", step),), "none received", f"1 in {limit}", "", ground)
    young = [one for one in found if one.process_start > now - timedelta(seconds=window)]
    if len(young) == len(found):
        when = min(one.process_start for one in young) + timedelta(seconds=window)
        raise TooEarly(
            f"no alert has arrived since the process start {span(now - min(one.process_start for one in young))} ago, which proves nothing yet",
            next_step=f"route a heartbeat (Watchdog) to the collector; without one run again after {rfc3339(when)}",
        )
    message = f"no alert arrived in {limit}, and nobody can say whether one should have: route a heartbeat (Watchdog) here, or raise the limit"
    step = "route Watchdog to the collector, or --limit=alert_window=7d, or --alertmanager=URL"
    return Judgement((Finding(subject, "no-alerts", message, 0, 1, "groups", step),), "none received", f"1 in {limit}", "", ground)


def not_dropped(history: CounterHistory, *, now: datetime, limits: Limits, install: Install) -> Judgement:
    """No alert ended as ``no_team_resolved`` or ``no_destinations``: it was answered with 200 and reached nobody."""
    _whole(history)
    window, most = limits["alert_window"], limits["alerts_dropped"]
    found = windows(history, now=now, window_seconds=window)
    by_reason = {
        reason: {one: one.count(PROCESSED, source=reason).get("", 0.0) for one in found} for reason in DROPPED
    }
    counts = {
        reason: bad_over(found, bad, what=f"groups of alerts ended as {reason}", now=now, window_seconds=window)
        for reason, bad in by_reason.items()
    }
    total = sum(counts.values())
    findings = tuple(
        Finding(
            f"Deployment/{install.deployment}",
            reason.replace("_", "-"),
            f"{count:g} groups of alerts ended as {reason}: answered with 200, sent to nobody",
            count,
            most,
            "groups",
            _look(install, "no team resolved|no destinations"),
        )
        for reason, count in counts.items()
        if count and total > most
    )
    return Judgement(findings, f"{total:g} dropped", most, "groups", basis(history, found, window_seconds=window))


def accounted_for(history: CounterHistory, *, now: datetime, limits: Limits, install: Install) -> Judgement:
    """The books balance: received − processed − errors is 0 for every process, work in flight allowed for.

    What is in flight is bounded by reading again: what was received by the first reading and stands in no book at a later one is lost; what a later
    reading finds balanced was in flight.

    :raises TooEarly: alerts are in flight all the time, so that neither can be told.
    """
    _whole(history)
    window, most = limits["alert_window"], limits["alerts_unaccounted"]
    found = windows(history, now=now, window_seconds=window)
    findings, busy = [], []
    for one in found:
        own = [s for s in history.settled if s.pod == one.pod and abs((s.process_start - one.process_start).total_seconds()) <= 2]
        readings = [received_and_accounted(s) for s in (one.latest, *sorted(own, key=lambda s: s.taken))]
        before = _imbalance(one.earlier) if one.earlier is not None else 0.0
        least, highest = _bounds(readings, gone=one.latest not in history.latest)
        least, highest = least - before, highest - before
        if least > most or highest < -most:
            findings.append(_unaccounted(one.pod, least if least > most else highest, one.earlier, one.process_start, most, install))
        elif highest > most:
            busy.append(f"Pod/{one.pod} ({highest:g})")
    if busy and not findings:
        raise TooEarly(
            f"alerts are in flight at {listed(busy)}: whether all of them end in a book could not be seen within {limits.text('settle_time')}",
            next_step="run again in a calmer moment, or --limit=settle_time=30s",
        )
    total = sum(one.total(RECEIVED) for one in found)
    observed = f"{total:g} groups received, {'all' if not findings else 'not all'} of them processed or counted as errors"
    return Judgement(tuple(findings), observed, most, "groups", basis(history, found, window_seconds=window))


def _imbalance(snapshot: Snapshot) -> float:
    received, accounted = received_and_accounted(snapshot)
    return received - accounted


def _bounds(readings: list[tuple[float, float]], *, gone: bool) -> tuple[float, float]:
    """At least and at most how many groups are lost, given the readings of one process in their order."""
    highest = min(received - accounted for received, accounted in readings)
    if gone:  # nothing is in flight any more in a process that has ended
        return highest, highest
    least = max((r - a for i, (r, _) in enumerate(readings) for _, a in readings[i + 1 :]), default=float("-inf"))
    return least, highest


def _unaccounted(pod: str, count: float, earlier: Snapshot | None, start: datetime, most: float, install: Install) -> Finding:
    since = f"since {rfc3339(earlier.taken)}" if earlier is not None else f"since its process started at {rfc3339(start)}"
    if count < 0:
        message = f"Pod/{pod} has {-count:g} more groups of alerts in its books than it received {since}: its counters cannot be trusted"
        return Finding(f"Pod/{pod}", "books-overfull", message, count, most, "groups", f"kubectl get --raw {_metrics(pod, install)}")
    message = (
        f"{count:g} groups of alerts reached the collector {since} and were lost without a trace: neither processed nor counted as failed. "
        "Nobody was notified of them; most likely the handler crashed (the log says '[Recovery from panic]')"
    )
    command = f"kubectl logs -n {install.namespace} {pod} -c {install.container} | grep -A3 'Recovery from panic'"
    return Finding(f"Pod/{pod}", "alerts-lost", message, count, most, "groups", command)


def _metrics(pod: str, install: Install) -> str:
    return f"/api/v1/namespaces/{install.namespace}/pods/{pod}:{install.port}/proxy/metrics"


def error_rate_low(history: CounterHistory, *, now: datetime, limits: Limits, install: Install) -> Judgement:
    """Of the groups received few ended in an error, and of the requests at the webhook few were refused. Each ratio has a finding of its own."""
    _whole(history)
    window, most, small = limits["alert_window"], limits["alert_error_ratio"], limits["small_sample"]
    found = windows(history, now=now, window_seconds=window)
    errors = bad_over(found, {one: one.total(ERRORS) for one in found}, what="alert errors", now=now, window_seconds=window)
    refused_by = {
        one: sum(count for phrase, count in one.count(HTTP, "status", path=WEBHOOK_PATH).items() if not _is_success(phrase)) for one in found
    }
    refused = bad_over(found, refused_by, what="refused requests", now=now, window_seconds=window)
    received = sum(one.total(RECEIVED) for one in found)
    requests = sum(sum(one.count(HTTP, path=WEBHOOK_PATH).values()) for one in found)
    kinds = sorted({kind for one in found for kind, count in one.count(ERRORS, "error_type").items() if count})
    subject, findings = f"Deployment/{install.deployment}", []
    if exceeds(errors, max(received, errors), most=most, small=small):
        message = f"{errors:g} of {received:g} groups of alerts ended in an error ({listed(kinds) or 'no type given'}){few(received, small)}"
        step = _look(install, '"level":"error"')
        findings.append(Finding(subject, "alert-errors", message, errors / max(received, errors), most, "ratio", step))
    if exceeds(refused, requests, most=most, small=small):
        message = f"{refused:g} of {requests:g} requests at {WEBHOOK_PATH} were refused with 4xx or 5xx: Alertmanager's alerts did not get in"
        step = _look(install, '"status":[45]')
        findings.append(Finding(subject, "requests-refused", message + few(requests, small), refused / requests, most, "ratio", step))
    observed = f"{errors:g} errors of {received:g} received, {refused:g} of {requests:g} requests refused" if received or requests else "no traffic"
    return Judgement(tuple(findings), observed, limits.text("alert_error_ratio"), "", basis(history, found, window_seconds=window))


def exceeds(bad: float, all_of: float, *, most: float, small: float) -> bool:
    """Whether a ratio is too high; of fewer than ``small`` events two bad ones are needed, for one says nothing."""
    if not bad:
        return False
    return bad / all_of > most and (all_of >= small or bad >= 2)


def few(all_of: float, small: float) -> str:
    """Says so where a ratio was judged over few events."""
    return f"; few events (below {small:g}), judged from the second bad one on" if all_of < small else ""


def _is_success(phrase: str) -> bool:
    return phrase in SUCCESS_PHRASES or phrase[:1] in ("2", "3")
