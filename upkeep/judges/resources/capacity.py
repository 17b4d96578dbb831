"""Does what there is suffice for the next quarter? The forecast of alert volume and of the time that its processing takes.

Busy time is the seconds that the handler worked, over the seconds that the pods were there: by Little's law the mean number of groups at work at
once in a pod. The handler works on several at once, so 100 % is no wall; but from there on groups wait for each other's connections, and a mean
of a day hides its busiest hour: that is what the room above the limit is for.
Source: the guide's "Capacity Planning"; J. D. C. Little, "A Proof for the Queuing Formula L = λW" (1961).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from shlex import quote

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
from upkeep.judges.resources.volumes import daily_volumes, require_kept
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, Trend, rfc3339
from upkeep.records.counters import CounterHistory
from upkeep.records.usage import Autoscaler
from upkeep.records.workload import Install

CONFIDENCE = 0.95
# The window is known when the days that are reach back over so much of it; a few days on which a pod ended are missing in any past.
WHOLE = 0.9
DAY_SECONDS = 86400.0
# Beyond this a forecast has no meaning, and no date.
FAR_DAYS = 3650.0
LIMIT, HORIZON = "capacity_utilisation", "capacity_horizon"


@dataclass(frozen=True, slots=True)
class Effort:
    """What processing took, of all processes in the window: how many groups, and what share of the pods' time at work."""

    groups: int
    busy: float
    seconds_each: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """In how many days the limit is reached, at best knowledge, at the earliest and at the latest; infinite for never."""

    days: float
    earliest: float
    latest: float


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
    """capacity-ahead: processing keeps each pod busy for at most ``limits["capacity_utilisation"]`` of the time, now and within
    ``limits["capacity_horizon"]``, as the volume of the last ``limits["capacity_window"]`` grows.

    The volume a day is forecast by a robust line with its 95 % interval; what a group takes, and the number of pods, are taken to stay. It fails where
    the pods are too busy now, whatever the line says (it does not follow a change of last week), and where the best line reaches the limit in
    time. Where only the upper end of the interval does, more days would tell: until the whole window is known it is *could not measure*, and after
    that it passes and says how early it could be, for then the limit, which is itself a margin, is crossed only if everything goes wrong, and
    the next quarter looks again. Volume that shrinks or stays reaches nothing.

    Pods that an autoscaler may add are not counted on: it looks at CPU and memory, and a group that waits for its destination uses neither. What it
    would take back is its least number of replicas, and that is what to raise then.

    :raises TooEarly: fewer than ``limits["capacity_days"]`` days are known whole; what a group takes is not known; or the interval tells both.
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
            _busy_now(effort, pods),
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
        [(_days_from(now, end), groups) for end, groups in known], confidence=CONFIDENCE
    )
    horizon = limits[HORIZON] / DAY_SECONDS
    if not effort.groups:
        if line.at(horizon, slope=line.high) > 0:
            raise TooEarly(
                f"{_number(line.y)} groups of alerts came on a day, and none was processed in the last {limits.text('timing_window')}: what one takes is "
                "not known",
                source="/metrics",
                next_step=f"--limit=timing_window={min(days, 90)}d",
            )
        return Judgement(
            (), "no traffic", limits[LIMIT], "ratio", why, _trends(known, effort, pods)
        )
    forecast = _forecast(
        line,
        most=limits[LIMIT] * DAY_SECONDS * pods / effort.seconds_each
        if effort.seconds_each
        else math.inf,
    )
    observed = (
        f"{_volume(line)}; {_busy_now(effort, pods)}; {limits.text(LIMIT)} {_reached(forecast)}"
    )
    found: tuple[Finding, ...] = ()
    if forecast.days <= horizon:
        found = (
            _ahead(
                line, forecast, effort, pods, autoscalers, now=now, limits=limits, install=install
            ),
        )
    elif (
        forecast.earliest <= horizon
        and (reach := (now - known[0][0]) / timedelta(days=1) + 1) < WHOLE * days
    ):
        raise TooEarly(
            f"by the {len(known)} days that are known, {limits.text(LIMIT)} {_reached(forecast)}: whether within {limits.text(HORIZON)} cannot be told "
            f"yet; each further day narrows it, until {rfc3339(now + timedelta(days=WHOLE * days - reach))}",
            source="/metrics",
            next_step="--exports=DIR with every daily run, or a Prometheus that keeps more",
        )
    return Judgement(found, observed, limits[LIMIT], "ratio", why, _trends(known, effort, pods))


def _effort(parts: Sequence[ProcessWindow]) -> Effort:
    """Where the window's start is not known of a process, from its own start on: both the work and the time.

    :raises Malformed: the histogram has no sum, or one that stands still.
    """
    _, most = in_all(parts)
    for one in parts:
        if one.most.total(HANDLED) and not one.most.total(WORK):
            raise Malformed(
                f"pod {one.pod} counts {counted(one.most.total(HANDLED), 'group')} that it handled, and no time that it took",
                source=f"Pod/{one.pod} /metrics",
            )
    groups, worked = most.total(HANDLED), most.total(WORK) / WORK.scale
    there = sum(one.seconds for one in parts)
    return Effort(groups, worked / there if there else 0.0, worked / groups if groups else 0.0)


def _forecast(line: Slope, *, most: float) -> Forecast:
    """When the volume reaches the most that can be processed in a day within the limit."""

    def days(slope: float) -> float:
        left = most - line.at(0, slope=slope)
        return 0.0 if left <= 0 else left / slope if slope > 0 else math.inf

    return Forecast(days(line.value), days(line.high), days(line.low))


def _days_from(now: datetime, at: datetime) -> float:
    """The middle of the day that ends then."""
    return (at - now).total_seconds() / DAY_SECONDS - 0.5


def _volume(line: Slope) -> str:
    return (
        f"{_number(max(0.0, line.at(0)))} groups a day, {_number(line.value, sign='+')} each day "
        f"(95 %: {_number(line.low, sign='+')} to {_number(line.high, sign='+')})"
    )


def _number(value: float, *, sign: str = "") -> str:
    return f"{value:{sign}.0f}" if abs(value) >= 100 else f"{value:{sign}.3g}"


def _busy_now(effort: Effort, pods: int) -> str:
    return f"each of {counted(pods, 'pod')} busy {_percent(effort.busy)} of the time, {effort.seconds_each:.3g} s for each of {counted(effort.groups, 'group')}"


def _percent(ratio: float) -> str:
    return f"{ratio * 100:.3g} %"


def _reached(forecast: Forecast) -> str:
    if forecast.earliest > FAR_DAYS:
        return "is not reached in ten years"
    if forecast.days > FAR_DAYS:
        return f"is not reached in ten years at best knowledge, in {_in(forecast.earliest)} at the earliest"
    late = (
        "never at the latest"
        if forecast.latest > FAR_DAYS
        else f"{_in(forecast.latest)} at the latest"
    )
    return f"is reached in {_in(forecast.days)} ({_in(forecast.earliest)} at the earliest, {late})"


def _in(days: float) -> str:
    return f"{days:.0f} d" if days >= 1 else "less than a day"


def _busy(
    effort: Effort,
    pods: int,
    autoscalers: Sequence[Autoscaler] | Exception,
    *,
    limits: Limits,
    install: Install,
) -> Finding:
    message = (
        f"Each of {counted(pods, 'pod')} is busy with alerts {_percent(effort.busy)} of the time: {counted(effort.groups, 'group')} of "
        f"{effort.seconds_each:.3g} s each in the last {limits.text('timing_window')}."
    )
    return Finding(
        f"Deployment/{install.deployment}", "utilisation-high", message, round(effort.busy, 4), limits[LIMIT], "ratio",
        _more(effort.busy, pods, autoscalers, limits=limits, install=install),
    )  # fmt: skip


def _ahead(
    line: Slope,
    forecast: Forecast,
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
        f"Processing takes {limits.text(LIMIT)} of each pod's time from {rfc3339(now + timedelta(days=forecast.days))[:10]} on, which {_reached(forecast)}: "
        f"{_volume(line)}, {effort.seconds_each:.3g} s for each."
    )
    return Finding(
        f"Deployment/{install.deployment}", "limit-reached-soon", message, round(forecast.days, 1), horizon, "days",
        _more(then, pods, autoscalers, limits=limits, install=install),
    )  # fmt: skip


def _scaled(autoscalers: Sequence[Autoscaler] | Exception) -> str:
    """What the basis says of autoscalers."""
    if isinstance(autoscalers, Exception):
        return "; whether an autoscaler changes the number of pods is not known"
    found = ", ".join(
        f"HorizontalPodAutoscaler {one.name} may have {one.least} to {one.most} replicas"
        for one in autoscalers
    )
    return f"; {found}: what it may add is not counted on" if found else ""


def _more(
    busy: float,
    pods: int,
    autoscalers: Sequence[Autoscaler] | Exception,
    *,
    limits: Limits,
    install: Install,
) -> str:
    """As many pods as share that load within the limit; where an autoscaler would take them back, as many as it leaves."""
    replicas = max(pods + 1, math.ceil(busy * pods / limits[LIMIT]))
    if not isinstance(autoscalers, Exception) and autoscalers:
        one = autoscalers[0]
        bounds = json.dumps(
            {"spec": {"minReplicas": replicas, "maxReplicas": max(one.most, replicas)}},
            separators=(",", ":"),
        )
        return f"kubectl -n {install.namespace} patch hpa {quote(one.name)} -p '{bounds}' --dry-run=server"
    return f"kubectl -n {install.namespace} scale deployment {install.deployment} --replicas={replicas} --dry-run=server"


def _too_few(
    number: int, *, needed: int, days: int, effort: Effort, pods: int, now: datetime, limits: Limits
) -> TooEarly:
    when = rfc3339(now + timedelta(days=needed - number))
    return TooEarly(
        f"of the last {days} days {number} {'is' if number == 1 else 'are'} known whole, and a trend needs {needed}; {_busy_now(effort, pods)}; there will "
        f"be enough at {when} at the earliest, provided that each day is kept",
        source="/metrics",
        next_step="--prometheus=URL of one that keeps them, or --exports=DIR with every daily run",
    )


def _trends(
    known: Sequence[tuple[datetime, float]], effort: Effort, pods: int
) -> tuple[Trend, ...]:
    if not known:
        return ()
    volume = Trend(
        "groups of alerts a day", "groups", tuple((end, round(groups, 1)) for end, groups in known)
    )
    busy = tuple(
        (end, round(groups * effort.seconds_each / DAY_SECONDS / pods, 6)) for end, groups in known
    )
    return (volume, Trend("busy time of each pod, by what a group takes now", "ratio", busy))


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
    return f"volume: {known} whole days of the last {days} ({'; '.join(volumes.sources)}); work: {took}"
