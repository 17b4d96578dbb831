"""docs/outcomes.md: the outcome of every control on every scenario, generated and read back."""

import contextlib
import io
import re
import tempfile
from collections.abc import Container, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

from tests import ROOT
from tests.checks.inner import EVERY, Ran, run
from upkeep import demo

PATH = "docs/outcomes.md"
DEFAULTS = ["chart-defaults", "chart-defaults-no-prometheus"]
SYMBOLS = {
    "pass": "·",
    "fail": "FAIL",
    "unknown": "unknown",
    "not-applicable": "n/a",
    "due": "due",
    "not-run": "not run",
}
# Scenarios of one run. Faults of the connection have a matrix of their own.
MOST_SCENARIOS = 25


def in_batches(names: Sequence[str]) -> list[list[str]]:
    """Return the names in their order, as many at a time as one run takes."""
    starts = range(0, len(names), MOST_SCENARIOS)
    return [list(names[start : start + MOST_SCENARIOS]) for start in starts]


@cache
def committed() -> dict[str, str]:
    """Return the committed row of each scenario."""
    text = (ROOT / PATH).read_text(encoding="utf-8")
    return {row[1]: row[0] for row in re.finditer(r"^\| `([^`]+)` \|.*$", text, flags=re.MULTILINE)}


def short(scenario: str) -> str:
    """Return the committed last cell of a scenario: what falls short.

    :raises KeyError: the document has no such row; ``python -m tests.repository.documents outcomes``
        writes it.
    """
    return committed()[scenario].removesuffix(" |").rpartition(" | ")[2]


def named(scenario: str) -> tuple[str, ...]:
    """Return the controls that the committed row of a scenario names."""
    return tuple(re.findall(r"(?:FAIL|unknown|due|n/a|not run) ([a-z0-9-]+)", short(scenario)))


def ran(names: Sequence[str], only: Mapping[str, Container[str]] | None = None) -> Ran:
    """Return every control on each of the scenarios; ``only`` those of some scenarios."""
    with tempfile.TemporaryDirectory() as folder:
        return run(names, Path(folder), cadence=EVERY, only=only)


def rows(names: Sequence[str], found: Ran) -> list[str]:
    """Return the table's row of each scenario."""
    lines = []
    for name in names:
        fallen = [
            f"{SYMBOLS[outcome]} {control}"
            for control, outcome in sorted(found.outcomes(name).items())
            if outcome != "pass"
        ]
        lines.append(f"| `{name}` | {demo.summary(name)} | {', '.join(fallen) or '—'} |")
    return lines


def batch_rows(names: Sequence[str]) -> list[str]:
    """Return the rows of a batch from a run of its own."""
    with contextlib.redirect_stdout(io.StringIO()):
        return rows(names, ran(names))


def document() -> str:
    """Return docs/outcomes.md from runs of every scenario."""
    # Python's lock binds a run to one core: a process for each core.
    with ProcessPoolExecutor() as pool:
        batches = in_batches(demo.names(faults=False))
        every = [row for found in pool.map(batch_rows, batches) for row in found]
    return page(every, ran(DEFAULTS))


def page(every_row: Sequence[str], defaults: Ran) -> str:
    """Return the document of rows, and of a run on the chart's defaults."""
    lines = [
        "# Outcomes",
        "",
        "Generated from runs of the checks on the embedded cluster, and compared with new runs by the tests.",
        "",
        "## The chart's defaults",
        "",
        "What the chart installs when nobody changes its values, twenty minutes after the install, looked at from outside the cluster.",
        "",
        *_defaults(defaults),
        "",
        "## Every scenario",
        "",
        "What each fault changes; a control that is not named passes. `chart/` is the same fault in the chart's layout.",
        "",
        "| scenario | what is wrong | what falls short |",
        "| --- | --- | --- |",
        *every_row,
    ]
    return "\n".join(lines) + "\n"


def _defaults(found: Ran) -> list[str]:
    lines = [
        "| control | gate | with Prometheus | without | the one line that ends what could not be measured |",
        "| --- | --- | --- | --- | --- |",
    ]
    for control in sorted({control for _, control in found.results}):
        both = [found.results[name, control] for name in DEFAULTS]
        steps = dict.fromkeys(result["next"] for result in both if result["outcome"] == "unknown")
        words = [
            result["outcome"] + (f" ({result['reason']})" if result["outcome"] == "unknown" else "")
            for result in both
        ]
        lines.append(
            f"| {control} | {'gate' if both[0]['gate'] else ''} | {words[0]} | {words[1]} | {'; '.join(f'`{step}`' for step in steps)} |"
        )
    return lines
