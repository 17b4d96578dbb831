"""The signals that end a program as Ctrl-C does: what was begun is taken back, and no temporary file stays.

A CronJob's deadline and a cancelled pipeline send SIGTERM, a terminal or SSH session that closes SIGHUP.
"""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

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
