"""The structure drawn from the imports: ``python -m tests.repository.structure [FOLDER…]``.

Prints for each folder its rooms (modules and subfolders), the arrows between them, upward arrows
and circles, then folders with too many entries and files with too many lines.
"""

import argparse
import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests import ROOT

TOPS = ("upkeep", "fixtures", "reports", "checks", "tests", "bench")
# From the bottom up: a room imports only what stands before it, or in its own line.
LAYERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "upkeep": (
        (
            "errors",
            "limits",
            "clock",
            "deadline",
            "files",
            "lines",
            "masking",
            "addressing",
            "meter",
            "shell",
            "sharding",
            "urls",
        ),
        ("model",),
        ("records",),
        ("domain", "results", "verdict"),
        ("settings",),
        ("adapters", "judges", "sweep"),
        ("session", "replay"),
        ("demo",),
        ("commands",),
    ),
    "": (("upkeep",), ("fixtures", "reports"), ("checks",)),
}
SUBJECTS = (
    "workload", "logs", "alerts", "configuration", "access", "backups", "monitoring", "resources",
    "rehearsals", "releases", "attestations",
)  # fmt: skip
MOST_ROOMS = 25
MOST_ENTRIES = 20
MOST_LINES = {"tests": 400}
MOST_LINES_ELSEWHERE = 300

Arrows = dict[str, set[str]]


@cache
def modules() -> dict[str, Path]:
    """Return every module of the repository by its dotted name; a package by its own."""
    found = {}
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imported_by(module: str) -> frozenset[str]:
    """Return the modules of the repository that a module imports, wherever in it.

    What is imported from a package's ``__init__`` is that package; a submodule is itself.
    """
    known, found = modules(), set()
    for node in ast.walk(ast.parse(known[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module for name in names}
    return frozenset(name for name in found if name in known and name != module)


def arrows(folder: str) -> Arrows:
    """Return room -> the rooms of the same folder that it imports; ``""`` is the repository."""
    prefix = f"{folder}." if folder else ""
    found: Arrows = {}
    for module in modules():
        if module.startswith(prefix):
            room = module.removeprefix(prefix).partition(".")[0]
            others = {
                name.removeprefix(prefix).partition(".")[0]
                for name in imported_by(module)
                if name.startswith(prefix)
            }
            found[room] = found.get(room, set()) | (others - {room})
    return found


def circle(drawn: Mapping[str, set[str]]) -> list[str]:
    """Return one circle of arrows, from a room back to itself; nothing where there is none."""
    try:
        TopologicalSorter(drawn).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def upward(folder: str, drawn: Mapping[str, set[str]]) -> list[str]:
    """Return the arrows that lead to a layer above their own, and the rooms in no layer."""
    if folder not in LAYERS:
        return []
    level = {room: number for number, row in enumerate(LAYERS[folder]) for room in row}
    aside = {"__main__", "tests", "bench", "__init__"}
    rooms = [room for room in drawn if room not in aside]
    return [f"{room} is in no layer" for room in rooms if room not in level] + [
        f"{room} > {other}"
        for room in rooms
        for other in sorted(drawn[room])
        if level.get(other, -1) > level.get(room, len(level))
    ]


def folders() -> list[str]:
    """Return every folder that holds modules, dotted, and ``""`` for the repository."""
    parents = {name.rpartition(".")[0] for name in modules()}
    return sorted(parents)


def entries() -> dict[str, int]:
    """Return how many entries each folder has, generated ones left out."""
    found = {}
    for top in (*TOPS, "docs", "deploy"):
        for folder in [ROOT / top, *(ROOT / top).rglob("*/")]:
            shown = [path.name for path in folder.iterdir() if path.name[0] not in "._"]
            own = folder.relative_to(ROOT)
            if not {"__pycache__", "out"} & {*own.parts}:  # the reports of a run are in reports/out
                found[str(own)] = len({*shown} - {"out"})
    return found


def long_files() -> dict[str, int]:
    """Return the files with more lines than a file may have."""
    found = {}
    for path in modules().values():
        name = str(path.relative_to(ROOT))
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MOST_LINES.get(name.partition("/")[0], MOST_LINES_ELSEWHERE):
            found[name] = lines
    return found


def report(chosen: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the drawing of some folders."""
    for folder in chosen:
        drawn = arrows(folder)
        count = sum(map(len, drawn.values()))
        yield f"{folder or '.'}: {len(drawn)} rooms, {count} arrows"
        for room, others in sorted(drawn.items()):
            if others:
                yield f"    {room} > {', '.join(sorted(others))}"
        yield from (f"    UPWARD {arrow}" for arrow in upward(folder, drawn))
        if found := circle(drawn):
            yield f"    CIRCLE {' > '.join(found)}"
    whole = {module: set(imported_by(module)) for module in modules()}
    yield f"modules: {len(whole)}, arrows: {sum(map(len, whole.values()))}"
    if found := circle(whole):
        yield f"    CIRCLE {' > '.join(found)}"
    for name, number in sorted(entries().items()):
        if number > MOST_ENTRIES:
            yield f"{name}: {number} entries, {MOST_ENTRIES} are the most"
    for name, lines in sorted(long_files().items(), key=lambda entry: -entry[1]):
        yield f"{name}: {lines} lines"


def main() -> int:
    """Draw the structure from the imports. Exit code 0."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.repository.structure", description=main.__doc__
    )
    parser.add_argument("folders", nargs="*", help="dotted, as upkeep.judges (default: all)")
    chosen = parser.parse_args().folders or folders()
    if unknown := [name for name in chosen if name not in folders()]:
        parser.error(f"no folder of modules is called {unknown[0]!r}, for example upkeep.judges")
    print(*report(chosen), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
