"""The p95 of what the busiest pod used, between a least and a most.

Hours without samples may have been idle or busy, so a p95 is known as an interval; with nearly
all of the window measured both ends agree. CPU is a counter: its increase between two samples of
one container, over the time between them.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from msgspec import Struct

from upkeep.records.usage import UsageHistory, UsageSeries

QUANTILE = 0.95
MIB = 1024.0 * 1024.0


class Used(Struct, frozen=True):
    """A p95 in millicores or MiB.

    :ivar least: the p95 if every unmeasured hour was idle; ``most`` if each was as busy as can be.
    :ivar seen: the share of the window that was measured.
    """

    least: float
    most: float
    seen: float


def p95(
    history: UsageHistory,
    container: str | None,
    what: str,
    *,
    now: datetime,
    window_seconds: float,
) -> Used:
    """Return the p95 of the busiest pod: of one container, or of the whole pod for ``None``."""
    step = history.step_seconds
    moments = max(1, int(window_seconds / step))
    busiest: dict[int, float] = {}
    for by_container in _by_pod(history, what, now=now).values():
        chosen = by_container if container is None else {container: by_container.get(container, {})}
        # A pod's sum is known where each of its containers is.
        known = set.intersection(*(set(values) for values in chosen.values()))
        for number in known:
            if 0 <= number < moments:
                value = sum(values[number] for values in chosen.values())
                busiest[number] = max(value, busiest.get(number, 0.0))
    values, unseen = sorted(busiest.values()), moments - len(busiest)
    rank = math.ceil(QUANTILE * moments - 1e-9) - 1
    return Used(
        values[rank - unseen] if rank >= unseen and values else 0.0,
        values[rank] if rank < len(values) else math.inf,
        len(busiest) / moments,
    )


def _by_pod(
    history: UsageHistory, what: str, *, now: datetime
) -> dict[str, dict[str, dict[int, float]]]:
    """Return the usage by pod, container and number of steps before now.

    cAdvisor exports a restarted container's last value beside its successor's for some minutes
    (kubernetes/kubernetes#128538). They are one container, so the larger counts, never the sum.
    """
    found: dict[str, dict[str, dict[int, float]]] = defaultdict(dict)
    for series in history.series:
        if series.resource == what.lower():
            values = found[series.pod].setdefault(series.container, {})
            for number, value in _by_moment(series, now=now, step_seconds=history.step_seconds):
                values[number] = max(value, values.get(number, 0.0))
    return found


def _by_moment(
    series: UsageSeries, *, now: datetime, step_seconds: int
) -> Iterator[tuple[int, float]]:
    """Yield (steps before now, usage) of each instant that a series covers."""

    def number(at: datetime) -> int:
        return math.floor((now - at).total_seconds() / step_seconds + 0.01)

    if series.resource == "memory":
        for at, value in series.points:
            # No process uses 0 bytes: a broken cgroup set-up reports it.
            if value:
                yield number(at), value / MIB
        return
    for (before, low), (at, high) in pairwise(series.points):
        seconds = (at - before).total_seconds()
        # A counter that shrank was reset. Beyond two steps the time of the work is unknown.
        if 0 < seconds <= 2 * step_seconds:
            grown = high - low if high >= low else high
            for step in range(number(at), max(number(before), number(at) + 1)):
                yield step, grown / seconds * 1000
