"""The judges: pure functions ``(records, *, now, limits) -> Judgement``, one module for each subject.

A judge reads no clock, no file and no network, and imports only the model, the records, the limits, the errors and the
standard library. In each of them the order is the same:

1. Is the look whole? What is missing where something must be raises an ``Unmeasured`` kind: it is never ignored, and
   never a finding.
2. What is wrong becomes a finding; ``observed`` says what was seen, also when it is good.
3. What cannot be told yet (``TooEarly``) is raised only when nothing is known to be wrong.

The order of the records never matters.
"""
