"""Every scenario with every control: what changes is what is committed (docs/outcomes.md), and what to do next can be pasted."""

import re

import pytest

from tests.repository.documents import BATCHES, ran, row_of, rows

# What stands for a name that somebody would have to put in: a word in capitals, <this>, or a variable of the shell.
PLACEHOLDER = re.compile(
    r"(?<![\w/=-])(NAME|NAMESPACE|NS|POD|FILE|DIR|URL|CONTEXT|IDENTITY)\b|<\w|\$[({A-Z]"
)


@pytest.mark.parametrize("names", BATCHES, ids=[f"{names[0]}..{names[-1]}" for names in BATCHES])
def test_exactly_the_controls_that_it_hits_change_and_what_is_next_can_be_pasted(
    names: list[str],
) -> None:
    """The next step of each failure that wakes somebody holds the real names, in both layouts."""
    found = ran(names)
    assert rows(names, found) == [row_of(name) for name in names]
    failed = [
        result
        for result in found.results.values()
        if result["outcome"] == "fail" and "emergency" in result["cadence"]
    ]
    assert [
        f"{one['target']}: {one['control']} has no next step" for one in failed if not one["next"]
    ] == []
    unfinished = [one for one in failed if PLACEHOLDER.search(one["next"].replace("${", ""))]
    assert [f"{one['target']}: {one['control']}: {one['next']}" for one in unfinished] == []
