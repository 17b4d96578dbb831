"""Every control is proven three ways: it passes, it fails on a fault of its own, it is unknown."""

from collections.abc import Iterable, Mapping

from tests.checks.sources import committed as committed_sources
from tests.checks.witness import EVERY, HEALTHY
from tests.repository.documents import row_of
from upkeep import demo
from upkeep.commands import suite
from upkeep.demo.scenarios import SCENARIOS


def unproven(
    controls: Iterable[str],
    *,
    healthy: str,
    hits: Mapping[str, str],
    unknown: Iterable[str],
) -> list[str]:
    """Return what is missing, naming the control.

    :param healthy: what falls short on the healthy cluster.
    :param hits: control -> the committed rows of the scenarios that are meant for it.
    :param unknown: controls that could not be measured without one of their sources.
    """
    missing = []
    for control in controls:
        if f" {control}," in f" {healthy},":
            missing.append(f"{control} does not pass on the healthy cluster")
        if not any(f"{word} {control}" in hits.get(control, "") for word in ("FAIL", "due")):
            missing.append(f"{control} fails on no scenario of its own: @scenario(…, {control!r})")
        if control not in unknown:
            missing.append(f"{control} is unknown without none of its sources (docs/sources.md)")
    return missing


def test_every_control_has_all_three_proofs() -> None:
    """The documents are compared with runs by ``test_scenarios.py`` and ``test_faults.py``."""
    hits: dict[str, str] = {}
    for name, scenario in SCENARIOS.items():
        for control in scenario.hits:
            hits[control] = hits.get(control, "") + row_of(name)
    rows = [row for layout in HEALTHY for row in committed_sources(layout).values()]
    assert (
        unproven(
            suite.declared(EVERY.split(" or ")),
            healthy="".join(row_of(name).rpartition("| ")[2] for name in HEALTHY.values()),
            hits=hits,
            unknown={control for row in rows if row.source != "all" for control in row.unknown},
        )
        == []
    )


def test_a_missing_proof_names_its_control() -> None:
    whole = {"healthy": "—", "hits": {"a-b": "FAIL a-b"}, "unknown": {"a-b"}}
    assert unproven(["a-b"], **whole) == []
    for less in ({"healthy": "FAIL a-b"}, {"hits": {"a-b": "FAIL a-c"}}, {"unknown": ()}):
        (told,) = unproven(["a-b"], **whole | less)
        assert told.startswith("a-b ")


def test_a_scenario_names_controls_that_exist() -> None:
    known = set(suite.declared(EVERY.split(" or ")))
    named = {one for name in demo.names(faults=False) for one in demo.parse(name).hits}
    assert named - known == set()
