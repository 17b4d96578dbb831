"""Quantiles of classic histograms. The numbers of the examples are what Prometheus 2.42's histogram_quantile gives for the same buckets."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.domain.counters import Counts, read
from upkeep.domain.metric_names import PROCESS_START, PROCESSING, SENDING
from upkeep.errors import Malformed
from upkeep.judges.counting.quantiles import Histogram, histogram, seconds
from upkeep.records.counters import Sample, Snapshot

TEN = Histogram(((0.1, 2), (0.5, 8), (1.0, 9), (math.inf, 10)))
BOUNDS = (0.005, 0.05, 0.5, 5.0, math.inf)


@pytest.mark.parametrize(
    ("share", "value"),
    # Within the first bucket from 0; linear within a bucket; beyond the highest finite bound that bound.
    [(0.1, 0.05), (0.2, 0.1), (0.5, 0.3), (0.8, 0.5), (0.85, 0.75), (0.95, 1.0), (1.0, 1.0)],
)
def test_a_quantile_is_interpolated_within_its_bucket(share: float, value: float):
    assert TEN.quantile(share) == pytest.approx(value)


def test_no_event_has_no_quantile():
    assert math.isnan(Histogram(()).quantile(0.95))
    assert math.isnan(Histogram(((1.0, 0), (math.inf, 0))).quantile(0.95))
    assert Histogram(()).beyond(1) == 0


@pytest.mark.parametrize(
    ("limit", "events"), [(0.05, 9), (0.1, 8), (0.3, 5), (0.5, 2), (0.75, 1), (1.0, 1), (60.0, 1)]
)
def test_events_beyond_a_limit_are_interpolated_and_rounded_down(limit: float, events: int):
    assert TEN.beyond(limit) == events


@given(
    st.lists(st.integers(0, 50), min_size=5, max_size=5), st.floats(0.01, 1), st.floats(0.001, 10)
)
def test_quantiles_grow_with_their_share_and_more_is_beyond_a_lower_limit(
    events: list[int], share: float, limit: float
):
    running, buckets = 0, []
    for bound, more in zip(BOUNDS, events, strict=True):
        running += more
        buckets.append((bound, running))
    found = Histogram(tuple(buckets))
    assert 0 <= found.beyond(limit) <= found.beyond(limit / 2) <= found.events
    if found.events:
        assert 0 <= found.quantile(share / 2) <= found.quantile(share) <= 5


def test_the_buckets_of_all_pods_and_alerts_are_one_histogram():
    values = {
        ("send time", "oncall", "1"): 3, ("send time", "oncall", "+Inf"): 4, ("send time", "mail", "1"): 7,
        ("send time", "mail", "+Inf"): 7, ("sent", "mail"): 9,
    }  # fmt: skip
    counts = Counts(values)
    assert histogram(counts, SENDING, "oncall") == Histogram(((1.0, 3), (math.inf, 4)))
    assert histogram(counts, SENDING) == Histogram(((1.0, 10), (math.inf, 11)))
    assert histogram(counts, PROCESSING) == Histogram(())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({("processing time", "1"): 3}, r"no bucket \+Inf"),
        (
            {("processing time", "1"): 3, ("processing time", "+Inf"): 2},
            "fall as their bound grows",
        ),
    ],
)
def test_a_histogram_that_is_not_whole_is_malformed(values, words: str):
    with pytest.raises(Malformed, match=words):
        histogram(Counts(values), PROCESSING)


def test_what_lies_beyond_the_last_bound_is_at_least_that():
    assert seconds(0.2345, highest=10) == "0.234 s"
    assert seconds(10, highest=10) == "10 s or more"


def test_a_bucket_that_is_there_in_both_spellings_is_counted_once():
    """prometheus/prometheus#17128: for five minutes after an upgrade to Prometheus 3 both are."""
    name, target = PROCESSING.names[0], {"pod": "p", "job": "cano"}
    counts = {"0.5": 90.0, "1": 95.0, "1.0": 97.0, "+Inf": 100.0}
    samples = [Sample(name, {**target, "le": bound}, count) for bound, count in counts.items()]
    samples.append(Sample(PROCESS_START, target, 1.0))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = read(Snapshot("p", start, start, tuple(samples), "prometheus"))
    assert histogram(found, PROCESSING).buckets == ((0.5, 90), (1.0, 97), (math.inf, 100))
