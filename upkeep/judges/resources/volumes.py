"""How many groups of alerts came on each of the last days? Of the days that are known whole, and of no other.

A process's counter is known at its start (zero) and at each of its moments; between two that lie near each other what it counted is spread evenly.
What a process counted between its last moment and its end is in no book, so a day on which one ended unseen is left out, and so is one on which
nobody looked. Days end at the time of day of the run.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from upkeep.domain.metric_names import RECEIVED, Family
from upkeep.errors import Malformed
from upkeep.judges.counting.processes import Process, processes
from upkeep.records.counters import CounterHistory

DAY = timedelta(days=1)
# Runs of a daily schedule are never a day apart to the second; two that are further apart than this say nothing of a single day.
NEAR = timedelta(hours=36)
# Between the end of one process and the start of the next there may be nobody for a moment.
COVERED = 0.9
# Instants of Prometheus are rounded, and what a process does in its last minutes is no part of a day that would be missed.
SLACK = timedelta(minutes=5)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Life:
    """A process's received groups at the instants at which they are known, and the spans over which they are, and are not."""

    instants: tuple[datetime, ...]
    groups: tuple[float, ...]
    known: tuple[Span, ...]
    unknown: tuple[Span, ...]

    def until(self, instant: datetime) -> float:
        """What it had received at an instant within its known spans; before its start nothing, after its end everything."""
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
    """(end of the day, groups received in it) of each of the last days that is known whole, oldest first.

    :raises Absent: no pod's counters were read. :raises Malformed: a counter shrank within one process, or Prometheus keeps the processes without it.
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
    """A family that is absent is zero, but not where Prometheus has the process without it at the very time at which the process itself has some:
    then it is thrown away, and what looks like none is not known.

    :raises Malformed: it is so.
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
                f"Prometheus keeps pod {process.pod} without {' or '.join(family.names)}, of which the pod itself has some",
                source=f"Pod/{process.pod} prometheus",
                next_step="look for a relabelling that drops it (metric_relabel_configs), or run again where the first alert has just come",
            )


def _looks(lives: Iterable[Process]) -> list[datetime]:
    """When somebody looked at the pods."""
    return sorted({moment.taken for process in lives for moment in process.moments})


def _life(process: Process, looks: Sequence[datetime]) -> Life:
    instants = [process.started, *(moment.taken for moment in process.moments)]
    groups = [0.0, *(float(counts.total(RECEIVED)) for counts in process.sums)]
    spans = [(begin, end) for begin, end in pairwise(instants) if end > begin]
    known = [span for span in spans if span[1] - span[0] <= NEAR]
    unknown = [span for span in spans if span[1] - span[0] > NEAR]
    if process.gone:  # it ended between its last moment and the next look, which found it no more
        following = bisect_left(looks, instants[-1] + timedelta(microseconds=1))
        if following < len(looks):
            unknown.append((instants[-1], looks[following]))
    return Life(tuple(instants), tuple(groups), tuple(known), tuple(unknown))


def _covered(spans: Sequence[Span], *, begin: datetime, end: datetime) -> float:
    """Which share of the time lies in at least one of the spans."""
    covered, reached = timedelta(), begin
    for first, last in sorted(spans):
        if last > reached and first < end:
            covered += min(last, end) - max(first, reached)
            reached = min(last, end)
    return covered / (end - begin)
