"""The code points of RE2's named classes, their complements and other cases."""

from upkeep.domain.alertmanager.automata import (
    Ranges,
)

HIGHEST = 0x10FFFF
LINE_BREAK = 0x0A
ANY: Ranges = ((0, LINE_BREAK - 1), (LINE_BREAK + 1, HIGHEST))
_DIGIT: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE: Ranges = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_LOWER: Ranges = ((0x61, 0x7A),)
_UPPER: Ranges = ((0x41, 0x5A),)
PERL = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
CONTROL = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
NAMED: dict[str, Ranges] = {
    "alnum": (*_DIGIT, *_UPPER, *_LOWER),
    "alpha": (*_UPPER, *_LOWER),
    "ascii": ((0, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": _LOWER,
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": _UPPER,
    "word": _WORD,
    "xdigit": (*_DIGIT, (0x41, 0x46), (0x61, 0x66)),
}


def without(ranges: Ranges) -> Ranges:
    """Return every other code point."""
    found, low = list[tuple[int, int]](), 0
    for begin, end in sorted(ranges):
        if begin > low:
            found.append((low, begin - 1))
        low = max(low, end + 1)
    if low <= HIGHEST:
        found.append((low, HIGHEST))
    return tuple(found)


def folded(pair: tuple[int, int]) -> list[tuple[int, int]]:
    """Return a range in both cases; of a long one the ASCII letters alone are folded one by one."""
    begin, end = pair
    found = [pair]
    for code in range(begin, min(end, begin + 0x2FF) + 1):
        forms = {chr(code).lower(), chr(code).upper(), chr(code).casefold()}
        if chr(code) in "kK\u212a":
            forms |= set("kK\u212a")
        if chr(code) in "sS\u017f":
            forms |= set("sS\u017f")
        found += [(ord(form), ord(form)) for form in forms if len(form) == 1]
    return found
