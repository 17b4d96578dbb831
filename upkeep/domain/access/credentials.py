"""Credentials in plain text, recognised by shape and by the name of their key.

The rules are narrower than those of ``masking``, which hides in doubt: a finding must be a credential. A reference
(``${NAME}``, a path, the name of an object) is none.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from upkeep.masking import SCHEME_VALUE, SHAPES, URL, mask, named_values, sensitive

_DIGIT = re.compile(r"\d")
_PLAUSIBLE = {
    "Slack token": _DIGIT,
    "JSON Web Token": re.compile(r"eyJ[\w-]{5,}+\.[\w-]{5,}"),
    "AWS access key": re.compile(r"(?:AKIA|ASIA)"),  # other prefixes name a role or a user
}
# URLs whose path is the key: Slack, Teams (connectors and workflows), Discord, Google Chat, Telegram.
_WEBHOOK = re.compile(
    r"hooks\.slack\.[\w.]+/(?:services|workflows|triggers)/\w|[\w.-]+\.webhook\.office\.com/\w|outlook\.office(?:365)?\.com/webhook/\w"
    r"|discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d|[\w.-]+\.(?:logic\.azure|powerplatform)\.com[^\s?]*\?\S*\bsig="
    r"|chat\.googleapis\.com/v1/spaces/[^\s?]*\?\S*\b(?:key|token)=|api\.telegram\.org/bot\d"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_USERINFO = re.compile(r"[^/?#\s@]++@")
_COMMENT = re.compile(r"^[ \t]*(?:#|//|;).*", re.MULTILINE)
# Values that refer to a credential, or are none.
_REFERENCE = re.compile(r"\$\{|\$\(|\{\{|%\(|ENC\[")
_NO_VALUE = re.compile(
    r"\$\w+|<[a-z].*|[*xX.…-]+|(?:file:)?(?:/[\w.-]+)+|true|false|yes|no|on|off|null|none|nil|~|bearer|basic|digest"
    r"|\d{1,5}(?:\.\d+)?[a-z%]{0,3}",
    re.IGNORECASE,
)
# Names that refer to the credential, or describe it.
_ABOUT = re.compile(
    r"(?:name|ref|file|path|dir|env|id|ttl|timeout|enabled|type|mode|header|version|count|size|age|lifetime|period|interval|refresh|template|text|title|message)s?$",
    re.IGNORECASE,
)
# Names whose value is the name of a Secret.
_OBJECT = re.compile(r"(?:existing|image[_-]?pull)?[_-]?secrets?", re.IGNORECASE)
_OBJECT_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")


def credentials(text: str) -> list[tuple[int, str]]:
    """Return (line from 1, shape) of each credential of a text, in its order."""
    found = _lines(text, _shaped(text))
    told = {
        line for line, _ in found
    }  # one finding a line: the name of a webhook's URL says the same again
    bare = _COMMENT.sub("", text)
    return sorted(found | {one for one in _lines(bare, _named(bare)) if one[0] not in told})


def credential(name: str, value: str) -> str:
    """Return the shape of a named value that is a credential; empty for another."""
    shapes = [shape for _, shape in credentials(value)]
    return shapes[0] if shapes else _telling(name) if _is_literal(name, value) else ""


def _shaped(text: str) -> Iterator[tuple[int, str]]:
    for shape, pattern in SHAPES.items():
        for found in pattern.finditer(text):
            if _PLAUSIBLE[shape].search(found[0]):
                yield found.start(), shape
    for found in _PRIVATE_KEY.finditer(text):
        yield found.start(), "private key"
    for found in SCHEME_VALUE.finditer(text):
        value = found[0][len(found[1]) :]
        mixed = value.lower() != value != value.upper() and not value.istitle()
        if len(value) >= 8 and (mixed or _DIGIT.search(value)) and not _REFERENCE.search(value):
            yield found.start(), "authorization"
    for found in URL.finditer(text):
        run, http = (
            found[2],
            re.search(r"https?$", text[max(found.start() - 5, 0) : found.start()], re.IGNORECASE),
        )
        if _WEBHOOK.match(run):
            yield found.start(), "webhook URL"
        # In an HTTP URL a user without a password is a key, as in a DSN; in others it is a name.
        user = _USERINFO.match(run)
        if user and not _REFERENCE.search(user[0]) and (http or ":" in user[0]):
            yield found.start(), "URL with credentials"


def _named(text: str) -> Iterator[tuple[int, str]]:
    """Yield the literal values of names that say credential."""
    for position, name, value in named_values(text):
        if _is_literal(name, value):
            yield position, _telling(name)


def _lines(text: str, found: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
    ends = [one.start() for one in re.finditer("\n", text)]
    return {(bisect_left(ends, position) + 1, shape) for position, shape in found}


def _is_literal(name: str, value: str) -> bool:
    text = value.strip().rstrip(",;}])").strip("\"'")
    if not sensitive(name) or _ABOUT.search(name) or not text:
        return False
    if (
        _REFERENCE.search(text)
        or _NO_VALUE.fullmatch(text)
        or text.endswith(":")
        or text[0] in "{[&*"
        or text == "-"
    ):
        return False  # a reference, or the start of a structure
    return not (_OBJECT.fullmatch(name) and _OBJECT_NAME.fullmatch(text))


def _telling(name: str) -> str:
    """Return the shape by name. The name may be a secret itself, which is then not shown."""
    short = name.strip()
    return (
        f"value of {short}" if mask(short) == short and len(short) <= 60 else "value of a named key"
    )
