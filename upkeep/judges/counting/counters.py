"""Count what each process did in the window, as far as its snapshots prove it.

Counters belong to a process, only grow, and start at zero with it. So the difference of two samples of a process is exact. Where no sample lies
near the window's start, only a least and a most are known.

Source: https://prometheus.io/docs/concepts/metric_types/#counter
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from msgspec import Struct

from upkeep.domain.counters import Counts, minus, plus
from upkeep.errors import Malformed, TooEarly, Truncated
from upkeep.judges.counting.processes import Process, base_of, counted_until, processes
from upkeep.limits import Limits
from upkeep.model import listed, rfc3339, span, utc, utc_after
from upkeep.records.counters import CounterHistory
from upkeep.records.workload import Install
from upkeep.shell import Command, shell

# Daily runs are not a day apart to the second: a sample older than the window by at most this share of it is its start.
LEEWAY = 0.25
SOURCES = {"prometheus": "Prometheus", "export": "a saved exposition", "metrics": "the pod itself"}

# Answers that came and are no evidence: a part of the history is missing.
PARTIAL = (Malformed.reason, Truncated.reason)
EARLIER, PROCESS_START, OPEN = "earlier", "process-start", "open"
METRICS = "/metrics"

P = ParamSpec("P")
R = TypeVar("R")


class ProcessWindow(Struct, frozen=True):
    """The counts of one process in the window: at least ``least``, at most ``most``; both are equal where its start is known.

    :ivar start: how the window's start is known: ``earlier`` (a sample at or shortly before it), ``process-start`` (the process is younger
        than the window) or ``open`` (neither).
    :ivar since: the instant from which ``most`` counts: the earlier sample, or the process's start.
    :ivar until: the last sample; ``gone``: the process has ended.
    :ivar source: where the earlier sample came from, or empty.
    :ivar enough: when an open window is closed, if this run's sample is kept.
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
        """Return the seconds over which ``most`` was counted."""
        return (self.until - self.since).total_seconds()


def windows(
    history: CounterHistory, *, now: datetime, window_seconds: float
) -> tuple[ProcessWindow, ...]:
    """Return the counts of each process in the window that ends now, by pod and start. Processes that ended before it are left out.

    :raises Absent: no pod's counters were read. :raises Malformed: a counter shrank within one process.
    """
    window = timedelta(seconds=window_seconds)
    found = [_window(process, begin=now - window, window=window) for process in processes(history)]
    return tuple(one for one in found if one is not None)


def _window(process: Process, *, begin: datetime, window: timedelta) -> ProcessWindow | None:
    inside = [moment for moment in process.moments if moment.taken > begin]
    if not inside:
        return None
    end, base = process.sums[-1], base_of(process, begin=begin)
    most = minus(end, counted_until(process, begin))
    # Everything counted after the first sample that certainly lies in the window was counted in the window.
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
    """Return the least and the most of all processes together."""
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
    """Return the window over which the counters were judged, and where the earlier samples came from.

    :param proof: what an open window proves, before the window's length.
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
                f"{ago}, earlier sample from {SOURCES[source]}"
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
            f"{gone} {'process' if gone == 1 else 'processes'} ended since, counted up to the last sample"
        )
    return "; ".join([*said, *history.sources])


def _of(those: Sequence[ProcessWindow], parts: Sequence[ProcessWindow]) -> str:
    return "" if len(those) == len(parts) else f" ({listed(sorted({one.pod for one in those}))})"


def too_early(
    parts: Sequence[ProcessWindow],
    *,
    what: str,
    limits: Limits,
    window: str = "alert_window",
) -> TooEarly:
    """Return the error of counts that may be older than the window: when there are enough samples.

    :param what: the counts that decide, as a whole clause: ``3 alert groups were dropped``.
    """
    opened = [one for one in parts if one.start == OPEN]
    pods = listed(sorted({one.pod for one in opened}))
    since, length = utc(min(one.since for one in opened)), limits.text(window)
    message = (
        f"{what} since {since}, perhaps before the last {length}. "
        f"No sample of pod {pods} from {length} ago separates them."
    )
    when = utc_after(max(one.enough for one in opened))
    return TooEarly(
        f"{message} Retry after {when}, or use --prometheus=URL.",
        source="/metrics",
        next_step="--prometheus=URL, or --exports=DIR",
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
                        short = "Without it the history of the metrics is too short."
                        raise one.stopped.error(
                            f"{one.stopped.message.rstrip('.')}. {short}"
                        ) from None
            raise

    return told


def require_whole(history: CounterHistory) -> None:
    """Require that no known part of the history is missing: processes that ended may be in it alone.

    :raises Malformed: Prometheus gave a partial or unreadable answer.
    """
    if history.stopped is not None and history.stopped.reason in PARTIAL:
        raise history.stopped.error()


def no_label(name: str, label: str, what: str) -> Malformed:
    """Return the error of a counter without a label.

    :param what: what the label tells.
    """
    return Malformed(f"{name} has no label {label}, so {what} is not known.", source="/metrics")


def log_command(
    one: ProcessWindow, parts: Sequence[ProcessWindow], *, install: Install, pattern: str
) -> Command:
    """Return the command that shows a process's log lines since the window's start, or the events of a pod that is gone."""
    if one.gone and not any(other.pod == one.pod and not other.gone for other in parts):
        return shell(
            "kubectl -n {} get events --field-selector=involvedObject.name={}",
            install.namespace,
            one.pod,
        )
    previous = Command(" --previous" if one.gone else "")
    since = f"--since-time={rfc3339(one.since)}"
    return shell(
        "kubectl -n {} logs {} -c {}{} {} | grep -F {}",
        install.namespace,
        one.pod,
        install.container,
        previous,
        since,
        pattern,
    )
