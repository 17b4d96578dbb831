"""The settings file: what may stand in it, and what it is refused for.

Imported when there is one: pydantic takes as long to import as a tenth of a daily run.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Required

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict  # pydantic cannot read the one of Python 3.11

from upkeep.adapters.folders.files import read_bounded
from upkeep.errors import BadInput
from upkeep.limits import nearest

_strict = with_config(ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True))


@_strict
class Access(TypedDict, total=False):
    """How a monitoring program, or a chart repository, is reached."""

    url: Required[str]
    bearer_file: str
    ca_file: str
    client_certificate: str
    client_key: str
    headers: dict[str, str]


@_strict
class Target(TypedDict, total=False):
    """One cluster to check."""

    kubeconfig: str
    context: str
    namespace: str
    deployment: str
    collector: str
    prometheus: str | Access
    alertmanager: str | Access
    chart_repository: str | Access
    alertmanager_config: str
    acting_context: str
    absent: dict[str, str]
    secret_readers: list[str]
    demo: str


@_strict
class Removed(TypedDict):
    """A control left out of the gate, and why."""

    control: str
    reason: str


@_strict
class Gate(TypedDict, total=False):
    """What stands in the gate beside the controls that are marked so."""

    add: list[str]
    remove: list[Removed]


@_strict
class File(Target, total=False):
    """The whole file; the target at its top is the one without a name."""

    limits: dict[str, str | int | float]
    gate: Gate
    targets: dict[str, Target]
    backups: str
    backup_identity: str
    attestations: str
    emergency_config: str
    exports: str
    out: str


MOST_BYTES = 4 * 1024 * 1024
WANTS_A_REASON = 'removing a control wants a reason: remove = [{ control = "ID", reason = "…" }]'


def read(path: Path, asked: str) -> File:
    """What a settings file says.

    :param asked: the words that named it, or nothing.
    :raises BadInput: it cannot be read, is no TOML, or says something else than can be set.
    """
    text = ""
    try:
        text = read_bounded(path, most_bytes=MOST_BYTES).decode("utf-8")
        return TypeAdapter(File).validate_python(tomllib.loads(text))
    except FileNotFoundError:
        raise BadInput(f"{asked or path}: there is no such file") from None
    except OSError as error:
        raise BadInput(
            f"{asked or path}: cannot be read: {error.strerror}; a TOML file was expected"
        ) from None
    except ValidationError as error:
        raise _refused(path, error) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInput(f"{path} is not TOML: line {line} is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        end = (
            f"at line {text.count(chr(10)) + (not text.endswith(chr(10)))}, the end of the document"
        )
        raise BadInput(
            f"{path} is not TOML: {str(error).replace('at end of document', end)}"
        ) from None
    except (ValueError, RecursionError):
        raise BadInput(
            f"{path} is not TOML that can be read: a number is too long, or tables lie too deep in each other"
        ) from None


_WORDS = {
    "string_type": "a text",
    "int_type": "a number",
    "float_type": "a number",
    "list_type": "a list",
}
_WORDS |= {"dict_type": "a table", "model_type": "a table"}
_TYPES = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


def _refused(path: Path, error: ValidationError) -> BadInput:
    """What a settings file is refused for. The value never shows, as it may be a secret."""
    complaints = [(_key(one["loc"]), one) for one in error.errors(include_url=False)]
    # Of what may be a text or a table both are complained of: the deeper one is what was meant, and there a word that is none comes first.
    key, first = max(
        complaints, key=lambda each: (len(each[1]["loc"]), each[1]["type"] == "extra_forbidden")
    )
    if first["type"] == "extra_forbidden":
        known = list(_table(first["loc"]))
        return BadInput(
            f"{path}: there is no setting {key!r}{nearest(str(first['loc'][-1]), known)}"
        )
    if key.startswith("gate.remove"):
        return BadInput(f"{path}: {key}: {WANTS_A_REASON}")
    if first["type"] == "missing":
        return BadInput(f"{path}: {key} is missing")
    expected = " or ".join(
        dict.fromkeys(
            _WORDS.get(one["type"], one["msg"].lower()) for other, one in complaints if other == key
        )
    )
    return BadInput(
        f"{path}: {key}: {expected} was expected, not {_TYPES.get(type(first['input']), 'a date or a time')}"
    )


def _key(place: Sequence[int | str]) -> str:
    """As the file has it, without the kinds that pydantic tried."""
    last = len(place) - 1
    return ".".join(
        str(part)
        for at, part in enumerate(place)
        if part != "Access" and not (at == last and part in ("str", "int", "float"))
    )


def _table(place: Sequence[int | str]) -> Mapping[str, Any]:
    """The keys of the table that a place of the file lies in."""
    if "Access" in place[:-1]:
        return Access.__annotations__
    if len(place) == 1:
        return File.__annotations__
    if place[0] == "gate":
        return (Gate if len(place) == 2 else Removed).__annotations__
    return Target.__annotations__
