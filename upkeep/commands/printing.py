"""Print foreign text: what a command says of names and sentences that others wrote."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, cast

from upkeep.adapters.wire.text import one_line
from upkeep.masking import hidden


class _Hiding:
    """A stream that masks the process's own secrets, by value, in every text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(hidden(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def hiding() -> Iterator[None]:
    """Mask tokens, passwords and keys in all that is printed until the end, whoever prints it.

    A server, a proxy or a plugin can repeat what it was sent in any text.
    """
    out, err = cast(TextIO, _Hiding(sys.stdout)), cast(TextIO, _Hiding(sys.stderr))
    with redirect_stdout(out), redirect_stderr(err):
        yield


def say(text: str) -> None:
    """Print one line: no foreign text moves the cursor, hides a word or begins a line of its own.

    Spaces at the start stay.
    """
    indent = text[: len(text) - len(text.lstrip(" "))]
    print(indent + one_line(text))
