"""What the checks say about themselves: each control's meta-data, validated at collection."""

import pytest

from upkeep.model import Control, Evidence

CONTROL = pytest.StashKey[Control]()
TARGET = pytest.StashKey[str]()
EVIDENCE = pytest.StashKey[list[Evidence]]()
