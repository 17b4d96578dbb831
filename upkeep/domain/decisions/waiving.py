"""Which waiver covers a finding, and what is wrong with the waivers themselves."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from msgspec import Struct

from upkeep.records.decisions import Override, Waiver

SOON = timedelta(days=14)
# How long a waiver may last, by the severity of its control: the graver, the shorter.
MOST_DAYS: Mapping[str, int] = {"critical": 14, "high": 30, "medium": 90, "low": 180}


class WaiverFault(Struct, frozen=True):
    """What is wrong with a waiver.

    :ivar code: ``expired``, ``too-long``, ``not-yet``, ``unknown-control``, ``unused`` or
        ``expires-soon``.
    :ivar ends: whether the waiver counts for nothing because of it.
    """

    waiver: Waiver
    code: str
    message: str
    ends: bool


def covering(
    waivers: Sequence[Waiver], *, control: str, target: str, owner: str, code: str
) -> Waiver | None:
    """Return the waiver that covers a finding; of several the longest."""
    fits = [
        waiver
        for waiver in waivers
        if waiver.control == control
        and fnmatchcase(target, waiver.target)
        and fnmatchcase(owner, waiver.object)
        and waiver.code in ("", code)
    ]
    return max(fits, key=lambda waiver: waiver.expires, default=None)


def sound(
    waivers: Iterable[Waiver], *, severities: Mapping[str, str], now: datetime
) -> tuple[list[Waiver], list[WaiverFault]]:
    """Return the waivers that count now, and the faults of all of them.

    :param severities: control -> severity, of every control that there is.
    """
    good, faults = [], []
    for waiver in waivers:
        found = _faults(waiver, severities=severities, now=now)
        faults += found
        if not any(fault.ends for fault in found):
            good.append(waiver)
    return good, faults


def unused(
    waivers: Iterable[Waiver], used: Collection[Waiver], *, judged: Collection[str]
) -> list[WaiverFault]:
    """Return a fault for each waiver whose control was judged and that covered no finding."""
    return [
        WaiverFault(
            waiver, "unused", f"{waiver.where}: it covers no finding; remove it", ends=False
        )
        for waiver in waivers
        if waiver not in used and waiver.control in judged
    ]


def _faults(waiver: Waiver, *, severities: Mapping[str, str], now: datetime) -> list[WaiverFault]:
    def fault(code: str, text: str, *, ends: bool) -> WaiverFault:
        return WaiverFault(waiver, code, f"{waiver.where}: {text}", ends)

    severity = severities.get(waiver.control)
    if severity is None:
        return [fault("unknown-control", f"no control is called {waiver.control!r}", ends=True)]
    found = []
    most = MOST_DAYS[severity]
    # A date counts to its end: the day of approval is not one of them.
    if (waiver.expires - timedelta(seconds=1)).date() - waiver.approved_on > timedelta(days=most):
        text = f"a waiver of a {severity} control lasts at most {most} days after approved_on"
        found.append(fault("too-long", text, ends=True))
    if waiver.approved_on > now.date():
        found.append(fault("not-yet", "approved_on is in the future", ends=True))
    if waiver.expires <= now:
        text = f"the waiver of {waiver.control} expired at {waiver.expires:%Y-%m-%d %H:%M} UTC"
        found.append(fault("expired", text, ends=True))
    elif waiver.expires <= now + SOON and most > SOON.days:
        text = f"the waiver of {waiver.control} expires at {waiver.expires:%Y-%m-%d %H:%M} UTC"
        found.append(fault("expires-soon", text, ends=False))
    return found


def standing_override(
    overrides: Iterable[Override], *, target: str, now: datetime
) -> Override | None:
    """Return the override that opens a target's gate now, if there is one."""
    fits = [one for one in overrides if one.target == target and one.issued <= now < one.expires]
    return max(fits, key=lambda one: one.expires, default=None)
