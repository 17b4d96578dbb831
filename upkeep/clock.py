"""The one place where time is read, so that tests can hold it still."""

import contextvars
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The instant, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow, for deadlines."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, before a retry."""
        time.sleep(seconds)


class HeldClock(Clock):
    """A clock that stands at an instant; sleeping moves it on at once, for the one that sleeps, and costs nothing. For tests."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant
        # Each measurement sleeps for itself: who waits for a retry must not bring the others closer to their deadlines. Each clock has its own.
        self._slept: contextvars.ContextVar[float] = contextvars.ContextVar(
            "slept_seconds", default=0.0
        )

    def now(self) -> datetime:
        return self._instant + timedelta(seconds=self._slept.get())

    def monotonic(self) -> float:
        return time.monotonic() + self._slept.get()

    def sleep(self, seconds: float) -> None:
        self._slept.set(self._slept.get() + seconds)
