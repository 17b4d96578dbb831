"""Limits: each declared whole, parsed strictly, and printed as the number that is in force."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import ROOT
from upkeep.errors import BadInput
from upkeep.limits import LIMITS, Limits, parse_limits

EACH = pytest.mark.parametrize("name", LIMITS)


@EACH
def test_each_limit_is_declared_whole(name: str) -> None:
    limit = LIMITS[name]
    assert limit.unit in ("duration", "ratio", "count", "factor")
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
        ("latency_growth", "×1.5", 1.5), ("latency_growth", "x2", 2), ("latency_growth", "1.25", 1.25), ("log_coverage", "90%", 0.9), ("log_coverage", "0.9", 0.9), ("alert_error_ratio", "0", 0), ("log_error_lines", "3", 3),
    ],
)  # fmt: skip
def test_values_as_people_write_them(name: str, text: str, value: float) -> None:
    assert parse_limits({name: text}, where="here") == {name: pytest.approx(value)}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "alert_window",
            "soon",
            "here: limit alert_window is a duration, not 'soon'. Write for example 24h",
        ),
        ("alert_window", "86400", "is a duration, not '86400'"),
        ("alert_window", "1h30", "is a duration, not '1h30'"),
        ("alert_window", "-1h", "is a duration, not '-1h'"),
        ("log_error_lines", "1.5", "is a count, not '1.5'. Write for example 3"),
        ("log_coverage", "nan", "is a ratio, not 'nan'. Write for example 1%"),
        (
            "log_coverage",
            "101%",
            "here: limit log_coverage is a ratio from 0 % to 100 %, not 101%",
        ),
        (
            "alert_windw",
            "1h",
            "here: unknown limit 'alert_windw' (did you mean 'alert_window'?). docs/limits.md lists the limits.",
        ),
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


@given(st.data(), st.sampled_from(sorted(LIMITS)))
def test_what_is_printed_is_taken_back_as_the_very_value(data: st.DataObject, name: str) -> None:
    limit = LIMITS[name]
    if limit.unit == "count":  # a million is printed as 1e+06, and no more digits than these
        value: float = data.draw(st.integers(int(limit.least), int(min(limit.most, 999_999))))
    else:
        places = {"duration": 6, "ratio": 12, "factor": 10}[limit.unit]
        value = round(data.draw(st.floats(limit.least, limit.most)), places)
    assert limit.parse(limit.text(value), where="here") == value


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("alert_window", 88_205, "1 d 30 min 5 s"),
        ("request_deadline", 12.5, "12.5 s"),
        ("settle_time", 0, "0 s"),
        ("destination_success_ratio", 0.99999, "99.999 %"),
        ("alert_error_ratio", 0.07, "7 %"),
        ("log_coverage", 0, "0 %"),
        ("restarts", 3, "3"),
    ],
)
def test_nothing_is_rounded_away_in_print(name: str, value: float, words: str) -> None:
    """Ninety-nine and many nines are not a hundred percent."""
    assert Limits({name: value}).text(name) == words


@EACH
def test_what_cannot_be_read_is_answered_with_the_range_and_an_example_that_fits(name: str) -> None:
    limit = LIMITS[name]
    with pytest.raises(BadInput) as caught:
        parse_limits({name: "soon"}, where="--limit")
    said = str(caught.value)
    example = said.removeprefix(
        f"--limit: limit {name} is a {limit.unit}, not 'soon'. Write for example "
    ).partition(" (")[0]
    assert limit.least <= limit.parse(example, where="here") <= limit.most
    assert said.endswith(f" (from {limit.text(limit.least)} to {limit.text(limit.most)}).")


@EACH
def test_what_is_out_of_range_is_answered_with_the_range_and_the_unit(name: str) -> None:
    limit = LIMITS[name]
    text = {"duration": "9999w", "ratio": "1.01", "count": "9" * 400, "factor": "101"}[limit.unit]
    with pytest.raises(BadInput) as caught:
        parse_limits({name: text}, where="--limit")
    low, high = limit.text(limit.least), limit.text(limit.most)
    assert (
        str(caught.value)
        == f"--limit: limit {name} is a {limit.unit} from {low} to {high}, not {text}."
    )


@EACH
def test_the_bounds_are_within(name: str) -> None:
    limit = LIMITS[name]
    texts = {"duration": "{:g}s", "ratio": "{:g}", "count": "{:.0f}", "factor": "{:g}"}
    for bound in (limit.least, limit.most):
        text = (
            f"{bound * 1000:.0f}ms" if limit.unit == "duration" else texts[limit.unit].format(bound)
        )
        assert limit.parse(text, where="here") == bound


def test_the_document_lists_each_limit_with_its_reason() -> None:
    lines = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("| `")
    ]
    assert [(row[0], row[1], row[2], row[4]) for row in rows] == [
        (f"`{name}`", limit.text(limit.default), limit.unit, limit.reason)
        for name, limit in LIMITS.items()
    ]
