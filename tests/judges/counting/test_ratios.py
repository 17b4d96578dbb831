"""When is a ratio too high, though the numbers are known within bounds only?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judges.counting.counter_samples import (
    examples,
)
from upkeep.judges.counting.ratios import Share, beside, within


def exceeds_one_percent(bad: int, every: int) -> bool:
    return bad > every or bad / every > 0.01


def verdict(share: Share, *, small: float = 50) -> str:
    if share.certainly_too_high(exceeds_one_percent, small_sample=small):
        return "bad"
    return "perhaps" if share.possibly_too_high(exceeds_one_percent, small_sample=small) else "good"


@pytest.mark.parametrize(
    ("bad", "every", "expected"),
    [
        (0, 0, "good"),
        (0, 9, "good"),
        (1, 49, "good"),
        (2, 49, "bad"),
        (1, 50, "bad"),
        (1, 100, "good"),
        (2, 100, "bad"),
        (1, 99, "bad"),
    ],
)
def test_below_the_small_sample_a_ratio_fails_from_the_second_bad_event_on(bad, every, expected):
    assert verdict(within(bad, bad, all_least=every, all_most=every)) == expected
    assert verdict(beside(bad, bad, good_least=every - bad, good_most=every - bad)) == expected


ranges = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)


@examples(300)
@given(ranges, ranges, st.integers(1, 16), st.sampled_from([0.01, 0.1, 0.34, 1.0]))
def test_a_share_is_judged_as_if_every_possible_number_had_been_tried(bad, good, small, limit):
    def exceeds(some: int, every: int) -> bool:
        return some / every > limit

    def too_high(some: int, every: int) -> bool:
        return some > 0 and exceeds(some, every) and (some >= 2 or every >= small)

    share = beside(*bad, good_least=good[0], good_most=good[1])
    tried = [
        too_high(some, some + rest)
        for some in range(bad[0], bad[1] + 1)
        for rest in range(good[0], good[1] + 1)
    ]
    assert share.certainly_too_high(exceeds, small_sample=small) == all(tried)
    assert share.possibly_too_high(exceeds, small_sample=small) == any(tried)
