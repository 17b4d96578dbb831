"""How long something takes: the median of some rounds."""

import statistics
import time
from collections.abc import Callable

ROUNDS = 5


def seconds_of(run: Callable[[], object]) -> float:
    """The median wall time."""
    times = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        run()
        times.append(time.monotonic() - began)
    return statistics.median(times)
