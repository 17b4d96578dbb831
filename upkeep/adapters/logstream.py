"""A container's log as a survey, in constant memory whatever its size.

Blocks are split into lines; bytes tell which lines may be bad, and only those are parsed. Bad is an error level by its field (the collector writes
one JSON object a line), or a panic as plain text, whose many lines are one event. Alike lines are counted under one pattern.
Each line begins with the API's own time (``timestamps=true``).
"""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from upkeep.errors import Absent, Malformed
from upkeep.masking import mask
from upkeep.model import parse_time
from upkeep.records import LogPattern, LogSurvey

MOST_LINE_BYTES = 16 * 1024
MOST_PATTERNS = 500
BAD_LEVELS = frozenset({"error", "fatal", "panic", "dpanic"})
START_SECONDS = 60  # the collector logs within this time of its start

_CANDIDATE = re.compile(rb'"(?i:error|fatal|panic|dpanic)"')
_PLAIN_PANIC = re.compile(rb"(?:panic: |fatal error: |runtime error: |goroutine \d+ \[)")
_FOLDED = (
    (re.compile(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b"), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S{0,32}"), "<time>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"), "<address>"),
    (re.compile(r"\b(?:0x)?(?=[a-f]{0,31}\d)[0-9a-f]{8,64}\b"), "<id>"),
    (re.compile(r"\d+(?:\.\d+)?"), "<n>"),
)


@dataclass
class _Tally:
    count: int
    level: str
    first: datetime
    last: datetime
    example: str


@dataclass
class _Reading:
    since: datetime | None
    lines: int = 0
    cut: int = 0
    bad: int = 0
    first: datetime | None = None
    patterns: dict[str, _Tally] = field(default_factory=dict)
    panic: bool = False


def survey(
    blocks: Iterable[bytes], *, pod: str, container: str, previous: bool, covered_from: datetime, covered_until: datetime, since: datetime | None = None
) -> LogSurvey:
    """Reads a log to its end.

    :param since: lines before this instant are read, and counted in ``lines``, but are not bad: they are older than the window.
    :raises Malformed: a line without the API's time. What the blocks raise (a broken stream) goes on.
    """
    reading = _Reading(since)
    for line, cut in _lines(blocks):
        reading.cut += cut
        _read(reading, line, where=f"log of {pod}/{container}")
    patterns = sorted(reading.patterns.items(), key=lambda entry: (-entry[1].count, entry[0]))
    return LogSurvey(
        pod=pod,
        container=container,
        previous=previous,
        lines=reading.lines,
        covered_from=covered_from,
        covered_until=covered_until,
        bad_lines=reading.bad,
        patterns=tuple(LogPattern(p, t.count, t.level, t.first, t.last, t.example) for p, t in patterns),
        cut_lines=reading.cut,
    )


def first_time(blocks: Iterable[bytes], *, where: str) -> datetime | None:
    """The time of a log's first line; ``None`` of an empty log."""
    for line, _ in _lines(blocks):
        return _split(line, where)[0]
    return None


def count_lines(blocks: Iterable[bytes]) -> int:
    """How many lines a log has."""
    return sum(1 for _ in _lines(blocks))


def tail(blocks: Iterable[bytes], count: int) -> tuple[str, ...]:
    """The last lines, masked and without the API's time."""
    last = deque((line for line, _ in _lines(blocks) if line.strip()), maxlen=count)
    return tuple(mask(line.partition(b" ")[2].decode(errors="replace"))[:300] for line in last)


def covered_from(first: datetime | None, *, started: datetime, window_start: datetime, now: datetime, where: str) -> datetime:
    """From which instant on every line of a container is still there.

    :param first: the time of the first line of its whole log.
    :raises Absent: no line at all of a container that had time to write one.
    """
    begin = max(started, window_start)
    if first is None:
        if now - started < timedelta(seconds=START_SECONDS):
            return begin
        raise Absent(f"{where} is empty, and the collector always logs at its start: what it said is gone", source=where)
    if first <= window_start or first - started <= timedelta(seconds=START_SECONDS):
        return begin
    return first


def _lines(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Lines without their ends, capped, and whether each was cut."""
    rest, skipping = b"", False
    for block in blocks:
        *whole, rest_of_block = block.split(b"\n")
        for part in whole:
            line = rest + part
            rest = b""
            if skipping:
                skipping = False
                continue
            yield line[:MOST_LINE_BYTES], len(line) > MOST_LINE_BYTES
        rest = rest_of_block if whole else rest + rest_of_block
        if skipping:
            rest = b""
        elif len(rest) > MOST_LINE_BYTES:
            yield rest[:MOST_LINE_BYTES], True
            rest, skipping = b"", True
    if rest and not skipping:
        yield rest, False


def _split(line: bytes, where: str) -> tuple[datetime, bytes]:
    stamp, _, text = line.partition(b" ")
    try:
        return parse_time(stamp.decode("ascii")), text
    except (UnicodeDecodeError, ValueError):
        raise Malformed(f"{where}: a line without the API's time", source=where) from None


def _read(reading: _Reading, line: bytes, *, where: str) -> None:
    instant, text = _split(line, where)
    reading.lines += 1
    reading.first = reading.first or instant
    stripped = text.strip()
    if reading.panic and not stripped.startswith(b"{"):
        # The rest of a panic: its message, goroutines and stack, until the program logs again.
        if not stripped.startswith(b"[GIN"):
            return
    reading.panic = False
    found = _bad(stripped)
    if found is None:
        return
    level, message = found
    reading.panic = level == "panic" and not stripped.startswith(b"{")
    if reading.since is not None and instant < reading.since:
        return
    reading.bad += 1
    pattern = message
    for expression, word in _FOLDED:
        pattern = expression.sub(word, pattern)
    pattern = mask(pattern)[:200]
    tally = reading.patterns.get(pattern)
    if tally is not None:
        tally.count, tally.first, tally.last = tally.count + 1, min(tally.first, instant), max(tally.last, instant)
    elif len(reading.patterns) < MOST_PATTERNS:
        reading.patterns[pattern] = _Tally(1, level, instant, instant, mask(message)[:300])


def _bad(text: bytes) -> tuple[str, str] | None:
    """Level and message of a bad line; ``None`` of any other."""
    if text.startswith(b"{"):
        if not _CANDIDATE.search(text):
            return None
        try:
            pairs: Any = json.loads(text.decode(errors="replace"), object_pairs_hook=_first_of_each)
        except (ValueError, RecursionError):
            # Cut or broken, and an error level stands in it: bad until shown otherwise.
            return "error", text.decode(errors="replace")
        level = str(pairs.get("level", "")).lower() if isinstance(pairs, dict) else ""
        if level not in BAD_LEVELS:
            return None
        error = pairs.get("error")
        message = str(pairs.get("message") or pairs.get("msg") or "(no message)")
        return level, f"{message}: {error}" if isinstance(error, str) and error else message
    if _PLAIN_PANIC.match(text):
        return "panic", text.decode(errors="replace")
    return None


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The first of a key that stands twice: Slack's own ``timestamp`` comes second."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found
