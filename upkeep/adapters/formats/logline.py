"""Judge one line of a container's log: is it bad, is its level known, and which lines are like it?

A line is bad when its level is error or above; an info line may mention errors. A panic of Go is plain text: its message, goroutines and
stacks are one event. All text that leaves this module is masked and printable.

Source: https://github.com/kubecano/cano-collector (zap, gin); https://pkg.go.dev/runtime for the output of a crash.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from upkeep.adapters.formats.loglevel import KEYS, level_of, plain_level
from upkeep.masking import MASK, mask, telling

BAD_LEVELS = frozenset({"error", "fatal", "panic", "dpanic"})
WARNING_LEVELS = frozenset({"warn"})  # of these only a failure to send is kept
UNKNOWN_LEVEL = "unknown"  # a line that was cut before its level
EXAMPLE_CHARACTERS = 300
PATTERN_CHARACTERS = 200
NAME_CHARACTERS = 63
FOLDED_CHARACTERS = 1000
REMEMBERED_CHARACTERS, MOST_REMEMBERED = 500, 500

# The usual lines, by their first bytes: their level is known and not bad, and nothing more is read of them.
_CLEAN = (b'{"level":"info",', b'{"level":"debug",')
_WARN = b'{"level":"warn",'
# Any other line is parsed when this is found in it, or no harmless level is.
_SAID = rb'"(?:' + b"|".join(re.escape(key).encode() for key in KEYS) + rb')"\s*+:\s*+'
_MAY_BE_BAD = re.compile(_SAID + rb'(?:"\s*(?:[AaCcEeFfPpSsWw56\\]|[Dd][Pp])|[56]0\b)')
_HARMLESS = re.compile(_SAID + rb'(?:"(?:info|debug|trace|notice)"|[1-4]0\b)', re.IGNORECASE)
# The collector's messages where it could not send; the guide greps for the first.
_NOT_SENT = re.compile(r"failed to (send|get destination|dispatch issues)", re.IGNORECASE)
_BAD_LEVEL = re.compile(
    rb'"level"\s*+:\s*+"(?:(error|fatal|panic|dpanic)"|[^"\\]*+\\)', re.IGNORECASE
)
_MESSAGE = re.compile(r'"(?:message|msg)"\s*+:\s*+"((?:[^"\\]|\\.)*+)')
_PANIC = re.compile(
    rb"(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?(?:(panic:)|(fatal error:))(?: |$)"
    rb"|.{0,64}http: panic serving |.{0,64}\[Recovery\].{0,64}panic recovered"
)
_STACK = re.compile(rb"goroutine \d++ [^\[]{0,200}\[|\t[^\s:]{1,1000}\.go:\d")
# Fields that are shown in front, say nothing about the fault, or are too long: a stack, a whole request head.
_NOT_SHOWN = frozenset(
    {
        "level",
        "timestamp",
        "time",
        "ts",
        "caller",
        "logger",
        "message",
        "msg",
        "error",
        "stack",
        "stacktrace",
        "errorVerbose",
        "request",
    }
)
_FOLDED = re.compile(
    r"""(?P<name>"(?:[^"\\]|\\.)*+"|(?<!\w)'[^']*+'(?!\w))
    |(?<!\w)(?:(?P<uuid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})
      |(?P<time>\d{4}[-/]\d\d[-/]\d\d(?:(?:T|[ ]|[ ]-[ ])\d\d:\d\d:\d\d[\w.:+-]*+)?)
      |(?P<address>\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|0x[0-9a-fA-F]+)
      |(?P<duration>(?:\d+(?:\.\d+)?(?:ns|us|[µμ]s|ms|s|m|h))+)
      |(?P<n>\d+(?:\.\d+)?)(?!-\w))(?!\w)
    |(?P<address6>\[[0-9a-fA-F:]{2,45}\](?::\d+)?)
    |(?P<word>[\w-]++)""",
    re.VERBOSE,
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*+[A-Za-z]")
# Format characters, and wide forms of the signs between a name and its value.
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_WIDE = {**dict.fromkeys((0xA0, 0x2007, 0x202F, 0x3000), " "), 0xFF1A: ":", 0xFF1D: "="}
_DIGITS = re.compile(r"\d+")
_LEAST_ID = 8


class Event(Struct, frozen=True):
    """A bad line, or all the lines of a panic.

    :ivar level: error, fatal, panic, dpanic or unknown; of a failure to send also warn.
    :ivar pattern: the common part of lines like it; masked.
    :ivar unsent: the destination of a line about a failed send, ``""`` where it names none; ``None`` for any other line.
    """

    level: str
    pattern: str
    _words: Sequence[str]
    _fields: Sequence[tuple[str, Any]] = ()
    unsent: str | None = None

    @property
    def bad(self) -> bool:
        """Return whether its level makes it a bad line."""
        return self.level not in WARNING_LEVELS

    @property
    def example(self) -> str:
        """Return the line as a person reads it, message first; masked."""
        told = ", ".join(f"{shown(name)}={_value(name, value)}" for name, value in self._fields)
        return _cut(_text(self._words) + (f" ({told})" if told else ""), EXAMPLE_CHARACTERS)


class Lines:
    """Judge the lines of one log, in their order: a panic goes on over several.

    ``known`` tells of the last line that was judged whether its level is known.
    """

    def __init__(self) -> None:
        self._in_panic = False
        self.known = True
        # Lines that differ only in digits: a storm of errors is masked and folded once, not a hundred thousand times.
        self._patterns: dict[str, str] = {}

    def judge(self, text: bytes, *, cut: bool) -> Event | None:
        """Return the event that the line begins or is; ``None`` when it is not bad, or continues a panic.

        :param text: the line without the API's time. :param cut: whether its end is missing.
        """
        self.known = True
        if text.lstrip().startswith(b"{"):
            self._in_panic = False
            harmless = text.startswith(_CLEAN) or (
                text.startswith(_WARN) and b"ailed to " not in text
            )
            # Two records in one line: the first one's level says nothing of the second.
            harmless = harmless and text.find(_CLEAN[0][1:9], 9) < 0
            if not cut and (harmless or (_HARMLESS.search(text) and not _MAY_BE_BAD.search(text))):
                return None
            return self._of_json(text, cut=cut)
        if text.startswith(b"[GIN"):
            self._in_panic = False
            return self._plain_panic(text)
        if not text.strip():
            return None
        return self._plain_panic(text) if _PANIC.match(text) else self._of_text(text)

    def _of_text(self, text: bytes) -> Event | None:
        """Return the event of a line that is not JSON: by its level, or as a part of a panic."""
        line = text.decode(errors="replace")
        found = plain_level(line)
        if found is None:
            if not self._in_panic and _STACK.match(text) is None:
                self.known = False
            return self._plain_panic(text)
        level, rest = found
        self._in_panic = level in BAD_LEVELS  # its stack follows, as plain lines
        unsent = "" if _NOT_SENT.search(rest) else None
        if level not in BAD_LEVELS and (level not in WARNING_LEVELS or unsent is None):
            return None
        return self._event(level, [rest.strip() or line], unsent=unsent)

    def _plain_panic(self, text: bytes) -> Event | None:
        header = _PANIC.match(text)
        if header is None and (self._in_panic or _STACK.match(text) is None):
            return None
        self._in_panic = True
        return self._event(
            "fatal" if header and header[2] else "panic", [text.decode(errors="replace")]
        )

    def _of_json(self, text: bytes, *, cut: bool) -> Event | None:
        """Return the event of a line that looks like a JSON object. One that does not parse is bad when a bad level stands in it."""
        line = text.decode(errors="replace")
        try:
            entry: Mapping[str, Any] = json.loads(line, object_pairs_hook=_first_of_each)
        except (ValueError, RecursionError):
            level = _BAD_LEVEL.search(text)
            if level is None and not (cut and b'"level"' not in text):
                self.known = b'"level"' in text
                return None
            message = _MESSAGE.search(line)
            name = level[1].decode().lower() if level and level[1] else UNKNOWN_LEVEL
            return self._event(name, [message[1] if message else line, "(not JSON)"])
        level_name = level_of(entry)
        self.known = level_name is not None
        if level_name not in BAD_LEVELS | WARNING_LEVELS:
            return None
        assert level_name is not None
        message = entry.get("message", entry.get("msg"))
        unsent = None
        if isinstance(message, str) and _NOT_SENT.search(message):
            unsent = shown(
                str(entry.get("destination", entry.get("destination_name", ""))),
                most=NAME_CHARACTERS,
            )
        elif level_name in WARNING_LEVELS:
            return None
        words = [word for word in (message, entry.get("error")) if isinstance(word, str) and word]
        fields = tuple((name, value) for name, value in entry.items() if name not in _NOT_SHOWN)
        return self._event(level_name, words or ["(no message)"], fields, unsent)

    def _event(
        self,
        level: str,
        words: Sequence[str],
        fields: Sequence[tuple[str, Any]] = (),
        unsent: str | None = None,
    ) -> Event:
        alike = _DIGITS.sub("0", ": ".join(words))
        pattern = self._patterns.get(alike)
        if pattern is None:
            pattern = _cut(fold(_text(words)), PATTERN_CHARACTERS)
            if len(alike) <= REMEMBERED_CHARACTERS and len(self._patterns) < MOST_REMEMBERED:
                self._patterns[alike] = pattern
        return Event(level, pattern, words, fields, unsent)


def shown(text: str, *, most: int = EXAMPLE_CHARACTERS) -> str:
    """Return a foreign text, masked, in one line of printable characters."""
    return _cut(_printable(mask(_plain(text))), most)


def told(text: str) -> str:
    """Return a line as a person reads it, masked: of a JSON object its message and its error, any other as it is."""
    entry: Any = None
    if text.lstrip().startswith("{"):
        try:
            entry = json.loads(text, object_pairs_hook=_first_of_each)
        except (ValueError, RecursionError):
            entry = None  # shown as it is
    said = (
        [entry.get("message", entry.get("msg")), entry.get("error")]
        if isinstance(entry, dict)
        else []
    )
    words = [word for word in said if isinstance(word, str) and word]
    return _cut(_text(words), EXAMPLE_CHARACTERS) if words else shown(text)


def fold(text: str) -> str:
    """Return a text with placeholders for quoted names, identifiers, times, addresses, durations and numbers."""
    return _FOLDED.sub(_placeholder, text)


def _text(words: Sequence[str]) -> str:
    return _printable(": ".join(mask(_plain(word)) for word in words)[:FOLDED_CHARACTERS])


def _plain(text: str) -> str:
    """Return a text without colours and invisible characters, which would part a name from its value."""
    if text.isascii() and "\x1b" not in text:
        return text
    return _INVISIBLE.sub("", _COLOUR.sub("", text)).translate(_WIDE)


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Keep the first of a key that stands twice: Slack's own ``timestamp`` comes second."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def _value(name: str, value: object) -> str:
    if telling(_plain(name)):
        return MASK
    if isinstance(value, dict | list):
        return "…"
    return shown(value if isinstance(value, str) else json.dumps(value))


def _placeholder(found: re.Match[str]) -> str:
    kind, text = found.lastgroup, found[0]
    if kind != "word":
        return {"uuid": "<id>", "address6": "<address>"}.get(str(kind), f"<{kind}>")
    if not _DIGITS.search(text):
        return text
    return "<id>" if len(text) >= _LEAST_ID else _DIGITS.sub("<n>", text)


def _printable(text: str) -> str:
    return " ".join(
        "".join(
            character if character.isprintable() else " " for character in _COLOUR.sub("", text)
        ).split()
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
