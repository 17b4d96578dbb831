"""Every control is proven three ways: it passes, it fails on a fault of its own, it is unknown."""

import re
from collections.abc import Iterable, Mapping

from tests.checks.outcomes import committed as committed_rows
from tests.checks.outcomes import short
from tests.checks.sources import committed
from tests.checks.witness import HEALTHY
from upkeep import demo
from upkeep.commands import suite
from upkeep.demo.scenarios import SCENARIOS
from upkeep.model import CADENCES

RENEW = "python -m tests.repository.documents"


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
        if control in re.findall(r"[a-z0-9-]+", healthy):
            missing.append(f"{control} does not pass on the healthy cluster")
        if not re.search(rf"(FAIL|due) {control}(,|$)", hits.get(control, "")):
            missing.append(
                f"{control} fails on no scenario of its own: @scenario(…, {control!r}), then {RENEW} outcomes"
            )
        if control not in unknown:
            missing.append(f"{control} is unknown without none of its sources: {RENEW} sources")
    return missing


def test_every_control_has_all_three_proofs() -> None:
    """The documents are compared with runs by ``test_scenarios.py`` and ``test_faults.py``."""
    hits: dict[str, str] = {}
    for name, scenario in SCENARIOS.items():
        for control in scenario.hits if name in committed_rows() else ():
            hits[control] = f"{hits.get(control, '')}, {short(name)}"
    rows = [row for layout in HEALTHY for row in committed(layout).values()]
    assert (
        unproven(
            suite.declared(CADENCES),
            healthy=", ".join(short(name) for name in HEALTHY.values()),
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
    known = set(suite.declared(CADENCES))
    named = {one for name in demo.names(faults=False) for one in demo.parse(name).hits}
    assert named - known == set()
