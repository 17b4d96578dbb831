"""How values and sentences are written in every report."""

import math
import re

from upkeep.masking import mask
from upkeep.model import Scalar

# What gives a credential away in a sentence: a header's name, a password in a URL, a key with its value, a token's or a webhook's shape.
_TELLTALE = re.compile(
    r"(?i)authorization|cookie|\b(?:bearer|basic)\s|://[^\s@]{0,512}@|\bxox|\bxapp-|\beyj|\b(?:akia|asia)[a-z0-9]{12}"
    r"|(?<!--limit=)\b\w{0,64}(?:token|secret|passw(?:or)?d|api[_-]?key|credential|webhook)\w{0,64}\"?\s?[:=]"
    r"|https?://\S{1,512}/(?=[^/\s]{0,512}\d)[^/\s]{20,512}|[?&]\w{0,64}(?:key|sig|auth|sign)\w{0,64}="
)


def own(text: str) -> str:
    """A sentence of the project's own, masked when something in it looks like a credential after all.

    Our sentences hold no secret by construction, and who quotes others masks what they quote. Masking them all the same would take paths
    and commands away, which people need. What others wrote goes through ``upkeep.masking.mask``, always.
    """
    return mask(text) if _TELLTALE.search(text) else text


def flat(text: str) -> str:
    """A text in one line."""
    return " ".join(text.split())


def measure(value: Scalar, unit: str) -> str:
    """A value with its unit, unless its text already ends with it; empty when there is none."""
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if not unit or text.endswith(unit) else f"{text} {unit}"


def seen(observed: Scalar, limit: Scalar, unit: str) -> str:
    """``observed 3 restarts, limit 0 restarts``: only what is known."""
    parts = [
        f"{word} {measure(value, unit)}"
        for word, value in (("observed", observed), ("limit", limit))
        if value not in (None, "")
    ]
    return ", ".join(parts)


def plain(value: Scalar) -> Scalar:
    """A value of ours as JSON can hold it: infinity and the like become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return own(value) if isinstance(value, str) else value
