"""The one place where time is read, so that tests can hold it still."""

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
    """A clock that stands at an instant; sleeping moves it on at once and costs nothing. For tests and rehearsals."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant
        self._slept = 0.0

    def now(self) -> datetime:
        return self._instant + timedelta(seconds=self._slept)

    def monotonic(self) -> float:
        return time.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds
