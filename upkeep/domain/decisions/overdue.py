"""When a cadence is due again, and when it is overdue.

A cadence is current for one period after its last complete run, due until its grace has passed
too, and overdue from then on. A cadence that never ran is overdue: no history is no evidence.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from upkeep.limits import Limits
from upkeep.records.ledger import RunHeader

# Emergency checks are run on demand: they have no period.
PERIODIC = ("daily", "weekly", "monthly", "quarterly")


class Standing(StrEnum):
    """Where a cadence stands."""

    CURRENT = "current"
    DUE = "due"
    OVERDUE = "overdue"


class CadenceStanding(Struct, frozen=True):
    """One cadence on one target.

    :ivar last: when its last complete run began; ``None`` where the ledger has none.
    """

    target: str
    cadence: str
    standing: Standing
    last: datetime | None


def standings(
    headers: Iterable[RunHeader],
    *,
    targets: Sequence[str],
    now: datetime,
    limits: Limits,
) -> list[CadenceStanding]:
    """Return where every periodic cadence stands on each target.

    A run counts where it was complete, and where it does not come from the future: a writer whose
    clock is ahead by more than ``ledger_clock_skew`` proves nothing until its time has come.
    """
    latest: dict[tuple[str, str], datetime] = {}
    horizon = ahead(now, limits)
    for header in headers:
        if header.started > horizon:
            continue
        for target, cadences in header.complete.items():
            for cadence in cadences:
                key = target, cadence
                latest[key] = max(latest.get(key, header.started), header.started)
    return [
        _standing(target, cadence, latest.get((target, cadence)), now=now, limits=limits)
        for target in targets
        for cadence in PERIODIC
    ]


def ahead(now: datetime, limits: Limits) -> datetime:
    """Return the latest beginning of a run that counts: what is later comes from a wrong clock."""
    return now + timedelta(seconds=limits["ledger_clock_skew"])


def _standing(
    target: str,
    cadence: str,
    last: datetime | None,
    *,
    now: datetime,
    limits: Limits,
) -> CadenceStanding:
    if last is None:
        return CadenceStanding(target, cadence, Standing.OVERDUE, None)
    due = last + timedelta(seconds=limits[f"{cadence}_period"])
    overdue = due + timedelta(seconds=limits[f"{cadence}_grace"])
    standing = (
        Standing.CURRENT if now < due else Standing.DUE if now < overdue else Standing.OVERDUE
    )
    return CadenceStanding(target, cadence, standing, last)


def complete_cadences(
    results: Iterable[tuple[str, Sequence[str], str]], *, asked: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return target -> the cadences that were run whole.

    :param results: (target, cadences of the control, outcome) of every control of the run, those
        that were not run included.
    :param asked: the cadences that the run chose whole.
    """
    targets: dict[str, set[str]] = {}
    broken: set[tuple[str, str]] = set()
    for target, cadences, outcome in results:
        targets.setdefault(target, set()).update(cadences)
        if outcome == "not-run":
            broken.update((target, cadence) for cadence in cadences)
    return {
        target: tuple(
            cadence for cadence in asked if cadence in ran and (target, cadence) not in broken
        )
        for target, ran in targets.items()
    }
