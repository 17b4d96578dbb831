"""Divide each process at one sample into its past and its present, and draw the p95 over both.

Histograms are counters, so the counts between two samples of a process are exact. A process with no sample but this run's cannot be divided.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from upkeep.domain.counters import ZERO, Counts, minus, plus
from upkeep.domain.metric_names import Family
from upkeep.judges.alerts.latency import QUANTILE, WINDOW
from upkeep.judges.counting.counters import SOURCES
from upkeep.judges.counting.processes import Process, base_of, counted_until, processes
from upkeep.judges.counting.quantiles import histogram
from upkeep.limits import Limits
from upkeep.model import Trend
from upkeep.records.counters import CounterHistory

MOST_POINTS = 28


class Ages(Struct, frozen=True):
    """The counts of all processes in the past and at present.

    :ivar since: the latest begin of the present over all processes.
    :ivar whole: the present is the whole window; otherwise an empty present proves nothing.
    :ivar undivided: pods without an earlier sample.
    :ivar began: the earliest begin of the past.
    :ivar sources: where the dividing samples came from.
    """

    past: Counts
    present: Counts
    since: datetime
    whole: bool
    undivided: tuple[str, ...]
    began: datetime
    sources: tuple[str, ...]


def divide(history: CounterHistory, *, now: datetime, limits: Limits) -> Ages:
    """Return the past (``limits["trend_window"]``) and the present (``limits["timing_window"]``).

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


def trends_of(
    history: CounterHistory,
    family: Family,
    labels: Sequence[tuple[str, ...]],
    *,
    limits: Limits,
    now: datetime,
) -> tuple[Trend, ...]:
    """Return the p95 of equal parts of past and present; parts without events have no point."""
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
    """Return the counts of a process at an instant. Counts from before the first sample of an old process are on no part of the trend."""
    if at < process.moments[0].taken:
        return ZERO if process.started > first else process.sums[0]
    return counted_until(process, at)
