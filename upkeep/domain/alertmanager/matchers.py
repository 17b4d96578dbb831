"""Read Alertmanager's matchers, in both of its syntaxes, as its own parsers do.

Alertmanager 0.27 and later reads a matcher with its UTF-8 parser and with the classic one. Where only one accepts
it, that one holds; where both do and differ, the classic one does. Braces, commas, quotes and escapes mean different
things to the two, so each is followed rule by rule.

Source: https://prometheus.io/docs/alerting/latest/configuration/#matcher; Alertmanager's ``matcher/compat/parse.go``,
``matcher/parse/lexer.go`` and ``pkg/labels/parse.go``
(https://github.com/prometheus/alertmanager/tree/v0.28.1).
"""

import re
from collections.abc import Iterator

from msgspec import Struct

OPERATORS = ("=", "!=", "=~", "!~")
_CLASSIC = re.compile(
    r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.DOTALL | re.ASCII
)
_RESERVED = "{}!=~,\\\"'`"
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>[{},])|(?P<operator>=~|=|!=|!~)|(?P<quoted>"(?:[^"\\]|\\.)*")"""
    r"""|(?P<bare>[^{}!=~,\\"'`\s]+))""",
    re.DOTALL,
)
# The escapes of a Go string, as strconv.Unquote reads them.
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.|$))",
    re.DOTALL,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class BadMatcher(ValueError):
    """A text that no Alertmanager takes for matchers."""


class Matcher(Struct, frozen=True):
    """A condition on one label. A label that an alert does not have is the same as an empty one."""

    label: str
    operator: str
    value: str

    @property
    def negative(self) -> bool:
        """True if it holds where its value does not match."""
        return self.operator.startswith("!")

    @property
    def expression(self) -> bool:
        """True if its value is a regular expression, which must match the whole label."""
        return self.operator.endswith("~")

    def __str__(self) -> str:
        label = self.label if _CLASSIC.fullmatch(f"{self.label}=") else _quoted(self.label)
        return f"{label}{self.operator}{_quoted(self.value)}"


def parse(text: str) -> tuple[Matcher, ...]:
    """Return the matchers of a text, all of which must hold; none hold of every alert.

    :raises BadMatcher: neither of Alertmanager's parsers takes it.
    """
    try:
        modern = tuple(_modern(text))
    except BadMatcher:
        return _classic(text)
    try:
        return _classic(text)
    except BadMatcher:
        return modern


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'"{escaped}"'


def _classic(text: str) -> tuple[Matcher, ...]:
    """Return the matchers as Alertmanager before 0.27 reads them."""
    inside = text.removeprefix("{").removesuffix("}")
    parts, quoted, escaped = [""], False, False
    for character in inside:
        if character == "," and not quoted:
            parts.append("")
            continue
        if character == '"':
            quoted, escaped = quoted if escaped else not quoted, False
        elif character != ",":
            escaped = character == "\\" and not escaped
        parts[-1] += character
    if not parts[-1].strip():
        del parts[-1]
    return tuple(_classic_one(part) for part in parts)


def _classic_one(text: str) -> Matcher:
    found = _CLASSIC.fullmatch(text)
    if found is None:
        raise BadMatcher("it is not LABEL OPERATOR VALUE")
    raw = found[3]
    opened = raw.startswith('"')
    raw = raw[1:] if opened else raw
    value, closed, place = "", False, 0
    while place < len(raw):
        character, after = raw[place], raw[place + 1 : place + 2]
        place += 1
        if character == "\\" and after:
            place += 1
            value += {"n": "\n", '"': '"', "\\": "\\"}.get(after, character + after)
        elif character == '"':
            if not opened or place < len(raw):
                raise BadMatcher("a quote stands inside the value")
            closed = True
        else:
            value += character
    if opened and not closed:
        raise BadMatcher("a quote is not closed")
    return Matcher(found[1], found[2], value)


def _modern(text: str) -> Iterator[Matcher]:
    """Yield the matchers as the UTF-8 parser reads them."""
    tokens = _tokens(text)
    braced = tokens[:1] == [("sign", "{")]
    if braced:
        tokens.pop(0)
        if tokens[-1:] != [("sign", "}")]:
            raise BadMatcher("a brace is not closed")
        tokens.pop()
    while tokens:
        kinds = [kind for kind, _ in tokens[:3]]
        if kinds not in (["name", "operator", "name"],):
            raise BadMatcher("it is not LABEL OPERATOR VALUE")
        (_, label), (_, operator), (_, value) = tokens[:3]
        yield Matcher(label, operator, value)
        del tokens[:3]
        if tokens and tokens.pop(0) != ("sign", ","):
            raise BadMatcher("a comma is missing")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place, end = list[tuple[str, str]](), 0, len(text.rstrip())
    while place < end:
        token = _TOKEN.match(text, place)
        if token is None:
            raise BadMatcher("a character stands where it may not")
        kind, word = str(token.lastgroup), token[str(token.lastgroup)]
        if kind in ("quoted", "bare"):
            kind, word = "name", _unquoted(word) if kind == "quoted" else word
        found.append((kind, word))
        place = token.end()
    return found


def _unquoted(text: str) -> str:
    """Return what a Go string in double quotes says.

    :raises BadMatcher: Go has no such escape.
    """

    def meant(found: re.Match[str]) -> str:
        if found[1]:
            return _SIMPLE.get(found[1], found[1])
        digits = found[2] or found[3] or found[4]
        try:
            return chr(int(digits, 16) if digits else int(found[5] or "", 8))
        except (ValueError, OverflowError):
            raise BadMatcher("Go has no such escape") from None

    if "\n" in text:
        raise BadMatcher("a line break stands inside quotes")
    return _ESCAPE.sub(meant, text[1:-1])
