"""Do alerts and messages take longer than they used to?

Histograms are counters, so what a process counted between two moments is exact, whatever restarted meanwhile. Each process is divided at one
moment into its past and its present; where no moment is known but this run's it cannot be divided, and is not judged as if it had no past.
Source: the guide's "Processing latency trends", "Analyze destination performance"; collector.md, "Metrics".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from upkeep.domain.counters import ZERO, Counts, minus, plus
from upkeep.domain.metric_names import PROCESSING, SENDING, Family
from upkeep.errors import Absent, TooEarly
from upkeep.judges.alerts.latency import QUANTILE, WINDOW, exceeds, require_histogram
from upkeep.judges.counting.counters import (
    SOURCES,
    Process,
    base_of,
    counted_until,
    in_all,
    processes,
    says_why_history_is_short,
    too_early,
    windows,
)
from upkeep.judges.counting.quantiles import Histogram, histogram, seconds
from upkeep.judges.counting.ratios import within
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, Trend, listed, rfc3339, span
from upkeep.records.configuration import Destination
from upkeep.records.counters import CounterHistory
from upkeep.records.workload import Install

MOST_POINTS = 28


@dataclass(frozen=True, slots=True)
class Ages:
    """What all processes counted: in the past, and at present.

    :ivar since: where the present begins, at the latest of all processes.
    :ivar whole: the present is the whole window; without that, no event in it proves nothing.
    :ivar undivided: pods of whose processes no earlier moment is known.
    :ivar began: where the past begins, at the earliest.
    :ivar sources: where the dividing moments came from.
    """

    past: Counts
    present: Counts
    since: datetime
    whole: bool
    undivided: tuple[str, ...]
    began: datetime
    sources: tuple[str, ...]


def divide(history: CounterHistory, *, now: datetime, limits: Limits) -> Ages:
    """The past (``limits["trend_window"]``) and the present (``limits["timing_window"]``).

    :raises Absent: no pod's counters were read. :raises Malformed: a counter shrank within one process.
    """
    begin = now - timedelta(seconds=limits[WINDOW])
    first = begin - timedelta(seconds=limits["trend_window"])
    pasts, presents, dividers, undivided, sources, began = [], [], [begin], [], [], []
    lives = processes(history)
    for process in lives:
        end = process.sums[-1]
        if process.started >= begin:
            presents.append(end)
            continue
        divider = base_of(process, begin=begin) or process.moments[0]
        if divider.live:
            undivided.append(process.pod)
            continue
        if divider.taken > begin:
            dividers.append(divider.taken)
        sources.append(SOURCES[divider.source])
        before = counted_until(process, divider.taken)
        presents.append(minus(end, before))
        older = base_of(process, begin=first)
        pasts.append(minus(before, counted_until(process, first)))
        began.append(process.started if older is None else older.taken)
    return Ages(
        past=plus(pasts),
        present=plus(presents),
        since=max(dividers),
        whole=len(dividers) == 1,
        undivided=tuple(sorted(set(undivided))),
        began=min(began, default=min(process.started for process in lives)),
        sources=tuple(sorted(set(sources))),
    )


@says_why_history_is_short
def latency_stable(
    history: CounterHistory, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """latency-stable: the p95 of processing time is at most ``limits["latency_growth"]`` times that of the past.

    Growth to less than ``limits["latency_noticed"]`` is none: the lowest buckets are wide, and nobody waits for it.

    :raises TooEarly: too few alerts, at present or in the past, or no earlier moment that tells them apart.
    :raises Absent: there is no histogram of what was processed, or both p95 lie beyond its last bucket.
    """
    require_histogram(history)
    ages = divide(history, now=now, limits=limits)
    past, present = histogram(ages.past, PROCESSING), histogram(ages.present, PROCESSING)
    trends = _trends(history, PROCESSING, [()], limits=limits, now=now)
    limit, why = limits["latency_growth"], _basis(ages, history, now=now)
    if not present.events and ages.whole and not ages.undivided:
        return Judgement((), "no traffic", limit, "× the past", why, trends)
    _require_enough(ages, present, past, now=now, limits=limits)
    growth = _growth(present, past)
    observed = (
        f"p95 {_p95(present)} of {counted(present.events, 'alert')} since {rfc3339(ages.since)}, "
        f"{_p95(past)} of {past.events} before: ×{growth:.3g}"
    )
    found: tuple[Finding, ...] = ()
    if _grown(present, past, limits=limits):
        message = f"Alerts take {growth:.3g} times as long as before: p95 is {_p95(present)} since {rfc3339(ages.since)}, and was {_p95(past)}."
        command = f"kubectl -n {install.namespace} top pods --containers"
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
            f"p95 lies beyond {present.highest:g} s, where the buckets end, now as before: whether it grew cannot be told",
            source="/metrics",
            next_step="pytest -m \"control(id='processing-fast')\"",
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
    """destinations-fast: the p95 of each destination's send time is within ``limits["send_latency"]``, and within
    ``limits["latency_growth"]`` times its own past, where both hold ``limits["small_sample"]`` messages.

    Every configured destination is listed, also without traffic; one that is not configured is judged, too.

    :raises TooEarly: messages were slow, perhaps before the window, and it decides; or no earlier moment tells the past from the present.
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
    uncertain, observed = [], []
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
    if not found:
        if uncertain:
            slow = sum(histogram(most, SENDING, name).beyond(limit) for name in uncertain)
            what = f"{counted(slow, 'message')} to {listed(uncertain)} took longer than {limits.text('send_latency')}"
            raise too_early(parts, what=what, limits=limits, window=WINDOW)
        if ages.undivided and most.total(SENDING):
            raise _undivided(ages, now=now, limits=limits)
    trends = _trends(history, SENDING, [(name,) for name in names], limits=limits, now=now)
    why = _basis(ages, history, now=now)
    return Judgement(
        tuple(found), "; ".join(observed) or "no destination", limit, "s at p95", why, trends
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
        rfc3339(max(ages.since, ages.began) + timedelta(seconds=limits[WINDOW])),
    )
    for those, words in (
        (present, f"since {rfc3339(ages.since)}"),
        (past, f"before {rfc3339(ages.since)}"),
    ):
        if those.events < small:
            short = counted(those.events, "alert")
            at = (
                f"at the earliest at {when}"
                if when > rfc3339(now)
                else f"after {small - those.events:g} more"
            )
            raise TooEarly(
                f"{words} {short} {'was' if those.events == 1 else 'were'} processed, and a p95 of fewer than {small:g} is noise; "
                f"there will be enough {at}",
                source="/metrics",
                next_step=f"--limit=small_sample={max(1, min(present.events, past.events))}"
                if min(present.events, past.events)
                else f"--prometheus=URL, or --exports=DIR now and again after {when}",
            )


