"""Decide how much of the time Alertmanager's time intervals mute a route: never, always, or at times.

Source: https://prometheus.io/docs/alerting/latest/configuration/#time_interval-0; ``timeinterval.ContainsTime``
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Muted = Literal["never", "at times", "always"]

DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MINUTES = 24 * 60
_TIME = re.compile(r"(\d{1,2}):(\d\d)")
# A day of the year, a month or a year is a part of the time, however the ranges are written.
_CALENDAR = ("days_of_month", "months", "years")


def muted(
    mute: Sequence[str], active: Sequence[str], *, intervals: Mapping[str, Sequence[Any]]
) -> Muted:
    """Return how much of the time a route is muted.

    :param mute: its ``mute_time_intervals``; it is muted in each of them.
    :param active: its ``active_time_intervals``; it is muted outside of them. None at all mute nothing.
    :param intervals: the definitions by name; each is a list of time intervals, of which one must hold.
    :raises ValueError: a name is not defined, or a definition is none.
    """
    muting = _share([one for name in mute for one in _named(name, intervals)])
    working = _share([one for name in active for one in _named(name, intervals)])
    if muting == "always" or (active and working == "never"):
        return "always"
    if muting == "never" and (not active or working == "always"):
        return "never"
    return "at times"


def _named(name: str, intervals: Mapping[str, Sequence[Any]]) -> Sequence[Any]:
    if name not in intervals:
        raise ValueError("a time interval is not defined")
    return intervals[name]


def _share(intervals: Sequence[Mapping[str, Any]]) -> Muted:
    """Return how much of the time at least one of the intervals holds.

    Intervals of one time zone are laid on one week. Parts of a year, and of other zones, are never the whole.
    """
    if not intervals:
        return "never"
    weeks: dict[str, set[int]] = {}
    for one in intervals:
        if not any(one.get(part) for part in _CALENDAR):
            minutes = weeks.setdefault(str(one.get("location") or "UTC"), set())
            minutes |= _minutes(one)
    whole = any(len(minutes) == len(DAYS) * MINUTES for minutes in weeks.values())
    return "always" if whole else "at times"


def _minutes(interval: Mapping[str, Any]) -> set[int]:
    days = {day for text in interval.get("weekdays") or [] for day in _days(str(text))}
    ranges = [
        (_minute(str(one["start_time"])), _minute(str(one["end_time"])))
        for one in interval.get("times") or []
    ]
    return {
        day * MINUTES + minute
        for day in (days or range(len(DAYS)))
        for begin, end in (ranges or [(0, MINUTES)])
        for minute in range(begin, end)
    }


def _days(text: str) -> range:
    first, _, last = text.lower().partition(":")
    return range(DAYS.index(first), DAYS.index(last or first) + 1)


def _minute(text: str) -> int:
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("no time of day")
    return int(found[1]) * 60 + int(found[2])
