"""Secrecy: keep secrets out of exceptions, local values, captured output and logs.

An exception of a library can contain a URL with a token or a header, and pytest, Allure and JUnit print
it. So a safe exception replaces it. Values of frames never show, whatever ``-l``, ``--tb`` and
``--full-trace`` ask for.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

import pytest

from upkeep.errors import NotApplicable, Unmeasured
from upkeep.masking import mask, own

FULL_TRACE = pytest.StashKey[bool]()


class Broken(Exception):
    """An unexpected error.

    :ivar frames: its places as file, line and function, innermost last.
    """

    def __init__(self, message: str, frames: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.frames = frames


def pytest_configure(config: pytest.Config) -> None:
    option = config.option
    # pytest shows source lines with arguments (--full-trace) and local values (-l). We show places only.
    config.stash[FULL_TRACE] = option.fulltrace
    option.fulltrace = option.showlocals = False
    # Debug lines of HTTP libraries contain URLs, headers and bodies.
    disabled, factory = logging.root.manager.disable, logging.getLogRecordFactory()
    logging.disable(logging.INFO)
    logging.setLogRecordFactory(lambda *args, **kwargs: _masked(factory(*args, **kwargs)))
    config.add_cleanup(lambda: logging.disable(disabled))
    config.add_cleanup(lambda: logging.setLogRecordFactory(factory))


@pytest.hookimpl(optionalhook=True)
def pytest_metadata(metadata: dict[str, Any], config: pytest.Config) -> None:
    """Keep versions and the user's metadata: pytest-metadata also copies CI variables with credentials."""
    kept = {
        "Python",
        "Platform",
        "Packages",
        "Plugins",
        *(key for key, _ in config.getoption("metadata", [])),
    }
    for key in list(metadata):
        if key not in kept:
            del metadata[key]
        elif isinstance(metadata[key], str):
            metadata[key] = mask(metadata[key])


def _masked(record: logging.LogRecord) -> logging.LogRecord:
    kind = f" ({record.exc_info[0].__name__})" if record.exc_info and record.exc_info[0] else ""
    record.msg, record.args = mask(record.getMessage()) + kind, None
    record.exc_info = record.exc_text = record.stack_info = None
    return record


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_fixture_setup(fixturedef: Any) -> Iterator[None]:
    """Replace exceptions innermost: Allure records those of each fixture and finalizer."""
    with _Safely():
        record = yield
    fixturedef._finalizers[:] = [_safely(finalizer) for finalizer in fixturedef._finalizers]
    return record


class _Safely:
    """A context that lets only safe exceptions out."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and not isinstance(error, KeyboardInterrupt | pytest.exit.Exception):
            raise safe(error) from None


def _safely(finalizer: Callable[[], object]) -> Callable[[], object]:
    def run() -> None:
        with _Safely():
            finalizer()

    return run


@pytest.hookimpl(tryfirst=True)
def pytest_internalerror(excrepr: Any) -> None:
    """Mask an internal error of pytest or a plugin before terminal and JUnit print it."""
    for part, crash in [
        (excrepr.reprtraceback, excrepr.reprcrash),
        *(link[:2] for link in getattr(excrepr, "chain", ())),
    ]:
        if crash is not None:
            crash.message = mask(crash.message)
        for entry in part.reprentries:
            entry.lines = [mask(line) for line in entry.lines]


def safe(error: BaseException) -> BaseException:
    """Return an equal exception without secrets: no frames, no chain, a masked text."""
    if isinstance(error, Unmeasured):
        kind: type[Any] = type(error)
        # A command is safe as it was made; masking would take a value and its quote out of it.
        told: Unmeasured = kind(
            own(error.message), source=own(error.source), next_step=error.next_step
        )
        return told
    if isinstance(error, NotApplicable):
        return NotApplicable(own(str(error)))
    if isinstance(error, Broken):
        return error
    text = mask(str(error)).strip()
    return Broken(
        f"{type(error).__name__}: {text}" if text else type(error).__name__,
        places(error.__traceback__),
    )


def places(trace: TracebackType | None) -> tuple[str, ...]:
    """Return file, line and function of each frame of an exception, without source lines and values."""
    return tuple(
        f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(trace)
    )
