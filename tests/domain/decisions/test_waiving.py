"""Which waiver covers a finding, which counts for nothing, and who is one person."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from upkeep.domain.decisions.persons import same as same_person
from upkeep.domain.decisions.waiving import covering, sound, standing_override, unused
from upkeep.records.decisions import Override, Waiver

NOW = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
SEVERITIES = {"pods-ready": "critical", "pods-stable": "high", "config-fresh": "low"}


def waiver(**changes) -> Waiver:
    whole = Waiver(
        control="pods-stable",
        reason="known",
        owner="Ada",
        approved_by="Bob",
        approved_on=date(2026, 1, 5),
        ticket="OPS-1",
        expires=datetime(2026, 2, 1, tzinfo=UTC),
        where="w.yaml, line 1",
    )
    return replace(whole, **changes)


def covers(
    one: Waiver, *, owner: str = "Deployment/a", code: str = "x", target: str = "eu"
) -> bool:
    found = covering([one], control="pods-stable", target=target, owner=owner, code=code)
    return found is not None


def codes(one: Waiver, now: datetime = NOW) -> list[str]:
    return [fault.code for fault in sound([one], severities=SEVERITIES, now=now)[1]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"code": "x"}, True),
        ({"code": "y"}, False),
        ({"target": "e*"}, True),
        ({"target": "us"}, False),
        ({"object": "Deployment/*"}, True),
        ({"object": "Deployment/b"}, False),
        ({"control": "pods-ready"}, False),
    ],
)
def test_a_waiver_covers_what_it_names(changes, expected) -> None:
    assert covers(waiver(**changes)) is expected


def test_of_several_the_one_that_lasts_longest_covers() -> None:
    short, long = waiver(), waiver(expires=NOW + timedelta(days=20), ticket="OPS-2")
    for those in ([short, long], [long, short]):
        found = covering(those, control="pods-stable", target="eu", owner="a", code="x")
        assert found is not None
        assert found.ticket == max(those, key=lambda one: one.expires).ticket


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"expires": NOW}, ["expired"]),
        ({"expires": NOW + timedelta(days=3)}, ["expires-soon"]),
        ({"expires": datetime(2026, 2, 5, tzinfo=UTC)}, []),
        ({"expires": datetime(2026, 2, 5, 0, 0, 1, tzinfo=UTC)}, ["too-long"]),
        ({"control": "pods-redy"}, ["unknown-control"]),
        ({"approved_on": date(2026, 1, 11)}, ["not-yet"]),
        ({"control": "pods-ready", "expires": datetime(2026, 1, 20, tzinfo=UTC)}, []),
        ({"control": "pods-ready", "expires": datetime(2026, 1, 21, tzinfo=UTC)}, ["too-long"]),
        ({"control": "config-fresh", "expires": datetime(2026, 7, 5, tzinfo=UTC)}, []),
    ],
)
def test_what_is_wrong_with_a_waiver(changes, expected) -> None:
    assert codes(waiver(**changes)) == expected


def test_a_waiver_that_ended_counts_for_nothing() -> None:
    good, faults = sound([waiver(expires=NOW)], severities=SEVERITIES, now=NOW)
    assert good == []
    assert [fault.ends for fault in faults] == [True]


def test_a_waiver_of_a_judged_control_that_covers_nothing_is_unused() -> None:
    one = waiver()
    assert [f.code for f in unused([one], [], judged=["pods-stable"])] == ["unused"]
    assert unused([one], [], judged=["pods-ready"]) == []
    assert unused([one], {one}, judged=["pods-stable"]) == []


def test_an_override_opens_its_target_while_it_lasts() -> None:
    one = Override("eu", "fix", "Ada", "Bob", "OPS-1", NOW, NOW + timedelta(hours=2))
    assert standing_override([one], target="eu", now=NOW) == one
    assert standing_override([one], target="us", now=NOW) is None
    assert standing_override([one], target="eu", now=NOW + timedelta(hours=2)) is None
    assert standing_override([one], target="eu", now=NOW - timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ada", "ada ", True),
        ("Ada", "A\u200bda", True),
        ("Ada", "\uff21\uff44\uff41", True),
        ("Ada Byron", "Ada\u00a0 Byron", True),
        ("Ada <ada@x.org>", "ADA@x.org", True),
        ("Ada <ada@x.org>", "Ada", True),
        ("Ada <ada@x.org>", "Bob <ada@x.org>", True),
        ("Ada", "Bob", False),
        ("Ada <ada@x.org>", "Bob <bob@x.org>", False),
        ("Straße", "STRASSE", True),
    ],
)
def test_who_is_one_person(one, other, same) -> None:
    assert same_person(one, other) is same
    assert same_person(other, one) is same
