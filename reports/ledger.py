"""results.jsonl: the record of a run."""

import pytest

from upkeep.model import Run

RUN = pytest.StashKey[Run]()
