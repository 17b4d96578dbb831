"""A container's log as a survey, in constant memory whatever its size.

Bytes tell which lines may be bad, and only those are parsed. Bad is an error level by its field (the collector writes one JSON object a
line), or a panic as plain text, whose many lines are one event. Alike lines are counted under one pattern. Everything kept is masked.

A fixture measures a pod's container in a few lines; ``ask`` sends one log request with the query it is given::

    for instance in instances(container, since=window_start):
        survey = measure(lambda query: kube.stream(path, query), pod=pod.name, container=container.name, instance=instance,
                         window_start=window_start, now=now, least_lines=100)

Source: Kubernetes API, PodLogOptions (container, previous, sinceSeconds, tailLines, limitBytes, timestamps); the kubelet serves the newest
file of its rotation only (collector.md, "Traps").
"""

import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from upkeep.adapters.formats import logline
from upkeep.errors import Absent, Malformed
from upkeep.model import parse_time
from upkeep.records.logs import LogPattern, LogSurvey, SendFailures, SlowWork
from upkeep.records.workload import ContainerStatus

Ask = Callable[[Mapping[str, str]], AbstractContextManager[Iterable[bytes]]]

MOST_LINE_BYTES = 16 * 1024
MOST_PATTERNS = 1000
MOST_DESTINATIONS = 200
MOST_SLOW = 5
TAIL_LINES = 10
HEAD_BYTES = 4096
SLICE_BYTES = 64 * 1024
START_SECONDS = 60  # the collector logs within this time of its start
SLACK_SECONDS = 60  # asked for beyond the window: the kubelet counts from its own now, which comes later than ours

_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))(?: |$)")


@dataclass(frozen=True, slots=True)
class Instance:
    """One life of a container whose log the kubelet still has.

    :ivar previous: the API is asked with ``previous=true``.
    :ivar ended: when it ended; ``None`` while it runs, or when nobody knows: see ``running``.
    """

    previous: bool
    started: datetime | None
    ended: datetime | None
    running: bool


def instances(container: ContainerStatus, *, since: datetime) -> tuple[Instance, ...]:
    """The lives of a container to be read: the one there is and the one before it, but none that ended before ``since``.

    While a container waits for its next start, both requests give the life that ended last; it is read once, as the previous one.
    """
    found, ended, last = [], container.terminated, container.last_termination
    if container.state == "running":
        found.append(Instance(False, container.started, None, running=True))
    elif ended is not None:
        found.append(
            Instance(False, ended.started or container.started, ended.finished, running=False)
        )
    if last is not None:
        found.append(Instance(True, last.started, last.finished, running=False))
    return tuple(
        instance for instance in found if instance.ended is None or instance.ended >= since
    )


def measure(
    ask: Ask,
    *,
    pod: str,
    container: str,
    instance: Instance,
    window_start: datetime,
    now: datetime,
    least_lines: int,
    slow_seconds: float = math.inf,
) -> LogSurvey:
    """One life of a container: its log since ``window_start``, or its last ``least_lines`` lines where those are more.

    The last lines then hold all of the window's, so these are surveyed alone, and nothing is counted twice.

    :param least_lines: 0 for the window alone.
    :param slow_seconds: longer work than this is counted as slow.
    :raises Absent: the log is empty, and it cannot be. :raises Malformed: not a log with times. What the stream raises goes on.
    """
    where = f"log of {pod}/{container}" + (" before its last restart" if instance.previous else "")
    base = {"container": container, "timestamps": "true"} | (
        {"previous": "true"} if instance.previous else {}
    )

    def read(query: Mapping[str, str], since: datetime | None) -> _Reading:
        with ask({**base, **query}) as blocks:
            return _read(blocks, where=where, since=since, slow_seconds=slow_seconds)

    seconds = max(1, math.ceil((now - window_start).total_seconds()) + SLACK_SECONDS)
    reading = read({"sinceSeconds": str(seconds)}, window_start)
    first = reading.first
    if reading.lines < least_lines:
        reading = read({"tailLines": str(least_lines)}, None)
        first = reading.first
    elif instance.started is None or instance.started < window_start:
        with ask(base | {"limitBytes": str(HEAD_BYTES)}) as blocks:
            first = first_time(blocks, where=where)
    until = now if instance.running else instance.ended or reading.last or now
    begin = covered_from(
        first, started=instance.started, window_start=window_start, now=until, where=where
    )
    return reading.survey(
        pod, container, previous=instance.previous, covered_from=begin, covered_until=until
    )


def survey(
    blocks: Iterable[bytes],
    *,
    pod: str,
    container: str,
    previous: bool,
    covered_from: datetime,
    covered_until: datetime,
    since: datetime | None = None,
) -> LogSurvey:
    """Reads a log to its end.

    :param since: lines before the first one of this instant or later are older than the window: not counted and not judged.
    :raises Malformed: a line without the API's time. What the blocks raise (a broken stream) goes on.
    """
    reading = _read(blocks, where=f"log of {pod}/{container}", since=since)
    return reading.survey(
        pod, container, previous=previous, covered_from=covered_from, covered_until=covered_until
    )


