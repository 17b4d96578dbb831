"""The record of a run: results.jsonl while it grows, and the other files of the run beside it."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from reports.writing import Failures, open_new, replace, write_all
from upkeep.masking import hidden
from upkeep.model import Result
from upkeep.results import to_line

# The files of a run. A new run removes those of an earlier one, and no other file.
OURS = (
    "results.jsonl",
    "run.json",
    "gate.json",
    "compliance.html",
    "summary.md",
    "oscal-assessment-results.json",
    "report.html",
    "junit.xml",
)


class Ledger:
    """The record of the current run.

    :ivar results: the written results, in order.
    :ivar collected: every collected check, before deselection.
    :ivar uncollected: the files that pytest could not collect: their checks are unknown.
    """

    def __init__(self, folder: Path, lock: int, failures: Failures) -> None:
        self.failures = failures
        self.facts: dict[str, Any] = {}
        self.gate: dict[str, Any] | None = None
        self.folder = folder
        self.results: list[Result] = []
        self.collected: list[pytest.Item] = []
        self.uncollected: list[str] = []
        self._lock: int | None = lock
        self._file: int | None = None

    def open(self, *, keep: Sequence[str] = ()) -> None:
        """Remove the files of the earlier run and begin a new record; a second call does nothing.

        :param keep: files that this run has written already.
        """
        if self._file is not None:
            return
        for name in set(OURS) - set(keep):
            (self.folder / name).unlink(missing_ok=True)
        for pattern in ("*-result.json", "*-container.json", "*-attachment*"):
            for path in (self.folder / "allure-results").glob(pattern):
                path.unlink()
        self._file = open_new(self.folder / "results.jsonl")
        self.failures.last_look = self.require_folder

    def write(self, result: Result, *, run: str) -> None:
        """Append a result and flush it."""
        line = hidden(to_line(result, run=run)).encode("utf-8", errors="backslashreplace")
        self.results.append(result)
        if self._file is None:  # The folder was removed before the record began.
            self.failures.add(FileNotFoundError(errno.ENOENT, GONE), file="results.jsonl")
            return
        try:
            write_all(self._file, line + b"\n")
        except OSError as error:
            self.failures.add(error, file="results.jsonl")

    def replace(self, name: str, text: str) -> None:
        """Writes a file of the run whole, or notes why it could not be written."""
        path = self.folder / name
        self.failures.attempt(path, lambda: replace(path, text))

    def require_folder(self) -> None:
        """Note when results.jsonl was removed or replaced during the run."""
        if self._file is None:
            return
        try:
            there = (self.folder / "results.jsonl").stat()
        except OSError as error:
            self.failures.add(error, file="results.jsonl")
            return
        if there.st_ino != os.fstat(self._file).st_ino:
            gone = FileNotFoundError(errno.ENOENT, "another process replaced it")
            self.failures.add(gone, file="results.jsonl")

    def close(self) -> None:
        """End the record and let the next run have the folder; a second call does nothing."""
        for descriptor in (self._file, self._lock):
            if descriptor is not None:
                os.close(descriptor)
        self._file = self._lock = None


LEDGER = pytest.StashKey[Ledger]()
GONE = "its folder was removed"
