"""Print foreign text: what a command says of names and sentences that others wrote."""

from upkeep.adapters.wire.text import one_line
from upkeep.masking import hidden


def say(text: str) -> None:
    """Print one line: no foreign text moves the cursor, hides a word or begins a line of its own.

    Spaces at the start stay; the run's own secrets are masked.
    """
    indent = text[: len(text) - len(text.lstrip(" "))]
    print(indent + one_line(hidden(text)))
