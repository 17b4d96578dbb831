"""Alertmanager's silences as records: the active ones, and nothing that cannot be one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.adapters.http.canned import CannedApi
from tests.judges.samples import NOW
from upkeep.adapters.http.alertmanager import Alertmanager
from upkeep.errors import Malformed


class Silenced(CannedApi):
    """Answers the question for silences, and no other."""

    where, namespace = "am", ""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def answer(self, path: str, query: Mapping[str, str]) -> Any:
        assert (path, query) == ("/api/v2/silences", {})
        return self._answer


def silences(*entries: dict[str, Any]) -> list[dict[str, Any]]:
    """Silences as the API lists them, each with one matcher unless an entry says otherwise."""
    matcher = {"name": "alertname", "value": ".+", "isRegex": True, "isEqual": True}
    whole = {"status": {"state": "active"}, "matchers": [matcher], "endsAt": "2026-01-02T14:00:00Z"}
    return [{"id": str(number), **whole, **entry} for number, entry in enumerate(entries)]


def test_active_silences_alone_count_and_their_matchers_are_in_one_form() -> None:
    negative = {"name": "team", "value": 'a"b', "isRegex": False, "isEqual": False}
    old = {"name": "team", "value": "x|y", "isRegex": True}
    answer = silences(
        {"status": {"state": "expired"}},
        {"matchers": [negative, old], "endsAt": "2026-01-02T16:00:00+02:00"},
        {"status": {"state": "pending"}},
        {},
    )
    first, second = Alertmanager(Silenced(answer)).silences(NOW)
    assert (first.id, first.matchers) == ("1", ('team!="a\\"b"', 'team=~"x|y"'))
    assert (second.id, second.matchers) == ("3", ('alertname=~".+"',))
    assert first.until == second.until == datetime(2026, 1, 2, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    "entry",
    [
        {"endsAt": "2026-01-02T11:54:00Z"},
        {"status": {"state": "enabled"}},
        {"status": {}},
        {"matchers": []},
        {"matchers": [{"name": "a", "value": "b", "isRegex": "no"}]},
    ],
)
def test_a_silence_that_cannot_be_is_no_answer(entry: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        Alertmanager(Silenced(silences(entry))).silences(NOW)
