"""The bundle: the evidence of a run, from which its controls are judged again without a cluster.

These records are the file format too. A bundle is one gzip file of JSON lines: a ``BundleHeader``, a
``BundledMeasurement`` for each measurement of each target, and a ``BundleEnd``.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from upkeep.addressing import Address
from upkeep.model import Place

SCHEMA = 1
NOT_APPLICABLE = "not-applicable"
INTERNAL = "internal"
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class BundledTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A target of the run, with what its derived measurements and judges take from the settings.

    :ivar name: empty for a single unnamed target.
    :ivar now: the instant at which its sweep began; judges compare with it.
    """

    name: str
    now: Instant
    namespace: str
    place: Place
    address: Address
    deployment: str | None = None
    absent: dict[str, str] = {}
    secret_readers: tuple[str, ...] = ()


class BundleHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: the run that measured, its targets, and the limits in force."""

    schema: int
    run: str
    version: str
    started: Instant
    arguments: tuple[str, ...]
    limits: dict[str, float]
    targets: tuple[BundledTarget, ...]
    who: dict[str, str] = {}


class StoppedAs(msgspec.Struct, frozen=True, omit_defaults=True):
    """An exception as data.

    :ivar reason: that of an ``Unmeasured``, ``not-applicable``, or ``internal``.
    :ivar kind: the class of an internal error, which has no reason of its own.
    """

    reason: str
    message: str
    source: str = ""
    next_step: str = ""
    kind: str = ""


class BundledMeasurement(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A measurement of a target: its record, or its exception.

    :ivar digest: SHA-256 of the record as it is here; empty without one.
    :ivar source: the evidence's source; ``evidence`` is the SHA-256 in ``results.jsonl``, which
        differs from ``digest`` only where a text of the record was redacted for the bundle.
    :ivar handed: the exception is the record itself: the measurement hands it on.
    """

    target: str
    name: str
    source: str = ""
    evidence: str = ""
    digest: str = ""
    record: msgspec.Raw = msgspec.Raw()
    stopped: StoppedAs | None = None
    handed: bool = False


class BundleEnd(msgspec.Struct, frozen=True):
    """The last line: the number of lines before it, and the SHA-256 of their bytes."""

    lines: int
    sha256: str


class Bundle(msgspec.Struct, frozen=True):
    """A bundle that was read: its file, the SHA-256 of the file, and what it holds."""

    file: str
    sha256: str
    header: BundleHeader
    measurements: dict[tuple[str, str], BundledMeasurement]
