"""The guide's own words: what does docs/guide.rst say where a control's ``guide=`` points?"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide.rst"


class Instruction(Struct, frozen=True):
    """One instruction of the guide: its section and line, its text, the commands or threshold under it."""

    section: str
    line: int
    text: str
    commands: tuple[str, ...]


def instructions(text: str) -> Iterator[Instruction]:
    """Yield every comment of a shell block, bullet, numbered step, checklist item, CronJob and alert."""
    lines, section = text.splitlines(), ""
    found: list[tuple[str, int, str, list[str]]] = []
    for number, line in enumerate(lines, 1):
        following = lines[number] if number < len(lines) else ""
        if line and re.fullmatch(r"([=\-~])\1{3,}", following) and not line.startswith(" "):
            section = line
            continue
        said = (
            re.fullmatch(r"\s+# (.+)", line)
            or re.fullmatch(r"\s*- \[ \] (.+)", line)
            or re.fullmatch(r"\s*\d+\. \*\*(.+):\*\*", line)
            or re.fullmatch(r" {0,3}- ([A-Z].+)", line)
            or re.fullmatch(r"\s+- alert: (\w+)", line)
            or re.fullmatch(r"\s+name: (cano-collector-backup)", line)
        )
        if said:
            found.append((section, number, said[1].strip(), []))
        elif found and re.match(r"\s+(kubectl|curl|helm|ls|expr:|schedule:)", line):
            found[-1][3].append(line.strip().rstrip("\\").strip())
    for where, number, told, commands in found:
        yield Instruction(where, number, told, tuple(commands))


@lru_cache(maxsize=1)
def _known() -> tuple[Instruction, ...]:
    return tuple(instructions(GUIDE.read_text(encoding="utf-8")))


def words(guide: str) -> Instruction | None:
    """Return the instruction that a control's ``guide=`` names; ``None`` for one beyond the guide.

    A heading stands for all of its section: the text is then the first instructions under it.
    """
    for one in _known():
        if one.text.casefold() == guide.casefold():
            return one
    under = [one for one in _known() if one.section.casefold() == guide.casefold()]
    if not under:
        return None
    text = "; ".join(one.text for one in under[:5])
    return Instruction(under[0].section, under[0].line, text, ())
