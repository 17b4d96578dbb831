"""The catalogue: every scenario is the healthy cluster and one change. The changes themselves are in ``changes``."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from upkeep.demo.changes import CHANGES, CHART_ONLY, Change, nothing
from upkeep.demo.healthy import healthy
from upkeep.demo.objects import backups, emergency, notifications, telemetry
from upkeep.demo.server.faults import KINDS, MEANINGS, SOURCES, Fault, right
from upkeep.demo.state import State


class UnknownScenario(ValueError):
    """No scenario has that name."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named cluster.

    :ivar hits: the controls that the change is meant to make fail, or due; those that it blinds are not among them.
    :ivar fault: the fault of the connection, where the scenario is one.
    """

    name: str
    layout: str
    summary: str
    change: Change
    hits: tuple[str, ...] = ()
    fault: Fault | None = None

    def state(self, now: datetime) -> State:
        """The scenario's cluster at an instant."""
        state = healthy(self.layout, now)
        self.change(state)
        if state.backups is None:  # what a change does to the configuration was backed up since
            state.backups = backups.saved(state)
        if state.emergency is None:
            state.emergency = emergency.minimal(state)
        if state.layout == "chart" and state.notifications:
            state.add(notifications.secret(state))
        if state.exports is None:  # a week ago, of the processes that there were
            exported = state.ago(days=7, hours=2)
            text = telemetry.exported(state, exported)
            state.exports = {f"metrics-{exported:%Y%m%d}.txt": text} if text else {}
        return state


def prefixed(layout: str, name: str) -> str:
    return name if layout == "guide" else f"chart/{name}"


def connection_faults(layout: str) -> Iterator[Scenario]:
    """Every kind of fault on every source."""
    for source in SOURCES:
        for kind in KINDS:

            def change(state: State, kind: str = kind, source: str = source) -> None:
                if kind == "forbidden":
                    state.denied.add(("self", right(source, state.layout)))

            subject = "every request" if source == "all" else f"reading {source}"
            summary = f"{subject}: the server {MEANINGS[kind]}"
            yield Scenario(
                prefixed(layout, f"{kind}@{source}"),
                layout,
                summary,
                change,
                fault=Fault(kind, source),
            )


def catalogue() -> Iterator[Scenario]:
    """All scenarios, in order."""
    yield Scenario("healthy", "guide", "the guide's layout, and all is well", nothing)
    yield Scenario("chart", "chart", "the chart's layout, and all is well", nothing)
    for layout in ("guide", "chart"):
        for name, (summary, change, hits) in CHANGES.items():
            yield Scenario(prefixed(layout, name), layout, summary, change, hits)
    for name, (summary, change, hits) in CHART_ONLY.items():
        yield Scenario(name, "chart", summary, change, hits)
    for layout in ("guide", "chart"):
        yield from connection_faults(layout)


SCENARIOS = {scenario.name: scenario for scenario in catalogue()}


def parse(text: str) -> Scenario:
    """The scenario of that name; ``chart/healthy`` is another name for ``chart``."""
    name = {"": "healthy", "chart/healthy": "chart"}.get(text, text)
    if name in SCENARIOS:
        return SCENARIOS[name]
    near = difflib.get_close_matches(name, SCENARIOS, n=1, cutoff=0.3)
    hint = f"; the nearest is {near[0]!r}" if near else ""
    raise UnknownScenario(
        f"no scenario is called {text!r}{hint} (upkeep demo list prints all of them)"
    )
