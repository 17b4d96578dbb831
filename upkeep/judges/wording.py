"""How judges count and quote in their sentences."""

import math
from datetime import timedelta

from upkeep.masking import mask
from upkeep.model import span


def counted(number: int, noun: str) -> str:
    """``1 pod``, ``2 pods``: a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def on_disk(kind: str, path: str) -> str:
    """Return the object of a file or folder: ``Folder/var/backups`` of ``/var/backups``."""
    return f"{kind}/{path.lstrip('/')}"


def lasted(time: timedelta) -> str:
    """How long something took or has been so, as a person says it: from ten minutes on without the seconds."""
    return (
        span(time - time % timedelta(minutes=1) if time >= timedelta(minutes=10) else time) or "0 s"
    )


def percent(ratio: float, *, limit: float | None = None) -> str:
    """Return a ratio for people: ``91 %`` of 0.912, ``2.6 %`` of 0.026359.

    :param limit: the ratio that it is held against; it is never rounded onto this limit or past it.
    """
    exact, bound = ratio * 100, None if limit is None else limit * 100
    fewest = 1 - math.floor(math.log10(exact)) if 0 < exact < 10 else 0  # two digits
    for places in range(fewest, fewest + 10):
        text = f"{exact:.{places}f}"
        if bound is None or (float(text) != bound and (float(text) > bound) is (exact > bound)):
            break
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def excerpt(text: str, *, most: int = 160) -> str:
    """Return a foreign text, masked, in one line of at most ``most`` characters."""
    line = " ".join(mask(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