def _undivided(ages: Ages, *, now: datetime, limits: Limits) -> TooEarly:
    when = rfc3339(now + timedelta(seconds=limits[WINDOW]))
    return TooEarly(
        f"no earlier moment of pod {listed(ages.undivided)} is known, so its past cannot be told from its present; "
        f"there will be enough at {when}, provided that this moment is kept",
        source="/metrics",
        next_step=f"--prometheus=URL, or --exports=DIR now and again after {when}",
    )


def _basis(ages: Ages, history: CounterHistory, *, now: datetime) -> str:
    divided = f" (moments from {' and '.join(ages.sources)})" if ages.sources else ""
    present = f"since {rfc3339(ages.since)}, {span(now - ages.since)} ago{divided}, against the past from {rfc3339(ages.began)} on"
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
    message = f"Messages to {name} take {growth:.3g} times as long as before: p95 is {_p95(present)} since {rfc3339(since)}, and was {_p95(past)}."
    return Finding(
        f"Destination/{name}",
        "sending-slower",
        message,
        round(growth, 3),
        limits["latency_growth"],
        "× the past",
        _look(name, install),
    )


def _look(name: str, install: Install) -> str:
    return f'kubectl -n {install.namespace} logs deployment/{install.deployment} --all-pods --since=24h | grep -F \'"destination":"{name}"\''


def _trends(
    history: CounterHistory,
    family: Family,
    labels: Sequence[tuple[str, ...]],
    *,
    limits: Limits,
    now: datetime,
) -> tuple[Trend, ...]:
    """The p95 of equal parts of past and present; parts without events have no point."""
    lives = processes(history)
    width = timedelta(seconds=(limits[WINDOW] + limits["trend_window"]) / MOST_POINTS)
    edges = [now - width * number for number in range(MOST_POINTS, -1, -1)]
    totals = [plus(_known(process, edge, first=edges[0]) for process in lives) for edge in edges]
    found = []
    for those in labels:
        points = []
        for start, end, at in zip(totals, totals[1:], edges[1:], strict=False):
            part = histogram(minus(end, start), family, *those)
            if part.events:
                points.append((at, round(part.quantile(QUANTILE), 4)))
        name = f"p95 of {family.meaning}" + (f", {those[0]}" if those else "")
        if points:
            found.append(Trend(name, "s", tuple(points)))
    return tuple(found)


def _known(process: Process, at: datetime, *, first: datetime) -> Counts:
    """What a process had counted at an instant. What a process older than the line counted before its first moment is on no part of it."""
    if at < process.moments[0].taken:
        return ZERO if process.started > first else process.sums[0]
    return counted_until(process, at)
