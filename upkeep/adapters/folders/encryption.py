"""Backups encrypted with age (https://age-encryption.org/v1), by pyrage.

A writer needs recipients alone (``age1…``, public keys). A reader needs an identity (``AGE-SECRET-KEY-1…``) in a file
of its own, as ``age-keygen -o FILE`` writes it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from upkeep.errors import BadInput
from upkeep.files import read_bounded

if TYPE_CHECKING:
    from pyrage import x25519

SUFFIX = ".age"
_MOST_BYTES = 64 * 1024


class Unopened(Exception):
    """No identity decrypts it: it is for other recipients, or damaged; age does not tell which."""


def recipients(texts: Sequence[str]) -> list["x25519.Recipient"]:
    """Return the recipients of a backup.

    :raises BadInput: a text is no recipient.
    """
    from pyrage import RecipientError, x25519

    found = []
    for text in texts:
        try:
            found.append(x25519.Recipient.from_str(text.strip()))
        except RecipientError:
            wrong = (
                "this is an identity, which is secret"
                if text.strip().upper().startswith("AGE-SECRET-KEY-")
                else "not a recipient"
            )
            raise BadInput(
                f"--recipient=…: {wrong}; expected the public key of age-keygen: age1…"
            ) from None
    return found


def identities(path: Path | None) -> list["x25519.Identity"]:
    """Return the identities of a file, one a line; ``#`` begins a comment; none for ``None``.

    :raises BadInput: it cannot be read, holds none, or a line is none. No message shows a line.
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
            f"--backup-identity={path}: not a text; age-keygen -o FILE writes one"
        ) from None
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(x25519.Identity.from_str(line.strip()))
            except IdentityError:
                raise BadInput(
                    f"--backup-identity={path}, line {number}: not an identity; expected AGE-SECRET-KEY-1…"
                ) from None
    if not found:
        raise BadInput(
            f"--backup-identity={path}: holds no identity; age-keygen -o FILE writes one"
        )
    return found


def encrypt(body: bytes, to: Sequence["x25519.Recipient"]) -> bytes:
    """Return the body, encrypted for each recipient."""
    import pyrage

    return pyrage.encrypt(body, list(to))


def decrypt(body: bytes, by: Sequence["x25519.Identity"]) -> bytes:
    """Return the decrypted body.

    :raises Unopened: no identity decrypts it.
    """
    import pyrage

    try:
        return pyrage.decrypt(body, list(by))
    except pyrage.DecryptError:
        raise Unopened from None
