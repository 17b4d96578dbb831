"""Replay: what of a sweep does a bundle hold, and how is it judged again?

A bundle holds the measurements that need something of the run: a client, a folder, a program. All
others are derived: they need other measurements and the values of ``GIVEN``, and are derived again.
A handle (a client that a measurement hands to others) is never in a bundle, only its exception is.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from inspect import isclass
from types import UnionType
from typing import Any, Union, get_args

import msgspec
from msgspec import Struct

from upkeep.clock import Clock
from upkeep.errors import Absent, BadInput, NotApplicable, Unmeasured, of_reason
from upkeep.limits import Limits
from upkeep.masking import MASK, mask, own, telling
from upkeep.model import Evidence
from upkeep.records.bundle import (
    INTERNAL,
    NOT_APPLICABLE,
    Bundle,
    BundledMeasurement,
    BundledTarget,
    StoppedAs,
)
from upkeep.settings.targets import TargetSettings
from upkeep.sweep import Measurement, Sweep, Taken, digest

# Values of the run that a bundle gives again; of the target's settings those of BundledTarget.
GIVEN = frozenset({"namespace", "target", "limits", "now"})
# A command line can hold a credential beside words that say so, and no report shows it whole.
_COMMANDS = frozenset({"command"})
_SECONDS = 3600.0  # nothing is waited for


def held(measurements: Mapping[str, Measurement]) -> dict[str, Measurement]:
    """Return the measurements that a bundle holds: those with a need that is neither given nor measured."""
    return {
        name: one
        for name, one in measurements.items()
        if any(
            need not in GIVEN and (need not in measurements or measurements[need].handle)
            for need in one.needs
        )
    }


def bundled(sweep: Sweep, *, target: str) -> Iterator[BundledMeasurement]:
    """Yield what a bundle holds of a sweep, redacted; measurements that were not taken are left out.

    The deadline of the sweep is no derivation: a bundle holds what it cut off, too.
    """
    for name in dict.fromkeys([*held(sweep.measurements), *sorted(sweep.late)]):
        taken = sweep.taken(name)
        if taken is not None:
            yield _bundled(taken, sweep.measurements[name], target=target)


def _bundled(taken: Taken, one: Measurement, *, target: str) -> BundledMeasurement:
    source, evidence = own(taken.evidence.source), taken.evidence.digest
    stopped, handed = taken.stopped, isinstance(taken.record, Exception)
    if stopped is None and handed:
        stopped = taken.record
    if stopped is not None or one.handle:
        return BundledMeasurement(
            target=target, name=one.name, source=source, evidence=evidence, handed=handed,
            stopped=_stopped(stopped) if stopped is not None else None,
        )  # fmt: skip
    try:
        record = msgspec.Raw(msgspec.json.encode(_redacted(taken.record)))
        kept = digest(_decoded(record, one.record))
    except (TypeError, ValueError):
        # The run has judged it, so it goes on; a replay cannot, and says why.
        wrong = TypeError(f"the record of {one.name} is not as it is declared")
        return BundledMeasurement(target=target, name=one.name, stopped=_stopped(wrong))
    return BundledMeasurement(
        target=target, name=one.name, source=source, evidence=evidence, record=record, digest=kept
    )


def _stopped(error: Exception) -> StoppedAs:
    if isinstance(error, Unmeasured):
        source, message = own(error.source), own(error.message)
        return StoppedAs(error.reason, message, source, str(error.next_step))
    if isinstance(error, NotApplicable):
        return StoppedAs(NOT_APPLICABLE, own(str(error)))
    return StoppedAs(INTERNAL, mask(str(error)).strip(), kind=type(error).__name__)


def _error(stopped: StoppedAs) -> Exception:
    if stopped.reason == NOT_APPLICABLE:
        return NotApplicable(stopped.message)
    if stopped.reason == INTERNAL:
        # The report of an internal error names its class.
        made: type[Exception] = type(stopped.kind, (Exception,), {})
        return made(stopped.message)
    kind = of_reason(stopped.reason)
    return kind(stopped.message, source=stopped.source, next_step=stopped.next_step)


def _redacted(value: Any, field: str = "") -> Any:
    """Return a record as JSON values, its texts masked where a credential seems to be in them."""
    if isinstance(value, str):
        return _text(value, field)
    if isinstance(value, Struct):
        named = {name: _redacted(getattr(value, name), name) for name in value.__struct_fields__}
        tag = value.__struct_config__.tag  # of the records of a union, which it tells apart
        return named if tag is None else {value.__struct_config__.tag_field: tag, **named}
    if isinstance(value, Mapping):
        return {_text(key, ""): _redacted(entry, field) for key, entry in value.items()}
    if isinstance(value, tuple | list) and field in _COMMANDS:
        # An argument is the value of the option before it.
        return [
            MASK if _wants_secret(before) else _redacted(entry, field)
            for before, entry in zip(("", *value), value, strict=False)
        ]
    if isinstance(value, tuple | list):
        return [_redacted(entry, field) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    if value is None or isinstance(value, bool | int | float | datetime):
        return value
    raise TypeError(f"a record may not hold a {type(value).__name__}")


def _wants_secret(option: Any) -> bool:
    return isinstance(option, str) and option[:1] == "-" and "=" not in option and telling(option)


@lru_cache(maxsize=8192)  # the labels of a week of samples
def _text(text: str, field: str) -> str:
    return str(mask(text) if field in _COMMANDS else own(text))


@lru_cache(maxsize=256)
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder of an annotated type; an exception in a union is kept apart, as ``handed``.

    It is not strict: a number that JSON does not have is a text.
    """
    kinds = [one for one in get_args(type) if isinstance(type, UnionType) and not _raised(one)]
    plain: Any = Union[tuple(kinds)] if kinds else type  # noqa: UP007 - made of a list
    return msgspec.json.Decoder(plain, strict=False)


