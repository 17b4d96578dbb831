"""How long hypothesis looks: ``UPKEEP_TEST_FUZZ=100 make test`` tries a hundred times as many examples."""

import os

from hypothesis import settings

FACTOR = int(os.environ.get("UPKEEP_TEST_FUZZ", "1"))


def examples(number: int) -> int:
    """So many examples, times the factor."""
    return number * FACTOR


settings.register_profile("upkeep", max_examples=examples(100))
settings.load_profile("upkeep")
