"""Masking: remove secrets from free text such as log lines, error messages and bodies.

In doubt, more is masked. Each pass takes linear time: it starts at most once in a run of characters
(look-behind, possessive repetition) and continues after its match. Masking is idempotent.
Commands are never masked: they are safe as they are made.
Source: ARCHITECTURE.md, "What may never happen".
"""

import re
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NoReturn

from upkeep.masking.forms import MASK, SHAPES, without_forms, without_shapes
from upkeep.masking.names import sensitive, telling

__all__ = [
    "MASK",
    "SHAPES",
    "Masked",
    "hidden",
    "hide",
    "mask",
    "named_values",
    "own",
    "sensitive",
    "telling",
]


# A header, its value to the end of its line; in a JSON string the end is written \r\n, and a letter n may stand before the name.
_GAP = r"[ \t]*+(?:\r?\n[ \t]++)?+"  # a value on the next line is indented
_HEADER = re.compile(rf"(?:authorization|cookie2?)(\\*+[\"']?+[ \t]*+[:=]{_GAP})", re.IGNORECASE)
_END_OF_LINE = re.compile(r"[\r\n]|\\[rn]")
_NAMED = re.compile(
    rf"(?<![\w.\-])(?:(?:api|access|private|signing|pass)\s)?[\w.\-]++(\\*+[\"'`]?+\]?+\s*+[:=]{{1,2}}>?{_GAP})",
    re.IGNORECASE,
)
_OPENING = re.compile(r"(\\*+)([\"'`])")

# Without spaces and quotes, and up to the next escaped line end, tabulator or quote of a JSON string.
_RUN = r"(?:[^\s\"\\]++|\\(?![rnt\"]))*+"
_ESCAPED_SLASH = r"(?:\\{0,8}/|\\{1,8}u002f)"
URL = re.compile(rf"(?::{_ESCAPED_SLASH}{{2}}|(%3a%2f%2f))({_RUN})", re.IGNORECASE)
_HOST = re.compile(rf"\[[0-9a-f:.]++\]|(?:{MASK}|[\w.\-])*+", re.IGNORECASE)
_AUTHORITY_END = re.compile(r"[/?#\\]|$")
SCHEME_VALUE = re.compile(
    rf"((?:bearer|basic)(?:\s|%20|\\u0020)++[\"'\\]*+)(?:[^\s\"\\]|\\(?![rnt\"])){_RUN}",
    re.IGNORECASE,
)

# Some services issue keys of this shape. What a name calls an id of an object or a request is none.
_UUID = re.compile(
    r"(?<![\w\-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w\-])", re.IGNORECASE
)
_ID = re.compile(r"(?:id|trace|span|fingerprint|object|pod|event)\W{0,6}$", re.IGNORECASE)
# The letter of a JSON string's \n is no part of the run behind it.
_LONG = re.compile(
    r"(?:(?<![\\A-Za-z0-9+/_.%\-])|(?<=\\)(?![rnt])|(?<=\\[rnt]))[A-Za-z0-9+/_.%\-]{24,}+={0,2}"
)
_PART = re.compile(r"(?:%[0-9A-Fa-f]{2})++|[A-Za-z0-9]++")
_BASE64 = re.compile(r"[A-Za-z0-9+][A-Za-z0-9+/]*+=*+")
_LEAST_OPAQUE, _LEAST_MIXED = 24, 6
# The run's own secrets, longest first. A shorter part of one is a part of other words, too.
LEAST_HIDDEN = 6
_HIDDEN: tuple[str, ...] = ()
_HIDING = threading.Lock()


def hide(*secrets: str) -> None:
    """Mask these values from now on, whole and each of their lines, in everything that is shown.

    For what the run itself holds: tokens, passwords, keys. A token that was pasted over two lines
    comes back in two pieces.
    """
    global _HIDDEN
    pieces = {
        piece.strip()
        for secret in secrets
        for piece in (secret, *secret.splitlines())
        if len(piece.strip()) >= LEAST_HIDDEN and not piece.strip().startswith("-----")
    }
    with _HIDING:
        if not pieces <= set(_HIDDEN):
            _HIDDEN = tuple(sorted({*_HIDDEN, *pieces}, key=len, reverse=True))


def hidden(text: str) -> str:
    """Return the text without any value that was hidden."""
    for value in _HIDDEN:
        if value in text:
            text = text.replace(value, MASK)
    return text


def mask(text: str) -> str:
    """Return the text without possible secrets.

    Masked are header values, values of telling names, tokens by shape, and URLs but scheme and host.
    """
    text = _replace_values(hidden(text), _HEADER, _header_end)
    text = SCHEME_VALUE.sub(rf"\1{MASK}", text)
    text = URL.sub(_bare_url, text)
    text = without_shapes(text)
    text = _replace_values(text, _NAMED, _named_end)
    text = without_forms(text)
    text = _UUID.sub(_key_or_id, text)
    return _LONG.sub(_opaque, text)


def named_values(text: str) -> Iterator[tuple[int, str, str]]:
    """(where the name begins, name, value without its quotes) of every telling name with a value of its own.

    What begins a structure (``secret: {``, ``secret:`` over indented keys) has none: its keys are read instead.
    """
    position = 0
    while found := _NAMED.search(text, position):
        start, position = found.end(), found.end()
        if text.startswith(_STRUCTURE, start):
            continue
        if not sensitive(found[0][: -len(found[1])]):
            continue
        end = _named_end(text, found)
        value = text[start:end].strip("\"'`\\ \t")
        key = (value.endswith(":") and not re.search(r"[:=]", value[:-1])) or re.match(
            r"[\"'`]\s*:", text[end : end + 8]
        )
        if value and not key:
            yield found.start(), found[0][: -len(found[1])], value
            position = end


