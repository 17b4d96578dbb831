"""Read a container's log to its end, in constant memory whatever its size.

Bytes tell which lines may be bad, and only those are parsed. Alike lines are counted under one pattern. Everything kept is masked.
"""

import math
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from upkeep.adapters.formats import logline, logtiming
from upkeep.errors import Malformed, Truncated
from upkeep.model import parse_time
from upkeep.records.logs import LogPattern, LogSurvey, SendFailures, SlowWork
from upkeep.records.stopped import Stopped

MOST_LINE_BYTES = 16 * 1024
MOST_PATTERNS = 1000
MOST_DESTINATIONS = 200
MOST_SLOW = 5
TAIL_LINES = 10
SLICE_BYTES = 64 * 1024
STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))(?: |$)")
_MINUTE = slice(0, 16)  # of a stamp


@dataclass(slots=True)
class Tally:
    count: int
    level: str
    first: datetime
    last: datetime
    example: str


@dataclass(slots=True)
class Reading:
    """The content of one log.

    :ivar first: the time of its first line, also of one before the window.
    :ivar unread: lines whose level is not known.
    :ivar longest_quiet: the longest time between two lines.
    """

    lines: int = 0
    cut: int = 0
    bad: int = 0
    unread: int = 0
    longest_quiet: timedelta = timedelta()
    first: datetime | None = None
    last: datetime | None = None
    patterns: dict[str, Tally] = field(default_factory=dict)
    unsent: dict[str, Tally] = field(default_factory=dict)
    timed: int = 0
    slow: int = 0
    slowest: list[SlowWork] = field(default_factory=list)
    tail: deque[bytes] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))

    def count(self, event: logline.Event, instant: datetime) -> None:
        """Count an event; when the table of patterns is full, a new one counts only in ``bad``."""
        if event.bad:
            self.bad += 1
            _count(self.patterns, event.pattern, event, instant, most=MOST_PATTERNS)
        if event.unsent is not None:
            name = (
                event.unsent
                if event.unsent in self.unsent or len(self.unsent) < MOST_DESTINATIONS
                else ""
            )
            _count(self.unsent, name, event, instant, most=MOST_DESTINATIONS + 1)

    def time(self, what: str, seconds: float, instant: datetime) -> None:
        """Keep the slowest of the slow lines."""
        self.slow += 1
        self.slowest = sorted(
            [*self.slowest, SlowWork(what, seconds, instant)], key=lambda work: -work.seconds
        )[:MOST_SLOW]

    def survey(
        self,
        pod: str,
        container: str,
        *,
        previous: bool,
        covered_from: datetime,
        covered_until: datetime,
        silent_since: datetime | None = None,
        stopped: Stopped | None = None,
    ) -> LogSurvey:
        """Return the record of it."""
        patterns = sorted(self.patterns.items(), key=lambda entry: (-entry[1].count, entry[0]))
        return LogSurvey(
            pod=pod,
            container=container,
            previous=previous,
            lines=self.lines,
            covered_from=covered_from,
            covered_until=covered_until,
            bad_lines=self.bad,
            patterns=tuple(
                LogPattern(p, t.count, t.level, t.first, t.last, t.example) for p, t in patterns
            ),
            cut_lines=self.cut,
            unread_lines=self.unread,
            silent_since=silent_since,
            longest_quiet_seconds=self.longest_quiet.total_seconds(),
            stopped=stopped,
            tail=tuple(logline.told(line.decode(errors="replace")) for line in self.tail),
            send_failures=tuple(
                SendFailures(name, t.count, t.first, t.last, t.example)
                for name, t in sorted(
                    self.unsent.items(), key=lambda entry: (-entry[1].count, entry[0])
                )
            ),
            timed_lines=self.timed,
            slow_lines=self.slow,
            slowest=tuple(self.slowest),
        )


def _count(
    table: dict[str, Tally], key: str, event: logline.Event, instant: datetime, *, most: int
) -> None:
    """Count one more of a key; a new key of a full table is left out."""
    tally = table.get(key)
    if tally is not None:
        tally.count, tally.first, tally.last = (
            tally.count + 1,
            min(tally.first, instant),
            max(tally.last, instant),
        )
    elif len(table) < most:
        table[key] = Tally(1, event.level, instant, instant, event.example)


