"""The robust slope: published values, what a slope must be, and that its interval holds what it says."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from upkeep.judges.counting.slopes import Slope, theil_sen

# Sen (1968), the example of section 6, with the interval at 93 %.
SEN = list(zip((1, 2, 3, 4, 10, 12, 18), (9, 15, 19, 20, 45, 55, 78), strict=True))
POINTS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(-500, 500)),
    min_size=3,
    max_size=30,
    unique_by=lambda point: point[0],
)


def slope(points, confidence: float = 0.95) -> Slope:
    return theil_sen([(float(x), float(y)) for x, y in points], confidence=confidence)


def test_the_published_example():
    found = slope(SEN, 0.93)
    assert (found.value, round(found.low, 2), round(found.high, 2)) == (4, 3.71, 4.38)
    assert (found.x, found.y, found.at(9), found.at(9, slope=1)) == (4, 20, 40, 25)


def test_days_that_are_alike_narrow_the_interval():
    """Ten of fourteen are zero: with the variance of values that all differ it would reach to 0.111 (as scipy.stats.theilslopes has it)."""
    found = slope(enumerate((0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 3, 1, 0)))
    assert (found.value, found.low, found.high) == (0, 0, pytest.approx(1 / 12))


def test_points_on_a_line_leave_no_doubt():
    assert slope((x, 7 + 3 * x) for x in range(20)) == Slope(3, 3, 3, 9.5, 35.5)


@pytest.mark.parametrize("points", [[], [(1, 1)], [(1, 1), (1, 2)], [(1, 1), (2, 2), (1, 2)]])
def test_what_has_no_slope_is_refused(points):
    with pytest.raises(ValueError, match="two points or more"):
        slope(points)


def test_a_quarter_of_the_points_may_be_anything():
    """29 % is where the median of the pairs breaks down: 8 of 30 are 27 %."""
    straight = [(x, 100 + 2 * x) for x in range(30)]
    wild = [(x, 10**6 if x >= 22 else y) for x, y in straight]
    assert slope(wild).value == 2
    wilder = [(x, 10**6 if x >= 17 else y) for x, y in straight]  # 43 %: no longer
    assert slope(wilder).value > 1000


@settings(max_examples=examples(100), deadline=None)
@given(POINTS, st.integers(-50, 50), st.integers(1, 9), st.integers(-300, 300), st.randoms())
def test_it_follows_what_is_done_to_the_points(
    points, tilt: int, scale: int, shift: int, order: random.Random
):
    """Tilting, scaling, shifting and shuffling the points does the same to the slope, turning them over turns it over.

    So does its interval, but for the tilt, which makes points differ that were equal.
    """
    base = slope(points)
    changed = [(x + shift, scale * y) for x, y in points]
    order.shuffle(changed)
    found = slope(changed)
    for name in ("value", "low", "high"):
        assert getattr(found, name) == pytest.approx(scale * getattr(base, name), abs=1e-6)
    assert slope((x, y + tilt * x) for x, y in points).value == pytest.approx(
        base.value + tilt, abs=1e-6
    )
    assert slope((x, -y) for x, y in points).value == pytest.approx(-base.value, abs=1e-9)
    assert base.low <= base.value <= base.high


@settings(max_examples=examples(60), deadline=None)
@given(POINTS)
def test_more_confidence_never_narrows_the_interval(points):
    narrow, wide = slope(points, 0.8), slope(points, 0.99)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


@pytest.mark.parametrize(("days", "heavy"), [(14, False), (40, False), (40, True)])
def test_the_interval_holds_the_true_slope_as_often_as_it_says(days: int, heavy: bool):
    """Of 400 histories with noise, some of it with tails without a variance, at least 93 % of the intervals at 95 % hold the slope."""
    source = random.Random(20260102)

    def noise() -> float:
        return source.gauss(0, 1) / (abs(source.gauss(0, 1)) + 1e-9 if heavy else 1)

    held = 0
    for _ in range(400):
        found = slope((x, 0.3 * x + noise()) for x in range(days))
        held += found.low <= 0.3 <= found.high
    assert 0.93 <= held / 400 <= 0.99
