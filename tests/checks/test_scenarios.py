"""Every scenario with every control: what changes is what is committed (docs/outcomes.md)."""

import re

import pytest

from tests.checks import outcomes
from tests.checks.inner import Ran
from tests.fuzzing import FUZZ
from upkeep import demo

# What stands for a name that somebody would have to put in: a word in capitals, <this>, or a
# variable of the shell.
PLACEHOLDER = re.compile(
    r"(?<![\w/=-])(NAME|NAMESPACE|NS|POD|FILE|DIR|URL|CONTEXT|IDENTITY)\b|<\w|\$[({A-Z]"
)
NAMES = demo.names(faults=False)
# In the chart's layout most faults do what they do in the guide's: on every change those run the
# controls that their row names, and all controls under UPKEEP_TEST_FUZZ.
ALIKE = [
    name
    for name in NAMES
    if not FUZZ
    and (guide := name.removeprefix("chart/")) != name
    and guide in outcomes.committed()
    and name in outcomes.committed()
    and outcomes.short(name) == outcomes.short(guide) != "—"
]
BATCHES = outcomes.in_batches([name for name in NAMES if name not in ALIKE])


def unfinished(found: Ran) -> list[str]:
    """Return the failures that wake somebody whose next step is missing or holds no real name."""
    return [
        f"{one['target']}: {one['control']}: {one['next'] or 'no next step'}"
        for one in found.results.values()
        if one["outcome"] == "fail"
        and "emergency" in one["cadence"]
        and (not one["next"] or PLACEHOLDER.search(one["next"].replace("${", "")))
    ]


def test_every_scenario_has_its_row() -> None:
    """Renew with ``python -m tests.repository.documents outcomes``."""
    assert sorted(outcomes.committed()) == sorted(NAMES)


@pytest.mark.parametrize("names", BATCHES, ids=[f"{names[0]}..{names[-1]}" for names in BATCHES])
def test_exactly_the_controls_that_it_hits_change_and_what_is_next_can_be_pasted(
    names: list[str],
) -> None:
    """The next step of each failure that wakes somebody holds the real names."""
    found = outcomes.ran(names)
    assert outcomes.rows(names, found) == [outcomes.committed()[name] for name in names]
    assert unfinished(found) == []


@pytest.mark.parametrize("half", [0, 1])
def test_in_the_charts_layout_a_fault_hits_the_same_controls(half: int) -> None:
    names = ALIKE[half::2]
    found = outcomes.ran(names, {name: outcomes.named(name) for name in names})
    assert outcomes.rows(names, found) == [outcomes.committed()[name] for name in names]
    assert unfinished(found) == []
