"""The judges: pure functions ``(records, *, now, limits) -> Judgement``, one module for each subject.

A judge reads no clock, no file and no network, and imports only the model, the records, the limits, the errors and the
standard library. In each of them the order is the same:

1. Is the look whole? What is missing where something must be raises an ``Unmeasured`` kind: it is never ignored, and
   never a finding.
2. What is wrong becomes a finding; ``observed`` says what was seen, also when it is good.
3. What cannot be told yet (``TooEarly``) is raised only when nothing is known to be wrong.

The order of the records never matters.
"""

from datetime import timedelta

from upkeep.model import span


def counted(number: int, noun: str) -> str:
    """``1 pod``, ``2 pods``: a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def lasted(time: timedelta) -> str:
    """How long something took or has been so, as a person says it: from ten minutes on without the seconds."""
    return span(time - time % timedelta(minutes=1) if time >= timedelta(minutes=10) else time) or "0 s"


def excerpt(text: str, *, most: int = 160) -> str:
    """A foreign text in one line of at most ``most`` characters. It must be masked already."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
