"""Lines on a terminal: sentences wrap at words, and a command stays whole, so that it can be copied."""

import shutil
import textwrap


def wrapped(text: str, *, terminal: bool) -> list[str]:
    """Return the lines of a text in the width of the terminal; as they are where they go to a file."""
    if not terminal:
        return text.split("\n")
    width = max(shutil.get_terminal_size().columns, 40)
    return [part for line in text.split("\n") for part in _parts(line, width)]


def _parts(line: str, width: int) -> list[str]:
    start = line.lstrip()
    if not start or start.startswith("next: "):
        return [line]
    indent = line[: len(line) - len(start)]
    return textwrap.wrap(
        start, width, initial_indent=indent, subsequent_indent=f"{indent}  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
