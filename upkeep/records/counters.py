"""Records of the collector's metrics: samples, snapshots, exports."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from upkeep.records.stopped import Stopped


class Sample(Struct, frozen=True):
    """A sample of the exposition format or of Prometheus."""

    name: str
    labels: Mapping[str, str]
    value: float


class RangeSeries(Struct, frozen=True):
    """A series of Prometheus over time: its labels, and (instant, value), oldest first."""

    labels: Mapping[str, str]
    points: tuple[tuple[datetime, float], ...]


class Snapshot(Struct, frozen=True):
    """The counters of one process at one instant, from a pod's /metrics, from Prometheus or from a saved exposition.

    :ivar process_start: when the process started; a counter that is absent in a whole exposition is zero.
    :ivar source: ``metrics``, ``prometheus`` or ``export``.
    :ivar identity: what proves that it is the collector's; empty where that was not asked.
    """

    pod: str
    taken: datetime
    process_start: datetime
    samples: tuple[Sample, ...]
    source: str
    identity: str = ""


class EarlierCounters(Struct, frozen=True):
    """The earlier counters of one source.

    :ivar said: the source and what it held, for the basis.
    :ivar stopped: the error that kept it from being read; ``None`` where it was read, or is not there.
    """

    snapshots: tuple[Snapshot, ...]
    said: str
    stopped: Stopped | None = None


class CounterHistory(
    Struct, frozen=True, eq=False
):  # one is itself: what was read of it is remembered by it
    """The collector's counters over time.

    :ivar latest: one snapshot for each present pod, read from the pod itself.
    :ivar settled: later snapshots of the same processes, oldest first, where received alert groups were unaccounted for at first (in flight).
    :ivar earlier: earlier snapshots, of these pods and of pods that are gone, in no order.
    :ivar sources: where earlier snapshots were looked for and with what result, for the basis: ``Prometheus: forbidden``, ``no --exports`` …
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


class ExportFault(Struct, frozen=True):
    """What is wrong with a saved export."""

    code: ExportFaultCode
    message: str


class MetricsExport(Struct, frozen=True):
    """A ``metrics-YYYYMMDD.txt``.

    :ivar taken: when it was made, by ``taken_from``: the ``export`` itself, the ``file``'s own time where it agrees with the name, or the
        ``name``, which then means the begin of its day.
    :ivar snapshots: (namespace, snapshot) of each exposition in it; both names are empty in the guide's file.
    """

    file: str
    taken: datetime
    taken_from: str
    snapshots: tuple[tuple[str, Snapshot], ...] = ()
    faults: tuple[ExportFault, ...] = ()


class ExportFolder(Struct, frozen=True):
    """The monthly exports of a folder, newest first."""

    folder: str
    exports: tuple[MetricsExport, ...]
