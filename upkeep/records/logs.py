"""Records of the logs."""

from datetime import datetime

from msgspec import Struct

from upkeep.records.stopped import Stopped


class LogPattern(Struct, frozen=True):
    """Lines that are alike once identifiers, numbers, addresses and times are folded. ``example`` is masked."""

    pattern: str
    count: int
    level: str
    first: datetime
    last: datetime
    example: str


class SendFailures(Struct, frozen=True):
    """Lines about failed sends. ``destination`` is empty where they name none; ``example`` is masked."""

    destination: str
    count: int
    first: datetime
    last: datetime
    example: str


class SlowWork(Struct, frozen=True):
    """A line with the time that work took: ``what`` is ``request`` (the access line of a POST of alerts) or ``alert``."""

    what: str
    seconds: float
    at: datetime


class LogSurvey(Struct, frozen=True):
    """The log of one run of a container in the window.

    :ivar previous: the log is that of the container before its last restart.
    :ivar lines: lines read in the window, and at least the last hundred where there are as many.
    :ivar covered_from: the instant from which on every line of this container instance is still there.
    :ivar covered_until: the end of what is covered: now for a running container, its end for a previous one.
    :ivar patterns: bad lines only (error level and above, panics), most frequent first.
    :ivar bad_lines: how many bad lines in all, also when the table of patterns was full.
    :ivar cut_lines: lines that were longer than the cap.
    :ivar send_failures: of level warn and above, most frequent first; a line may be a bad line as well.
    :ivar timed_lines: lines with the time that work took; ``slow_lines`` of them beyond the limit, ``slowest`` the worst.
    :ivar unread_lines: lines whose level is not known: their format is not read.
    :ivar silent_since: the last line of the collector, where the silence since is far longer than any pause before.
    :ivar longest_quiet_seconds: the longest pause between two lines.
    :ivar stopped: what kept it from being read, or from being read to its end; the lines that were read count all the same.
    """

    pod: str
    container: str
    previous: bool
    lines: int
    covered_from: datetime
    covered_until: datetime
    bad_lines: int
    patterns: tuple[LogPattern, ...] = ()
    cut_lines: int = 0
    tail: tuple[str, ...] = ()
    send_failures: tuple[SendFailures, ...] = ()
    timed_lines: int = 0
    slow_lines: int = 0
    slowest: tuple[SlowWork, ...] = ()
    unread_lines: int = 0
    silent_since: datetime | None = None
    longest_quiet_seconds: float = 0
    stopped: Stopped | None = None
