"""When does the alert volume reach a limit? Numbers and words of a forecast."""

import math
from datetime import datetime

from msgspec import Struct

from upkeep.judges.counting.slopes import Slope
from upkeep.judges.wording import counted, percent

DAY_SECONDS = 86400.0
# Beyond ten years a forecast has no meaning.
FAR_DAYS = 3650.0


class Effort(Struct, frozen=True):
    """Processing in the window, of all processes: groups, and the busy share of the pods' time."""

    groups: int
    busy: float
    seconds_each: float


class Forecast(Struct, frozen=True):
    """Days until the limit is reached: expected, earliest, latest; infinite for never."""

    days: float
    earliest: float
    latest: float


def forecast(line: Slope, *, most: float) -> Forecast:
    """Return when the volume reaches the daily maximum within the limit."""

    def days(slope: float) -> float:
        left = most - line.at(0, slope=slope)
        return 0.0 if left <= 0 else left / slope if slope > 0 else math.inf

    return Forecast(days(line.value), days(line.high), days(line.low))


def days_from(now: datetime, at: datetime) -> float:
    """Return the middle of the day that ends then, in days from now."""
    return (at - now).total_seconds() / DAY_SECONDS - 0.5


def volume(line: Slope) -> str:
    return (
        f"{number(max(0.0, line.at(0)))} groups a day, {number(line.value, sign='+')} each day "
        f"(95 %: {number(line.low, sign='+')} to {number(line.high, sign='+')})"
    )


def number(value: float, *, sign: str = "") -> str:
    return f"{value:{sign}.0f}" if abs(value) >= 100 else f"{value:{sign}.3g}"


def busy_now(effort: Effort, pods: int) -> str:
    return (
        f"each of {counted(pods, 'pod')} busy {percent(effort.busy)} of the time, "
        f"{effort.seconds_each:.3g} s for each of {counted(effort.groups, 'group')}"
    )


def reached(forecast: Forecast) -> str:
    if forecast.earliest > FAR_DAYS:
        return "is not reached in ten years"
    if forecast.days > FAR_DAYS:
        return f"is not expected within ten years, and in {_in(forecast.earliest)} at the earliest"
    late = (
        "never at the latest"
        if forecast.latest > FAR_DAYS
        else f"{_in(forecast.latest)} at the latest"
    )
    return f"is reached in {_in(forecast.days)} ({_in(forecast.earliest)} at the earliest, {late})"


def _in(days: float) -> str:
    return f"{days:.0f} d" if days >= 1 else "less than a day"
