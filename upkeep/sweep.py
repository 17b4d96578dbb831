"""The sweep: take every measurement of the selected checks once, in parallel, before the first check.

A measurement is a function. Its parameters name its needs: other measurements, or values of the run
(``kube``, ``limits`` …). It starts once its needs are ready, so a run lasts as long as its slowest chain
of requests. The sweep stores what a measurement returned or raised.
"""

import hashlib
from collections.abc import Callable, Container, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from upkeep import deadline
from upkeep.addressing import Address
from upkeep.clock import Clock
from upkeep.errors import NotApplicable, TimedOut, Unmeasured, UpkeepError
from upkeep.meter import SOURCES
from upkeep.model import Evidence, Place
from upkeep.records.rights import Right
from upkeep.shell import shell

T = TypeVar("T")
R = TypeVar("R")


class Measurement(Struct, frozen=True):
    """A measurement. ``needs`` are the names of ``take``'s parameters.

    :ivar tolerates: needs that it can do without. It gets the exception of a need that failed or is
        declared absent, and its record says so.
    :ivar handle: it returns a client for other measurements, which no bundle can hold.
    :ivar record: the type of its record, as it is annotated.
    """

    name: str
    take: Callable[..., Any]
    needs: tuple[str, ...]
    rights: tuple[Right, ...] = ()
    tolerates: tuple[str, ...] = ()
    handle: bool = False
    record: Any = None


class Taken(Struct, frozen=True):
    """The record of a measurement, or its exception, with its evidence."""

    record: Any
    stopped: Exception | None
    evidence: Evidence


def declared_in(plugins: Iterable[Any]) -> dict[str, Measurement]:
    """Return the measurements that the plugins declare, by name."""
    found = {}
    for plugin in plugins:
        for value in list(getattr(plugin, "__dict__", {}).values()):
            declared = getattr(value, "__dict__", {}).get(
                "measurement"
            )  # no getattr: pytest.mark makes any name up
            if isinstance(declared, Measurement):
                found[declared.name] = declared
    return found


def closure(wanted: Iterable[str], measurements: Mapping[str, Measurement]) -> list[str]:
    """Return the measurements among the names and all that they need in turn, needs first.

    Names that are no measurement are left out: the run provides them.

    :raises LookupError: a measurement that needs itself.
    """
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in order or name not in measurements:
            return
        if name in path:
            raise LookupError(f"measurement {name!r} needs itself ({' > '.join((*path, name))})")
        for need in measurements[name].needs:
            visit(need, (*path, name))
        order.append(name)

    for name in wanted:
        visit(name, ())
    return order


