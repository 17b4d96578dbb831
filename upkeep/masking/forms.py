"""Secrets by their own shape, and names and values in other forms than ``name: value``."""

import re

from upkeep.masking.names import telling

MASK = "‹masked›"
# Other forms of a name and its value, each with what a text must contain to have one: --password VALUE, also as
# two strings of a list; <password>VALUE<; user:VALUE@tcp(…); curl -u user:VALUE.
_FORMS = (
    (
        "--",
        re.compile(
            r"(--(?P<name>[\w.\-]++)(?:[\\\"']*+,\s*+|\s++)[\\\"']*+)(?![-\\\"'\s])[^\s\"'\\,\]]++"
        ),
    ),
    ("<", re.compile(r"(<(?P<name>[\w:.\-]++)[^<>]{0,256}>)[^<>\s][^<>]*+(?=<)")),
    ("@", re.compile(r"((?<![\w.\-])[\w.\-]++:)[^\s@/]{1,256}+(?=@\w*+\()")),
    ("-u", re.compile(r"((?<![\w\-])-u[ =][\"']?+[^\s:\"']++:)[^\s\"']++")),
    ("PRIVATE KEY", re.compile(r"(-----BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY-----)[^-]++")),
)
# A sentence that quotes what was refused: a key has a digit or a capital among its letters.
_REFUSED = re.compile(
    r"((?i:invalid|bad|wrong|incorrect|malformed)\s++(?i:api[ _-]?key|token|password|secret|credentials?)\s++[\"']?+)"
    r"(?=[A-Za-z]*+[0-9]|[a-z]++[A-Z])[^\s\"']{8,}+"
)

SHAPES = {
    "Slack token": re.compile(r"(?:xox[a-z]|xapp)[-.][\w.%\-]++", re.IGNORECASE),
    "JSON Web Token": re.compile(r"eyJ[\w\-]{5}[\w.\-]*+"),  # whole or cut
    "bootstrap token": re.compile(
        r"(?<![\w.\-])(?=[a-z.]{0,22}[0-9])[a-z0-9]{6}\.[a-z0-9]{16}(?![\w.\-])"
    ),
    "AWS access key": re.compile(r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}+"),
}


def without_shapes(text: str) -> str:
    """Return the text without tokens of known shapes."""
    for shape in SHAPES.values():
        text = shape.sub(MASK, text)
    return text


def without_forms(text: str) -> str:
    """Return the text without values of options, elements, DSNs, keys, and of a refusal that quotes them."""
    for sign, form in _FORMS:
        if sign in text:
            text = form.sub(_formed, text)
    return _REFUSED.sub(rf"\1{MASK}", text)


def _formed(found: re.Match[str]) -> str:
    """Mask the value of another form, where its name tells or where the form itself does."""
    name = found.groupdict().get("name")
    return found[0] if name is not None and not telling(name) else f"{found[1]}{MASK}"
