"""Whether two names are the same person's.

Source: Unicode normalisation (UAX #15) and default ignorable characters (UAX #44).
"""

import re
import unicodedata

# Letters and marks that show nothing, beside the categories of formats and separators.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def same(one: str, other: str) -> bool:
    """Return whether two names differ in nothing that a reader sees; an empty one is nobody's."""
    first, second = _seen(one), _seen(other)
    return not first or not second or first == second


def _seen(name: str) -> str:
    """Return what is seen of a name, in one spelling: no case, no spaces, no invisible character."""
    text = _BLANK.sub("", unicodedata.normalize("NFKC", name))
    text = unicodedata.normalize("NFKC", text.casefold())
    return "".join(
        character for character in text if unicodedata.category(character)[0] not in "CZ"
    )
