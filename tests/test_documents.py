"""Documents that could drift are what they are generated from."""

import pytest

from tests.documents import DOCUMENTS, ROOT


@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_committed_document_is_up_to_date(path: str) -> None:
    """``make documents`` would change nothing."""
    assert (ROOT / path).read_text(encoding="utf-8") == DOCUMENTS[path]()
