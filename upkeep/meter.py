"""The meter: how many requests did a run send, and which measurement sent each?"""

import contextvars
import threading

# The sources of the measurement that this thread is taking; None outside of one.
SOURCES: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("sources", default=None)


class Meter:
    """The number of requests of one target, shared by its adapters."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = 0

    def count(self, source: str) -> None:
        """Count a request. ``source`` is its verb and path, or its PromQL, never a header."""
        with self._lock:
            self.requests += 1
        note(source)


def note(source: str) -> None:
    """Record a source of the running measurement: a request, a query or a file."""
    sources = SOURCES.get()
    if sources is not None:
        sources.append(source)
