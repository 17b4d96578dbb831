"""How judges write numbers: a ratio stays on its side of the limit."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats

from upkeep.judges.wording import percent


@pytest.mark.parametrize(
    ("ratio", "limit", "text"),
    [
        (0.912, None, "91 %"),
        (0.026359, 0.01, "2.6 %"),
        (0.00058, None, "0.058 %"),
        (0.996, None, "100 %"),
        (0.0, 0.99, "0 %"),
        (0.9899, 0.99, "98.99 %"),
        (0.946, 0.948, "94.6 %"),
        (0.8, 0.8, "80 %"),
    ],
)
def test_a_ratio_for_people(ratio: float, limit: float | None, text: str) -> None:
    assert percent(ratio, limit=limit) == text


@given(floats(0.001, 2), floats(0.001, 2))
def test_what_is_shown_is_on_the_same_side(ratio: float, limit: float) -> None:
    if abs(ratio - limit) > 1e-6:
        shown = float(percent(ratio, limit=limit).removesuffix(" %"))
        assert (shown > limit * 100) is (ratio > limit)
