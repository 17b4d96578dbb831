"""Group snapshots into processes, each with its samples in order.

Source: https://prometheus.io/docs/concepts/metric_types/#counter
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from upkeep.domain.counters import ZERO, Counts, highest, read_all
from upkeep.errors import Absent, Malformed
from upkeep.model import utc
from upkeep.records.counters import CounterHistory, Snapshot

# Prometheus stores the start as a float, and a node's boot time moves with its clock.
SAME_START = timedelta(seconds=2)
# Prometheus answers for an instant with a sample that is up to five minutes older (its lookback).
LOOKBACK = timedelta(minutes=5)


class Moment(Struct, frozen=True):
    """A sample of a process's counters.

    :ivar taken: the latest instant that the numbers may be of; ``oldest`` is the earliest.
    :ivar live: read by this run, from the pod itself.
    """

    taken: datetime
    source: str
    counts: Counts
    live: bool

    @property
    def oldest(self) -> datetime:
        return self.taken - LOOKBACK if self.source == "prometheus" else self.taken


class Process(Struct, frozen=True):
    """One process with its samples, oldest first.

    :ivar sums: the counters at each sample: the highest values read so far, since counters only grow.
    """

    pod: str
    started: datetime
    moments: tuple[Moment, ...]
    sums: tuple[Counts, ...]

    @property
    def gone(self) -> bool:
        """Return whether it had ended when this run read its pod."""
        return not any(moment.live for moment in self.moments)


@lru_cache(maxsize=4)  # five controls ask about the same history
def processes(history: CounterHistory) -> tuple[Process, ...]:
    """Return the processes of a history: snapshots of one pod whose process starts lie within two seconds.

    :raises Absent: no pod's counters were read.
    :raises Malformed: a counter shrank within one process.
    """
    if not history.latest:
        raise Absent(
            "There is no pod whose counters can be read.",
            source="/metrics",
            next_step="upkeep run -m \"control(id='pods-ready')\"",
        )
    snapshots = [(snapshot, True) for snapshot in (*history.latest, *history.settled)]
    snapshots += [(snapshot, False) for snapshot in history.earlier]
    clusters: list[list[tuple[Snapshot, bool]]] = []
    for entry in sorted(
        snapshots, key=lambda entry: (entry[0].pod, entry[0].process_start, entry[0].taken)
    ):
        first = clusters[-1][0][0] if clusters else None
        if (
            first is not None
            and first.pod == entry[0].pod
            and entry[0].process_start - first.process_start <= SAME_START
        ):
            clusters[-1].append(entry)
        else:
            clusters.append([entry])
    return tuple(_process(cluster) for cluster in clusters)


def _process(cluster: list[tuple[Snapshot, bool]]) -> Process:
    first = cluster[0][0]
    counts = read_all([snapshot for snapshot, _ in cluster])
    moments = [
        Moment(snapshot.taken, snapshot.source, read, live)
        for (snapshot, live), read in zip(cluster, counts, strict=True)
    ]
    # Of one instant, Prometheus' numbers are the older ones.
    moments.sort(
        key=lambda moment: (
            moment.taken,
            moment.source != "prometheus",
            moment.live,
            sum(moment.counts.values.values()),
        )
    )
    return Process(first.pod, first.process_start, tuple(moments), _sums(first.pod, moments))


def _sums(pod: str, moments: Sequence[Moment]) -> tuple[Counts, ...]:
    """Return the highest counters so far at each sample. Prometheus' samples may be older than their instant, so they are compared only with each other.

    :raises Malformed: a counter shrank.
    """
    found, high, prometheus = [], ZERO, ZERO
    for moment in moments:
        before = prometheus if moment.source == "prometheus" else high
        now = moment.counts.values
        fell = [key for key, value in before.values.items() if now.get(key, 0) < value]
        if fell:
            key = min(fell)
            raise Malformed(
                f"Counter {'/'.join(filter(None, key))} of pod {pod} fell from {before.values[key]} to {now.get(key, 0)} at {utc(moment.taken)}. "
                "A counter of one process never falls.",
                source=f"Pod/{pod} {moment.source}",
                next_step="look for two processes in one pod, or for a saved exposition of another cluster in --exports",
            )
        high = highest(high, moment.counts)
        if moment.source == "prometheus":
            prometheus = moment.counts  # none of them fell
        found.append(high)
    return tuple(found)


def base_of(process: Process, *, begin: datetime) -> Moment | None:
    """Return the latest sample at or before the window's start."""
    return max(
        (moment for moment in process.moments if moment.taken <= begin),
        key=lambda moment: moment.taken,
        default=None,
    )


def counted_until(process: Process, instant: datetime) -> Counts:
    """Return the counters at an instant, as far as samples until then show them."""
    known = bisect_right(process.moments, instant, key=lambda moment: moment.taken)
    return process.sums[known - 1] if known else ZERO
