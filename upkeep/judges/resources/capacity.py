"""Is capacity sufficient for the next quarter? By the growing alert volume and processing time.

Utilisation is the handler's busy seconds over the pods' seconds: by Little's law the mean number
of groups that a pod processes at once. The handler works in parallel, so 100 % is no hard limit.
Above it groups wait for connections. A daily mean hides the busiest hour; the limit leaves room.
Guide: "Capacity Planning". Source: J. D. C. Little, "A Proof for the Queuing Formula L = λW" (1961),
https://doi.org/10.1287/opre.9.3.383.
"""

import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from upkeep.domain.metric_names import HANDLED, WORK
from upkeep.errors import Malformed, TooEarly
from upkeep.judges.counting.counters import (
    ProcessWindow,
    in_all,
    says_why_history_is_short,
    windows,
)
from upkeep.judges.counting.counters import basis as counters_basis
from upkeep.judges.counting.slopes import Slope, theil_sen
from upkeep.judges.resources.forecasts import (
    DAY_SECONDS,
    Effort,
    Forecast,
    busy_now,
    days_from,
    forecast,
    number,
    reached,
    volume,
)
from upkeep.judges.resources.volumes import daily_volumes, require_kept
from upkeep.judges.wording import counted, percent
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, Trend, rfc3339, utc, utc_after
from upkeep.records.counters import CounterHistory
from upkeep.records.usage import Autoscaler
from upkeep.records.workload import Install
from upkeep.shell import Command, shell

CONFIDENCE = 0.95
# The days must reach back over this share of the window; days on which a pod ended are left out.
WHOLE = 0.9
LIMIT, HORIZON = "capacity_utilisation", "capacity_horizon"


