"""Test which alerts a tree of routes sends where, and how much of the time intervals mute; amtool is the judge elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.domain.alertmanager.automata import Unreadable, literal
from upkeep.domain.alertmanager.languages import memberships
from upkeep.domain.alertmanager.matchers import BadMatcher, Matcher, parse
from upkeep.domain.alertmanager.re2 import anchored
from upkeep.domain.alertmanager.routing import Alerts, deliveries
from upkeep.domain.alertmanager.time_intervals import muted
from upkeep.records.monitoring import NotificationRoute


def holds_of(text: str) -> str:
    """Whether matchers hold of every alert, of some, or of none."""
    matchers = parse(text)
    alerts = Alerts(matchers)
    if alerts.all_match(matchers):
        return "every"
    return "none" if alerts.example(matchers) is None else "some"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The field case: by amtool no alert gets past any of these.
        ('alertname=~".+"', "every"), ('alertname!=""', "every"), ('{alertname=~".*", severity=~".*"}', "every"),
        ('alertname=~".*", severity=~".*"', "every"), ('alertname =~ "(.*)"', "every"), ('alertname=~"^.*$"', "every"),
        ('severity=~"critical|warning|info|none|.*"', "every"), ('"alert.name"=~".*"', "every"), ('severity!~"^$|.+"', "none"),
        # Backticks quote nothing in Alertmanager: they are characters of the value.
        ("alertname=~`.*`", "some"), ('notexist=""', "some"), ('severity=~".+"', "some"), ('severity!=""', "some"),
        ('alertname=""', "none"), ('alertname=~"()"', "none"), ('a="x",a="y"', "none"), ('a=~"x.*",a=~".*y"', "some"),
        ('a=~"x",a!="x"', "none"), ('a=~"[^x]*",a=~"x+"', "none"), ('a=~"(?i)X",a="x"', "some"), ("{}", "every"), ("", "every"),
        ('a!~".*"', "none"), ('a!~""', "some"), ('a=~"\\\\d{2,3}",a=~"....+"', "none"), ('a=~".{0,2}|..+"', "every"),
    ],
)  # fmt: skip
def test_matchers_hold_of_every_alert_of_some_or_of_none(text: str, expected: str) -> None:
    assert holds_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=b", [("a", "=", "b")]),
        ('{ a = "b" , c != d , }', [("a", "=", "b"), ("c", "!=", "d")]),
        ('"a.b"=~"c,d"', [("a.b", "=~", "c,d")]),
        ('a="\\"x\\", y"', [("a", "=", '"x", y')]),
        ("a=b c", [("a", "=", "b c")]),
        ("a!~`b`", [("a", "!~", "`b`")]),
        ('a="\\n\\\\"', [("a", "=", "\n\\")]),
        # Both syntaxes take this and differ: the classic one holds.
        ('a="\\x41"', [("a", "=", "\\x41")]),
        ('"ä"="\\x41"', [("ä", "=", "A")]),
        # prometheus/alertmanager#3486: amtool 0.25 prints these values.
        ("{a=}}", [("a", "=", "}")]),
        ("{a=~}", [("a", "=~", "")]),
        ("{a=,}", [("a", "=", "")]),
    ],
)  # fmt: skip
def test_both_syntaxes_are_read(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = parse(text)
    assert [(one.label, one.operator, one.value) for one in found] == expected
    assert tuple(one for each in found for one in parse(str(each))) == found


@pytest.mark.parametrize(
    "text", ["a", "=b", 'a="b', "{a=b", '"a.b=c', "a=b,,c=d", 'a="b"c"', "{a=b}}", '"a.b"="\\q"']
)
def test_what_neither_syntax_takes_is_refused(text: str) -> None:
    if text in ("{a=b", "{a=b}}"):  # the classic syntax ignores a brace
        assert parse(text)
        return
    with pytest.raises(BadMatcher):
        parse(text)


@pytest.mark.parametrize("text", ["(", ")", "a**", "[b-a]", "*", "a{1001}", "\\b", "\\pL", "(?=a)", "(?<!a)", "[[:odd:]]", "\\", "(a{100}){1000}"])  # fmt: skip
def test_an_expression_that_is_not_read_is_no_answer(text: str) -> None:
    with pytest.raises(Unreadable):
        anchored(text)
    with pytest.raises(Unreadable):
        Alerts((Matcher("a", "=~", text),))


def test_too_many_kinds_of_texts_are_no_answer() -> None:
    with pytest.raises(Unreadable):
        memberships([anchored(f".*{letter}.{{12}}") for letter in "abcdefgh"])


@given(
    st.text(alphabet="abk.|", max_size=6),
    st.lists(
        st.sampled_from(["a|b", "a.*", ".*b", "[^a]+", "(ab)*", "", "k{2}", "(?i)K+"]),
        min_size=1,
        max_size=3,
    ),
)
def test_every_text_is_of_a_kind_that_is_found(text: str, expressions: list[str]) -> None:
    """Python reads these expressions as Go does."""
    import re

    kinds = memberships([*map(anchored, expressions), literal(text)])
    held = {n for n, one in enumerate(expressions) if re.fullmatch(one, text)}
    assert frozenset({*held, len(expressions)}) in kinds
    assert held == {n for n, one in enumerate(expressions) if anchored(one).accepts(text)}
    for inside, example in kinds.items():
        assert {n for n, one in enumerate(expressions) if re.fullmatch(one, example)} == inside - {
            len(expressions)
        }


def test_a_route_behind_one_that_takes_every_alert_gets_none() -> None:
    pager = NotificationRoute("pager", ('severity="critical"',))
    for first in ('alertname=~".+"', 'alertname!=""'):
        root = NotificationRoute("pager", routes=(NotificationRoute("cano", (first,)), pager))
        assert [one.route.receiver for one in deliveries(root)] == ["cano"]
    # Two routes that take everything together.
    halves = (NotificationRoute("a", ('x=~"y.*"',)), NotificationRoute("b", ('x!~"y.*"',)))
    assert [one.route.receiver for one in deliveries(NotificationRoute("root", routes=halves))] == [
        "a",
        "b",
    ]


NIGHT = {
    "times": [
        {"start_time": "20:00", "end_time": "24:00"},
        {"start_time": "00:00", "end_time": "08:00"},
    ]
}
DAY = {"times": [{"start_time": "08:00", "end_time": "20:00"}]}
INTERVALS = {
    "night": [NIGHT], "day": [DAY], "always": [{}], "never": [], "week": [{"weekdays": ["monday:friday"]}],
    "weekend": [{"weekdays": ["saturday", "Sunday"]}], "berlin": [NIGHT | {"location": "Europe/Berlin"}],
    "year": [{"months": ["january:december"]}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("mute", "active", "expected"),
    [
        ([], [], "never"), (["night"], [], "at times"), (["never"], [], "never"), (["always"], [], "always"),
        (["night", "day"], [], "always"), ([], ["night", "day"], "never"), ([], ["week"], "at times"), ([], ["week", "weekend"], "never"),
        ([], ["never"], "always"), ([], ["always"], "never"), (["week"], ["weekend"], "at times"), (["day", "berlin"], [], "at times"),
        (["year"], [], "at times"), (["always"], ["always"], "always"),
    ],
)  # fmt: skip
def test_intervals_mute_never_at_times_or_always(
    mute: list[str], active: list[str], expected: str
) -> None:
    assert muted(mute, active, intervals=INTERVALS) == expected


def test_an_interval_that_is_not_defined_is_an_error() -> None:
    with pytest.raises(ValueError, match="not defined"):
        muted(["other"], [], intervals=INTERVALS)
