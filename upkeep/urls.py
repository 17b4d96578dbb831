"""URLs that a person gives: which are used, and how is one shown?

A URL with a user and password is refused: it would stand in reports, proxies' logs and shell histories.
Source: https://www.rfc-editor.org/rfc/rfc3986#section-7.5
"""

import re
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from upkeep.errors import BadInput
from upkeep.masking import hide, mask

# A path keeps one of the slashes: https:/user:password@host.
_USER = re.compile(r"(://|(?<=http):/|(?<=https):/)(.*)@", re.DOTALL)


def checked(text: str, where: str, *, instead: str = "bearer_file in the settings file") -> str:
    """Return an http or https URL as it was given; values of its query are hidden from now on.

    :param where: the option or key that names it.
    :param instead: what takes the place of a password.
    :raises BadInput: it cannot be used. The message shows no part that may be a secret.
    """
    _hide_user(text)
    shown = "…" if "@" in text else mask(text)
    if not text.isprintable() or re.search(r"[\s\\]", text):
        raise BadInput(
            f"{where}: the URL holds a space, a backslash or a character that does not print. "
            "Expected https://HOST:PORT."
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadInput(
            f"{where}={shown}: bad host or port. Expected https://HOST:PORT, an IPv6 address in brackets."
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadInput(f"{where}={shown}: expected http:// or https:// and a host.")
    if "@" in parts.netloc:
        raise BadInput(f"{where}: the URL contains a password. Use {instead}.")
    if "@" in text:  # behind a slash that may be a password's own
        raise BadInput(f"{where}: the URL contains an @, or a password. Write %40 in a path.")
    hide(*(value for _, value in parse_qsl(parts.query)))
    return text


def shown(text: str) -> str:
    """Return a URL without user, password, query and fragment; empty where it is not http or https."""
    try:
        parts = urlsplit(without_user(text))
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc or not text.isprintable():
        return ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def without_user(text: str) -> str:
    """Return a text without what may be the user and password of a URL in it.

    The last @ ends them: a password may hold a slash or an @ of its own.
    """
    return _USER.sub(r"\1", text)


def _hide_user(text: str) -> None:
    """Hide a URL's user and password in everything that is shown from now on."""
    found = _USER.search(text)
    if found:
        parts = (found[2], *found[2].split(":", 1))
        hide(*parts, *map(unquote, parts))
