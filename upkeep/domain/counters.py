"""Sum one snapshot's counters over the labels that no check needs. Pure: adapters and judges import it.

An absent counter is zero in a whole exposition: a labelled family of the Go client is absent until its first event.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from upkeep.domain.metric_names import (
    COUNTERS,
    EFFORT,
    ERRORS,
    PROCESS_START,
    PROCESSED,
    RECEIVED,
    TIMINGS,
    Family,
)
from upkeep.errors import Ambiguous, Malformed
from upkeep.records.counters import Sample, Snapshot

Key = tuple[str, ...]
_FAMILY = {name: family for family in (*COUNTERS, *TIMINGS, *EFFORT) for name in family.names}


class Counts(Struct, frozen=True):
    """Events by (meaning, then the values of the family's labels); an absent key is zero."""

    values: Mapping[Key, int]

    def total(self, family: Family, *labels: str) -> int:
        """Return all events of a family, or those whose first labels have these values."""
        start = (family.meaning, *labels)
        return sum(value for key, value in self.values.items() if key[: len(start)] == start)

    def by_label(self, family: Family, *labels: str) -> dict[str, int]:
        """Return the events of a family (whose first labels have these values) by its next label, in the order of its values."""
        start = (family.meaning, *labels)
        found: dict[str, int] = defaultdict(int)
        for key, value in sorted(self.values.items()):
            if key[: len(start)] == start and value:
                found[key[len(start)]] += value
        return dict(found)

    @property
    def unaccounted(self) -> int:
        """Return received − processed (with any outcome) − errors: in flight, or lost."""
        return self.total(RECEIVED) - self.total(PROCESSED) - self.total(ERRORS)


ZERO = Counts(MappingProxyType({}))


def minus(later: Counts, earlier: Counts) -> Counts:
    """Return the counts between two samples of one process. A family that was absent at first counts from zero."""
    return Counts({key: value - earlier.values.get(key, 0) for key, value in later.values.items()})


def highest(first: Counts, second: Counts) -> Counts:
    """Return for each counter the higher of two samples of one process: counters only grow, so the lower one is older."""
    raised = {
        key: value for key, value in second.values.items() if value > first.values.get(key, -1)
    }
    return Counts({**first.values, **raised}) if raised else first


def plus(counts: Iterable[Counts]) -> Counts:
    """Return the sum over processes."""
    found: dict[Key, int] = defaultdict(int)
    for one in counts:
        for key, value in one.values.items():
            found[key] += value
    return Counts(dict(found))


class _Series(Struct, frozen=True):
    """What the samples of one series count.

    :ivar labels: its labels without the name; an empty label is the same as none (Prometheus' data model).
    :ivar bucket: what is one bucket, where it is one: its bound can be spelled in two ways.
    """

    family: Family
    labels: Mapping[str, str]
    key: Key
    bucket: tuple[str, Key, frozenset[tuple[str, str]]] | None


# Series by the identity of their labels and by name: the samples of a series share their labels, and
# there are thousands of samples.
_Known = dict[tuple[int, str], _Series]


def read_all(snapshots: Sequence[Snapshot]) -> list[Counts]:
    """Return the counters of each of the snapshots, as ``read`` does."""
    known: _Known = {}
    return [_read(snapshot, known) for snapshot in snapshots]


def read(snapshot: Snapshot) -> Counts:
    """Return the counters of a snapshot.

    Prometheus adds the target's labels to every sample. ``process_start_time_seconds`` has no label of its own, so its labels are the target's.
    Where two jobs scrape the same pod, each counter is there for each job: they are not summed, the higher one is newer.
    A counter that no target with a process start has would else be missing, and count from zero later.

    :raises Malformed: a sample of the collector's counters is no count.
    :raises Ambiguous: a counter is exposed under two names, with different values.
    """
    return _read(snapshot, {})


def _read(snapshot: Snapshot, known: _Known) -> Counts:
    targets: Sequence[Mapping[str, str]] = [
        _labels(sample) for sample in snapshot.samples if sample.name == PROCESS_START
    ] or [{}]
    counted = [
        (_series(sample, known, snapshot), sample)
        for sample in snapshot.samples
        if sample.name in _FAMILY
    ]
    found = ZERO
    for target in targets:
        own = [one for one in counted if target.items() <= one[0].labels.items()]
        found = highest(found, _read_target(snapshot, own))
    for series, sample in counted:
        if series.key not in found.values and sample.value:
            raise Malformed(
                f"{sample.name} of pod {snapshot.pod} has other target labels than its {PROCESS_START}: "
                "whose count it is, is not known.",
                source=f"Pod/{snapshot.pod} {snapshot.source}",
            )
    return found


def _labels(sample: Sample) -> dict[str, str]:
    return {name: value for name, value in sample.labels.items() if value and name != "__name__"}


def _series(sample: Sample, known: _Known, snapshot: Snapshot) -> _Series:
    place = (id(sample.labels), sample.name)
    found = known.get(place)
    if found is None:
        family, labels = _FAMILY[sample.name], _labels(sample)
        key = (family.meaning, *(_value(labels, label, snapshot) for label in family.labels))
        beside = frozenset(one for one in labels.items() if one[0] != "le")
        bucket = (sample.name, key, beside) if "le" in family.labels else None
        found = known[place] = _Series(family, labels, key, bucket)
    return found


def _read_target(snapshot: Snapshot, own: Sequence[tuple[_Series, Sample]]) -> Counts:
    # By name first: a family is exposed under one of several, and each sample belongs to one family at most.
    named: dict[str, dict[Key, int]] = {}
    spelled: dict[tuple[str, Key, frozenset[tuple[str, str]]], int] = {}
    for series, sample in own:
        counts = named.setdefault(sample.name, {})
        count = _count(sample, snapshot, scale=series.family.scale)
        if series.bucket is not None:
            # After an upgrade to Prometheus 3 a bucket is there twice for five minutes.
            before = spelled.get(series.bucket, 0)
            spelled[series.bucket] = max(before, count)
            count = max(count - before, 0)
        counts[series.key] = counts.get(series.key, 0) + count
    found: dict[Key, int] = {}
    for family in (*COUNTERS, *TIMINGS, *EFFORT):
        schemes = {name: named[name] for name in family.names if name in named}
        first = next(iter(schemes.values()), {})
        if any(scheme != first for scheme in schemes.values()):
            raise Ambiguous(
                f"Pod {snapshot.pod} counts {family.meaning} under two names with different values: {', '.join(sorted(schemes))}.",
                source=f"Pod/{snapshot.pod} {snapshot.source}",
            )
        found |= first
    return Counts(found)


def _value(labels: Mapping[str, str], label: str, snapshot: Snapshot) -> str:
    """Return a label's value; a bucket's bound in one form, because Prometheus 3 keeps ``5`` as ``5.0``."""
    text = labels.get(label, "")
    if label != "le":
        return text
    try:
        bound = float(text)
    except ValueError:
        bound = float("nan")
    if bound != bound:
        raise Malformed(
            f"A bucket of pod {snapshot.pod} has no numeric bound.",
            source=f"Pod/{snapshot.pod} {snapshot.source}",
        )
    return f"{bound:g}"


def _count(sample: Sample, snapshot: Snapshot, *, scale: int) -> int:
    value = sample.value
    if 0 <= value < float("inf"):
        if scale > 1:
            return round(value * scale)
        if value == value // 1:
            return int(value)
    raise Malformed(
        f"{sample.name} of pod {snapshot.pod} is {sample.value:g}, which is no count of events.",
        source=f"Pod/{snapshot.pod} {snapshot.source}",
    )


def unaccounted(snapshot: Snapshot) -> float:
    """Return received − processed − errors: not 0 while work is in flight, and where alert groups were lost."""
    signs = (
        (RECEIVED.names, 1),
        ((*PROCESSED.names, *ERRORS.names), -1),
    )
    return sum(
        sign * sample.value
        for names, sign in signs
        for sample in snapshot.samples
        if sample.name in names
    )
