"""Counts requests, and tells each measurement which of them were its own."""

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
        """A request goes out. ``source`` is its verb and path, or its PromQL: never a header."""
        with self._lock:
            self.requests += 1
        note(source)


def note(source: str) -> None:
    """Says where the measurement that is being taken looks: a request, a query or a file."""
    sources = SOURCES.get()
    if sources is not None:
        sources.append(source)
