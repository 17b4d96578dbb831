"""The early end of a run: SIGTERM and SIGHUP count as Ctrl-C, and nothing interrupts the writing of its record.

A CronJob's deadline and a cancelled pipeline send SIGTERM. Finished measurements are judged
and recorded, and the gate is closed.
"""

import signal
import threading
from collections.abc import Generator
from types import FrameType
from typing import Any

import pytest

from upkeep.deadline import end_as_interrupted, ending_signals


def pytest_configure(config: pytest.Config) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # Only there can a signal be handled; a test may run pytest elsewhere.
    before = {number: signal.getsignal(number) for number in _signals()}
    end_as_interrupted(_interrupt)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    config.add_cleanup(restore)


def _signals() -> tuple[signal.Signals, ...]:
    return signal.SIGINT, *ending_signals()


def _interrupt(number: int, frame: FrameType | None) -> None:
    # A second one ends the process at once, whatever it does.
    for one in ending_signals():
        signal.signal(one, signal.SIG_DFL)
    raise KeyboardInterrupt


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish() -> Generator[None, Any, Any]:
    """Let the record, the gate and the reports be written whole: it takes less than a second."""
    main = threading.current_thread() is threading.main_thread()
    if main:
        for number in _signals():
            signal.signal(number, signal.SIG_IGN)
    return (yield)
