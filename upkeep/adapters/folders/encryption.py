"""Backups that only the holders of a key can read: age (https://age-encryption.org/v1), by pyrage.

Whoever writes needs the recipients alone (``age1…``, which are public); whoever reads needs an identity (``AGE-SECRET-KEY-1…``) in a file of its
own, as ``age-keygen -o FILE`` writes it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from upkeep.adapters.folders.files import read_bounded
from upkeep.errors import BadInput

if TYPE_CHECKING:
    from pyrage import x25519

SUFFIX = ".age"
_MOST_BYTES = 64 * 1024


class Unopened(Exception):
    """None of the identities opens it: it is for others, or it is damaged, which cannot be told apart."""


def recipients(texts: Sequence[str]) -> list["x25519.Recipient"]:
    """Those that a backup is for.

    :raises BadInput: one is none.
    """
    from pyrage import RecipientError, x25519

    found = []
    for text in texts:
        try:
            found.append(x25519.Recipient.from_str(text.strip()))
        except RecipientError:
            wrong = (
                "that is an identity, which is secret"
                if text.strip().upper().startswith("AGE-SECRET-KEY-")
                else "that is none"
            )
            raise BadInput(
                f"--recipient=…: {wrong}; a recipient is what age-keygen calls the public key: age1…"
            ) from None
    return found


def identities(path: Path | None) -> list["x25519.Identity"]:
    """The identities of a file: one in each line, ``#`` begins a comment; none where no file was named.

    :raises BadInput: it cannot be read, holds none, or a line is none. No line is ever shown.
    """
    if path is None:
        return []
    from pyrage import IdentityError, x25519

    try:
        lines = read_bounded(path, most_bytes=_MOST_BYTES).decode("utf-8").splitlines()
    except OSError as error:
        raise BadInput(f"--backup-identity={path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise BadInput(
            f"--backup-identity={path}: is no text; age-keygen -o FILE writes one"
        ) from None
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(x25519.Identity.from_str(line.strip()))
            except IdentityError:
                raise BadInput(
                    f"--backup-identity={path}, line {number}: no identity; one begins with AGE-SECRET-KEY-1"
                ) from None
    if not found:
        raise BadInput(
            f"--backup-identity={path}: holds no identity; age-keygen -o FILE writes one"
        )
    return found


def encrypt(body: bytes, to: Sequence["x25519.Recipient"]) -> bytes:
    """The body for any one of the recipients."""
    import pyrage

    return pyrage.encrypt(body, list(to))


def decrypt(body: bytes, by: Sequence["x25519.Identity"]) -> bytes:
    """The body.

    :raises Unopened: none of the identities opens it.
    """
    import pyrage

    try:
        return pyrage.decrypt(body, list(by))
    except pyrage.DecryptError:
        raise Unopened from None
