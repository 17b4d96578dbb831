"""How long hypothesis looks: ``UPKEEP_TEST_FUZZ=100 make test`` tries two hundred times as many examples.

Without it every run looks at the same half of the examples, so that what fails is what was changed; with it, at new ones. How long one takes says
how busy the machine is and nothing else, and is no failure.
"""

import os

from hypothesis import HealthCheck, settings

FUZZ = os.environ.get("UPKEEP_TEST_FUZZ", "")
FACTOR = float(FUZZ or "0.5")


def examples(number: int) -> int:
    """So many examples, times the factor."""
    return int(number * FACTOR)


settings.register_profile(
    "upkeep",
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not FUZZ,
    database=None,
    print_blob=True,
)
settings.load_profile("upkeep")
