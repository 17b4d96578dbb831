"""Files of a run when there is no room for them: each is whole or not there, and none stops another.

pytest-html, JUnit and Allure write in pytest's hooks, where an exception would end the run: one
sentence reports a file that they could not write.
"""

import errno
import json
import os
import stat
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from upkeep.masking import hidden
from upkeep.session import settings

# The plugins that write files of their own, by the module that their hooks come from.
_FOREIGN = ("pytest_html", "_pytest.junitxml", "allure_pytest", "allure_commons")


class Failures:
    """What could not be written, a sentence for each file.

    :ivar options: the option of a sentence's file, where that is not --out.
    :ivar undelivered: what did not get out of the run: metrics, its record in the ledger.
    :ivar last_look: looks, after everything was written, whether the record is still there.
    """

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.options: dict[str, str] = {}
        self.undelivered: list[str] = []
        self.last_look: Callable[[], None] | None = None

    def add(self, error: OSError, *, file: str, option: str = "") -> None:
        """Note that a file could not be written; the first reason for it stays.

        :param option: leads the file to another place; empty for --out.
        """
        why = error.strerror or type(error).__name__
        if not any(sentence.startswith(f"{file} ") for sentence in self.sentences):
            self.sentences.append(f"{file} could not be written: {why}")
            self.options[self.sentences[-1]] = option or "--out=DIR"

    def attempt(self, file: Path, write: Callable[[], object], *, option: str = "") -> None:
        """Write a file, or note why it could not be written."""
        try:
            write()
        except OSError as error:
            self.add(error, file=str(file) if option else file.name, option=option)


_FAILURES = pytest.StashKey[Failures]()


def failures_of(config: pytest.Config) -> Failures:
    """Return what the run could not write until now."""
    return config.stash.setdefault(_FAILURES, Failures())


def open_new(path: Path, *, mode: int = 0o666) -> int:
    """Return the descriptor of a new file; what stands there is replaced, and no link is followed.

    :raises OSError: it cannot be made.
    """
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, mode)


def open_lock(path: Path) -> int:
    """Return the descriptor of a lock file, made where it is missing; no link is followed.

    :raises OSError: it cannot be opened, or is no regular file.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return descriptor


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of it, or nothing: what came on the disk of it is taken back.

    :raises OSError: it cannot be written.
    """
    start = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        os.ftruncate(descriptor, start)
        os.lseek(descriptor, start, os.SEEK_SET)
        raise


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; the run's own secrets are masked in it.

    :raises OSError: it cannot be written. The file that was there stays.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        descriptor = open_new(beside)
        try:
            write_all(descriptor, hidden(text).encode("utf-8", errors="backslashreplace"))
        finally:
            os.close(descriptor)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Shield the run from the plugins that write: their hooks are all known by now."""
    failures = failures_of(session.config)
    for caller in _callers(session.config):
        for hook in caller.get_hookimpls():
            module = getattr(hook.function, "__module__", "")
            if hook.function.__name__ == "report_container":
                # A file for each fixture of each check: the sweep has measured before, so they say nothing.
                hook.function = _no_container
            elif module.startswith(_FOREIGN) and not (hook.hookwrapper or hook.wrapper):
                hook.function = _shielded(hook.function, failures, _written(session.config, module))


def _no_container(container: object) -> None:
    """Take the place of Allure's writer."""


def _callers(config: pytest.Config) -> Iterator[Any]:
    import allure_commons

    for manager in (config.pluginmanager, allure_commons.plugin_manager):
        for name, caller in vars(manager.hook).items():
            if not name.startswith("_"):
                yield caller


class _Written(NamedTuple):
    """What a plugin writes.

    :ivar name: as the sentence calls it.
    :ivar file: the one file that it is; ``None`` for a folder of them.
    :ivar option: that led it out of the output folder; empty where it is in there.
    """

    name: str
    file: Path | None
    option: str


def _written(config: pytest.Config, module: str) -> _Written:
    """Return what a plugin writes."""
    out = Path(os.path.abspath(settings(config).out))
    for start, name, attribute, option in (
        ("pytest_html", "report.html", "htmlpath", "--html=FILE"),
        ("_pytest.junitxml", "junit.xml", "xmlpath", "--junitxml=FILE"),
        ("allure", "allure-results", "allure_report_dir", "--alluredir=DIR"),
    ):
        if module.startswith(start):
            path = getattr(config.option, attribute, None)
            elsewhere = path and not Path(os.path.abspath(path)).is_relative_to(out)
            file = Path(path) if path and start != "allure" else None
            return _Written(str(path) if elsewhere else name, file, option if elsewhere else "")
    return _Written(module, None, "")


def _shielded(
    function: Callable[..., Any], failures: Failures, written: _Written
) -> Callable[..., Any]:
    file = written.file

    def run(*arguments: Any) -> Any:
        tells = function.__name__ == "pytest_terminal_summary"
        if tells and file is not None and not file.exists():
            return None  # It would print the path of a file that is not there.
        try:
            return function(*arguments)
        except OSError as error:
            failures.add(error, file=written.name, option=written.option)
            if file is not None:
                file.unlink(missing_ok=True)  # A half page would be taken for a whole one.
            return None

    return run


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    """After all who write, before the terminal tells: a run whose record is not whole is none."""
    done = yield
    failures = failures_of(session.config)
    if failures.last_look is not None:
        failures.last_look()
    if failures.sentences:
        _remove_halves(getattr(session.config.option, "allure_report_dir", None))
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
    return done


def _remove_halves(folder: str | None) -> None:
    """Take the halves of Allure's files away: it writes each in place."""
    for path in Path(folder).glob("*.json") if folder else ():
        try:
            json.loads(path.read_bytes())
        except (OSError, ValueError):
            path.unlink(missing_ok=True)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    failures = failures_of(config)
    for sentence in failures.sentences:
        option = failures.options.get(sentence, "--out=DIR")
        terminalreporter.write_line(
            f"ERROR: {sentence}. Free some space, or use {option}", red=True
        )