def covered_from(
    first: datetime | None,
    *,
    started: datetime | None,
    window_start: datetime,
    now: datetime,
    where: str,
) -> datetime:
    """From which instant on every line of a container is still there.

    :param first: the time of the first line of its whole log, ``None`` of an empty one.
    :param started: when the container started, ``None`` if nobody knows.
    :param now: the end of what is covered: now, or when the container ended.
    :raises Absent: no line at all of a container that had time to write one.
    """
    grace = timedelta(seconds=START_SECONDS)
    begin = window_start if started is None else max(started, window_start)
    if first is None:
        if started is not None and now - started <= grace:
            return begin
        raise Absent(
            f"{where} is empty, and the collector always logs at its start: what it said is gone",
            source=where,
        )
    if first <= window_start or (started is not None and first - started <= grace):
        return begin
    return first


def first_time(blocks: Iterable[bytes], *, where: str) -> datetime | None:
    """The time of a log's first line; ``None`` of an empty log.

    :raises Malformed: the first line has no time.
    """
    for line, _ in _lines(blocks):
        _, stamp = _stamp(line, 1, where)
        return _time(stamp, 1, where)
    return None


def tail(blocks: Iterable[bytes], count: int) -> tuple[str, ...]:
    """The last lines that are not blank as a person reads them, masked, without the API's time where they have it."""
    last: deque[bytes] = deque(maxlen=count)
    for line, _ in _lines(blocks):
        stamp = _STAMP.match(line)
        text = line[stamp.end() :] if stamp else line
        if text.strip():
            last.append(text)
    return tuple(logline.told(text.decode(errors="replace")) for text in last)


@dataclass(slots=True)
class _Tally:
    count: int
    level: str
    first: datetime
    last: datetime
    example: str


@dataclass(slots=True)
class _Reading:
    """What a stream said. ``first`` is the time of its first line, also of one before the window."""

    lines: int = 0
    cut: int = 0
    bad: int = 0
    first: datetime | None = None
    last: datetime | None = None
    patterns: dict[str, _Tally] = field(default_factory=dict)
    unsent: dict[str, _Tally] = field(default_factory=dict)
    timed: int = 0
    slow: int = 0
    slowest: list[SlowWork] = field(default_factory=list)
    tail: deque[bytes] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))

    def count(self, event: logline.Event, instant: datetime) -> None:
        """Counts an event; when the table of patterns is full, a new one counts in ``bad`` alone."""
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
        """Keeps the slowest of the slow lines."""
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
    ) -> LogSurvey:
        """The record of it."""
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
            tail=tuple(logline.shown(line.decode(errors="replace")) for line in self.tail),
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
    table: dict[str, _Tally], key: str, event: logline.Event, instant: datetime, *, most: int
) -> None:
    """One more of a key; a new key of a full table is left out."""
    tally = table.get(key)
    if tally is not None:
        tally.count, tally.first, tally.last = (
            tally.count + 1,
            min(tally.first, instant),
            max(tally.last, instant),
        )
    elif len(table) < most:
        table[key] = _Tally(1, event.level, instant, instant, event.example)


def _read(
    blocks: Iterable[bytes], *, where: str, since: datetime | None, slow_seconds: float = math.inf
) -> _Reading:
    reading, lines = _Reading(), logline.Lines()
    number, entered, latest = 0, since is None, b""
    for line, cut in _lines(blocks):
        number += 1
        text, stamp = _stamp(line, number, where)
        if reading.first is None:
            reading.first = _time(stamp, number, where)
        event = lines.judge(text, cut=cut)
        entered = entered or (since is not None and _time(stamp, number, where) >= since)
        if not entered:
            continue
        latest = stamp
        reading.lines += 1
        reading.cut += cut
        reading.tail.append(text)
        if event is not None:
            reading.count(event, _time(stamp, number, where))
        work = logline.worked(text)
        if work is not None:
            reading.timed += 1
            if work[1] > slow_seconds:
                reading.time(*work, _time(stamp, number, where))
    if latest:
        reading.last = _time(latest, number, where)
    return reading


def _lines(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each line without its end, at most ``MOST_LINE_BYTES`` of it, and whether it was longer. A last one without an end is one, too."""
    rest, cut = bytearray(), False
    for block in blocks:
        for offset in range(0, len(block), SLICE_BYTES):
            *whole, last = block[offset : offset + SLICE_BYTES].split(b"\n")
            for part in whole:
                if rest or cut:
                    cut = cut or len(rest) + len(part) > MOST_LINE_BYTES
                    yield bytes(rest + part)[:MOST_LINE_BYTES], cut
                    rest, cut = bytearray(), False
                else:
                    yield part[:MOST_LINE_BYTES], len(part) > MOST_LINE_BYTES
            cut = cut or len(rest) + len(last) > MOST_LINE_BYTES
            rest += last[: MOST_LINE_BYTES - len(rest)]
    if rest:
        yield bytes(rest), cut


def _stamp(line: bytes, number: int, where: str) -> tuple[bytes, bytes]:
    """What the program wrote, and the API's time in front of it.

    :raises Malformed: there is none. The message says which line, never what is in it.
    """
    found = _STAMP.match(line)
    if found is None:
        raise Malformed(f"{where}: line {number} does not begin with the API's time", source=where)
    return line[found.end() :], found[1]


def _time(stamp: bytes, number: int, where: str) -> datetime:
    try:
        return parse_time(stamp.decode())
    except (ValueError, OverflowError):
        raise Malformed(
            f"{where}: the time of line {number} does not exist", source=where
        ) from None
