"""``--demo=list``: every name, once, where a person finds it."""

import re

from tests.demo.test_scenarios import CONTROLS
from upkeep import demo
from upkeep.demo import listing


def sections() -> dict[str, dict[str, str]]:
    """By heading, the names and what stands behind them."""
    found: dict[str, dict[str, str]] = {"": {}}
    heading = ""
    for line in listing.lines():
        if named := re.fullmatch(r"  (\S+)(?: +(.*))?", line):
            assert named[1] not in found[heading]
            found[heading][named[1]] = named[2] or ""
        elif line:
            heading = line
            found.setdefault(heading, {})
    return found


def test_every_scenario_has_its_name_there() -> None:
    """Each once; with what the headings say of prefixes, kinds and sources they are all that there are."""
    found = sections()
    kinds, sources = found.pop("KIND: the server"), found.pop("SOURCE")
    alone = {*found.pop(""), *found.pop("the chart's layout alone")}
    both = [name for names in found.values() for name in names] + [
        f"{kind}@{source}" for source in sources for kind in kinds
    ]
    assert len(set(both)) == len(both)
    assert {*alone, *both, *(f"chart/{name}" for name in both)} == set(demo.names())


def test_a_scenario_stands_under_the_control_that_it_is_about() -> None:
    found = sections()
    for control in found.keys() & CONTROLS:
        assert {demo.parse(name).hits[0] for name in found[control]} == {control}
    rest = found["no control falls short, or one cannot be measured"]
    assert {demo.parse(name).hits for name in rest} == {()}
    assert (
        sections()["recovery-rehearsed"]["attestations-expired"]
        == "every sign-off has expired (and 5 controls more)"
    )


def test_it_is_a_third_of_what_there_is() -> None:
    """A line for each change, and none for each pair of a kind and a source."""
    assert len(list(listing.lines())) < len(demo.names()) / 2.5


def test_what_is_the_same_as_another_stands_behind_it() -> None:
    printed = [line.split()[0] if line.startswith("  ") else "" for line in listing.lines()]
    catalogue = demo.names(faults=False)
    for name in printed:
        if name in catalogue and demo.summary(name).startswith("the same, "):
            assert printed[printed.index(name) - 1] == catalogue[catalogue.index(name) - 1]
