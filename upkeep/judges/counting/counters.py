"""What did each process count in the window? What the snapshots prove, and no more.

Counters are per process, only grow, and start at zero with it (collector.md, "Metrics"; controls.md, "Rates and counters"). So between
two moments of a process the difference is exact, and where no moment lies near the window's start, a least and a most are left.
"""

import shlex
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, wraps
from itertools import accumulate
from typing import ParamSpec, TypeVar

from upkeep.domain.counters import ZERO, Counts, highest, minus, plus, read_all
from upkeep.errors import Absent, Malformed, TooEarly, Unmeasured, of_reason
from upkeep.limits import Limits
from upkeep.model import listed, rfc3339, span
from upkeep.records.counters import CounterHistory, Snapshot, Stopped
from upkeep.records.workload import Install

# Prometheus stores the start as a float, and a node's boot time moves with its clock.
SAME_START = timedelta(seconds=2)
# Prometheus answers for an instant with a sample that is up to five minutes older (its lookback).
LOOKBACK = timedelta(minutes=5)
# Daily runs are never a day apart to the second: an earlier moment that lies before the window by at most this share of it is its start.
LEEWAY = 0.25
SOURCES = {"prometheus": "Prometheus", "export": "a saved exposition", "metrics": "the pod itself"}

EARLIER, PROCESS_START, OPEN = "earlier", "process-start", "open"
METRICS = "/metrics"

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Moment:
    """A process's counters at an instant.

    :ivar oldest: the earliest instant that the numbers may be of; ``taken`` is the latest.
    :ivar live: read by this run, from the pod itself.
    """

    taken: datetime
    source: str
    counts: Counts
    live: bool

    @property
    def oldest(self) -> datetime:
        return self.taken - LOOKBACK if self.source == "prometheus" else self.taken


@dataclass(frozen=True, slots=True)
class Process:
    """All that is known of one process, oldest moment first.

    :ivar sums: the counters at each of the moments: each the highest that was read so far, since it only grows.
    """

    pod: str
    started: datetime
    moments: tuple[Moment, ...]
    sums: tuple[Counts, ...]

    @property
    def gone(self) -> bool:
        """Whether it was not there any more when this run read its pod."""
        return not any(moment.live for moment in self.moments)


@dataclass(frozen=True, slots=True)
class ProcessWindow:
    """What one process counted in the window: at least ``least``, at most ``most``; the same where the window's start is known.

    :ivar start: how the window's start is known: ``earlier`` (a moment of this process at or shortly before it), ``process-start`` (the
        process is younger than the window) or ``open`` (neither).
    :ivar since: the instant from which ``most`` counts: that of the earlier moment, or the process's start.
    :ivar until: the last moment; ``gone`` tells that it is the last one there will be.
    :ivar source: where the earlier moment came from, or empty.
    :ivar enough: when an open window will be open no more, provided that this moment is kept.
    """

    pod: str
    process_start: datetime
    start: str
    since: datetime
    until: datetime
    gone: bool
    source: str
    least: Counts
    most: Counts
    enough: datetime

    @property
    def seconds(self) -> float:
        """How long ``most`` was counted."""
        return (self.until - self.since).total_seconds()


