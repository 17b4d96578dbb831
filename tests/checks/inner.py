"""Runs the real checks in an inner pytest, in this process, with a clock that stands still, on any number of embedded clusters at once."""

import json
from collections.abc import Container, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from upkeep.clock import HeldClock
from upkeep.commands import suite
from upkeep.demo.server.audit import Event
from upkeep.model import CADENCES

EVERY = " or ".join(CADENCES)
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
# An answer's time is real, and a slow day is no finding: the one scenario that is about it takes longer than this.
LIMITS = {"request_deadline": "20s", "health_latency": "3.5s"}
# Only the ledger is read; the reports of other plugins take a third of the time.
LEDGER_ALONE = (
    "-p",
    "no:allure_pytest",
    "-p",
    "no:reports.html",
    "-p",
    "no:logging",
    "-p",
    "no:unraisableexception",
)


def named(place: str) -> str:
    """The name of a target for a scenario or place: a slash is in no target's name, and a plus in none of ours."""
    return place.replace("/", "+")


def place_of(target: str) -> str:
    """The scenario or place of a target."""
    return target.replace("+", "/")


# On a busy machine an answer is late, and that is no finding.
PATIENT = [
    "--limit=health_latency=30s",
    "--limit=request_deadline=1m",
    "--limit=sweep_deadline=10m",
]


class Held:
    """The plugin that holds the clock of an inner run and leaves out checks that are not asked for.

    :param only: the controls of each target that has fewer than all.
    :ivar requests: what each target's embedded cluster was asked.
    """

    def __init__(self, only: Mapping[str, Container[str]]) -> None:
        self.only = only
        self.requests: dict[str, list[Event]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        from upkeep.session import CLOCK

        config.stash[CLOCK] = HeldClock(NOON)

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        # Before the ledger takes the list: what is not there is not *not run* either.
        items[:] = [
            item
            for item in items
            if _control(item) in self.only.get(_target(item), (_control(item),))
        ]
        return (yield)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        from fixtures.demo import CLUSTERS

        clusters = config.stash.get(CLUSTERS, {})
        self.requests = {
            place_of(name): list(cluster.requests) for name, cluster in clusters.items()
        }


def _control(item: pytest.Item) -> str:
    return str(next(item.iter_markers("control")).kwargs["id"])


def _target(item: pytest.Item) -> str:
    return place_of(item.callspec.params["target_name"])


@dataclass(frozen=True)
class Ran:
    """An inner run: exit code, results by (target, control), and requests by target."""

    code: int
    results: dict[tuple[str, str], dict[str, Any]]
    requests: dict[str, list[Event]] = field(default_factory=dict)

    def outcomes(self, target: str) -> dict[str, str]:
        """The outcome of each control on a target."""
        return {
            control: result["outcome"]
            for (name, control), result in self.results.items()
            if name == target
        }


def run(
    scenarios: Iterable[str] | Mapping[str, str],
    folder: Path,
    *arguments: str,
    limits: dict[str, str] | None = None,
    cadence: str = "daily",
    only: Mapping[str, Container[str]] | None = None,
    settings: Mapping[str, str] | None = None,
    plugins: Sequence[object] = (),
) -> Ran:
    """Run the checks of a cadence on every scenario, side by side.

    :param scenarios: target -> scenario, or scenarios, each a target of its name.
    :param only: target -> the controls that are run on it, where these are not all.
    :param settings: target -> further lines of it in the settings file.
    :param plugins: further plugins of the inner run.
    """
    if not isinstance(scenarios, Mapping):
        scenarios = {name: name for name in scenarios}
    file, more = folder / "upkeep.toml", settings or {}
    values = {**LIMITS, **(limits or {})}
    text = "[limits]\n" + "".join(f'{name} = "{value}"\n' for name, value in values.items())
    targets = [
        f'[targets."{named(name)}"]\ndemo = "{scenario}"\n{more.get(name, "")}\n'
        for name, scenario in scenarios.items()
    ]
    file.write_text(text + "".join(targets))
    out = folder / "out"
    chosen = [f"--target={named(name)}" for name in scenarios]
    held = Held(only or {})
    code = suite.run(
        [
            "-m",
            cadence,
            "-q",
            f"--settings={file}",
            f"--out={out}",
            *LEDGER_ALONE,
            *chosen,
            *arguments,
        ],
        plugins=[held, *plugins],
    )
    ledger = out / "results.jsonl"
    lines = ledger.read_bytes().splitlines() if ledger.exists() else []
    results = map(msgspec.json.decode, lines)
    found = {(place_of(result["target"]), result["control"]): result for result in results}
    return Ran(code, found, held.requests)


def results(selected: str, *words: str, out: Path) -> dict[str, dict[str, Any]]:
    """Runs the selected checks, and gives what each said, by control."""
    suite.run(["-m", selected, "-q", f"--out={out}", *PATIENT, *words])
    return by_control(out)


def by_control(out: Path) -> dict[str, dict[str, Any]]:
    """What a run said of each control."""
    return {
        result["control"]: result
        for result in map(json.loads, (out / "results.jsonl").read_text().splitlines())
    }
