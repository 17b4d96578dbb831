"""Do the books of one process balance? Received − processed − errors, and what of it may be in flight.

At every moment the imbalance is what is in flight plus what is lost. The lost only grow, and what is in flight is done, or lost, after
``settle_time``. So no more can be lost than the smallest imbalance since; and of what had been received that long before, all
that is in no book now is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from upkeep.domain.metric_names import RECEIVED
from upkeep.errors import TooEarly
from upkeep.judges.counting.counters import (
    Moment,
    Process,
    ProcessWindow,
    base_of,
    basis,
    log_command,
    processes,
    windows,
)
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, rfc3339
from upkeep.records.counters import CounterHistory
from upkeep.records.workload import Install

# The wall clock may run a little slower than the one that was slept by.
SLEWED = 0.95
GROUPS = "alert groups"


@dataclass(frozen=True, slots=True)
class Balance:
    """What a process lost in the window: at least ``lost_least``, at most ``lost_most`` alert groups.

    :ivar since: from when on: the earlier moment at or before the window's start, else the process's start.
    :ivar source: where that moment came from, or empty.
    :ivar surplus: how many more were accounted for than received, at every moment that was looked at; else 0.
    :ivar surplus_settled: it was so over the whole settle time, so that no reading in the middle of a request explains it.
    """

    process: Process
    since: datetime
    source: str
    lost_least: int
    lost_most: int
    surplus: int
    surplus_settled: bool


def balance(process: Process, *, begin: datetime, settle_seconds: float) -> Balance | None:
    """The balance of a process in the window that starts at ``begin``; ``None`` when it ended before."""
    if process.moments[-1].taken <= begin:
        return None
    settle = timedelta(seconds=settle_seconds) * SLEWED
    base = base_of(process, begin=begin)
    # What was looked at now; of a process that is gone, its last moment.
    present = [moment for moment in process.moments if moment.live] or [process.moments[-1]]
    imbalances = [moment.counts.unaccounted for moment in present]
    old = 0
    if base is not None:
        # What was in flight at the earlier moment is not lost yet: later moments show a smaller imbalance then.
        floor = min(base.counts.unaccounted, 0)
        since_then = (
            moment.counts.unaccounted for moment in process.moments if moment.taken >= base.taken
        )
        old = max(min(since_then), floor)
    proven = _lost_least(process.moments, settle=settle)
    surplus = max(0, min(0, 0 if base is None else base.counts.unaccounted) - max(imbalances))
    return Balance(
        process=process,
        since=process.started if base is None else base.taken,
        source="" if base is None else base.source,
        lost_least=0 if proven is None else max(0, proven - old),
        lost_most=max(0, min(imbalances) - old),
        surplus=surplus,
        surplus_settled=present[-1].taken - present[0].taken >= settle,
    )


def _lost_least(moments: Sequence[Moment], *, settle: timedelta) -> int | None:
    """What was received by one moment and is in no book at one that lies the settle time later; ``None`` without two such moments."""
    least: int | None = None
    index, received = 0, 0
    for later in sorted(moments, key=lambda moment: moment.oldest):
        while index < len(moments) and moments[index].taken <= later.oldest - settle:
            received = max(received, moments[index].counts.total(RECEIVED))
            index += 1
        if index:
            accounted = later.counts.total(RECEIVED) - later.counts.unaccounted
            least = received - accounted if least is None else max(least, received - accounted)
    return least


def accounted_for(
    history: CounterHistory, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """alerts-accounted-for: in each process received − processed − errors = 0 in ``limits["alert_window"]``, what is in flight allowed for.

    Without a moment at or before the window's start, what is missing since the process's start fails at first sight.

    :raises TooEarly: nothing is proven lost, and some is in flight; of a process that is gone, nobody will know until it leaves the window.
    """
    window_seconds, limit = limits["alert_window"], int(limits["alerts_unaccounted"])
    begin = now - timedelta(seconds=window_seconds)
    parts = windows(history, now=now, window_seconds=window_seconds)
    found: list[Finding] = []
    open_books: list[Balance] = []
    lost = 0
    for process in processes(history):
        one = balance(process, begin=begin, settle_seconds=limits["settle_time"])
        if one is None:
            continue
        if one.lost_least > limit:
            found.append(_lost(one, parts, limit=limit, install=install))
        elif one.surplus > limit and one.surplus_settled:
            found.append(_surplus(one, limit=limit, install=install))
        elif one.lost_most > limit or one.surplus > limit:
            open_books.append(one)
        lost += one.lost_least if one.lost_least > limit else one.lost_most
    if open_books and not found:
        raise _in_flight(
            open_books, window_seconds=window_seconds, settle=limits.text("settle_time")
        )
    received = sum(one.most.total(RECEIVED) for one in parts)
    observed = (
        f"{counted(received, 'alert group')} received, {lost} in no book"
        if received or lost
        else "no traffic"
    )
    why = basis(parts, history, now=now, limits=limits, proof="a loss since then counts as one in")
    return Judgement(tuple(found), observed, limit, f"unaccounted {GROUPS} per process", why)


def _lost(one: Balance, parts: Sequence[ProcessWindow], *, limit: int, install: Install) -> Finding:
    pod, count = one.process.pod, one.lost_least
    are, they_were, them = ("is", "It was", "it") if count == 1 else ("are", "They were", "them")
    message = (
        f"{counted(count, 'alert group')} reached pod {pod} since {rfc3339(one.since)} and {are} in no book: neither processed "
        f"nor failed. {they_were} lost, most likely in a crash inside the handler (look for '[Recovery from panic]' in the log); "
        f"Alertmanager got a 500 for {them} and may send {them} again."
    )
    if not one.source:
        message += " No earlier moment is known, so this is judged since the process started."
    window = next(
        part for part in parts if (part.pod, part.process_start) == (pod, one.process.started)
    )
    fix = log_command(window, parts, install=install, pattern="[Recovery from panic]")
    return Finding(f"Pod/{pod}", "alerts-lost", message, count, limit, GROUPS, fix)


def _surplus(one: Balance, *, limit: int, install: Install) -> Finding:
    pod = one.process.pod
    message = (
        f"Pod {pod} processed or failed {counted(one.surplus, 'alert group')} more than it received since {rfc3339(one.since)}: its "
        "counters contradict each other, so nothing that is computed from them can be relied on, the error rate included."
    )
    fix = f"kubectl get --raw {install.proxy(pod)}/metrics | grep -E '_total'"
    return Finding(
        f"Pod/{pod}", "more-accounted-than-received", message, -one.surplus, limit, GROUPS, fix
    )


def _in_flight(books: Sequence[Balance], *, window_seconds: float, settle: str) -> TooEarly:
    pods = listed(sorted({one.process.pod for one in books}))
    gone = [one for one in books if one.process.gone]
    what = f"the books of pod {pods} did not balance when they were read, and what is missing may be in flight"
    if gone:
        when = rfc3339(
            max(one.process.moments[-1].taken for one in gone) + timedelta(seconds=window_seconds)
        )
        what += f"; of a process that is gone nobody can know, and its last moment leaves the window at {when}"
    step = f"run again; limit settle_time ({settle}) says how long work in flight may take"
    return TooEarly(what, source="/metrics", next_step=step)
