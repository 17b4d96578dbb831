"""The instant at which what runs in this thread ends: one for all requests and reads together."""

import contextvars
import math
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from upkeep.clock import Clock
from upkeep.errors import TimedOut

T = TypeVar("T")
R = TypeVar("R")

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


def concurrently(function: Callable[[T], R], things: Sequence[T], *, most: int = 16) -> list[R]:
    """Return the function's result of each thing, in their order, computed in parallel.

    The first exception by that order is raised. No thread outlives the deadline of the caller, and
    none keeps the process from ending.

    :raises TimedOut: the deadline passes before the last result.
    """
    if len(things) <= 1:
        return [function(thing) for thing in things]
    todo: queue.SimpleQueue[tuple[Future[R], T]] = queue.SimpleQueue()
    futures: list[Future[R]] = [Future() for _ in things]
    for pair in zip(futures, things, strict=True):
        todo.put(pair)
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            try:
                future, thing = todo.get_nowait()
            except queue.Empty:
                return
            settle(future, lambda: function(thing))  # noqa: B023 - called before the next one

    for _ in range(min(most, len(things))):
        start(work, name="upkeep-each")
    clock = Clock()
    try:
        results = []
        for future in futures:
            left = ends() - clock.monotonic()
            results.append(future.result(None if math.isinf(left) else max(left, 0.0)))
        return results
    except TimeoutError:
        raise TimedOut(
            f"{len(things)} requests were not answered within the deadline of all requests together",
            next_step="a larger --limit=sweep_deadline",
        ) from None
    finally:
        over.set()


def start(work: Callable[[], None], *, name: str) -> None:
    """Run it on a thread that does not keep the process from ending."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name=name, daemon=True).start()


def settle(future: Future[R], work: Callable[[], R]) -> None:
    """Give a future the result of some work, or what it raised."""
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - handed on, to where it is waited for
        future.set_exception(error)
