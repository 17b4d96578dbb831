"""How an instant is written for people."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from upkeep.model import utc, utc_after

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def test_an_instant_for_people_is_in_utc() -> None:
    assert utc(NOON.astimezone(timezone(timedelta(hours=2)))) == "2026-01-02 12:00 UTC"


@pytest.mark.parametrize(("seconds", "minute"), [(0, "12:00"), (0.001, "12:01"), (59, "12:01")])
def test_whoever_waits_for_an_instant_is_not_too_early(seconds: float, minute: str) -> None:
    assert utc_after(NOON + timedelta(seconds=seconds)) == f"2026-01-02 {minute} UTC"
