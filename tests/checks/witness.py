"""What each control reads: declared by its measurements, and witnessed by the embedded cluster's log.

The declaration is ``@measurement(rights=…, tolerates=…)`` and the parameters of checks and
measurements. The witness is what the API server was asked while one control ran alone. Neither
knows the other, so that a request nobody declared and a right nobody uses both show.
"""

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.checks.inner import EVERY, run
from upkeep.commands import suite
from upkeep.demo.server.audit import Attributes, Event
from upkeep.records.rights import Right
from upkeep.session import measurements_of
from upkeep.sweep import Measurement

HEALTHY = {"guide": "healthy", "chart": "chart"}
NAMESPACES = {"guide": "monitoring", "chart": "kubecano"}
# The run asks which cluster it is. No control does, and it is judged without the answer.
OF_THE_RUN = "/api/v1/namespaces/kube-system"


@dataclass(frozen=True)
class Alone:
    """A control alone on a cluster.

    :ivar place: layout, and condition where it is not the healthy cluster.
    :ivar settings: lines of the target in the settings file.
    """

    place: str
    control: str
    scenario: str
    settings: str = ""

    @property
    def layout(self) -> str:
        """The layout's name."""
        return self.place.partition("-")[0]


# A right that only another cluster than the healthy one, or only a setting, makes use of.
CONDITIONS = (
    Alone("guide-after-a-crash", "pods-stable", "crash-looping"),
    Alone(
        "chart-with-a-named-ConfigMap",
        "fallback-notification",
        "chart",
        'alertmanager_config = "ConfigMap/monitoring/none"',
    ),
)


class _Collected:
    """A pytest plugin that keeps what the checks ask for; nothing is run."""

    def pytest_collection_finish(self, session: Any) -> None:
        self.measurements = measurements_of(session.config)
        marks = [item.get_closest_marker("control").kwargs for item in session.items]
        fixtures = [tuple(item.fixturenames) for item in session.items]
        self.asked = {mark["id"]: asked for mark, asked in zip(marks, fixtures, strict=True)}
        self.guides = {mark["id"]: mark["guide"] for mark in marks}


@dataclass(frozen=True)
class Declared:
    """What the checks and the measurements declare.

    :ivar asked: control -> its fixtures.
    :ivar guides: control -> the instruction of the guide that it verifies.
    """

    measurements: Mapping[str, Measurement]
    asked: Mapping[str, tuple[str, ...]]
    guides: Mapping[str, str]

    def reached(self, control: str, *, strictly: bool) -> set[str]:
        """Return the measurements of a control; ``strictly`` those that it cannot do without."""
        found: set[str] = set()
        todo = list(self.asked[control])
        while todo:
            name = todo.pop()
            if name in self.measurements and name not in found:
                found.add(name)
                one = self.measurements[name]
                todo += [need for need in one.needs if not strictly or need not in one.tolerates]
        return found

    def rights(self, control: str, *, strictly: bool = False) -> Iterator[tuple[str, Right]]:
        """Yield the rights of a control, each with the measurement that declares it."""
        for name in sorted(self.reached(control, strictly=strictly)):
            for right in self.measurements[name].rights:
                if not (strictly and right.optional):
                    yield name, right


def declared() -> Declared:
    """Collect the checks and return what they and their measurements declare."""
    plugin = _Collected()
    with contextlib.redirect_stdout(io.StringIO()):
        suite.run(["--collect-only", "-qqq", "-m", EVERY], plugins=[plugin])
    return Declared(plugin.measurements, plugin.asked, plugin.guides)


def allows(right: Right, event: Event, asked: Attributes | None, namespace: str) -> bool:
    """Whether a right allows what a request of the collector's namespace is authorised by."""
    if event.subject == "acting" or right.held_by == "acting":
        return event.subject == right.held_by
    if asked is None or right.resource.startswith("/"):
        return asked is None and right.resource.startswith("/")
    if right.resource == "services/proxy" and not event.source.startswith(right.names):
        return False
    return (right.verb, right.group, right.resource) == (
        asked.verb,
        asked.group,
        asked.resource,
    ) and (right.scope != "namespace" or asked.namespace == namespace)


def covers(right: Right, event: Event, namespace: str) -> bool:
    """Whether a right is one by which the request is authorised."""
    return any(allows(right, event, asked, namespace) for asked in event.attributes or (None,))


@dataclass(frozen=True)
class Witnessed:
    """The log: what each control, alone on a cluster, asked.

    :ivar requests: (layout or condition, control) -> requests.
    """

    declared: Declared
    requests: Mapping[tuple[str, str], tuple[Event, ...]]
    outcomes: Mapping[tuple[str, str], str]

    def undeclared(self) -> list[str]:
        """Return the requests that no right of their control covers."""
        return [
            f"{control} ({place}): {event.subject} {event.method} {event.uri}"
            for (place, control), events in self.requests.items()
            for event in events
            for asked in event.attributes or (None,)
            if not any(
                allows(right, event, asked, NAMESPACES[place.partition("-")[0]])
                for _, right in self.declared.rights(control)
            )
        ]

    def uncovered(self) -> list[str]:
        """Return the requests that no fault of the connection would meet."""
        return [
            f"{control} ({place}): {event.method} {event.uri}"
            for (place, control), events in self.requests.items()
            for event in events
            if not event.source
        ]

    def unused(self) -> list[str]:
        """Return the declared rights by which no control that has them asked anything."""
        controls = self.declared.asked
        told = {pair for control in controls for pair in self.declared.rights(control)}
        used = {
            (name, right)
            for (place, control), events in self.requests.items()
            for name, right in self.declared.rights(control)
            if any(covers(right, event, NAMESPACES[place.partition("-")[0]]) for event in events)
        }
        return sorted(f"{name}: {right}" for name, right in told - used)

    def reads(self, layout: str, control: str, *, strictly: bool = False) -> dict[str, set[str]]:
        """Return the sources that a control reads, each with the measurements that may ask it.

        :param strictly: only what it cannot do without.
        """
        found: dict[str, set[str]] = {}
        for name, right in self.declared.rights(control, strictly=strictly):
            for event in self.requests[layout, control]:
                if covers(right, event, NAMESPACES[layout]):
                    found.setdefault(event.source, set()).add(name)
        return found


def witnessed(folder: Path) -> Witnessed:
    """Run each control alone on the healthy cluster of each layout, and return the log."""
    told = declared()
    alone = [Alone(layout, one, HEALTHY[layout]) for layout in HEALTHY for one in told.asked]
    targets = {f"{one.place}/{one.control}": one for one in [*alone, *CONDITIONS]}
    ran = run(
        {target: one.scenario for target, one in targets.items()},
        folder,
        cadence=EVERY,
        only={target: [one.control] for target, one in targets.items()},
        settings={target: one.settings for target, one in targets.items()},
    )
    return Witnessed(
        told,
        {
            (one.place, one.control): tuple(e for e in ran.requests[name] if e.uri != OF_THE_RUN)
            for name, one in targets.items()
        },
        {
            (one.layout, one.control): ran.results[name, one.control]["outcome"]
            for name, one in targets.items()
            if one not in CONDITIONS
        },
    )
