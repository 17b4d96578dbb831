"""Whether two names are one person: a sign-off needs two people."""

import re
import unicodedata

_ADDRESS = re.compile(r"<([^<>\s]+@[^<>\s]+)>")


def same_person(one: str, other: str) -> bool:
    """Return whether two names mean one person.

    Case, width, invisible characters and spaces do not make two people. Of ``Ada <ada@x.org>``
    either part is the person: ``Ada``, ``ada@x.org`` and both together are one.
    """
    return bool(_names(one) & _names(other))


def _names(text: str) -> set[str]:
    """Return the forms by which the person is known."""
    whole = _folded(text)
    found = _ADDRESS.search(whole)
    parts = {whole} if not found else {found[1], whole[: found.start()].strip()}
    return {part for part in parts if part} or {""}


def _folded(text: str) -> str:
    """Return a name normalised: NFKC, case folded, invisible characters stripped."""
    wide = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    seen = "".join(
        " " if unicodedata.category(letter) in ("Zs", "Zl", "Zp") or letter in "\t\r\n" else letter
        for letter in wide
        if unicodedata.category(letter) not in ("Cf", "Cc", "Mn") or letter in "\t\r\n"
    )
    return " ".join(seen.split())
