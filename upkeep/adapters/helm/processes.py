"""Programs that end with this process, and the folders that they leave behind."""

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

# util-linux: the kernel ends the program when the process that started it is killed.
_SETPRIV = "/usr/bin/setpriv"
_MOST_SECONDS = 2.0  # that a killed program is waited for
_LOCK = threading.Lock()
_RUNNING: set[int] = set()
_FOLDERS: set[Path] = set()


def run(
    words: Sequence[str], environment: Mapping[str, str], *, given: bytes, seconds: float
) -> tuple[int, bytes, bytes]:
    """Return exit code, standard output and standard error of a program.

    :param given: its standard input.
    :raises OSError: it cannot be run. :raises subprocess.TimeoutExpired: it took longer.
    """
    if not os.access(words[0], os.X_OK):
        raise OSError(2, os.strerror(2), words[0])
    prefix = [_SETPRIV, "--pdeathsig=KILL", "--"] if os.access(_SETPRIV, os.X_OK) else []
    with _LOCK:  # Between its start and the note of it nothing may end this process unnoticed.
        process = subprocess.Popen(
            [*prefix, *words],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        _RUNNING.add(process.pid)
    with process:
        try:
            out, err = process.communicate(given, timeout=seconds)
        finally:
            with _LOCK:
                _RUNNING.discard(process.pid)
                if process.returncode is None:
                    # Not waited for yet, so that the number is still its own.
                    _kill(process.pid)
    return process.returncode, out, err


@contextmanager
def removed_at_exit(folder: Path) -> Iterator[None]:
    """Remove a folder, where there is one, after the ``with`` or at the end of this process."""
    with _LOCK:
        _FOLDERS.add(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with _LOCK:
            _FOLDERS.discard(folder)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _is_gone(process: int) -> bool:
    """Return whether it has ended and is in no list of processes: until then it can still write."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] == process
    except ChildProcessError:  # the thread that started it has waited for it
        return True


@atexit.register
def _end_all() -> None:
    """End what still runs: the threads that wait for it do not get to it any more."""
    with _LOCK:
        for group in _RUNNING:
            _kill(group)
        ends = time.monotonic() + _MOST_SECONDS
        while not all(map(_is_gone, _RUNNING)) and time.monotonic() < ends:
            time.sleep(0.01)
        for folder in _FOLDERS:
            shutil.rmtree(folder, ignore_errors=True)