@says_why_history_is_short
def capacity_ahead(
    *,
    volumes: CounterHistory,
    work: CounterHistory,
    autoscalers: Sequence[Autoscaler] | Exception,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """capacity-ahead: utilisation stays within ``limits["capacity_utilisation"]`` for a quarter.

    The daily volume of ``limits["capacity_window"]`` is extrapolated over
    ``limits["capacity_horizon"]`` by a robust line with a 95 % interval. Seconds per group and the
    number of pods stay as they are. It fails where pods are too busy now, or where the line
    reaches the limit in time. Where only the interval's end does, it is *could not measure* until
    the window is known, and passes then with the earliest date.

    Pods that an autoscaler may add do not count: it scales on CPU and memory, which a group that
    waits for its destination does not use.

    :raises TooEarly: fewer than ``limits["capacity_days"]`` complete days; no group was processed;
        or the interval allows both outcomes.
    :raises Absent: no pod's counters were read.
    """
    require_kept(work, HANDLED)
    parts = windows(work, now=now, window_seconds=limits["timing_window"])
    pods, effort = len(work.latest), _effort(parts)
    days = int(limits["capacity_window"] / DAY_SECONDS)
    known = daily_volumes(volumes, now=now, days=days)
    why = _basis(
        parts, work=work, volumes=volumes, known=len(known), days=days, now=now, limits=limits
    ) + _scaled(autoscalers)
    if effort.busy > limits[LIMIT]:
        finding = _busy(effort, pods, autoscalers, limits=limits, install=install)
        return Judgement(
            (finding,),
            busy_now(effort, pods),
            limits[LIMIT],
            "ratio",
            why,
            _trends(known, effort, pods),
        )
    needed = max(int(limits["capacity_days"]), 2)
    if len(known) < needed:
        raise _too_few(
            len(known), needed=needed, days=days, effort=effort, pods=pods, now=now, limits=limits
        )
    line = theil_sen(
        [(days_from(now, end), groups) for end, groups in known], confidence=CONFIDENCE
    )
    horizon = limits[HORIZON] / DAY_SECONDS
    if not effort.groups:
        if line.at(horizon, slope=line.high) > 0:
            raise TooEarly(
                f"{number(line.y)} alert groups arrived a day, and none was processed in the last "
                f"{limits.text('timing_window')}: the time per group is unknown.",
                source="/metrics",
                next_step=shell("--limit=timing_window={}d", min(days, 90)),
            )
        return Judgement(
            (), "no traffic", limits[LIMIT], "ratio", why, _trends(known, effort, pods)
        )
    ahead = forecast(
        line,
        most=limits[LIMIT] * DAY_SECONDS * pods / effort.seconds_each
        if effort.seconds_each
        else math.inf,
    )
    observed = f"{volume(line)}; {busy_now(effort, pods)}; {limits.text(LIMIT)} {reached(ahead)}"
    found: tuple[Finding, ...] = ()
    if ahead.days <= horizon:
        found = (
            _ahead(line, ahead, effort, pods, autoscalers, now=now, limits=limits, install=install),
        )
    elif (
        ahead.earliest <= horizon
        and (reach := (now - known[0][0]) / timedelta(days=1) + 1) < WHOLE * days
    ):
        raise TooEarly(
            f"{len(known)} complete days are too few for {limits.text(HORIZON)}: {limits.text(LIMIT)} "
            f"{reached(ahead)}. Each day narrows it, until "
            f"{utc(now + timedelta(days=WHOLE * days - reach))}.",
            source="/metrics",
            next_step="--prometheus=URL, or --exports=DIR",
        )
    return Judgement(found, observed, limits[LIMIT], "ratio", why, _trends(known, effort, pods))


def _effort(parts: Sequence[ProcessWindow]) -> Effort:
    """Return the processing in the window; of a process without its start, since its own start.

    :raises Malformed: the histogram has no sum, or a sum of 0.
    """
    _, most = in_all(parts)
    for one in parts:
        if one.most.total(HANDLED) and not one.most.total(WORK):
            raise Malformed(
                f"Pod {one.pod} counts {counted(one.most.total(HANDLED), 'handled group')} and no "
                "processing time.",
                source=f"Pod/{one.pod} /metrics",
            )
    groups, worked = most.total(HANDLED), most.total(WORK) / WORK.scale
    there = sum(one.seconds for one in parts)
    return Effort(groups, worked / there if there else 0.0, worked / groups if groups else 0.0)


def _busy(
    effort: Effort,
    pods: int,
    autoscalers: Sequence[Autoscaler] | Exception,
    *,
    limits: Limits,
    install: Install,
) -> Finding:
    message = (
        f"Each of {counted(pods, 'pod')} is busy {percent(effort.busy, limit=limits[LIMIT])} of the time (limit {limits.text(LIMIT)}): "
        f"{counted(effort.groups, 'group')} of {effort.seconds_each:.3g} s each in the last "
        f"{limits.text('timing_window')}. Add replicas."
    )
    return Finding(
        f"Deployment/{install.deployment}", "utilisation-high", message, round(effort.busy, 4), limits[LIMIT], "ratio",
        _more(effort.busy, pods, autoscalers, limits=limits, install=install),
    )  # fmt: skip


def _ahead(
    line: Slope,
    ahead: Forecast,
    effort: Effort,
    pods: int,
    autoscalers: Sequence[Autoscaler] | Exception,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Finding:
    horizon = limits[HORIZON] / DAY_SECONDS
    then = effort.seconds_each * line.at(horizon) / DAY_SECONDS / pods
    message = (
        f"The limit of {limits.text(LIMIT)} busy time {reached(ahead)}, on "
        f"{rfc3339(now + timedelta(days=ahead.days))[:10]}. "
        f"Volume: {volume(line)}, {effort.seconds_each:.3g} s each."
    )
    return Finding(
        f"Deployment/{install.deployment}", "limit-reached-soon", message, round(ahead.days, 1), horizon, "days",
        _more(then, pods, autoscalers, limits=limits, install=install),
    )  # fmt: skip


def _scaled(autoscalers: Sequence[Autoscaler] | Exception) -> str:
    """Return what the basis says about autoscalers."""
    if isinstance(autoscalers, Exception):
        return "; autoscalers were not read"
    found = ", ".join(
        f"HorizontalPodAutoscaler {one.name} allows {one.least} to {one.most} replicas"
        for one in autoscalers
    )
    return f"; {found}, and its pods do not count" if found else ""


def _more(
    busy: float,
    pods: int,
    autoscalers: Sequence[Autoscaler] | Exception,
    *,
    limits: Limits,
    install: Install,
) -> Command:
    """Return the command for enough replicas; an autoscaler's minimum, where it would undo them."""
    replicas = max(pods + 1, math.ceil(busy * pods / limits[LIMIT]))
    if not isinstance(autoscalers, Exception) and autoscalers:
        one = autoscalers[0]
        bounds = json.dumps(
            {"spec": {"minReplicas": replicas, "maxReplicas": max(one.most, replicas)}},
            separators=(",", ":"),
        )
        return shell(
            "kubectl -n {} patch hpa {} -p {} --dry-run=server", install.namespace, one.name, bounds
        )
    return shell(
        "kubectl -n {} scale deployment {} --replicas={} --dry-run=server",
        install.namespace,
        install.deployment,
        replicas,
    )


def _too_few(
    number: int, *, needed: int, days: int, effort: Effort, pods: int, now: datetime, limits: Limits
) -> TooEarly:
    when = utc_after(now + timedelta(days=needed - number))
    return TooEarly(
        f"{counted(number, 'complete day')} of metrics in {days}; the forecast needs {needed}. "
        f"Now: {busy_now(effort, pods)}. Retry after {when}.",
        source="/metrics",
        next_step="--prometheus=URL, or --exports=DIR",
    )


def _trends(
    known: Sequence[tuple[datetime, float]], effort: Effort, pods: int
) -> tuple[Trend, ...]:
    if not known:
        return ()
    volume = Trend(
        "alert groups a day", "groups", tuple((end, round(groups, 1)) for end, groups in known)
    )
    busy = tuple(
        (end, round(groups * effort.seconds_each / DAY_SECONDS / pods, 6)) for end, groups in known
    )
    return (volume, Trend("busy time of each pod, at the present time per group", "ratio", busy))


def _basis(
    parts: Sequence[ProcessWindow],
    *,
    work: CounterHistory,
    volumes: CounterHistory,
    known: int,
    days: int,
    now: datetime,
    limits: Limits,
) -> str:
    took = counters_basis(
        parts, work, now=now, limits=limits, proof="longer than", window="timing_window"
    )
    return (
        f"volume: {known} complete days of {days} ({'; '.join(volumes.sources)}); "
        f"processing: {took}"
    )
