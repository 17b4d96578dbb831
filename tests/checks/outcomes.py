"""docs/outcomes.md: the outcome of every control on every scenario, generated and read back."""

import contextlib
import hashlib
import io
import re
import tempfile
from collections.abc import Container, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from reports.compliance import DRAWN
from tests import ROOT
from tests.checks.inner import EVERY, Ran, place_of, results, run
from upkeep import demo
from upkeep.__main__ import main
from upkeep.session import CONTROL, NOT_DUE, SWEEPS, target_of
from upkeep.sweep import Sweep

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
    return _ran(names, only=only)


def ran_once(names: Sequence[str]) -> Ran:
    """Return the same of all controls. Equal records are judged once, which takes two thirds of the time.

    A judge is pure: it says the same of the same records. ``make full-test`` judges each on its own,
    and compares the outcomes with the document.
    """
    alike = Alike()
    found = _ran(names, plugins=[alike])
    for (target, control), equal in alike.twins.items():
        found.results[place_of(target), control] = found.results[place_of(equal), control]
    return found


def _ran(names: Sequence[str], **options: Any) -> Ran:
    # The rows are read from results.jsonl; the pages beside it are a seventh of the time.
    with tempfile.TemporaryDirectory() as folder, patch.dict(DRAWN, clear=True):
        found = run(names, Path(folder), cadence=EVERY, **options)
    if found.code not in (0, 1):
        raise RuntimeError(f"the run ended with code {found.code}: its rows would be wrong")
    return found


def alone(names: Sequence[str]) -> Ran:
    """Return the same from a run of each: a run of several targets words options as settings."""
    return Ran(0, {key: one for name in names for key, one in ran([name]).results.items()})


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
        return rows(names, ran_once(names))


def document() -> str:
    """Return docs/outcomes.md from runs of every scenario."""
    # Python's lock binds a run to one core: a process for each core.
    with ProcessPoolExecutor() as pool:
        batches = in_batches(demo.names(faults=False))
        every = [row for found in pool.map(batch_rows, batches) for row in found]
    return page(every)


def after_init(scenario: str) -> dict[str, dict[str, Any]]:
    """Return what each control says with the settings, folders and first files of ``upkeep init --backup``.

    The clock is the machine's: init dates the files.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        with contextlib.redirect_stdout(io.StringIO()):
            code = main(["init", f"--demo={scenario}", "--backup"])
        if code:
            raise RuntimeError(f"upkeep init --demo={scenario} ended with code {code}")
        return results(EVERY, "--settings=upkeep.toml", out=Path(folder, "out"))


def page(every_row: Sequence[str]) -> str:
    """Return the document of rows, and of runs on the chart's defaults: before and after ``upkeep init``."""
    lines = [
        "# Outcomes",
        "",
        "Generated from runs of the checks on the embedded cluster, and compared with new runs by the tests.",
        "",
        "## The chart's defaults",
        "",
        "What the chart installs when nobody changes its values, twenty minutes after the install, looked at from outside the cluster.",
        "The first two columns are runs without a settings file; the next two are runs after `upkeep init --backup`.",
        "What then could not be measured is too early, needs the chart's repository or an emergency configuration, or needs Prometheus.",
        "",
        *_defaults(alone(DEFAULTS), [after_init(name) for name in DEFAULTS]),
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


def _defaults(found: Ran, initialised: Sequence[Mapping[str, Mapping[str, Any]]]) -> list[str]:
    lines = [
        "| control | gate | with Prometheus | without | after init, with | after init, without | what ends it before init |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for control in sorted({control for _, control in found.results}):
        before = [found.results[name, control] for name in DEFAULTS]
        steps = dict.fromkeys(result["next"] for result in before if result["outcome"] == "unknown")
        cells = [
            control,
            "gate" if before[0]["gate"] else "",
            *(_word(result) for result in [*before, *(one[control] for one in initialised)]),
            "; ".join(f"`{step}`" for step in steps),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", *_summed(found, initialised)]


def _summed(found: Ran, initialised: Sequence[Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """Return the table of the counts of each column."""
    columns = {
        "with Prometheus": found.outcomes(DEFAULTS[0]),
        "without": found.outcomes(DEFAULTS[1]),
        "after init, with": {control: one["outcome"] for control, one in initialised[0].items()},
        "after init, without": {control: one["outcome"] for control, one in initialised[1].items()},
    }
    kinds = ("pass", "fail", "due", "unknown")
    lines = [f"| run | {' | '.join(kinds)} |", f"| --- |{' --- |' * len(kinds)}"]
    for title, outcomes in columns.items():
        counts = [str([*outcomes.values()].count(kind)) for kind in kinds]
        lines.append(f"| {title} | {' | '.join(counts)} |")
    return lines


def _word(result: Mapping[str, Any]) -> str:
    return result["outcome"] + (f" ({result['reason']})" if result["outcome"] == "unknown" else "")


class Alike:
    """The plugin of an inner run that leaves out what another target's result stands for.

    :ivar twins: (target, control) -> the target whose result is its own.
    """

    def __init__(self) -> None:
        self.twins: dict[tuple[str, str], str] = {}

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        from fixtures.demo import CLUSTERS

        # Inside of the sweep's own wrapper: the records are there, and nothing is judged yet.
        config, judged, first = session.config, [], {}
        records = {
            name: _Records(sweep, str(config.stash[CLUSTERS][name].folder))
            for name, sweep in config.stash[SWEEPS].items()
        }
        for item in session.items:
            target, control = target_of(item), item.stash[CONTROL].id
            key = control, records[target].read_by(item.fixturenames)
            if (equal := first.setdefault(key, target)) == target:
                judged.append(item)
            else:
                self.twins[target, control] = equal
                item.stash[NOT_DUE] = True  # it is no control that was not run
        session.items[:] = judged
        return (yield)


class _Records:
    """The records of a target; each is read once.

    :param folder: where its embedded cluster keeps its files: no two targets have the same.
    """

    def __init__(self, sweep: Sweep, folder: str) -> None:
        self._sweep, self._folder = sweep, folder.encode()
        self._digests: dict[str, str] = {}

    def read_by(self, fixtures: Iterable[str]) -> tuple[str, ...]:
        """Return what stands for the records among the fixtures of a check."""
        return tuple(map(self._digest, sorted(self._sweep.measurements.keys() & fixtures)))

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            taken = self._sweep.taken(name)
            assert taken is not None, name
            # No judge is given a client: the records of those who asked it say what it answered.
            record = None if self._sweep.measurements[name].handle else taken.record
            told = msgspec.json.encode([record, taken.stopped], enc_hook=_said, order="sorted")
            self._digests[name] = hashlib.sha256(told.replace(self._folder, b"")).hexdigest()
        return self._digests[name]


def _said(value: object) -> object:
    """Return what stands for a value that JSON has no form for."""
    return dict(value) if isinstance(value, Mapping) else repr(value)
