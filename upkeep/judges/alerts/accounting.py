"""Judge whether each process accounts for its alert groups: received − processed − errors, with the work in flight allowed for.

At every sample the difference is work in flight plus lost groups. Lost groups only grow, and work in flight is done, or lost, after
``settle_time``. So at most the smallest difference since is lost. Of the groups received that long before, all that are still unaccounted for
are lost.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from upkeep.domain.metric_names import RECEIVED
from upkeep.errors import TooEarly, missing_of
from upkeep.judges.counting.counters import (
    ProcessWindow,
    basis,
    log_command,
    require_whole,
    windows,
)
from upkeep.judges.counting.processes import Moment, Process, base_of, processes
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, utc, utc_after
from upkeep.records.counters import CounterHistory
from upkeep.records.workload import Install
from upkeep.shell import shell

# The wall clock may run a little slower than the one that was slept by.
SLEWED = 0.95
GROUPS = "alert groups"


class Balance(Struct, frozen=True):
    """The alert groups that a process lost in the window: at least ``lost_least``, at most ``lost_most``.

    :ivar since: the earlier sample at or before the window's start, else the process's start.
    :ivar source: where that sample came from, or empty.
    :ivar surplus: the groups accounted for beyond those received, at every sample of this run; else 0.
    :ivar surplus_settled: it lasted the whole settle time, so a sample within a request does not explain it.
    """

    process: Process
    since: datetime
    source: str
    lost_least: int
    lost_most: int
    surplus: int
    surplus_settled: bool


def balance(process: Process, *, begin: datetime, settle_seconds: float) -> Balance | None:
    """Return the balance of a process in the window that starts at ``begin``; ``None`` where it ended before."""
    if process.moments[-1].taken <= begin:
        return None
    settle = timedelta(seconds=settle_seconds) * SLEWED
    base = base_of(process, begin=begin)
    # The samples of this run; of a process that has ended, its last one.
    present = [moment for moment in process.moments if moment.live] or [process.moments[-1]]
    imbalances = [moment.counts.unaccounted for moment in present]
    old = 0
    if base is not None:
        # Work in flight at the earlier sample is not lost yet: later samples show a smaller difference then.
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
    """Return the groups received by one sample and unaccounted for at one the settle time later; ``None`` without two such samples."""
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
    """Judge alerts-accounted-for: in each process received − processed − errors = 0 in ``limits["alert_window"]``, beside work in flight.

    Without a sample at or before the window's start, groups missing since the process's start fail at once.

    :raises TooEarly: no group is proven lost, and some may be in flight.
    :raises Malformed: no group is lost, but Prometheus gave a partial answer: processes that ended may be missing.
    """
    window_seconds, limit = limits["alert_window"], int(limits["alerts_unaccounted"])
    begin = now - timedelta(seconds=window_seconds)
    parts = windows(history, now=now, window_seconds=window_seconds)
    found: list[Finding] = []
    in_flight: list[Balance] = []
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
            in_flight.append(one)
        lost += one.lost_least if one.lost_least > limit else one.lost_most
    unmeasured = missing_of(require_whole, history)
    if in_flight:
        unmeasured = _in_flight(
            in_flight, window_seconds=window_seconds, settle=limits.text("settle_time")
        )
    received = sum(one.most.total(RECEIVED) for one in parts)
    observed = "no traffic"
    if received or lost:
        rest = f"{lost} lost" if lost else "all processed or counted as errors"
        observed = f"{counted(received, 'alert group')} received; {rest}"
    why = basis(parts, history, now=now, limits=limits, proof="a loss since then counts as one in")
    unit = f"unaccounted {GROUPS} per process"
    return Judgement(tuple(found), observed, limit, unit, why, unmeasured=unmeasured)


def _lost(one: Balance, parts: Sequence[ProcessWindow], *, limit: int, install: Install) -> Finding:
    pod, count = one.process.pod, one.lost_least
    message = (
        f"Pod {pod} lost {counted(count, 'alert group')} since {utc(one.since)}: received, but neither processed nor counted as errors. "
        "A handler panic is the usual cause. Look for '[Recovery from panic]' in the log."
    )
    if not one.source:
        message += " Without an earlier sample, this counts since the process started."
    window = next(
        part for part in parts if (part.pod, part.process_start) == (pod, one.process.started)
    )
    fix = log_command(window, parts, install=install, pattern="[Recovery from panic]")
    return Finding(f"Pod/{pod}", "alerts-lost", message, count, limit, GROUPS, fix)


def _surplus(one: Balance, *, limit: int, install: Install) -> Finding:
    pod = one.process.pod
    message = (
        f"Pod {pod} processed or failed {counted(one.surplus, 'alert group')} more than it received since {utc(one.since)}. "
        "Its counters contradict each other, so the error rate is unreliable, too."
    )
    fix = shell("kubectl get --raw {}/metrics | grep -E '_total'", install.proxy(pod))
    return Finding(
        f"Pod/{pod}", "more-accounted-than-received", message, -one.surplus, limit, GROUPS, fix
    )


def _in_flight(balances: Sequence[Balance], *, window_seconds: float, settle: str) -> TooEarly:
    pods = listed(sorted({one.process.pod for one in balances}))
    gone = [one for one in balances if one.process.gone]
    what = f"Pod {pods} has alert groups that are unaccounted for and may be in flight."
    if gone:
        when = utc_after(
            max(one.process.moments[-1].taken for one in gone) + timedelta(seconds=window_seconds)
        )
        what += f" Its process has ended, so they stay unknown until {when}."
    step = f"run again; limit settle_time ({settle}) is the time that work in flight may take"
    return TooEarly(what, source="/metrics", next_step=step)
