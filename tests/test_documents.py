"""Documents that could drift are what they are generated from."""

import pytest

from tests.documents import BATCHES, DEFAULTS, DOCUMENTS, ROOT, outcomes_of, ran, rows

OUTCOMES = "docs/outcomes.md"


def committed(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def row_of(scenario: str) -> str:
    """The committed row of a scenario."""
    return next(line for line in committed(OUTCOMES).splitlines() if line.startswith(f"| `{scenario}` |"))


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path != OUTCOMES])
def test_the_committed_document_is_up_to_date(path: str) -> None:
    """``make documents`` would change nothing."""
    assert committed(path) == DOCUMENTS[path]()


@pytest.mark.parametrize("names", BATCHES, ids=[f"{names[0]}..{names[-1]}" for names in BATCHES])
def test_what_each_scenario_changes_is_what_is_committed(names: list[str]) -> None:
    """Exactly the controls that it should hit change."""
    assert [row_of(name) for name in names] == rows(names, ran(names))


def test_the_rest_of_the_outcomes_is_what_is_committed() -> None:
    """What the chart's defaults give, every scenario in its place, and no row more."""
    assert committed(OUTCOMES) == outcomes_of([row_of(name) for names in BATCHES for name in names], ran(DEFAULTS))
