"""Judge whether alerts and messages take longer than before.

Histograms are counters, so the counts between two samples of a process are exact. Each process is divided at one sample into its past and its
present. A process with no sample but this run's cannot be divided, and is not judged as if it had no past.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from upkeep.domain.metric_names import PROCESSING, SENDING
from upkeep.errors import Absent, TooEarly
from upkeep.judges.alerts.ages import Ages, divide, trends_of
from upkeep.judges.alerts.latency import QUANTILE, WINDOW, exceeds, require_histogram
from upkeep.judges.counting.counters import in_all, says_why_history_is_short, too_early, windows
from upkeep.judges.counting.quantiles import Histogram, histogram, seconds
from upkeep.judges.counting.ratios import within
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, span, utc, utc_after
from upkeep.records.configuration import Destination
from upkeep.records.counters import CounterHistory
from upkeep.records.workload import Install
from upkeep.shell import Command, shell


@says_why_history_is_short
def latency_stable(
    history: CounterHistory, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """Judge latency-stable: the p95 of processing time is at most ``limits["latency_growth"]`` times that of the past.

    A p95 below ``limits["latency_noticed"]`` has not grown: the lowest buckets are wide, and such a delay is not noticed.

    :raises TooEarly: too few alerts, at present or in the past, or no earlier sample.
    :raises Absent: there is no histogram, or both p95 lie beyond its last bucket.
    """
    require_histogram(history)
    ages = divide(history, now=now, limits=limits)
    past, present = histogram(ages.past, PROCESSING), histogram(ages.present, PROCESSING)
    trends = trends_of(history, PROCESSING, [()], limits=limits, now=now)
    limit, why = limits["latency_growth"], _basis(ages, history, now=now)
    if not present.events and ages.whole and not ages.undivided:
        return Judgement((), "no traffic", limit, "× the past", why, trends)
    _require_enough(ages, present, past, now=now, limits=limits)
    growth = _growth(present, past)
    observed = (
        f"p95 {_p95(present)} of {counted(present.events, 'alert')} since {utc(ages.since)}, "
        f"{_p95(past)} of {past.events} before: ×{growth:.3g}"
    )
    found: tuple[Finding, ...] = ()
    if _grown(present, past, limits=limits):
        message = f"Processing takes {growth:.3g} times as long as before (limit {limits.text('latency_growth')}): p95 {_p95(present)} since {utc(ages.since)}, {_p95(past)} before."
        command = shell("kubectl -n {} top pods --containers", install.namespace)
        found = (
            Finding(
                f"Deployment/{install.deployment}",
                "latency-grew",
                message,
                round(growth, 3),
                limit,
                "× the past",
                command,
            ),
        )
    elif present.quantile(QUANTILE) >= present.highest:
        raise Absent(
            f"Both p95 lie beyond {present.highest:g} s, the last bucket. Their growth is not known.",
            source="/metrics",
            next_step="upkeep run -m \"control(id='processing-fast')\"",
        )
    return Judgement(found, observed, limit, "× the past", why, trends)


@says_why_history_is_short
def destinations_fast(
    history: CounterHistory,
    destinations: Sequence[Destination],
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge destinations-fast: the p95 of each destination's send time is within ``limits["send_latency"]`` and ``limits["latency_growth"]``.

    The growth is that against its own past, where both hold ``limits["small_sample"]`` messages. Every configured destination is listed, also
    without traffic; one that is not configured is judged, too.

    :raises TooEarly: messages were slow, perhaps before the window, and they decide; or there is no earlier sample.
    """
    parts = windows(history, now=now, window_seconds=limits[WINDOW])
    least, most = in_all(parts)
    ages = divide(history, now=now, limits=limits)
    configured = sorted(one.name for one in destinations)
    names = list(
        dict.fromkeys(
            [*configured, *sorted({*most.by_label(SENDING), *ages.past.by_label(SENDING)})]
        )
    )
    limit, small = limits["send_latency"], limits["small_sample"]
    found: list[Finding] = []
    uncertain, observed = list[str](), []
    for name in names:
        low, every = histogram(least, SENDING, name), histogram(most, SENDING, name)
        past, present = histogram(ages.past, SENDING, name), histogram(ages.present, SENDING, name)
        said = (
            f"{name}: p95 {_p95(every)} of {counted(every.events, 'message')}"
            if every.events
            else f"{name}: no traffic"
        )
        share = within(
            low.beyond(limit), every.beyond(limit), all_least=low.events, all_most=every.events
        )
        told = limit <= every.highest or not every.beyond(limit)
        if told and share.certainly_too_high(exceeds, small_sample=small):
            found.append(_slow(name, low, every, limits=limits, install=install))
        elif share.possibly_too_high(exceeds, small_sample=small):
            uncertain.append(name)
        if min(past.events, present.events) >= small:
            said += f", {_p95(past)} before"
            if _grown(present, past, limits=limits):
                found.append(
                    _slower(name, present, past, since=ages.since, limits=limits, install=install)
                )
        elif every.events:
            said += f", too few to compare ({present.events} at present, {past.events} before)"
        observed.append(said)
    unmeasured = None
    if uncertain:
        slow = sum(histogram(most, SENDING, name).beyond(limit) for name in uncertain)
        what = f"{counted(slow, 'message')} to {listed(uncertain)} took longer than {limits.text('send_latency')}"
        unmeasured = too_early(parts, what=what, limits=limits, window=WINDOW)
    elif ages.undivided and most.total(SENDING):
        unmeasured = _undivided(ages, now=now, limits=limits)
    trends = trends_of(history, SENDING, [(name,) for name in names], limits=limits, now=now)
    why = _basis(ages, history, now=now)
    return Judgement(
        tuple(found),
        "; ".join(observed) or "no destination",
        limit,
        "s at p95",
        why,
        trends,
        unmeasured=unmeasured,
    )


