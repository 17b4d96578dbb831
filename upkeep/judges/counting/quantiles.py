"""Compute quantiles of classic histograms as Prometheus interpolates them, and the number of events beyond a limit.

Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile; promql/quantile.go (bucketQuantile): linear within
a bucket, from 0 in the first one; beyond the highest finite bound that bound is given.
"""

import math
from itertools import pairwise

from msgspec import Struct

from upkeep.domain.counters import Counts
from upkeep.domain.metric_names import Family
from upkeep.errors import Malformed


class Histogram(Struct, frozen=True):
    """Cumulative buckets, (bound in seconds, events at or below it), ascending; the last bound is infinite."""

    buckets: tuple[tuple[float, int], ...]

    @property
    def events(self) -> int:
        """Return the number of events."""
        return self.buckets[-1][1] if self.buckets else 0

    @property
    def highest(self) -> float:
        """Return the highest finite bound; a value beyond it is shown as this bound."""
        return self.buckets[-2][0] if len(self.buckets) > 1 else math.inf

    def quantile(self, share: float) -> float:
        """Return the value below which that share of the events lies, in seconds; NaN of no events."""
        if not self.events:
            return math.nan
        rank = share * self.events
        lower, before = 0.0, 0
        for bound, events in self.buckets:
            if events >= rank:
                if math.isinf(bound):
                    return self.highest
                return lower + (bound - lower) * (
                    (rank - before) / (events - before) if events > before else 1
                )
            lower, before = bound, events
        return self.highest

    def beyond(self, seconds: float) -> int:
        """Return the number of events that took longer, by the same interpolation, rounded down."""
        lower, before = 0.0, 0
        for bound, events in self.buckets:
            if seconds < bound:
                share = 0.0 if math.isinf(bound) else (seconds - lower) / (bound - lower)
                return math.floor(self.events - (before + (events - before) * share) + 1e-9)
            lower, before = bound, events
        return 0


def histogram(counts: Counts, family: Family, *labels: str) -> Histogram:
    """Return the histogram of a family whose last label is ``le``, of the events with these first labels.

    :raises Malformed: buckets without the infinite one, or that shrink as their bound grows.
    """
    start = (family.meaning, *labels)
    found: dict[float, int] = {}
    for key, value in counts.values.items():
        if key[: len(start)] == start:
            found[float(key[-1])] = found.get(float(key[-1]), 0) + value
    buckets = tuple(sorted(found.items()))
    if buckets and not math.isinf(buckets[-1][0]):
        raise Malformed(
            f"The histogram of {family.meaning} has no bucket +Inf, so it is not whole.",
            source="/metrics",
        )
    if any(later[1] < earlier[1] for earlier, later in pairwise(buckets)):
        raise Malformed(
            f"The buckets of {family.meaning} fall as their bound grows, so they are not of one sample.",
            source="/metrics",
        )
    return Histogram(buckets)


def seconds(value: float, *, highest: float) -> str:
    """Return a quantile as a person reads it; beyond the last bound it is at least that."""
    text = f"{value:.3g} s"
    return f"{text} or more" if value >= highest else text
