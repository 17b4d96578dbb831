"""docs/sources.md: what each control reads, and what becomes of it where that is withheld.

The document is generated from runs, and read back as what the tests expect: that a control passes
without one of its sources is a line in it that somebody agreed to.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import ROOT
from tests.checks.inner import Ran, run
from tests.checks.witness import EVERY, HEALTHY, Declared, Witnessed, witnessed
from upkeep import demo

PATH = "docs/sources.md"
WITHHELD = "forbidden"


@dataclass(frozen=True)
class Row:
    """A source in a layout.

    :ivar asked_by: the measurements that ask it.
    :ivar unknown: the controls that could not be measured without it.
    :ivar judged: the controls that read it and are judged all the same.
    """

    source: str
    asked_by: tuple[str, ...]
    unknown: tuple[str, ...]
    judged: tuple[str, ...]

    @property
    def controls(self) -> tuple[str, ...]:
        """The controls that read the source."""
        return (*self.unknown, *self.judged)

    def text(self) -> str:
        """The row of the table."""
        cells = [", ".join(f"`{name}`" for name in self.asked_by)]
        cells += [", ".join(sorted(names)) for names in (self.unknown, self.judged)]
        return f"| {self.source} | {' | '.join(cell or '—' for cell in cells)} |"

    def cover(self, told: Declared) -> tuple[str, ...]:
        """Return a control for each measurement that asks, and all that are judged without.

        Every control is handed the same exception by the sweep: one of them shows what a
        measurement makes of a fault.
        """
        reached = {one: told.reached(one, strictly=True) for one in self.unknown}
        nearest = sorted(reached, key=lambda one: (len(reached[one]), one))
        found = dict.fromkeys(self.judged)
        for measurement in self.asked_by:
            found |= dict.fromkeys([one for one in nearest if measurement in reached[one]][:1])
        loose = [one for one in self.unknown if not reached[one] & {*self.asked_by}]
        return tuple(found | dict.fromkeys(loose))


def prefixed(layout: str, name: str) -> str:
    """Return the name of a scenario in a layout."""
    return name if layout == "guide" else f"{layout}/{name}"


def reading(log: Witnessed, layout: str) -> dict[str, dict[str, set[str]]]:
    """Return source -> control -> the measurements by which it reads the source."""
    found: dict[str, dict[str, set[str]]] = {source: {} for source in demo.SOURCES}
    for control in log.declared.asked:
        for source, measurements in log.reads(layout, control).items():
            found[source][control] = measurements
        found["all"][control] = set()
    return found


def withheld(layout: str, kind: str, chosen: Mapping[str, tuple[str, ...]], folder: Path) -> Ran:
    """Run controls with a source withheld; ``chosen`` is source -> controls."""
    only = {prefixed(layout, f"{kind}@{source}"): names for source, names in chosen.items()}
    # What hangs is waited for in real time, for all at once; everything else by the held clock.
    deadline = "6s" if kind == "hang" else "20s"
    limits = {"request_deadline": deadline}
    return run(list(only), folder, limits=limits, cadence=EVERY, only=only)


def rows(log: Witnessed, layout: str) -> Iterator[Row]:
    """Yield what a run with each source withheld gives."""
    found = reading(log, layout)
    with tempfile.TemporaryDirectory() as folder:
        chosen = {source: tuple(controls) for source, controls in found.items() if controls}
        ran = withheld(layout, WITHHELD, chosen, Path(folder))
    for source, controls in found.items():
        outcomes = ran.outcomes(prefixed(layout, f"{WITHHELD}@{source}"))
        unknown = tuple(sorted(one for one in controls if outcomes[one] == "unknown"))
        judged = tuple(sorted(set(controls) - set(unknown)))
        yield Row(source, tuple(sorted(set().union(*controls.values()))), unknown, judged)


def document() -> str:
    """Return docs/sources.md."""
    with tempfile.TemporaryDirectory() as folder:
        log = witnessed(Path(folder))
    lines = [
        "# Sources",
        "",
        "What each control reads, and its outcome when the API server forbids that source.",
        "Generated: the embedded cluster's request log says who reads what, and a run with each source forbidden says the rest.",
        "A control may do without a source only where a `@measurement` declares it by `tolerates=` or `optional=`.",
    ]
    for layout in HEALTHY:
        lines += ["", f"## {layout.capitalize()} layout", ""]
        lines += ["| source | asked by | could not measure without it | judged without it |"]
        lines += ["| --- | --- | --- | --- |"]
        lines += [row.text() for row in rows(log, layout)]
    return "\n".join(lines) + "\n"


def committed(layout: str) -> dict[str, Row]:
    """Return the rows of the committed document, by source."""
    text = (ROOT / PATH).read_text(encoding="utf-8")
    part = text.partition(f"## {layout.capitalize()} layout")[2].partition("\n## ")[0]
    found = {}
    for line in re.findall(r"^\| (?!source|---)(.+) \|$", part, flags=re.MULTILINE):
        source, *cells = line.split(" | ")
        asked, unknown, judged = (tuple(re.findall(r"[a-z][a-z0-9_-]*", cell)) for cell in cells)
        found[source] = Row(source, asked, unknown, judged)
    return found
