"""The instant at which what runs in this thread ends: one for all requests and reads together."""

import contextvars
import math
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from upkeep.clock import Clock
from upkeep.errors import TimedOut

T = TypeVar("T")
R = TypeVar("R")

# How often it is looked whether this process is idle, and below which share of one core it is.
LOOK_SECONDS = 0.25
IDLE = 0.5

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


def concurrently(
    function: Callable[[T], R], things: Sequence[T], *, most: int = 16, most_waiting: int = 0
) -> list[R]:
    """Return the function's result of each thing, in their order, computed in parallel.

    The first exception by that order is raised. No thread outlives the deadline of the caller, and
    none keeps the process from ending.

    :param most: how many at a time.
    :param most_waiting: how many at a time while this process is idle: what runs then waits for answers.
    :raises TimedOut: the deadline passes before the last result.
    """
    if len(things) <= 1:
        return [function(thing) for thing in things]
    todo: queue.SimpleQueue[tuple[Future[R], T]] = queue.SimpleQueue()
    futures: list[Future[R]] = [Future() for _ in things]
    for pair in zip(futures, things, strict=True):
        todo.put(pair)
    over, workers, lock = threading.Event(), 0, threading.Lock()

    def goes_on() -> bool:
        """Whether this worker takes another thing: one of those that were added does not."""
        nonlocal workers
        with lock:
            if over.is_set() or todo.empty() or workers > most:
                workers -= 1
                return False
            return True

    def work() -> None:
        first = True
        while first or goes_on():
            first = False
            try:
                future, thing = todo.get_nowait()
            except queue.Empty:
                continue
            settle(future, lambda: function(thing))  # noqa: B023 - called before the next one

    def add(number: int) -> None:
        nonlocal workers
        with lock:
            workers += number
        for _ in range(number):
            start(work, name="upkeep-each")

    add(min(most, len(things)))
    clock, looked = Clock(), (time.process_time(), time.monotonic())
    try:
        results: list[R] = []
        while len(results) < len(futures):
            left, future = ends() - clock.monotonic(), futures[len(results)]
            wait = min(left, LOOK_SECONDS) if workers < most_waiting else left
            try:
                results.append(future.result(None if math.isinf(wait) else max(wait, 0.0)))
            except TimeoutError:
                if future.done() or left <= wait:
                    raise
                before, looked = looked, (time.process_time(), time.monotonic())
                share = (looked[0] - before[0]) / (looked[1] - before[1])
                if share < IDLE and not todo.empty():
                    add(min(most, most_waiting - workers))
        return results
    except TimeoutError:
        raise TimedOut(
            f"{len(things)} requests were not answered within the deadline of all requests together",
            next_step="--limit=sweep_deadline=5m",
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


# --- signals: a CronJob's deadline and a cancelled pipeline send SIGTERM, a session that closes SIGHUP ---

Handler = Callable[[int, FrameType | None], Any]


def ending_signals() -> tuple[signal.Signals, ...]:
    """Return SIGTERM, and SIGHUP unless it is ignored, as nohup has it."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return (signal.SIGTERM,)
    return signal.SIGTERM, signal.SIGHUP


def end_as_interrupted(handler: Handler = signal.default_int_handler) -> None:
    """Handle the signals, in the main thread: elsewhere none can be handled.

    :param handler: by default it raises KeyboardInterrupt.
    """
    if threading.current_thread() is threading.main_thread():
        for number in ending_signals():
            signal.signal(number, handler)
