"""Foreign documents decoded straight into declared types. The decoder's own words never leave: they quote what came."""

import re
import threading
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from upkeep.adapters.wire.text import printable, printable_json, printable_tree
from upkeep.errors import Malformed

T = TypeVar("T")
# The path, in which keys of maps read [...], and the name of a field that is missing: both are of the declared types.
_AT = re.compile(r" - at `(?:key in )?\$\.?([\w.\[\]]*)`$")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}
# Two threads that make decoders of types with a part in common crash the interpreter: the second sees a description that
# the first has not filled in (msgspec 0.22). To decode side by side is safe.
_MAKING = threading.Lock()


class Wire(msgspec.Struct, frozen=True, gc=False):
    """The base of all that is declared here: frozen like all its subclasses; fields that are not declared are skipped."""


def kind_of(type: Any) -> str:
    """Return the API's kind that a declared type describes: its own name, where it does not say another."""
    return getattr(type, "KIND", None) or str(type.__name__)


class _Name(msgspec.Struct):
    name: str = ""


class _Named(msgspec.Struct):
    metadata: _Name = msgspec.field(default_factory=_Name)


def decode(
    body: bytes, type: type[T], *, what: str = "", source: str = "", exact: bool = False
) -> T:
    """Return a JSON document as the declared type, its strings printable.

    :param what: what it is, for the message; an object's name is added. The type's kind where it is not said.
    :param exact: its strings are left as they are: they are compared or sent, and never shown.
    :raises Malformed: not JSON, not UTF-8, nested too deep, or not of the type; the message names what and the path.
    """
    try:
        body = body if exact else printable_json(body)
        return _decoder(type).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(
            _said(error, what or kind_of(type), _name_in(body)), source=source
        ) from None


def convert(raw: Any, type: type[T], *, what: str = "", source: str = "") -> T:
    """Return a parsed document (YAML, or JSON that was read before) as the declared type, its strings printable.

    :raises Malformed: as ``decode``.
    """
    _decoder(type)
    try:
        return msgspec.convert(printable_tree(raw), type)
    except (msgspec.MsgspecError, RecursionError) as error:
        metadata = raw.get("metadata") if isinstance(raw, Mapping) else None
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        shown = f"/{printable(name)[:253]}" if isinstance(name, str) and name else ""
        raise Malformed(_said(error, what or kind_of(type), shown), source=source) from None


def _decoder(type: type[T]) -> msgspec.json.Decoder[T]:
    """The decoder of a type, made once; with it msgspec's description of the type, which ``convert`` uses."""
    if type not in _DECODERS:
        with _MAKING:
            _DECODERS.setdefault(type, msgspec.json.Decoder(type))
    return _DECODERS[type]


def _name_in(body: bytes) -> str:
    """The name of an object that does not fit its type, after a slash; empty where it has none."""
    try:
        name = _decoder(_Named).decode(body).metadata.name
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return f"/{name[:253]}" if name else ""


def _said(error: Exception, what: str, name: str) -> str:
    if isinstance(error, RecursionError):
        return f"{what}{name} is nested too deep to be read"
    if not isinstance(error, msgspec.ValidationError):
        return f"{what}{name} is no whole JSON"
    return f"{what}{name} is not as the API describes it: {_where(str(error))}"


def _where(message: str) -> str:
    """The path of what does not fit, and whether it is missing; nothing that came."""
    at, missing = _AT.search(message), _MISSING.match(message)
    path = at[1] if at else ""
    if missing:
        return f"{path}{'.' if path else ''}{missing[1]} is missing"
    return f"{path or 'the document'} is not of its type"
