"""Declared and witnessed: each control alone asks what its measurements declare, and all of that."""

import dataclasses

import pytest

from tests.checks.sources import committed, reading
from tests.checks.witness import HEALTHY, Witnessed, witnessed
from upkeep import demo
from upkeep.demo.server.audit import Attributes, Event

POD = Attributes("get", "", "pods", "monitoring", "x")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Witnessed:
    """The log of each control alone, in both layouts."""
    return witnessed(tmp_path_factory.mktemp("alone"))


def test_every_request_is_declared_and_every_declared_right_is_used(log: Witnessed) -> None:
    """``upkeep rbac`` prints what is declared: less would not do, and more would be too much."""
    assert log.undeclared() == []
    assert log.unused() == []


def test_every_source_is_withheld_by_a_fault_and_every_fault_meets_a_control(
    log: Witnessed,
) -> None:
    assert log.uncovered() == []
    met = {event.source for events in log.requests.values() for event in events}
    assert set(demo.SOURCES) - met == {"all"}


def test_every_control_passes_alone_on_a_healthy_cluster(log: Witnessed) -> None:
    assert {place: outcome for place, outcome in log.outcomes.items() if outcome != "pass"} == {}


@pytest.mark.parametrize("layout", HEALTHY)
def test_the_committed_sources_are_those_that_the_log_shows(log: Witnessed, layout: str) -> None:
    """Renew with ``python -m tests.repository.documents sources``."""
    read = {source: set(controls) for source, controls in reading(log, layout).items()}
    told = committed(layout)
    assert {source: set(row.controls) for source, row in told.items()} == read
    asked = {
        source: set().union(*controls.values()) for source, controls in reading(log, layout).items()
    }
    assert {source: set(row.asked_by) for source, row in told.items()} == asked


@pytest.mark.parametrize("layout", HEALTHY)
def test_only_what_is_declared_to_tolerate_it_is_judged_without_a_source(
    log: Witnessed, layout: str
) -> None:
    """``tolerates=`` of a measurement, or ``optional=`` of a right, is the only way."""
    blind = [
        f"{control} is judged without {source}"
        for source, row in committed(layout).items()
        for control in row.judged
        if source == "all" or source in log.reads(layout, control, strictly=True)
    ]
    assert blind == []


def test_a_request_that_nothing_declares_and_a_right_that_nobody_uses_are_told(
    log: Witnessed,
) -> None:
    place = ("guide", "pods-ready")
    stray = Event("self", "GET", "/api/v1/namespaces/monitoring/pods/x", "pods", (POD,))
    acting = dataclasses.replace(stray, subject="acting")
    for event in (stray, acting, dataclasses.replace(stray, attributes=())):
        more = {**log.requests, place: (*log.requests[place], event)}
        told = set(dataclasses.replace(log, requests=more).undeclared()) - set(log.undeclared())
        assert [one.partition(": ")[0] for one in told] == ["pods-ready (guide)"]
    less = {key: events for key, events in log.requests.items() if key[1] != "survives-node-loss"}
    (unused,) = set(dataclasses.replace(log, requests=less).unused()) - set(log.unused())
    assert unused.startswith("budgets: Right(verb='list', resource='poddisruptionbudgets'")
