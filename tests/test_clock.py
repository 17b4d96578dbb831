"""The held clock: it moves for the one that sleeps, and for no other."""

import contextvars
from datetime import UTC, datetime, timedelta

from upkeep.clock import HeldClock

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def test_who_sleeps_is_later_alone() -> None:
    clock, other = HeldClock(NOON), HeldClock(NOON)
    elsewhere = contextvars.copy_context()
    clock.sleep(40)
    assert clock.now() == NOON + timedelta(seconds=40)
    assert elsewhere.run(clock.now) == NOON
    assert other.now() == NOON
