"""Decide when a ratio of bad events is too high, for few events, and for numbers known only as a least and a most.

A ratio over few events is noise: below the small sample a ratio beyond its limit counts from the second bad event on. One more bad event
never improves the result.
"""

from collections.abc import Callable

from msgspec import Struct

Exceeds = Callable[[int, int], bool]


class Share(Struct, frozen=True):
    """Bad events among all events.

    :ivar bad_least: the bad ones that are certain, among ``all_least`` to ``all_most`` then.
    :ivar bad_most: the bad ones that there may be, among ``worst_least`` to ``worst_most`` then.
    """

    bad_least: int
    all_least: int
    all_most: int
    bad_most: int
    worst_least: int
    worst_most: int

    def certainly_too_high(self, exceeds: Exceeds, *, small_sample: float) -> bool:
        """Return whether the ratio is too high for all possible numbers.

        :param exceeds: whether a share (bad, all) is beyond the limit; the fewer there are in all, the sooner it is.
        """
        if self.bad_least == 0 or not exceeds(self.bad_least, self.all_most):
            return False
        return self.bad_least >= 2 or self.all_least >= small_sample

    def possibly_too_high(self, exceeds: Exceeds, *, small_sample: float) -> bool:
        """Return whether the ratio is too high for some possible numbers."""
        if self.bad_most == 0:
            return False
        if self.bad_most >= 2:
            return exceeds(self.bad_most, self.worst_least)
        least = max(self.worst_least, _at_least(small_sample))
        return self.worst_most >= least and exceeds(1, least)


def _at_least(small_sample: float) -> int:
    return -int(-small_sample // 1)


def within(bad_least: int, bad_most: int, *, all_least: int, all_most: int) -> Share:
    """Return the share of bad events that are a part of all events: errors among alerts received."""
    return Share(bad_least, all_least, all_most, bad_most, all_least, all_most)


def beside(bad_least: int, bad_most: int, *, good_least: int, good_most: int) -> Share:
    """Return the share of bad events that are counted apart from the good ones: send errors beside messages sent."""
    least = good_least + bad_least, good_most + bad_least
    return Share(bad_least, *least, bad_most, good_least + bad_most, good_most + bad_most)
