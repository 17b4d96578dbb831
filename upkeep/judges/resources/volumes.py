"""How many alert groups arrived on each of the last days? Complete days only.

A counter is known at its process's start (zero) and at each sample; the increase between two near
samples is spread evenly. Counts after the last sample of a process are lost with it: a day on
which one ended unsampled is left out, as is a day without samples. Days end at the run's time of
day.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct

from upkeep.domain.metric_names import RECEIVED, Family
from upkeep.errors import Malformed
from upkeep.judges.counting.processes import Process, processes
from upkeep.records.counters import CounterHistory

DAY = timedelta(days=1)
# Daily runs are never exactly a day apart; samples further apart than this tell no single day.
NEAR = timedelta(hours=36)
# Between the end of one process and the start of the next there may be a gap.
COVERED = 0.9
# Prometheus rounds its instants, and the last minutes of a process are a small part of a day.
SLACK = timedelta(minutes=5)

Span = tuple[datetime, datetime]


class Life(Struct, frozen=True):
    """A process's received groups: the sampled instants, and the spans that are known or not."""

    instants: tuple[datetime, ...]
    groups: tuple[float, ...]
    known: tuple[Span, ...]
    unknown: tuple[Span, ...]

    def until(self, instant: datetime) -> float:
        """Return what it had received at an instant, interpolated within its known spans."""
        after = bisect_left(self.instants, instant)
        if after == 0:
            return 0.0
        if after == len(self.instants):
            return self.groups[-1]
        begin, end = self.instants[after - 1], self.instants[after]
        share = (instant - begin) / (end - begin)
        return self.groups[after - 1] + share * (self.groups[after] - self.groups[after - 1])


def daily_volumes(
    history: CounterHistory, *, now: datetime, days: int
) -> tuple[tuple[datetime, float], ...]:
    """Return (end of the day, groups received) of each complete day, oldest first.

    :raises Absent: no pod's counters were read.
    :raises Malformed: a counter shrank within one process, or Prometheus drops it.
    """
    require_kept(history, RECEIVED)
    lives = [
        _life(process, looks)
        for every in [processes(history)]
        for looks in [_looks(every)]
        for process in every
    ]
    found = []
    for number in range(days, 0, -1):
        begin, end = now - DAY * number, now - DAY * (number - 1)
        if any(
            min(other, end) - max(one, begin) > SLACK
            for life in lives
            for one, other in life.unknown
        ):
            continue
        if (
            _covered([span for life in lives for span in life.known], begin=begin, end=end)
            >= COVERED
        ):
            found.append((end, sum(life.until(end) - life.until(begin) for life in lives)))
    return tuple(found)


def require_kept(history: CounterHistory, family: Family) -> None:
    """Demand that Prometheus stores a family that the process exposes.

    A missing family counts as zero, but not where a relabelling drops it.

    :raises Malformed: Prometheus has the process, and drops the family.
    """
    for process in processes(history):
        kept = [moment for moment in process.moments if moment.source == "prometheus"]
        if not kept or any(
            key[0] == family.meaning for moment in kept for key in moment.counts.values
        ):
            continue
        if any(
            moment.source != "prometheus"
            and moment.counts.total(family)
            and moment.taken - kept[-1].taken <= SLACK
            for moment in process.moments
        ):
            raise Malformed(
                f"Prometheus scrapes pod {process.pod} and has no {' or '.join(family.names)}, "
                "which the pod exposes.",
                source=f"Pod/{process.pod} prometheus",
                next_step="look for a relabelling that drops it (metric_relabel_configs), "
                "or run again after the first alert",
            )


def _looks(lives: Iterable[Process]) -> list[datetime]:
    """Return all instants of samples."""
    return sorted({moment.taken for process in lives for moment in process.moments})


def _life(process: Process, looks: Sequence[datetime]) -> Life:
    instants = [process.started, *(moment.taken for moment in process.moments)]
    groups = [0.0, *(float(counts.total(RECEIVED)) for counts in process.sums)]
    spans = [(begin, end) for begin, end in pairwise(instants) if end > begin]
    known = [span for span in spans if span[1] - span[0] <= NEAR]
    unknown = [span for span in spans if span[1] - span[0] > NEAR]
    if process.gone:  # it ended between its last sample and the next one of any pod
        following = bisect_left(looks, instants[-1] + timedelta(microseconds=1))
        if following < len(looks):
            unknown.append((instants[-1], looks[following]))
    return Life(tuple(instants), tuple(groups), tuple(known), tuple(unknown))


def _covered(spans: Sequence[Span], *, begin: datetime, end: datetime) -> float:
    """Return the share of the time that at least one span covers."""
    covered, reached = timedelta(), begin
    for first, last in sorted(spans):
        if last > reached and first < end:
            covered += min(last, end) - max(first, reached)
            reached = min(last, end)
    return covered / (end - begin)