def _p95(found: Histogram) -> str:
    return seconds(found.quantile(QUANTILE), highest=found.highest)


def _growth(present: Histogram, past: Histogram) -> float:
    before = past.quantile(QUANTILE)
    return present.quantile(QUANTILE) / before if before else math.inf


def _grown(present: Histogram, past: Histogram, *, limits: Limits) -> bool:
    return (
        _growth(present, past) > limits["latency_growth"]
        and present.quantile(QUANTILE) > limits["latency_noticed"]
    )


def _require_enough(
    ages: Ages, present: Histogram, past: Histogram, *, now: datetime, limits: Limits
) -> None:
    if ages.undivided:
        raise _undivided(ages, now=now, limits=limits)
    small, when = (
        limits["small_sample"],
        utc_after(max(ages.since, ages.began) + timedelta(seconds=limits[WINDOW])),
    )
    for those, words in (
        (present, f"since {utc(ages.since)}"),
        (past, f"before {utc(ages.since)}"),
    ):
        if those.events < small:
            short = counted(those.events, "alert")
            at = (
                f"after {when}"
                if when > utc(now)
                else f"after {small - those.events:g} more alerts"
            )
            raise TooEarly(
                f"Only {short} {'was' if those.events == 1 else 'were'} processed {words}; a p95 needs {small:g}. Retry {at}.",
                source="/metrics",
                next_step=shell("--limit=small_sample={}", max(1, min(present.events, past.events)))
                if min(present.events, past.events)
                else "--prometheus=URL, or --exports=DIR",
            )


def _undivided(ages: Ages, *, now: datetime, limits: Limits) -> TooEarly:
    when = utc_after(now + timedelta(seconds=limits[WINDOW]))
    return TooEarly(
        f"Pod {listed(ages.undivided)} has no earlier sample, so its past cannot be separated from its present. "
        f"Retry after {when}, or use --prometheus=URL.",
        source="/metrics",
        next_step="--prometheus=URL, or --exports=DIR",
    )


def _basis(ages: Ages, history: CounterHistory, *, now: datetime) -> str:
    divided = f" (samples from {' and '.join(ages.sources)})" if ages.sources else ""
    present = f"since {utc(ages.since)}, {span(now - ages.since)} ago{divided}, against the past from {utc(ages.began)} on"
    return "; ".join([present, *history.sources])


def _slow(
    name: str, least: Histogram, every: Histogram, *, limits: Limits, install: Install
) -> Finding:
    message = (
        f"At least {least.beyond(limits['send_latency'])} of {counted(every.events, 'message')} to {name} took longer than "
        f"{limits.text('send_latency')}: p95 is {_p95(every)}."
    )
    observed = round(every.quantile(QUANTILE), 3)
    return Finding(
        f"Destination/{name}",
        "sending-slow",
        message,
        observed,
        limits["send_latency"],
        "s at p95",
        _look(name, install),
    )


def _slower(
    name: str,
    present: Histogram,
    past: Histogram,
    *,
    since: datetime,
    limits: Limits,
    install: Install,
) -> Finding:
    growth = _growth(present, past)
    message = f"Messages to {name} take {growth:.3g} times as long as before (limit {limits.text('latency_growth')}): p95 {_p95(present)} since {utc(since)}, {_p95(past)} before."
    return Finding(
        f"Destination/{name}",
        "sending-slower",
        message,
        round(growth, 3),
        limits["latency_growth"],
        "× the past",
        _look(name, install),
    )


def _look(name: str, install: Install) -> Command:
    pattern = f'"destination":"{name}"'
    return shell(
        "kubectl -n {} logs deployment/{} --all-pods --since=24h | grep -F {}",
        install.namespace,
        install.deployment,
        pattern,
    )
