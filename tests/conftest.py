"""What all of the suite's own tests have in common."""

from tests import fuzzing as fuzzing  # its profile is hypothesis's default here
