"""The collector's metrics: samples, snapshots, exports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of the exposition format or of Prometheus."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class RangeSeries:
    """A series of Prometheus over time: its labels, and (instant, value), oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counters of one process at one instant, from a pod's /metrics, from Prometheus or from a saved exposition.

    :ivar process_start: when the process started; a counter that is absent here, in an exposition that is otherwise whole, is zero.
    :ivar source: ``metrics``, ``prometheus`` or ``export``.
    """

    pod: str
    taken: datetime
    process_start: datetime
    samples: tuple[Sample, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The error that kept a source of earlier counters from being read: the fields of ``Unmeasured``."""

    reason: str
    message: str
    source: str
    next_step: str


@dataclass(frozen=True, slots=True)
class EarlierCounters:
    """The earlier counters of one source.

    :ivar said: the source and what it held, for the basis.
    :ivar stopped: the error that kept it from being read; ``None`` where it was read, or is not there.
    """

    snapshots: tuple[Snapshot, ...]
    said: str
    stopped: Stopped | None = None


@dataclass(
    frozen=True, slots=True, eq=False
)  # one is itself: what was read of it is remembered by it
class CounterHistory:
    """What is known of the collector's counters.

    :ivar latest: one snapshot for each pod there is now, read from the pod itself.
    :ivar settled: later snapshots of the same processes, oldest first, taken where the books did not balance at first (work in flight).
    :ivar earlier: snapshots of earlier moments, of these pods and of pods that are gone, in no order.
    :ivar sources: where earlier moments were looked for and what came of it, for the basis: ``Prometheus``, ``no export older than 24 h`` …
    :ivar stopped: the error of the first source that is there and could not be read.
    """

    latest: tuple[Snapshot, ...]
    earlier: tuple[Snapshot, ...] = ()
    settled: tuple[Snapshot, ...] = ()
    sources: tuple[str, ...] = ()
    stopped: Stopped | None = None


ExportFaultCode = Literal[
    "export-not-regular", "export-unreadable", "export-too-large", "export-unusable", "export-cut", "export-from-the-future",
    "families-not-exported",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExportFault:
    """What is wrong with a saved export."""

    code: ExportFaultCode
    message: str


@dataclass(frozen=True, slots=True)
class MetricsExport:
    """A ``metrics-YYYYMMDD.txt``.

    :ivar taken: when it was made; ``taken_from`` tells who says so: the ``export`` itself, the ``file``'s own time where it agrees with the name,
        or the ``name``, which is then taken for the beginning of its day.
    :ivar snapshots: (namespace, snapshot) of each exposition in it; both names are empty in the guide's file, which does not tell them.
    """

    file: str
    taken: datetime
    taken_from: str
    snapshots: tuple[tuple[str, Snapshot], ...] = ()
    faults: tuple[ExportFault, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """The monthly exports of a folder, newest first."""

    folder: str
    exports: tuple[MetricsExport, ...]