def _raised(kind: Any) -> bool:
    return isclass(kind) and issubclass(kind, Exception)


def _decoded(record: msgspec.Raw, type: Any) -> Any:
    return _decoder(type).decode(record)


class Replay(Sweep):
    """The measurements of a target of a bundle, taken again from it: no request is made.

    :raises BadInput: a record is not of the form that this version reads.
    """

    def __init__(
        self,
        measurements: Mapping[str, Measurement],
        bundle: Bundle,
        target: BundledTarget,
        *,
        clock: Clock,
    ) -> None:
        own_settings = TargetSettings(
            name=target.name,
            deployment=target.deployment,
            absent=target.absent,
            secret_readers=target.secret_readers,
        )
        given = {
            "namespace": target.namespace,
            "target": own_settings,
            "limits": Limits(bundle.header.limits),
            "now": target.now,
        }
        cut_off = {
            name: one
            for name, one in measurements.items()
            if (kept := bundle.measurements.get((target.place.target, name))) and kept.stopped
        }
        self._held = {
            name: _taken(one, bundle, target)
            for name, one in (held(measurements) | cut_off).items()
        }
        needs = {need for one in measurements.values() for need in one.needs}
        none = Absent("A bundle has no cluster.")
        outside = dict.fromkeys(needs - set(measurements) - GIVEN, none)
        super().__init__(measurements, {**outside, **given}, clock=clock, deadline_seconds=_SECONDS)
        self.now, self.place, self.address = target.now, target.place, target.address

    def _measure(self, measurement: Measurement) -> Taken:
        known = self._held.get(measurement.name)
        return known if known is not None else super()._measure(measurement)


def _taken(one: Measurement, bundle: Bundle, target: BundledTarget) -> Taken:
    kept = bundle.measurements.get((target.place.target, one.name))
    if kept is None:
        asked = " ".join(bundle.header.arguments) or "no option"
        missing = Absent(
            f"The bundle does not hold {one.name}. Its run was selected with: {asked}.",
            next_step="a bundle of a run that selected this control (--save-bundle=FILE)",
        )
        return Taken(None, missing, Evidence(one.name, "", target.now, ""))
    record, stopped = None, None
    if kept.stopped is not None:
        try:
            error = _error(kept.stopped)
        except LookupError:
            raise _unreadable(bundle, kept) from None
        record, stopped = (error, None) if kept.handed else (None, error)
    elif not one.handle:
        try:
            record = _decoded(kept.record, one.record)
        except msgspec.ValidationError:
            raise _unreadable(bundle, kept) from None
        if digest(record) != kept.digest:
            raise _unreadable(bundle, kept)
    return Taken(record, stopped, Evidence(one.name, kept.source, target.now, kept.evidence))


def _unreadable(bundle: Bundle, kept: BundledMeasurement) -> BadInput:
    return BadInput(
        f"--bundle={bundle.file}: {kept.name} of target {kept.target} was altered, or written by "
        f"another version than this one (upkeep {bundle.header.version})."
    )
