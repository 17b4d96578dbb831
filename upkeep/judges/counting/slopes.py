"""Compute a robust slope with its interval: Theil–Sen, the median of the slopes of all pairs of points.

Up to 29 % of the points may be anything at all (an outage, a storm of alerts) before the slope follows them. The interval needs no normal errors:
it is that of Kendall's test, by ranks among the sorted slopes. It takes the points for independent of each other: where one day is like the day
before for reasons of its own, the true interval is wider.
Source: P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA 63 (1968), 1379–1389; R. O. Gilbert, "Statistical Methods
for Environmental Pollution Monitoring" (1987), 16.5 (the variance with ties: 16.4.3); the line through the medians: W. J. Conover (1980).
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import NormalDist, median

from msgspec import Struct


class Slope(Struct, frozen=True):
    """How fast y grows with x: ``value`` at best, between ``low`` and ``high``; all three lines go through the medians (``x``, ``y``)."""

    value: float
    low: float
    high: float
    x: float
    y: float

    def at(self, x: float, *, slope: float | None = None) -> float:
        """Return the y of the best line, or of the line of another slope."""
        return self.y + (self.value if slope is None else slope) * (x - self.x)


def theil_sen(points: Sequence[tuple[float, float]], *, confidence: float) -> Slope:
    """Return the slope of points (x, y) with distinct x.

    :raises ValueError: fewer than two points, or two of the same x.
    """
    ordered = sorted(points)
    xs = [x for x, _ in ordered]
    if len(xs) < 2 or len(set(xs)) < len(xs):
        raise ValueError("a slope needs two points or more, each at an x of its own")
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for n, later in enumerate(ordered)
        for earlier in ordered[:n]
    )
    spread = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(
        _variance(y for _, y in ordered)
    )
    low = max(round((len(slopes) - spread) / 2) - 1, 0)
    high = min(round((len(slopes) + spread) / 2), len(slopes) - 1)
    return Slope(
        median(slopes), slopes[low], slopes[high], median(xs), median(y for _, y in ordered)
    )


def _variance(values: Iterable[float]) -> float:
    """Return the variance of Kendall's S, with groups of equal values."""
    groups = Counter(values).values()
    count = sum(groups)

    def term(size: int) -> int:
        return size * (size - 1) * (2 * size + 5)

    return (term(count) - sum(map(term, groups))) / 18
