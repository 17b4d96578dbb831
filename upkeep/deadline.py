"""The instant at which what runs in this thread ends: one for all requests and reads together."""

import contextvars
import math
from collections.abc import Iterator
from contextlib import contextmanager

_ENDS: contextvars.ContextVar[float] = contextvars.ContextVar("ends", default=math.inf)


@contextmanager
def ending(ends: float) -> Iterator[None]:
    """Let everything inside of the ``with`` end at an instant of the monotonic clock, or sooner."""
    token = _ENDS.set(min(ends, _ENDS.get()))
    try:
        yield
    finally:
        _ENDS.reset(token)


def ends() -> float:
    """Return the instant in this thread, on the monotonic clock; infinite where there is none."""
    return _ENDS.get()


@contextmanager
def lifted() -> Iterator[None]:
    """Let what is inside of the ``with`` run after the deadline: the removal of what was made."""
    token = _ENDS.set(math.inf)
    try:
        yield
    finally:
        _ENDS.reset(token)
