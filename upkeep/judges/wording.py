"""How judges count and quote in their sentences."""

from datetime import timedelta

from upkeep.model import span


def counted(number: int, noun: str) -> str:
    """``1 pod``, ``2 pods``: a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def lasted(time: timedelta) -> str:
    """How long something took or has been so, as a person says it: from ten minutes on without the seconds."""
    return (
        span(time - time % timedelta(minutes=1) if time >= timedelta(minutes=10) else time) or "0 s"
    )


def percent(ratio: float) -> str:
    """Return a ratio for people: ``91 %`` of 0.912."""
    return f"{ratio * 100:.0f} %"


def excerpt(text: str, *, most: int = 160) -> str:
    """A foreign text in one line of at most ``most`` characters. It must be masked already."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
