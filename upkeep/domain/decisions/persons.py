"""Compare the names of two people.

Source: Unicode normalisation (UAX #15) and default ignorable characters (UAX #44).
"""

import re
import unicodedata

_ADDRESS = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
# Letters and marks that show nothing, beside the categories of formats and separators.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def same(one: str, other: str) -> bool:
    """Return whether two names mean one person; an empty one is no person's.

    Names that differ in nothing that a reader sees are one. Of ``Ada <ada@x.org>`` either part is
    the person.
    """
    first, second = _names(one), _names(other)
    return not first or not second or bool(first & second)


def _names(text: str) -> set[str]:
    """Return the forms by which a person is known."""
    address = _ADDRESS.search(text)
    parts = (text,) if address is None else (address[1], text[: address.start()])
    return {seen(part) for part in parts} - {""}


def seen(name: str) -> str:
    """Return what is seen of a name, in one spelling: no case, no spaces, no invisible character."""
    text = _BLANK.sub("", unicodedata.normalize("NFKC", name))
    text = unicodedata.normalize("NFKC", text.casefold())
    return "".join(
        character for character in text if unicodedata.category(character)[0] not in "CZ"
    )
