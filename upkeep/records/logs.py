"""What the logs said."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LogPattern:
    """Lines that are alike once identifiers, numbers, addresses and times are folded. ``example`` is masked."""

    pattern: str
    count: int
    level: str
    first: datetime
    last: datetime
    example: str


@dataclass(frozen=True, slots=True)
class SendFailures:
    """Lines that say that a message could not be sent. ``destination`` is empty where they name none; ``example`` is masked."""

    destination: str
    count: int
    first: datetime
    last: datetime
    example: str


@dataclass(frozen=True, slots=True)
class SlowWork:
    """A line that tells for how long the collector worked: ``what`` is ``request`` (the access line of a POST of alerts) or ``alert``."""

    what: str
    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True)
class LogSurvey:
    """What one container's log said in the window.

    :ivar previous: the log is that of the container before its last restart.
    :ivar lines: lines read in the window, and at least the last hundred where there are as many.
    :ivar covered_from: the instant from which on every line of this container instance is still there.
    :ivar covered_until: the end of what is covered: now for a running container, its end for a previous one.
    :ivar patterns: bad lines only (error level and above, panics), most frequent first.
    :ivar bad_lines: how many bad lines in all, also when the table of patterns was full.
    :ivar cut_lines: lines that were longer than the cap.
    :ivar send_failures: of level warn and above, most frequent first; a line may be a bad line as well.
    :ivar timed_lines: lines that tell how long the collector worked; ``slow_lines`` of them beyond the limit, ``slowest`` the worst.
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
