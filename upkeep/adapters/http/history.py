"""Ask Prometheus for the collector's counters of the past, and keep why it gave none.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from upkeep.adapters.http.prometheus import Prometheus
from upkeep.adapters.http.promql import pods_of
from upkeep.errors import Absent, NotApplicable, Unmeasured
from upkeep.records.counters import Snapshot
from upkeep.records.stopped import Stopped
from upkeep.records.workload import Install


@dataclass(frozen=True, slots=True)
class Asked:
    """The snapshots of Prometheus, how many they are in words, and why a Prometheus that is there gave none."""

    snapshots: tuple[Snapshot, ...]
    said: str
    stopped: Stopped | None = None


def asked(
    prometheus: Prometheus | Exception,
    expression: str,
    *,
    now: datetime,
    window_seconds: float,
    step_seconds: int,
) -> Asked:
    """Return the snapshots of Prometheus over a window. It is one of three sources; where it cannot be asked the others remain."""
    if isinstance(prometheus, NotApplicable):
        return Asked((), "Prometheus: declared absent")
    if isinstance(prometheus, Unmeasured):
        there = None if isinstance(prometheus, Absent) else Stopped.by(prometheus)
        return Asked((), f"Prometheus: {prometheus.reason}", there)
    assert not isinstance(prometheus, Exception)
    start = now - timedelta(seconds=window_seconds + step_seconds)
    try:
        found = prometheus.snapshots(expression, start=start, end=now, step_seconds=step_seconds)
    except Unmeasured as error:
        return Asked((), f"Prometheus: {error.reason}", Stopped.by(error))
    return Asked(
        found,
        f"Prometheus: {len(found)} earlier samples"
        if found
        else "Prometheus: no series of these pods",
    )


def selector(names: Iterable[str], install: Install) -> str:
    """Return the selector of series of these names, of the collector's pods and of those that are gone."""
    pods, every = pods_of(install.deployment), "|".join(sorted(names))
    return f'{{__name__=~"{every}",namespace="{install.namespace}",pod=~"{pods}"}}'
