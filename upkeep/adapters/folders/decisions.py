"""The files of waivers and overrides: YAML, one entry each, refused whole when an entry is wrong."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from upkeep.adapters.formats import yaml_text
from upkeep.adapters.wire.text import one_line, printable
from upkeep.domain.decisions import persons
from upkeep.errors import BadInput, Malformed
from upkeep.files import read_bounded
from upkeep.limits import nearest
from upkeep.model import parse_time
from upkeep.records.decisions import Override, Waiver

MOST_BYTES = 4 * 1024 * 1024
MOST_OVERRIDE = timedelta(hours=24)
_REQUIRED = ("control", "reason", "owner", "approved_by", "approved_on", "ticket", "expires")
_OPTIONAL = ("target", "object", "code")
_OVERRIDE = ("target", "reason", "by", "approved_by", "ticket", "issued", "expires")
T = TypeVar("T")


def waivers(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers of a file, in its order.

    Whether one is too long, unused or about an unknown control is judged by ``domain.waiving``.

    :raises BadInput: the file cannot be read, or an entry is wrong: with file, line and key.
    """
    return tuple(_entries(path, "--waivers", _waiver))


def overrides(path: Path) -> tuple[Override, ...]:
    """Return the overrides of a file: one entry, or a list of them.

    :raises BadInput: the file cannot be read, or an entry is wrong: with file, line and key.
    """
    return tuple(_entries(path, "--override", _override))


def _entries(path: Path, option: str, make: Callable[[dict[str, Any], str], T]) -> list[T]:
    where = f"{option}={path}"
    try:
        text = read_bounded(path, most_bytes=MOST_BYTES).decode()
        raw, lines = yaml_text.load_with_lines(text, name=where, most_bytes=MOST_BYTES, exact=True)
    except UnicodeDecodeError:
        raise BadInput(f"{where}: not UTF-8; a YAML list of entries was expected") from None
    except OSError as error:
        raise BadInput(f"{where}: cannot be read ({error.strerror})") from None
    except Malformed as error:
        raise BadInput(error.message) from None
    if raw is None and "#" not in text:
        # A list that was emptied keeps its comments or its []; a write that failed leaves neither.
        raise BadInput(
            f"{where}: the file is empty; a YAML list of entries was expected, or [] for none"
        )
    if raw is None:
        return []
    if isinstance(raw, dict):
        return [make(raw, where)]
    if not isinstance(raw, list):
        raise BadInput(f"{where}: a YAML list of entries was expected")
    found = []
    for number, entry in enumerate(raw):
        place = f"{where}, line {lines.get((number,), 0)}"
        if not isinstance(entry, dict):
            raise BadInput(f"{place}: an entry with keys was expected")
        found.append(make(entry, place))
    return found


def _texts(
    entry: dict[str, Any], where: str, required: tuple[str, ...], known: tuple[str, ...]
) -> None:
    for key, value in entry.items():
        if key not in known:
            near, shown = nearest(str(key), list(known)), one_line(str(key))[:80]
            raise BadInput(f"{where}: unknown key {shown!r}{near}; known: {', '.join(known)}")
        if key in ("approved_on", "expires", "issued"):
            continue
        if key in _OPTIONAL and not value:
            raise BadInput(f"{where}: {key} is empty; leave it out where it may be any")
        if value is not None and not isinstance(value, str):
            raise BadInput(f"{where}: {key}: a text was expected; put it in quotes")
    for key in required:
        value = entry.get(key)
        if value is None or (isinstance(value, str) and not persons.seen(value)):
            raise BadInput(
                f"{where}: {key} is missing; a waiver and an override need all of {', '.join(required)}"
            )


def _waiver(entry: dict[str, Any], where: str) -> Waiver:
    _texts(entry, where, _REQUIRED, (*_REQUIRED, *_OPTIONAL))
    if persons.same(entry["owner"], entry["approved_by"]):
        raise BadInput(f"{where}: approved_by is the owner; another person must approve")
    approved = _day(entry["approved_on"], where, "approved_on")
    waiver = Waiver(
        control=one_line(entry["control"]),
        reason=one_line(entry["reason"]),
        owner=one_line(entry["owner"]),
        approved_by=one_line(entry["approved_by"]),
        approved_on=approved,
        ticket=one_line(entry["ticket"]),
        expires=_end(entry["expires"], where),
        target=printable(entry.get("target") or "*"),
        object=printable(entry.get("object") or "*"),
        code=printable(entry.get("code") or ""),
        where=where,
    )
    if waiver.expires.date() < approved:
        raise BadInput(f"{where}: expires before approved_on")
    return waiver


def _override(entry: dict[str, Any], where: str) -> Override:
    _texts(entry, where, _OVERRIDE, _OVERRIDE)
    if persons.same(entry["by"], entry["approved_by"]):
        raise BadInput(f"{where}: approved_by is the person who overrides; another must approve")
    issued, expires = (_instant(entry[key], where, key) for key in ("issued", "expires"))
    if not timedelta(0) < expires - issued <= MOST_OVERRIDE:
        raise BadInput(f"{where}: expires must lie within 24 hours after issued")
    return Override(
        target=printable(entry["target"].strip()),
        reason=one_line(entry["reason"]),
        by=one_line(entry["by"]),
        approved_by=one_line(entry["approved_by"]),
        ticket=one_line(entry["ticket"]),
        issued=issued,
        expires=expires,
        where=where,
    )


def _day(value: Any, where: str, key: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadInput(f"{where}: {key}: a date such as 2026-01-31 was expected") from None


def _end(value: Any, where: str) -> datetime:
    """Return the end of a day, in UTC, or an instant."""
    if isinstance(value, date) and not isinstance(value, datetime):
        day = value
    else:
        try:
            day = date.fromisoformat(value)
        except (TypeError, ValueError):
            return _instant(value, where, "expires")
    try:
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    except OverflowError:
        raise BadInput(f"{where}: expires: {day} is the last day of the calendar") from None


def _instant(value: Any, where: str, key: str) -> datetime:
    try:
        return parse_time(value.isoformat() if isinstance(value, datetime) else value)
    except (TypeError, ValueError, OverflowError):
        raise BadInput(
            f"{where}: {key}: a time with its zone was expected, such as 2026-01-31T12:00:00Z"
        ) from None
