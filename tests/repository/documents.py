"""The generated documents: ``python -m tests.repository.documents [NAME…]`` writes all, or some.

They are made from what they describe: limits from ``upkeep.limits``, the Role from the checks'
measurements, outcomes and sources from runs on the embedded cluster. ``make documents`` writes all;
tests compare each with what is committed.
"""

import argparse
import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

from tests import ROOT
from tests.checks import sources
from tests.checks.inner import Ran, run
from tests.repository import checklist
from upkeep import demo
from upkeep.commands.rbac import document
from upkeep.limits import LIMITS

CADENCES_BUILT = ["daily", "weekly", "monthly", "quarterly"]
BUILT = " or ".join(CADENCES_BUILT)
OUTCOMES = "docs/outcomes.md"
DEFAULTS = ["chart-defaults", "chart-defaults-no-prometheus"]
SYMBOLS = {
    "pass": "·",
    "fail": "FAIL",
    "unknown": "unknown",
    "not-applicable": "n/a",
    "due": "due",
    "not-run": "not run",
}


def limits() -> str:
    """docs/limits.md."""
    lines = [
        "# Limits",
        "",
        "Each can be set: `--limit=NAME=VALUE`, `UPKEEP_LIMIT=NAME=VALUE,…`, or `[limits]` in the settings file. The value in force is printed with each result.",
        "Durations are written `24h`, `7d`, `1.5s`; ratios `1%` or `0.01`.",
        "",
        "| name | default | unit | range | why |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, limit in LIMITS.items():
        lines.append(
            f"| `{name}` | {limit.text(limit.default)} | {limit.unit} | {limit.text(limit.least)} – {limit.text(limit.most)} | {limit.reason} |"
        )
    return "\n".join(lines) + "\n"


def role() -> str:
    """deploy/rbac/role.yaml."""
    return document(CADENCES_BUILT, "monitoring", "monitoring", "upkeep")


def batched(names: Sequence[str], most: int) -> Iterator[list[str]]:
    """The names in their order, so many at a time."""
    rest = iter(names)
    while batch := list(islice(rest, most)):
        yield batch


# The scenarios of the table, so many in one run: each named fault in both layouts; faults of the connection have a matrix of their own.
BATCHES = list(batched(demo.names(faults=False), 25))


def committed(path: str) -> str:
    """The document as it is in the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def row_of(scenario: str) -> str:
    """The committed row of a scenario."""
    return next(
        line for line in committed(OUTCOMES).splitlines() if line.startswith(f"| `{scenario}` |")
    )


def ran(names: Sequence[str]) -> Ran:
    """Every control on each of the scenarios."""
    with tempfile.TemporaryDirectory() as folder:
        return run(names, Path(folder), cadence=BUILT)


def rows(names: Sequence[str], found: Ran) -> list[str]:
    """The table's row of each scenario."""
    lines = []
    for name in names:
        short = [
            f"{SYMBOLS[outcome]} {control}"
            for control, outcome in sorted(found.outcomes(name).items())
            if outcome != "pass"
        ]
        lines.append(f"| `{name}` | {demo.summary(name)} | {', '.join(short) or '—'} |")
    return lines


def batch_rows(names: Sequence[str]) -> list[str]:
    """Return the rows of a batch from a run of its own."""
    with contextlib.redirect_stdout(io.StringIO()):
        return rows(names, ran(names))


def outcomes() -> str:
    """Return docs/outcomes.md: scenario × control → outcome, and what the chart's defaults give."""
    # Each run is bound to one core by Python's lock: a process for each core.
    with ProcessPoolExecutor() as pool:
        every = [row for found in pool.map(batch_rows, BATCHES) for row in found]
    return outcomes_of(every, ran(DEFAULTS))


def outcomes_of(every_row: Sequence[str], defaults: Ran) -> str:
    """The same, of rows and of a run on the chart's defaults that are at hand."""
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


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/limits.md": limits,
    "deploy/rbac/role.yaml": role,
    "docs/checklist.md": checklist.document,
    sources.PATH: sources.document,
    OUTCOMES: outcomes,
}
# Made by runs of many clusters: tests compare parts of them.
RUNS = (sources.PATH, OUTCOMES)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the named documents, or all of them. Exit code 0."""
    by_name = {Path(path).stem: path for path in DOCUMENTS}
    parser = argparse.ArgumentParser(
        prog="python -m tests.repository.documents", description=main.__doc__
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(by_name)}")
    names = parser.parse_args(arguments).names
    if unknown := [name for name in names if name not in by_name]:
        parser.error(f"no document is called {unknown[0]!r}; there are {', '.join(by_name)}")
    for name in names or by_name:
        with contextlib.redirect_stdout(io.StringIO()):  # the inner runs' own reports
            text = DOCUMENTS[by_name[name]]()
        (ROOT / by_name[name]).write_text(text, encoding="utf-8")
        print(by_name[name], flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
