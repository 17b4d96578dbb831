"""Whether the clock of a server and the clock of this machine agree."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from upkeep.errors import Malformed
from upkeep.model import span
from upkeep.shell import Command, shell

# So much may the clocks of the API server and of this machine differ; windows are hours.
MOST_APART = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)


def require_one_time(
    headers: Mapping[str, str], *, source: str, server: str, asked: datetime, came: datetime
) -> None:
    """Refuse an answer whose ``Date`` differs from this machine's clock.

    Ages are reckoned from this machine's now, and times come from the cluster. A program that is
    asked through the API server dates its answers itself; a cache says how old the date is.

    :param asked: the instant before the request; ``came`` the instant after the answer.
    :raises Malformed: the answer is dated before it was asked for, or after it came.
    """
    age = str(headers.get("Age", ""))
    try:
        dated = parsedate_to_datetime(str(headers.get("Date", "")))
        dated += timedelta(seconds=int(age) if age.isdecimal() else 0)
        apart = max(asked - dated, dated - came)
    except (ValueError, TypeError, OverflowError):  # No date: an answer may do without.
        return
    if apart <= MOST_APART:
        return
    way = "behind" if dated > asked else "ahead of"
    proxied = "/proxy/" in source
    whose = "the program asked" if proxied else server
    where = Command("on the node of the program" if proxied else "on the control plane")
    raise Malformed(
        f"This machine's clock is {span(round(apart / MINUTE) * MINUTE)} {way} that of {whose}: "
        "ages and windows cannot be computed.",
        source=source,
        next_step=shell("timedatectl; set the clock that is wrong, here or {}", where),
    )
