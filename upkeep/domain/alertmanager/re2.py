"""Read a regular expression of Go (RE2) as an automaton: which texts does it match?

Python's ``re`` can test one text, and reads some expressions otherwise than Go does. An automaton can tell whether
every text matches, or none. Texts with a line break are left out: ``.`` does not match one, and no label needs one.

Source: https://github.com/google/re2/wiki/Syntax, https://pkg.go.dev/regexp/syntax
"""

from upkeep.domain.alertmanager.automata import (
    END_OF_TEXT,
    START_OF_TEXT,
    Automaton,
    Ranges,
    Unreadable,
)
from upkeep.domain.alertmanager.character_classes import ANY, CONTROL, NAMED, PERL, folded, without

MOST_REPEATS = 1000  # RE2's own limit


def anchored(expression: str) -> Automaton:
    """Return the automaton of an expression that must match the whole text, as Alertmanager and Prometheus ask.

    :raises Unreadable: it is no expression, or uses what is not read here.
    """
    return _Reader(f"^(?:{expression})$").read()


Part = tuple[int, int]  # where a part of the automaton begins and ends


class _Reader:
    """One pass over the expression; a stretch that is repeated is read again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._fold = False
        self._every = False  # (?s): a dot matches a line break too, of which there are none
        self._made = Automaton()

    def read(self) -> Automaton:
        first = self._made.state()
        begin, end = self._alternatives()
        if self._at < len(self._text):
            raise Unreadable("a parenthesis is closed that was not opened")
        self._made.free[first].append(("", begin))
        self._made.final = end
        return self._made

    def _alternatives(self) -> Part:
        fold = self._fold
        begin, end = self._made.state(), self._made.state()
        while True:
            one = self._sequence()
            self._made.free[begin].append(("", one[0]))
            self._made.free[one[1]].append(("", end))
            if not self._take("|"):
                break
        self._fold = fold  # flags hold to the end of their group
        return begin, end

    def _sequence(self) -> Part:
        begin = end = self._made.state()
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            part = self._repeated()
            self._made.free[end].append(("", part[0]))
            end = part[1]
        return begin, end

    def _repeated(self) -> Part:
        fold, at = self._fold, self._at
        part = self._atom()
        times = self._times()
        if times is None:
            return part
        after = self._at
        if self._times() is not None:
            raise Unreadable("a repetition is repeated")
        least, most = times
        begin = end = self._made.state()
        for number in range(most if most is not None else least + 1):
            if number:  # the same stretch again: an automaton has no counters
                kept, self._fold, self._at = self._fold, fold, at
                part = self._atom()
                self._fold, self._at = kept, after
            self._made.free[end].append(("", part[0]))
            if most is None and number == least:
                self._made.free[part[1]].append(("", part[0]))
            if number >= least:
                out = self._made.state()
                self._made.free[end].append(("", out))
                self._made.free[part[1]].append(("", out))
                end = out
            else:
                end = part[1]
        return begin, end

    def _times(self) -> tuple[int, int | None] | None:
        """Return how often the atom before stands, least and most; ``None`` where nothing is said."""
        found: tuple[int, int | None] | None = None
        for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                found = times
                break
        else:
            end = self._text.find("}", self._at)
            inside = self._text[self._at + 1 : end] if end > self._at else ""
            low, comma, high = inside.partition(",")
            digits = low.isdecimal() and low.isascii() and (high.isdecimal() or not high)
            if not self._text.startswith("{", self._at) or not digits:
                return None  # a brace that counts nothing is a character
            found = int(low), int(high) if high else None if comma else int(low)
            if max(found[0], found[1] or 0) > MOST_REPEATS or (found[1] or found[0]) < found[0]:
                raise Unreadable("a repetition is out of range")
            self._at = end + 1
        self._take("?")  # matches as few as it can: the same texts in the end
        return found

    def _atom(self) -> Part:
        sign = self._next()
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._of(self._class())
        if sign == ".":
            return self._of(ANY)
        if sign in "^$":
            return self._condition(START_OF_TEXT if sign == "^" else END_OF_TEXT)
        if sign == "\\":
            return self._escaped()
        if sign in "*+?":
            raise Unreadable("a repetition of nothing")
        return self._of(self._character(sign))

    def _group(self) -> Part:
        fold = self._fold
        if self._take("?"):
            if self._text.startswith(("P<", "<"), self._at):
                end = self._text.find(">", self._at)
                if end < 0 or self._text.startswith(("<=", "<!"), self._at):
                    raise Unreadable("a group that Go does not have")
                self._at = end + 1
            else:
                if self._flags():
                    here = self._made.state()
                    return here, here
        part = self._alternatives()
        if not self._take(")"):
            raise Unreadable("a parenthesis is not closed")
        self._fold = fold
        return part

    def _flags(self) -> bool:
        """Read ``i``, ``m``, ``s`` and ``U`` with their sign; whether they hold from here on, and not of a group alone."""
        value = True
        while True:
            sign = self._next()
            if sign == "-":
                value = False
            elif sign == "i":
                self._fold = value
            elif sign in ":)":
                return sign == ")"
            elif sign not in "msU":
                raise Unreadable("a group that Go does not have")

    def _escaped(self) -> Part:
        sign = self._next()
        if sign == "A":
            return self._condition(START_OF_TEXT)
        if sign == "z":
            return self._condition(END_OF_TEXT)
        if sign == "Q":
            end = self._text.find("\\E", self._at)
            quoted = self._text[self._at : end if end >= 0 else len(self._text)]
            self._at = end + 2 if end >= 0 else len(self._text)
            begin = here = self._made.state()
            for character in quoted:
                part = self._of(self._character(character))
                self._made.free[here].append(("", part[0]))
                here = part[1]
            return begin, here
        return self._of(self._escape(sign))

    def _escape(self, sign: str) -> Ranges:
        """Return what an escape stands for, in a class or outside."""
        if sign.lower() in PERL:
            ranges = PERL[sign.lower()]
            return ranges if sign.islower() else without(ranges)
        if sign in CONTROL:
            return ((CONTROL[sign], CONTROL[sign]),)
        if sign == "x":
            if self._take("{"):
                end = self._text.find("}", self._at)
                digits, self._at = self._text[self._at : max(end, self._at)], end + 1
            else:
                digits, self._at = self._text[self._at : self._at + 2], self._at + 2
            try:
                return self._character(chr(int(digits, 16)))
            except (ValueError, OverflowError):
                raise Unreadable("a number of a character is none") from None
        if sign.isascii() and not sign.isalnum():
            return self._character(sign)
        raise Unreadable(f"\\{sign} is not read")

    def _class(self) -> Ranges:
        negated, found = self._take("^"), list[tuple[int, int]]()
        first = True
        while first or not self._take("]"):
            first = False
            if self._text.startswith("[:", self._at):
                end = self._text.find(":]", self._at)
                name = self._text[self._at + 2 : end] if end >= 0 else ""
                ranges = NAMED.get(name.removeprefix("^"))
                if ranges is None:
                    raise Unreadable("a class of characters that Go does not have")
                found += without(ranges) if name.startswith("^") else ranges
                self._at = end + 2
                continue
            sign = self._next()
            low = self._escape(self._next()) if sign == "\\" else ((ord(sign), ord(sign)),)
            one = len(low) == 1 and low[0][0] == low[0][1]
            ranged = self._text.startswith("-", self._at) and not self._text.startswith(
                "-]", self._at
            )
            if not ranged:
                found += low
                continue
            self._at += 1
            sign = self._next()
            high = self._escape(self._next()) if sign == "\\" else ((ord(sign), ord(sign)),)
            if not one or len(high) != 1 or high[0][0] < low[0][0]:
                raise Unreadable("a range of characters is none")
            found.append((low[0][0], high[0][1]))
        if self._fold:
            found = [part for pair in found for part in folded(pair)]
        return without(tuple(found)) if negated else tuple(found)

    def _character(self, character: str) -> Ranges:
        code = ord(character)
        return tuple(folded((code, code))) if self._fold else ((code, code),)

    def _of(self, ranges: Ranges) -> Part:
        begin, end = self._made.state(), self._made.state()
        self._made.steps[begin].append((ranges, end))
        return begin, end

    def _condition(self, condition: str) -> Part:
        begin, end = self._made.state(), self._made.state()
        self._made.free[begin].append((condition, end))
        return begin, end

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise Unreadable("the expression ends early")
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, sign: str) -> bool:
        taken = self._text.startswith(sign, self._at)
        self._at += len(sign) if taken else 0
        return taken