class Sweep:
    """The measurements of one target.

    :param measurements: all that are known, by name; kept as ``measurements``.
    :param provided: what the run hands to measurements by name; an ``Unmeasured`` is raised there.
    """

    def __init__(
        self,
        measurements: Mapping[str, Measurement],
        provided: Mapping[str, Any],
        *,
        clock: Clock,
        deadline_seconds: float,
        workers: int = 16,
    ) -> None:
        self.measurements = measurements
        self._provided = dict(provided)
        self._clock = clock
        self._deadline_seconds = deadline_seconds
        self._workers = workers
        self._taken: dict[str, Taken] = {}
        self._released: set[str] = set()
        self.late: set[str] = set()  # what the deadline of the sweep cut off
        self._stop: Future[Taken] = Future()
        self.now = clock.now()
        self.address = Address()
        self.place: Place | None = None

    def closure(self, wanted: Iterable[str]) -> list[str]:
        """Return the measurements wanted and all that they need, needs first.

        :raises LookupError: a need that is neither a measurement nor provided, or one that needs itself.
        """
        wanted = list(wanted)
        order = closure(wanted, self.measurements)
        needed = {need: name for name in order for need in self.measurements[name].needs}
        for need, by in {**dict.fromkeys(wanted, "a check"), **needed}.items():
            if need not in self.measurements and need not in self._provided:
                raise LookupError(f"measurement {need!r} (wanted by {by}) is unknown")
        return order

    def take(
        self, wanted: Iterable[str], *, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Take the wanted measurements that are missing. Their exceptions are stored, not raised."""
        todo = [name for name in self.closure(wanted) if name not in self._taken]
        total, ends = len(todo), self._clock.monotonic() + self._deadline_seconds
        running: dict[Future[Taken], str] = {}
        while (todo or running) and not self._stop.done():
            ready = [name for name in todo if self._ready(name)]
            for name in ready[: self._workers - len(running)]:
                todo.remove(name)
                running[self._begin(self.measurements[name], ends)] = name
            left = ends - self._clock.monotonic()
            done, _ = wait(
                [*running, self._stop], timeout=max(left, 0), return_when=FIRST_COMPLETED
            )
            for future in done - {self._stop}:
                self._taken[running.pop(future)] = future.result()
            if progress is not None:
                progress(total - len(todo) - len(running), total)
            if left <= 0:
                # Their threads end with their next request or read; nobody waits for them.
                for name in [*running.values(), *todo]:
                    self._taken[name] = self._late(name)
                    self.late.add(name)
                return

    def stop(self) -> None:
        """End ``take`` at once, from another thread. What was measured stays."""
        if not self._stop.done():
            self._stop.set_result(Taken(None, None, Evidence("", "", self.now, "")))

    def complete(self, names: Iterable[str]) -> bool:
        """Return whether each of the measurements was taken, or stopped by something."""
        return all(name in self._taken for name in self.closure(names))

    def _begin(self, measurement: Measurement, ends: float) -> "Future[Taken]":
        """Start a measurement; all its requests and reads together end with the sweep."""
        future: Future[Taken] = Future()

        def work() -> None:
            with deadline.ending(ends):
                deadline.settle(future, lambda: self._measure(measurement))

        deadline.start(work, name="upkeep-sweep")
        return future

    def of(self, name: str) -> Any:
        """Return the record of a measurement, or raise its exception."""
        taken = self._taken[name]
        if taken.stopped is not None:
            raise taken.stopped.with_traceback(None)
        return taken.record

    def provided(self, name: str) -> Any:
        """Return the value of the run with this name."""
        return self._provided[name]

    def release(self, kept: Container[str]) -> None:
        """Forget the records but these: no check asks for them again, and those of a fleet are large."""
        self._released |= {name for name in self._taken if name not in kept}
        self._taken = {name: one for name, one in self._taken.items() if name in kept}

    def known(self, name: str) -> Any:
        """Return the record of a measurement; ``None`` where it was not taken, or was stopped.

        :raises LookupError: it was released.
        """
        if name in self._released:
            raise LookupError(f"measurement {name!r} was released after the last check")
        taken = self._taken.get(name)
        return taken.record if taken is not None and taken.stopped is None else None

    def taken(self, name: str) -> Taken | None:
        """Return the record or exception of a measurement with its evidence; ``None`` before it."""
        return self._taken.get(name)

    def stopped(self, name: str) -> Exception | None:
        """Return the exception of a measurement; ``None`` when it has a record."""
        taken = self._taken.get(name)
        return taken.stopped if taken else None

    def evidence(self, names: Iterable[str]) -> list[Evidence]:
        """Return the evidence of the measurements with a source, in the order of the names."""
        found = [self._taken[name].evidence for name in names if name in self._taken]
        return [evidence for evidence in found if evidence.source]

    def _ready(self, name: str) -> bool:
        return all(
            need in self._taken or need in self._provided for need in self.measurements[name].needs
        )

    def _measure(self, measurement: Measurement) -> Taken:
        sources: list[str] = []
        SOURCES.set(sources)
        record: Any = None
        stopped: Exception | None = None
        try:
            arguments = {}
            for need in measurement.needs:
                if need in self._provided:
                    arguments[need] = self._provided[need]
                    if isinstance(arguments[need], Unmeasured):  # a target without a cluster
                        raise arguments[need]
                elif need in measurement.tolerates and isinstance(
                    reason := self.stopped(need), Unmeasured | NotApplicable
                ):
                    arguments[need] = reason
                else:
                    arguments[need] = self.of(need)
            record = measurement.take(**arguments)
        except Exception as error:  # noqa: BLE001 - stored, and raised again for every check that asks: nothing is swallowed
            # The frames hold credentials in their locals; where it happened is kept by UpkeepError's own words.
            stopped = error.with_traceback(None) if isinstance(error, UpkeepError) else error
        return Taken(record, stopped, self._evidence(measurement.name, sources, record))

    def _late(self, name: str) -> Taken:
        error = TimedOut(
            f"{name} was not measured within {self._deadline_seconds:g} s, the deadline of the whole sweep.",
            next_step=shell("--limit=sweep_deadline={}s", f"{self._deadline_seconds * 2:g}"),
        )
        return Taken(None, error, self._evidence(name, [], None))

    def _evidence(self, name: str, sources: list[str], record: Any) -> Evidence:
        distinct = list(dict.fromkeys(sources))
        source = "; ".join(distinct[:3]) + (
            f"; and {len(distinct) - 3} more" if len(distinct) > 3 else ""
        )
        # A derived record has no source: the measurements that it needs have theirs.
        return Evidence(
            name=name, source=source, taken=self.now, digest=digest(record) if sources else ""
        )


def digest(record: Any) -> str:
    """Return the SHA-256 of a record as JSON with sorted keys, hexadecimal; empty for ``None``.

    Records hold no secret.

    :raises TypeError: a value that is not a record, a container or a plain value.
    """
    if record is None:
        return ""
    # A week of Prometheus' samples is in it: the standard library took longer for this than for asking.
    text = msgspec.json.encode(record, enc_hook=_plain, order="sorted")
    return hashlib.sha256(text).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str):  # a Command: msgspec takes no subclass of str
        return str(value)
    raise TypeError(f"a record may not hold a {type(value).__name__}")