def read(
    blocks: Iterable[bytes], *, where: str, since: datetime | None, slow_seconds: float = math.inf
) -> Reading:
    """Return what a log says.

    :param since: lines before the first one of this instant or later are older than the window: not counted and not judged.
    :param slow_seconds: longer work than this is counted as slow.
    :raises Malformed: a line without the API's time. :raises Truncated: the last line is cut. What the blocks raise goes on.
    """
    reading, judge = Reading(), logline.Lines()
    number, entered, latest, minute = 0, since is None, b"", b""
    for line, cut, ended in _lines(blocks):
        number += 1
        text, stamp = _stamp(line, number, where)
        if reading.first is None:
            reading.first = _time(stamp, number, where)
        event = judge.judge(text, cut=cut)
        if not ended and not cut and text.startswith(b"{") and not text.rstrip().endswith(b"}"):
            raise Truncated(
                f"{where}: line {number} is cut, so the log ends early.",
                source=where,
                next_step="run again",
            )
        entered = entered or (since is not None and _time(stamp, number, where) >= since)
        if not entered:
            continue
        if stamp[_MINUTE] != minute:  # to the minute is enough, and spares a time for each line
            if latest:
                quiet = _time(stamp, number, where) - _time(latest, number, where)
                reading.longest_quiet = max(reading.longest_quiet, quiet)
            minute = stamp[_MINUTE]
        latest = stamp
        reading.lines += 1
        reading.cut += cut
        reading.unread += not judge.known
        reading.tail.append(text)
        if event is not None:
            reading.count(event, _time(stamp, number, where))
        work = logtiming.worked(text)
        if work is not None:
            reading.timed += 1
            if work[1] > slow_seconds:
                reading.time(*work, _time(stamp, number, where))
    if latest:
        reading.last = _time(latest, number, where)
    return reading


def first_time(blocks: Iterable[bytes], *, where: str) -> datetime | None:
    """Return the time of a log's first line; ``None`` of an empty log.

    :raises Malformed: the first line has no time.
    """
    for line, _, _ in _lines(blocks):
        _, stamp = _stamp(line, 1, where)
        return _time(stamp, 1, where)
    return None


def tail(blocks: Iterable[bytes], count: int) -> tuple[str, ...]:
    """Return the last lines that are not blank as a person reads them, masked, without the API's time."""
    last: deque[bytes] = deque(maxlen=count)
    for line, _, _ in _lines(blocks):
        stamp = STAMP.match(line)
        text = line[stamp.end() :] if stamp else line
        if text.strip():
            last.append(text)
    return tuple(logline.told(text.decode(errors="replace")) for text in last)


def _lines(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool, bool]]:
    """Yield each line without its end, at most ``MOST_LINE_BYTES`` of it, whether it was longer, and whether it has an end."""
    rest, cut = bytearray(), False
    for block in blocks:
        for offset in range(0, len(block), SLICE_BYTES):
            *whole, last = block[offset : offset + SLICE_BYTES].split(b"\n")
            for part in whole:
                if rest or cut:
                    cut = cut or len(rest) + len(part) > MOST_LINE_BYTES
                    yield bytes(rest + part)[:MOST_LINE_BYTES], cut, True
                    rest, cut = bytearray(), False
                else:
                    yield part[:MOST_LINE_BYTES], len(part) > MOST_LINE_BYTES, True
            cut = cut or len(rest) + len(last) > MOST_LINE_BYTES
            rest += last[: MOST_LINE_BYTES - len(rest)]
    if rest:
        yield bytes(rest), cut, False


def _stamp(line: bytes, number: int, where: str) -> tuple[bytes, bytes]:
    """Return what the program wrote, and the API's time in front of it.

    :raises Malformed: there is none. The message says which line, never its text.
    """
    found = STAMP.match(line)
    if found is None:
        raise Malformed(f"{where}: line {number} does not begin with the API's time.", source=where)
    return line[found.end() :], found[1]


def _time(stamp: bytes, number: int, where: str) -> datetime:
    try:
        return parse_time(stamp.decode())
    except (ValueError, OverflowError):
        raise Malformed(
            f"{where}: the time of line {number} does not exist.", source=where
        ) from None
