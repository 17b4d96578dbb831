"""docs/controls.md: the reasons by hand, then the table of all controls as the checks declare them."""

import contextlib
import io
from typing import Any

from tests import ROOT
from upkeep.commands import suite
from upkeep.model import CADENCES, SEVERITIES, Control

PATH = "docs/controls.md"
HEADING = "## All controls\n"


class Declared:
    """A pytest plugin that keeps the meta-data of every collected check."""

    def __init__(self) -> None:
        self.controls: list[Control] = []

    def pytest_collection_finish(self, session: Any) -> None:
        from upkeep.session import CONTROL

        self.controls = [item.stash[CONTROL] for item in session.items]


def declared() -> list[Control]:
    """Return every control, by cadence, severity and id."""
    plugin = Declared()
    with contextlib.redirect_stdout(io.StringIO()):
        suite.run(["--collect-only", "-qq"], plugins=[plugin])

    def order(control: Control) -> tuple[int, int, str]:
        return (
            CADENCES.index(control.cadence[0]),
            SEVERITIES.index(control.severity),
            control.id,
        )

    return sorted(plugin.controls, key=order)


def document() -> str:
    """Return docs/controls.md: the committed text up to its last heading, and the table."""
    before = (ROOT / PATH).read_text(encoding="utf-8").partition(HEADING)[0]
    lines = [
        "| control | requirement | cadence | severity | gate | guide |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for control in declared():
        cells = [
            f"[{control.id}](runbook.md#{control.id})",
            control.title.replace("|", "\\|"),
            ", ".join(control.cadence),
            control.severity,
            "gate" if control.gate else "",
            "" if control.guide == "(beyond)" else control.guide,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return f"{before}{HEADING}\nGenerated from the checks by `make documents`.\n\n" + "\n".join(
        [*lines, ""]
    )
