"""What all of the suite's own tests have in common."""

import gc

from tests import fuzzing as fuzzing  # its profile is hypothesis's default here

# Runs over dozens of clusters keep what they measured, and a collection walks through all of it: seldom is often enough here.
gc.set_threshold(20_000, 20, 100)
