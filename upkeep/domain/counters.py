"""Sum one snapshot's counters over the labels that no check needs. Pure: adapters and judges import it.

An absent counter is zero in a whole exposition: a labelled family of the Go client is absent until its first event.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct, field

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
    if not first.values:
        return Counts(dict(sorted(second.values.items())))
    if first.values.keys() == second.values.keys() and all(
        second.values[key] >= value for key, value in first.values.items()
    ):
        return Counts(
            dict(zip(first.values, map(second.values.__getitem__, first.values), strict=True))
        )  # nearly always, and in a fraction of the time
    return Counts(
        {
            key: max(first.values.get(key, 0), second.values.get(key, 0))
            for key in sorted({*first.values, *second.values})
        }
    )


def plus(counts: Iterable[Counts]) -> Counts:
    """Return the sum over processes."""
    found: dict[Key, int] = defaultdict(int)
    for one in counts:
        for key, value in one.values.items():
            found[key] += value
    return Counts(dict(found))


class SeenLabels(Struct, frozen=True):
    """Cache of labels by their identity: the samples of a series share theirs, and there are thousands of samples.

    :ivar without_name: the labels without the name.
    :ivar keys: the key of each labels and sample name.
    :ivar beside_bound: the labels of a bucket without ``le``.
    """

    without_name: dict[int, dict[str, str]] = field(default_factory=dict)
    keys: dict[tuple[int, str], Key] = field(default_factory=dict)
    beside_bound: dict[int, frozenset[tuple[str, str]]] = field(default_factory=dict)


def read_all(snapshots: Sequence[Snapshot]) -> list[Counts]:
    """Return the counters of each of the snapshots, as ``read`` does."""
    seen = SeenLabels()
    return [_read(snapshot, seen) for snapshot in snapshots]


def read(snapshot: Snapshot) -> Counts:
    """Return the counters of a snapshot.

    Prometheus adds the target's labels to every sample. ``process_start_time_seconds`` has no label of its own, so its labels are the target's.
    Where two jobs scrape the same pod, each counter is there for each job: they are not summed, the higher one is newer.
    A counter that no target with a process start has would else be missing, and count from zero later.

    :raises Malformed: a sample of the collector's counters is no count.
    :raises Ambiguous: a counter is exposed under two names, with different values.
    """
    return _read(snapshot, SeenLabels())


def _read(snapshot: Snapshot, seen: SeenLabels) -> Counts:
    targets = [
        _labels(sample, seen) for sample in snapshot.samples if sample.name == PROCESS_START
    ] or [{}]
    found, strays = ZERO, dict[Key, Sample]()
    for target in targets:
        found = highest(found, _read_target(snapshot, target, seen, strays))
    for key, sample in strays.items():
        if key not in found.values and sample.value:
            raise Malformed(
                f"{sample.name} of pod {snapshot.pod} has other target labels than its {PROCESS_START}: "
                "whose count it is, is not known.",
                source=f"Pod/{snapshot.pod} {snapshot.source}",
            )
    return found


def _labels(sample: Sample, seen: SeenLabels) -> dict[str, str]:
    """Return its labels; an empty label is the same as none (Prometheus' data model)."""
    place = id(sample.labels)
    if place not in seen.without_name:
        seen.without_name[place] = {
            name: value for name, value in sample.labels.items() if value and name != "__name__"
        }
    return seen.without_name[place]


def _beside_bound(sample: Sample, seen: SeenLabels) -> frozenset[tuple[str, str]]:
    """Return the labels of a bucket but its bound, which can be spelled in two ways."""
    place = id(sample.labels)
    if place not in seen.beside_bound:
        labels = _labels(sample, seen).items()
        seen.beside_bound[place] = frozenset(one for one in labels if one[0] != "le")
    return seen.beside_bound[place]


def _read_target(
    snapshot: Snapshot, target: Mapping[str, str], seen: SeenLabels, strays: dict[Key, Sample]
) -> Counts:
    # By name first: a family is exposed under one of several, and each sample belongs to one family at most.
    named: dict[str, dict[Key, int]] = {}
    spelled: dict[tuple[str, Key, frozenset[tuple[str, str]]], int] = {}
    for sample in snapshot.samples:
        family = _FAMILY.get(sample.name)
        if family is None:
            continue
        labels = _labels(sample, seen)
        if not target.items() <= labels.items():
            stray = (family.meaning, *(_value(labels, one, snapshot) for one in family.labels))
            strays[stray] = sample
        else:
            place = (id(sample.labels), sample.name)
            key = seen.keys.get(place)
            if key is None:
                key = seen.keys[place] = (
                    family.meaning,
                    *(_value(labels, label, snapshot) for label in family.labels),
                )
            counts = named.setdefault(sample.name, {})
            count = _count(sample, snapshot, scale=family.scale)
            if "le" in family.labels:
                # After an upgrade to Prometheus 3 a bucket is there twice for five minutes.
                bucket = (sample.name, key, _beside_bound(sample, seen))
                before = spelled.get(bucket, 0)
                spelled[bucket] = max(before, count)
                count = max(count - before, 0)
            counts[key] = counts.get(key, 0) + count
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
    value = (
        round(sample.value * scale)
        if scale > 1 and 0 <= sample.value < float("inf")
        else sample.value
    )
    if not (value >= 0 and value == value // 1 and value != float("inf")):
        raise Malformed(
            f"{sample.name} of pod {snapshot.pod} is {sample.value:g}, which is no count of events.",
            source=f"Pod/{snapshot.pod} {snapshot.source}",
        )
    return int(value)


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
