"""Sign-offs of people."""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class AttestedFile(Struct, frozen=True):
    """A file of a sign-off's evidence, compared with its digest."""

    file: str
    state: Literal["same", "missing", "differs"]


class Attestation(Struct, frozen=True):
    """A sign-off by one person, reviewed by another.

    :ivar object: its object, of a control with several: ``Secret/x key y``.
    :ivar where: file and line of the entry.
    """

    control: str
    target: str
    object: str
    satisfied: bool
    explanation: str
    by: str
    reviewed_by: str
    at: datetime
    valid_for_seconds: float
    evidence: tuple[AttestedFile, ...] = ()
    where: str = ""


class AttestationFile(Struct, frozen=True):
    """The sign-offs of a run.

    :ivar file: the file of ``--attestations``; empty for none.
    """

    file: str = ""
    entries: tuple[Attestation, ...] = ()
