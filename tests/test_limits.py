"""Limits: each declared whole, parsed strictly, and printed as the number that is in force."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.errors import BadInput
from upkeep.limits import LIMITS, Limits, parse_limits

EACH = pytest.mark.parametrize("name", LIMITS)


@EACH
def test_each_limit_is_declared_whole(name: str) -> None:
    limit = LIMITS[name]
    assert limit.unit in ("duration", "ratio", "count")
    assert limit.least <= limit.default <= limit.most
    assert len(limit.reason.split()) >= 3


@EACH
def test_what_is_printed_of_a_default_is_that_default(name: str) -> None:
    """The text of a value, written back without its spaces, is the value: nothing is rounded away."""
    limit = LIMITS[name]
    written = limit.text(limit.default).replace("min", "m").replace(" ", "")
    assert limit.parse(written, where="here") == pytest.approx(limit.default)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("alert_window", "24h", 86400), ("alert_window", "1d12h", 129600), ("health_latency", "1.5s", 1.5), ("health_latency", "250ms", 0.25),
        ("log_coverage", "90%", 0.9), ("log_coverage", "0.9", 0.9), ("alert_error_ratio", "0", 0), ("log_error_lines", "3", 3),
    ],
)  # fmt: skip
def test_values_as_people_write_them(name: str, text: str, value: float) -> None:
    assert parse_limits({name: text}, where="here") == {name: pytest.approx(value)}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("alert_window", "soon", "here: limit alert_window is a duration, not 'soon'; write for instance 24h"),
        ("alert_window", "86400", "is a duration, not '86400'"),
        ("alert_window", "1h30", "is a duration, not '1h30'"),
        ("alert_window", "-1h", "is a duration, not '-1h'"),
        ("log_error_lines", "1.5", "is a count, not '1.5'; write for instance 3"),
        ("log_coverage", "nan", "is a ratio, not 'nan'; write for instance 1%"),
        ("log_coverage", "101%", "here: limit log_coverage must lie between 0 % and 100 %, not 101%"),
        ("alert_windw", "1h", "here: there is no limit 'alert_windw' (did you mean 'alert_window'?); docs/limits.md lists them"),
    ],
)
def test_what_cannot_be_a_value_is_said_with_what_could(name: str, text: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_limits({name: text}, where="here")
    assert words in str(caught.value)


@given(st.sampled_from(sorted(LIMITS)), st.text(max_size=12))
def test_no_text_is_taken_for_a_value_out_of_range(name: str, text: str) -> None:
    with contextlib.suppress(BadInput):
        (value,) = parse_limits({name: text}, where="here").values()
        assert LIMITS[name].least <= value <= LIMITS[name].most


def test_what_was_changed_is_told() -> None:
    assert Limits({"health_latency": 1.5}).changed() == {"health_latency": "1.5 s"}
    assert Limits().changed() == {}
