"""What people confirmed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class AttestedFile:
    """A file of an attestation's evidence: whether it is there and the ``same`` as when it was attested."""

    file: str
    state: Literal["same", "missing", "differs"]


@dataclass(frozen=True, slots=True)
class Attestation:
    """What one person confirmed and another reviewed.

    :ivar object: what it is about, where the control is about several: ``Secret/x key y``.
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
    """The attestations of a run.

    :ivar file: where they lie; empty where none was named.
    """

    file: str = ""
    entries: tuple[Attestation, ...] = ()
