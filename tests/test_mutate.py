"""A seeded sample of the hunt: no wrong type lets a failing control pass, and none ends in an internal error."""

import pytest

from tests.mutate import Path_, changed, hunted, places, spelled


@pytest.mark.parametrize("scenario", ["backup-job-suspended", "network-open"])
def test_a_failing_control_stands_every_change(scenario: str) -> None:
    tried, escapes = hunted(scenario, seed=7, most=8)
    assert tried >= 30
    assert [str(one) for one in escapes if not one.reason] == []


def test_the_hunt_finds_what_it_is_made_to_find(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the fault itself is taken away the control passes: the hunt sees it, and tells it for the scenario's own."""

    def near(document: object, path: Path_, change: str) -> object:
        if path[-1] not in ("suspend", "schedule"):
            raise LookupError(change)
        return changed(document, path, change)

    monkeypatch.setattr("tests.mutate.changed", near)
    _, escapes = hunted("backup-job-suspended")
    cures = {(one.path, one.change) for one in escapes}
    assert ("items[].spec.suspend", "removed") in cures
    assert all(one.cure for one in escapes)


@pytest.mark.parametrize(
    ("change", "document"),
    [
        ("removed", {"a": {}}),
        ("null", {"a": {"b": None}}),
        ("zero", {"a": {"b": 0}}),
        ("another type", {"a": {"b": "7"}}),
        ("true", {"a": {"b": True}}),
        ("list", {"a": {"b": []}}),
    ],
)
def test_one_place_is_changed(change: str, document: object) -> None:
    assert changed({"a": {"b": 3}}, ("a", "b"), change) == document


def test_places_are_spelled_as_the_api_spells_them() -> None:
    found = [spelled(one) for one in places({"items": [{"spec": {"replicas": 1}}]})]
    assert found == ["items", "items[]", "items[].spec", "items[].spec.replicas"]
    with pytest.raises(LookupError):
        changed({"a": 0}, ("a",), "zero")