@lru_cache(maxsize=4)  # five controls ask about the same history
def processes(history: CounterHistory) -> tuple[Process, ...]:
    """The processes of a history: snapshots of one pod whose process starts lie within two seconds.

    :raises Absent: no pod's counters were read.
    :raises Malformed: a counter shrank within one process.
    """
    if not history.latest:
        raise Absent(
            "no pod was there whose counters could be read",
            source="/metrics",
            next_step="pytest -m \"control(id='pods-ready')\"",
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
    _require_growth(first.pod, moments)
    sums = accumulate((moment.counts for moment in moments), highest)
    return Process(first.pod, first.process_start, tuple(moments), tuple(sums))


def _require_growth(pod: str, moments: Sequence[Moment]) -> None:
    """Prometheus' numbers may be older than their instant, so they are compared with its own earlier ones only."""
    high = {"prometheus": ZERO, "": ZERO}
    for moment in moments:
        before = high["prometheus" if moment.source == "prometheus" else ""]
        for key, value in before.values.items():
            now = moment.counts.values.get(key, 0)
            if now < value:
                raise Malformed(
                    f"the counter {'/'.join(filter(None, key))} of pod {pod} shrank within one process, from {value} to {now} at "
                    f"{rfc3339(moment.taken)}: these are not the counters of one process",
                    source=f"Pod/{pod} {moment.source}",
                    next_step="look for two processes behind one pod name, or for a saved exposition of another cluster in --exports",
                )
        high[""] = highest(high[""], moment.counts)
        if moment.source == "prometheus":
            high["prometheus"] = highest(high["prometheus"], moment.counts)


def windows(
    history: CounterHistory, *, now: datetime, window_seconds: float
) -> tuple[ProcessWindow, ...]:
    """What each process counted in the window that ends now, by pod and start. Processes that ended before it are left out.

    :raises Absent: no pod's counters were read. :raises Malformed: a counter shrank within one process.
    """
    window = timedelta(seconds=window_seconds)
    found = [_window(process, begin=now - window, window=window) for process in processes(history)]
    return tuple(one for one in found if one is not None)


def base_of(process: Process, *, begin: datetime) -> Moment | None:
    """The latest moment at or before the window's start."""
    return max(
        (moment for moment in process.moments if moment.taken <= begin),
        key=lambda moment: moment.taken,
        default=None,
    )


def counted_until(process: Process, instant: datetime) -> Counts:
    """What the process had counted at an instant, as far as moments until then tell."""
    known = bisect_right(process.moments, instant, key=lambda moment: moment.taken)
    return process.sums[known - 1] if known else ZERO


def _window(process: Process, *, begin: datetime, window: timedelta) -> ProcessWindow | None:
    inside = [moment for moment in process.moments if moment.taken > begin]
    if not inside:
        return None
    end, base = process.sums[-1], base_of(process, begin=begin)
    most = minus(end, counted_until(process, begin))
    # What was counted after the first moment that lies in the window for sure was counted in the window.
    sure = next((moment for moment in inside if moment.oldest > begin), inside[-1])
    least = minus(end, counted_until(process, sure.taken))
    if base is not None and base.taken >= begin - window * LEEWAY:
        start, least = EARLIER, most
    elif process.started >= begin:
        start, least = PROCESS_START, most
    else:
        start = OPEN
    return ProcessWindow(
        pod=process.pod,
        process_start=process.started,
        start=start,
        since=process.started if base is None else base.taken,
        until=inside[-1].taken,
        gone=process.gone,
        source="" if base is None else base.source,
        least=least,
        most=most,
        enough=sure.taken + window,
    )


def in_all(parts: Iterable[ProcessWindow]) -> tuple[Counts, Counts]:
    """The least and the most of all processes together."""
    parts = list(parts)
    return plus(one.least for one in parts), plus(one.most for one in parts)


def basis(
    parts: Sequence[ProcessWindow],
    history: CounterHistory,
    *,
    now: datetime,
    limits: Limits,
    proof: str,
    window: str = "alert_window",
) -> str:
    """Over which window the counters were judged, and where the earlier moments came from.

    :param proof: what the start of an open window proves: "nothing bad since then, so nothing in".
    :param window: the name of the limit that is the window.
    """
    said = []
    for source in sorted({one.source for one in parts if one.start != PROCESS_START}):
        for start in (EARLIER, OPEN):
            those = [one for one in parts if one.start == start and one.source == source]
            if not those:
                continue
            ago = span(now - min(one.since for one in those))
            moment = (
                f"{ago}, earlier moment from {SOURCES[source]}"
                if source
                else f"since the process start ({ago} ago)"
            )
            said.append(
                f"{moment}{f'; {proof} {limits.text(window)}' if start == OPEN else ''}{_of(those, parts)}"
            )
    young = [one for one in parts if one.start == PROCESS_START]
    if young:
        ago = span(now - min(one.process_start for one in young)) or "0 s"
        said.append(f"since the process start {ago} ago{_of(young, parts)}")
    gone = sum(one.gone for one in parts)
    if gone:
        said.append(
            f"{gone} {'process' if gone == 1 else 'processes'} gone since, up to the last moment known"
        )
    return "; ".join([*said, *history.sources])


def _of(those: Sequence[ProcessWindow], parts: Sequence[ProcessWindow]) -> str:
    return "" if len(those) == len(parts) else f" ({listed(sorted({one.pod for one in those}))})"


def too_early(
    parts: Sequence[ProcessWindow], *, what: str, limits: Limits, window: str = "alert_window"
) -> TooEarly:
    """What open windows counted may be older than the window: when there will be enough, and the option that helps now.

    :param what: what was counted and decides, as the begin of a sentence.
    """
    opened = [one for one in parts if one.start == OPEN]
    pods = listed(sorted({one.pod for one in opened}))
    since = rfc3339(min(one.since for one in opened))
    when = rfc3339(max(one.enough for one in opened))
    return TooEarly(
        f"{what}; what pod {pods} counted since {since} may be older than the window of {limits.text(window)}, for no moment near "
        f"its start is known; there will be enough at {when}, provided that this moment is kept",
        source="/metrics",
        next_step=f"--prometheus=URL, or --exports=DIR now and again after {when}",
    )


def says_why_history_is_short(judge: Callable[P, R]) -> Callable[P, R]:
    """Make a judge raise the error that kept its counters' history short, instead of ``TooEarly``.

    A Prometheus that answers 403 does not answer tomorrow either: waiting is no remedy. An error of another source than
    the counters stays as it is.
    """

    @wraps(judge)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return judge(*args, **kwargs)
        except TooEarly as early:
            if METRICS in early.source:
                for one in (*args, *kwargs.values()):
                    if isinstance(one, CounterHistory) and one.stopped is not None:
                        raise _stopped(one.stopped) from None
            raise

    return told


def _stopped(error: Stopped) -> Unmeasured:
    return of_reason(error.reason)(
        f"{error.message}. Without it the counters do not reach back far enough.",
        source=error.source,
        next_step=error.next_step,
    )


def log_command(
    one: ProcessWindow, parts: Sequence[ProcessWindow], *, install: Install, pattern: str
) -> str:
    """The command that shows a process's log lines since the window's start; where its pod is gone, so is its log, and events are left."""
    if one.gone and not any(other.pod == one.pod and not other.gone for other in parts):
        return f"kubectl -n {install.namespace} get events --field-selector=involvedObject.name={one.pod}"
    previous = " --previous" if one.gone else ""
    since = f"--since-time={rfc3339(one.since)}"
    return f"kubectl -n {install.namespace} logs {one.pod} -c {install.container}{previous} {since} | grep -F {shlex.quote(pattern)}"
