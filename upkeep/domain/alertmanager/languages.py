"""Find which of several sets of texts one text can be in: all that the values of a label can be to its matchers.

All automata read the same text side by side (the subset construction); each set of automata that accepts is kept
with its shortest text. Every question about matchers of one label is then answered by this list.
"""

from collections import deque
from collections.abc import Sequence

from upkeep.domain.alertmanager.automata import Automaton, Unreadable
from upkeep.domain.alertmanager.character_classes import LINE_BREAK

MOST_SUBSETS = 20_000

States = tuple[frozenset[int], ...]


def memberships(
    automata: Sequence[Automaton], *, empty_text: bool = True
) -> dict[frozenset[int], str]:
    """Return each set of automata that accept one same text and no others, with the shortest such text.

    :param empty_text: whether the empty text is one of the texts.
    :raises Unreadable: the automata have too many states together.
    """
    found: dict[frozenset[int], str] = {}
    first: States = tuple(frozenset((0,)) for _ in automata)
    todo, seen = deque([(first, "")]), set[States]()  # the empty text is none of the seen
    while todo:
        states, text = todo.popleft()
        start = not text
        if text or empty_text:
            ends = (
                one.final in one.closure(here, start=start, end=True)
                for one, here in zip(automata, states, strict=True)
            )
            found.setdefault(frozenset(n for n, end in enumerate(ends) if end), text)
        ready = [
            one.closure(here, start=start, end=False)
            for one, here in zip(automata, states, strict=True)
        ]
        for code in _different(automata, ready):
            after: States = tuple(
                frozenset(
                    target
                    for state in here
                    for ranges, target in one.steps[state]
                    if any(low <= code <= high for low, high in ranges)
                )
                for one, here in zip(automata, ready, strict=True)
            )
            if after not in seen:
                if len(seen) >= MOST_SUBSETS:
                    raise Unreadable("the expressions are too large together")
                seen.add(after)
                todo.append((after, text + chr(code)))
    return found


def _different(automata: Sequence[Automaton], ready: Sequence[frozenset[int]]) -> list[int]:
    """Return one code point of each range that no transition tells apart; a readable one where there is."""
    edges = {0, 0x30, 0x3A, 0x61, 0x7B, LINE_BREAK, LINE_BREAK + 1, 0xD800, 0xE000}
    for one, here in zip(automata, ready, strict=True):
        for state in here:
            for ranges, _ in one.steps[state]:
                for low, high in ranges:
                    edges |= {low, high + 1}
    # Surrogates are no characters, and a line break stands in no text here.
    found = [
        code
        for code in edges
        if code <= 0x10FFFF and code != LINE_BREAK and not 0xD800 <= code < 0xE000
    ]
    return sorted(found, key=lambda code: (not chr(code).isalnum(), not 0x20 < code < 0x7F, code))
