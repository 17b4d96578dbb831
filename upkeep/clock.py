"""The clock: the only module that reads time, so tests can freeze it."""

import contextvars
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the instant, with its zone, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only grow, for deadlines."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, before a retry."""
        time.sleep(seconds)


class HeldClock(Clock):
    """A clock frozen at an instant, for tests. A sleep advances it at once, for the sleeping thread only."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant
        # A retry of one measurement must not shorten the deadline of another. Each clock has its own variable.
        self._slept: contextvars.ContextVar[float] = contextvars.ContextVar(
            "slept_seconds", default=0.0
        )

    def now(self) -> datetime:
        return self._instant + timedelta(seconds=self._slept.get())

    def monotonic(self) -> float:
        return time.monotonic() + self._slept.get()

    def sleep(self, seconds: float) -> None:
        self._slept.set(self._slept.get() + seconds)
