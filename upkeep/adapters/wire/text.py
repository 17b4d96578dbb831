"""The gate for foreign text: what comes in is printable, or is escaped so that a person sees it.

Control characters, line separators, bidirectional controls, tags, invisible characters and lone surrogates become
``\\u202e`` in ASCII; a line feed and a tabulator stay. What has passed once passes again unchanged.
Source: Unicode Standard Annex 44 (general categories, Default_Ignorable_Code_Point), https://www.unicode.org/reports/tr44/
"""

import re
from collections.abc import Mapping
from typing import Any

# Letters and marks by category, which no font shows: fillers, the grapheme joiner, variation selectors. U+FE0E and
# U+FE0F stay: they choose how an emoji looks, and cannot hide anything.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0d\uffa0\U000e0000-\U000e0fff]"
)
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_BREAK = re.compile(r"\s*[\n\t]\s*")
_SUSPECT = re.compile(r"[^\n\t\x20-\x7e]+")
# In JSON: escapes, of which a pair of surrogates is one character, and whatever is not ASCII.
_JSON = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|r\\n|.)|[^\x00-\x7e]+"
)
# What Go's encoder escapes in harmless text are <, > and &.
_SUSPECT_ESCAPE = re.compile(rb"\\(?:[bfr]|u(?!00(?:3[ceCE]|26)))")


def printable(text: str) -> str:
    """Return the text with everything that a person cannot see escaped; line feeds and tabulators stay."""
    if text.isascii() and text.isprintable():
        return text
    return _SUSPECT.sub(lambda found: _escaped(found[0]), text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Return the text ``printable`` and in one line: a foreign line feed cannot begin a line of its own."""
    return _BREAK.sub(" ", printable(text)).strip()


def printable_json(body: bytes) -> bytes:
    """Return a JSON document whose strings are ``printable``, whichever way they were written.

    :raises UnicodeDecodeError: the bytes are not UTF-8.
    """
    # Nearly all of what comes is harmless, and one look at the whole says so.
    escapes = _SUSPECT_ESCAPE.search(body) is not None
    if body.isascii() and not escapes and b"\x7f" not in body:
        return body
    text = body.decode("utf-8")
    if not escapes and text.strip().isprintable() and _INVISIBLE.search(text) is None:
        return body
    return _JSON.sub(_json_token, text).encode("utf-8")


def printable_tree(value: Any) -> Any:
    """Return a value of mappings, lists and plain values with every string, keys included, ``printable``.

    :raises RecursionError: it is nested too deep.
    """
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable_tree(key): printable_tree(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [printable_tree(entry) for entry in value]
    return value


def _json_token(found: re.Match[str]) -> str:
    written = found[0]
    if written == r"\r\n":
        return r"\n"
    if written[0] != "\\":
        return _escaped(written).replace("\\", "\\\\")
    if written[1] in "bfr":
        character = {"b": "\b", "f": "\f", "r": "\r"}[written[1]]
    elif written[1] == "u":
        units = bytes.fromhex(written[2:6] + written[8:12]).decode("utf-16-be", "surrogatepass")
        character = units
    else:
        return written
    if character in "\n\t":
        return written
    shown = _escaped(character)
    return written if shown == character else shown.replace("\\", "\\\\")


def _escaped(run: str) -> str:
    if run.isprintable() and _INVISIBLE.search(run) is None:
        return run
    return "".join(
        character
        if (character.isprintable() or _SPACES.match(character)) and not _INVISIBLE.match(character)
        else f"\\u{ord(character):04x}"
        if ord(character) < 0x10000
        else f"\\U{ord(character):08x}"
        for character in run
    )
