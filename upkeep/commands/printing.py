"""Print foreign text: what a command says of names and sentences that others wrote."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, cast

from upkeep.adapters.wire.text import one_line, printable
from upkeep.masking import hidden


class _Hiding:
    """A stream that masks the process's own secrets, by value, in every text, and escapes what does not print."""

    def __init__(self, stream: TextIO, *, coloured: bool) -> None:
        self._stream, self._coloured = stream, coloured

    def write(self, text: str) -> int:
        self._stream.write(hidden(text) if self._coloured else printable(hidden(text)))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def hiding(*, coloured: bool = False) -> Iterator[None]:
    """Mask tokens, passwords and keys in all that is printed until the end, whoever prints it.

    A server, a proxy or a plugin can repeat what it was sent in any text.

    :param coloured: the program writes escape sequences of its own, which stay.
    """
    out = cast(TextIO, _Hiding(sys.stdout, coloured=coloured))
    err = cast(TextIO, _Hiding(sys.stderr, coloured=coloured))
    with redirect_stdout(out), redirect_stderr(err):
        yield


def say(text: str) -> None:
    """Print one line: no foreign text moves the cursor, hides a word or begins a line of its own.

    Spaces at the start stay.
    """
    indent = text[: len(text) - len(text.lstrip(" "))]
    print(indent + one_line(text))
