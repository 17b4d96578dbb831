"""A non-deterministic automaton over code points: which texts does it accept?"""

from dataclasses import dataclass, field

Ranges = tuple[tuple[int, int], ...]  # code points, inclusive
MOST_STATES = 20_000
START_OF_TEXT, END_OF_TEXT = "start", "end"


class Unreadable(ValueError):
    """The expression is none, or uses what is not read here (``\\b``, ``\\p{…}``)."""


@dataclass(slots=True)
class Automaton:
    """A non-deterministic automaton; state 0 is the first.

    :ivar steps: per state, the code points that lead to another state.
    :ivar free: per state, the states that it leads to without one. The condition is empty, ``start`` or ``end``.
    :ivar final: the state that accepts.
    """

    steps: list[list[tuple[Ranges, int]]] = field(default_factory=list)
    free: list[list[tuple[str, int]]] = field(default_factory=list)
    final: int = 0

    def state(self) -> int:
        """Add a state.

        :raises Unreadable: there are too many.
        """
        if len(self.steps) >= MOST_STATES:
            raise Unreadable("the expression is too large")
        self.steps.append([])
        self.free.append([])
        return len(self.steps) - 1

    def closure(self, states: frozenset[int], *, start: bool, end: bool) -> frozenset[int]:
        """Return the states that are reached without a code point.

        :param start: nothing was read yet. :param end: nothing follows.
        """
        found, todo = set(states), list(states)
        while todo:
            for condition, target in self.free[todo.pop()]:
                holds = (
                    not condition or (start if condition == START_OF_TEXT else end)
                )  # fmt: skip
                if holds and target not in found:
                    found.add(target)
                    todo.append(target)
        return frozenset(found)

    def accepts(self, text: str) -> bool:
        """Return whether the automaton reads the whole text and ends in its final state."""
        states = frozenset((0,))
        for place, character in enumerate(text):
            code = ord(character)
            states = frozenset(
                target
                for state in self.closure(states, start=not place, end=False)
                for ranges, target in self.steps[state]
                if any(low <= code <= high for low, high in ranges)
            )
        return self.final in self.closure(states, start=not text, end=True)


def literal(text: str) -> Automaton:
    """Return the automaton of one text.

    :raises Unreadable: it is too long.
    """
    found = Automaton()
    here = found.state()
    for character in text:
        after = found.state()
        found.steps[here].append((((ord(character), ord(character)),), after))
        here = after
    found.final = here
    return found
