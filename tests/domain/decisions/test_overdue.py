"""Which cadence is due, and which is overdue."""

from datetime import UTC, datetime, timedelta

import pytest

from upkeep.domain.decisions.overdue import Standing, complete_cadences, standings
from upkeep.limits import Limits
from upkeep.records.ledger import SCHEMA, RunHeader

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def ran(target: str = "default", *cadences: str, hours: float = 1) -> RunHeader:
    started = NOW - timedelta(hours=hours)
    return RunHeader(
        schema=SCHEMA,
        run=f"{started:%Y%m%dT%H%M%SZ}-a",
        started=started,
        ended=started,
        version="0",
        targets=(target,),
        complete={target: cadences},
    )


def standing(*headers: RunHeader, cadence: str = "daily", target: str = "default", **limits):
    found = standings(headers, targets=[target], now=NOW, limits=Limits(limits))
    return next(one.standing for one in found if one.cadence == cadence)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0, "current"), (23.9, "current"), (24, "due"), (29.9, "due"), (30, "overdue")],
)
def test_a_cadence_is_due_after_its_period_and_overdue_after_its_grace(hours, expected) -> None:
    assert standing(ran("default", "daily", hours=hours)) == expected


def test_no_history_is_overdue() -> None:
    found = standings([], targets=["a", "b"], now=NOW, limits=Limits())
    assert {one.standing for one in found} == {Standing.OVERDUE}
    assert [one.last for one in found] == [None] * 8


def test_a_run_of_another_target_or_cadence_proves_nothing() -> None:
    assert standing(ran("other", "daily"), ran("default", "weekly")) is Standing.OVERDUE


def test_the_newest_complete_run_counts_whatever_the_order() -> None:
    old, new = ran("default", "daily", hours=80), ran("default", "daily", hours=2)
    assert standing(old, new) == standing(new, old) == Standing.CURRENT


def test_a_run_from_the_future_proves_nothing_until_then() -> None:
    assert standing(ran("default", "daily", hours=-0.05)) is Standing.CURRENT
    assert standing(ran("default", "daily", hours=-2)) is Standing.OVERDUE
    assert standing(ran("default", "daily", hours=-2), ledger_clock_skew=3 * 3600) == "current"


def test_a_cadence_with_a_control_that_was_not_run_is_not_complete() -> None:
    said = [
        ("a", ("daily",), "pass"),
        ("a", ("weekly", "emergency"), "not-run"),
        ("b", ("daily",), "unknown"),
        ("b", ("weekly",), "fail"),
    ]
    whole = complete_cadences(said, asked=("daily", "weekly", "monthly"))
    assert whole == {"a": ("daily",), "b": ("daily", "weekly")}
