"""Sign-offs of people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class AttestedFile:
    """A file of a sign-off's evidence, compared with its digest."""

    file: str
    state: Literal["same", "missing", "differs"]


@dataclass(frozen=True, slots=True)
class Attestation:
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


@dataclass(frozen=True, slots=True)
class AttestationFile:
    """The sign-offs of a run.

    :ivar file: the file of ``--attestations``; empty for none.
    """

    file: str = ""
    entries: tuple[Attestation, ...] = ()
