"""Documents that could drift are what they are generated from."""

import pytest

from tests.repository.documents import (
    BATCHES,
    DEFAULTS,
    DOCUMENTS,
    OUTCOMES,
    committed,
    outcomes_of,
    ran,
    row_of,
)


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path != OUTCOMES])
def test_the_committed_document_is_up_to_date(path: str) -> None:
    """``make documents`` would change nothing."""
    assert committed(path) == DOCUMENTS[path]()


def test_the_rest_of_the_outcomes_is_what_is_committed() -> None:
    """What the chart's defaults give, every scenario in its place, and no row more."""
    assert committed(OUTCOMES) == outcomes_of(
        [row_of(name) for names in BATCHES for name in names], ran(DEFAULTS)
    )