class Masked:
    """A secret value. It prints as the mask and refuses pickle and copy; ``reveal()`` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the caller to reduce to facts at once."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return MASK

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a masked value is not pickled or copied")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a masked value has no state to give away")


def _replace_values(
    text: str, name: re.Pattern[str], end_of: Callable[[str, re.Match[str]], int]
) -> str:
    """The text with what stands between each name and the end of its value masked; an empty value stays empty."""
    parts, kept, position = [], 0, 0
    while found := name.search(text, position):
        start, position = found.end(), found.end()
        end = end_of(text, found)
        if text[start:end].strip("\"'`\\ \t"):
            opening = _OPENING.match(text, start)
            quote = (
                opening[0]
                if opening and (end == len(text) or text.startswith(opening[0], end))
                else ""
            )
            parts += [text[kept:start], quote, MASK]
            kept, position = end, end
    return "".join(parts) + text[kept:]


def _header_end(text: str, found: re.Match[str]) -> int:
    """Where a header's value ends: a quoted one of a quoted name with its quote, any other with its line."""
    opening = _OPENING.match(text, found.end())
    if opening and found[1].startswith(opening[0]):
        return _quote_end(text, opening)
    end = _END_OF_LINE.search(text, found.end())
    return end.start() if end else len(text)


def _named_end(text: str, found: re.Match[str]) -> int:
    """Where the value of a telling name ends; right at its start when the name tells nothing."""
    start = found.end()
    if not telling(found[0][: -len(found[1])]):
        return start
    if opening := _OPENING.match(text, start):
        return _quote_end(text, opening)
    if text.startswith(_STRUCTURE, start):
        end = _END_OF_LINE.search(text, start)
        return end.start() if end else len(text)
    run = _VALUE.match(text, start)
    return run.end() if run else start


_VALUE = re.compile(_RUN)
_STRUCTURE = ("{", "[", "(", "map[")


def _quote_end(text: str, opening: re.Match[str]) -> int:
    """Where the closing quote of a value begins, at the same depth of escaping as the opening one; without one the text's end."""
    depth, quote = len(opening[1]), opening[2]
    position = opening.end()
    while (at := text.find(quote, position)) >= 0:
        run = at
        while run > position and text[run - 1] == "\\":
            run -= 1
        escapes = at - run
        if depth == 0 and escapes == 0 and text.startswith(quote, at + 1) and at > opening.end():
            position = at + 2  # doubled, as YAML and SQL escape a quote
        elif escapes < depth or (escapes - depth) % (2 * (depth + 1)) == 0:
            return at - min(escapes, depth)
        else:
            position = at + 1
    return len(text)


def _bare_url(found: re.Match[str]) -> str:
    """Scheme and host of a URL; not even the host where a password may have been taken for it."""
    run, separator = found[2], "%3A%2F%2F" if found[1] else "://"
    end = _AUTHORITY_END.search(run)
    authority = run[: end.start()] if end else run
    password_with_slash = "@" in run[len(authority) :] and ":" in authority
    host = _HOST.match(authority.rpartition("@")[2])
    name = host[0] if host and not password_with_slash and "%40" not in run else ""
    if name and run in (
        name,
        f"{name}…",
    ):  # masked before, its slash perhaps with a long part of the host
        return separator + run
    return separator + name + ("/…" if name else "…")


def _opaque(found: re.Match[str]) -> str:
    """Mask a long run that is not made of words.

    One part of 24 characters or more with letters and digits; or lower case, upper case and digits in one part, or anywhere in what has
    the alphabet of base64. So names of pods (lower case and hyphens), paths and identifiers of programs stay.
    """
    run = found[0]
    parts = (
        [run]
        if _BASE64.fullmatch(run)
        else [part for part in _PART.findall(run) if not part.startswith("%")]
    )
    for part in parts:
        if len(part) >= _LEAST_MIXED and any(character.isdigit() for character in part):
            lower, upper = part.upper() != part, part.lower() != part
            if (lower and upper) or (
                (lower or upper) and len(part) >= _LEAST_OPAQUE and part.isalnum()
            ):
                return MASK
    return run


def _key_or_id(found: re.Match[str]) -> str:
    return (
        found[0] if _ID.search(found.string[max(0, found.start() - 24) : found.start()]) else MASK
    )


# Signs of a credential in a sentence: a header, a password in a URL, a key with its value, a token's shape.
# The last part of an API path is no key: GET /api/v1/namespaces/monitoring/secrets: …
_TELLTALE = re.compile(
    r"(?i)authorization|cookie|\b(?:bearer|basic)\s|://[^\s@]{0,512}@|\bxox|\bxapp-|\beyj|\b(?:akia|asia)[a-z0-9]{12}"
    r"|(?<!--limit=)(?<!/)\b\w{0,64}(?:token|secret|passw(?:or)?d|api[_-]?key|credential|webhook)\w{0,64}\"?\s?[:=]"
    r"|https?://\S{1,512}/(?=[^/\s]{0,512}\d)[^/\s]{20,512}|[?&]\w{0,64}(?:key|sig|auth|sign)\w{0,64}="
)


def own(text: str) -> str:
    """Return a sentence of this project, masked only where a credential seems to be in it.

    Our sentences hold no secret, and quoted text is masked by ``mask`` where it is quoted. Masking every
    sentence would remove paths that readers need.
    """
    return _without_signs(hidden(text))


@lru_cache(maxsize=4096)  # the evidence of one request stands in the results of many controls
def _without_signs(text: str) -> str:
    return mask(text) if _TELLTALE.search(text) else text
