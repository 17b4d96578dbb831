"""Commands that are printed for a person to paste: every value in one is quoted for the shell.

A name from a cluster, a file or an option can hold shell syntax, so no command is put together by
an f-string. Source: https://docs.python.org/3/library/shlex.html#shlex.quote
"""

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from shlex import quote

# A step that begins with a program of this project, or names one after prose: "mount it here, or upkeep backup".
_OURS = re.compile(r"(?:^|[:;|&(] ?|, or )(?:upkeep|pytest) [a-z-]")
_BEFORE = re.compile(r"(?<!\{)\{\}(?!\})")


class Command(str):
    """A command, or a part of one, whose values are quoted already."""

    __slots__ = ()


NO_COMMAND = Command()


def shell(template: str, /, *values: object) -> Command:
    """Return a command with a value in the place of each ``{}``; a brace of its own is doubled.

    Each value is quoted, unless it is a part of a command that was made here.

    :raises ValueError: a value would stand within quotes of the template, which do not nest, or behind
        a letter or another value: its opening quote must not read as an apostrophe.
    """
    for before, value in zip(_BEFORE.finditer(template), values, strict=False):
        head = template[: before.start()]
        if head.count("'") % 2:
            raise ValueError(f"a value within quotes: {template}")
        if head and (head[-1].isalpha() or head[-1] == "}") and not isinstance(value, Command):
            raise ValueError(f"a value behind a letter or a value: {template}")
    return Command(template.format(*(_quoted(one) for one in values)))


def arguments(values: Iterable[object]) -> Command:
    """Return values as arguments, each quoted."""
    return Command(" ".join(_quoted(one) for one in values))


def chain(parts: Iterable[Command], *, between: str = " && ") -> Command:
    """Return commands one after the other."""
    return Command(between.join(parts))


def activation(steps: Iterable[str]) -> Command:
    """Return what to type before steps with upkeep or pytest; empty where the shell finds both.

    ``.venv/bin/pytest`` runs without an activated environment, and no printed command says ``.venv/bin``.
    """
    programs = Path(sys.prefix) / "bin"
    known = os.environ.get("PATH", "").split(os.pathsep)
    if sys.prefix == sys.base_prefix or str(programs) in known or not _any_of_ours(steps):
        return NO_COMMAND
    here = Path.cwd()
    shown = programs.relative_to(here) if programs.is_relative_to(here) else programs
    return shell(". {}", shown / "activate")


def _any_of_ours(steps: Iterable[str]) -> bool:
    return any(_OURS.search(line) for step in steps for line in step.splitlines())


def _quoted(value: object) -> str:
    return value if isinstance(value, Command) else quote(str(value))
