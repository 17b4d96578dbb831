"""The settings file: which keys does it take, and which error names a wrong one?

Imported only for an existing file: the import of pydantic takes a tenth of a daily run.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Required

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict  # pydantic cannot read the one of Python 3.11

from upkeep.errors import BadInput
from upkeep.files import read_bounded
from upkeep.limits import LIMITS, nearest

_strict = with_config(ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True))


@_strict
class Access(TypedDict, total=False):
    """The address and credentials of a monitoring program or chart repository."""

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
    backups: str
    exports: str


@_strict
class Removed(TypedDict):
    """A control removed from the gate, with the reason."""

    control: str
    reason: str


@_strict
class Gate(TypedDict, total=False):
    """The controls added to the gate and removed from it."""

    add: list[str]
    remove: list[Removed]


@_strict
class File(Target, total=False):
    """The whole file. The keys at its top describe the unnamed target."""

    limits: dict[str, str | int | float]
    gate: Gate
    targets: dict[str, Target]
    backup_identity: str
    attestations: str
    emergency_config: str
    ledger: str
    waivers: str
    pushgateway: str
    textfile: str
    shards: int
    save_bundle: str
    out: str


WANTS_A_REASON = 'a removal needs a reason. Write remove = [{ control = "ID", reason = "…" }].'
MOST_BYTES = 4 * 1024 * 1024
# As a label's value and a file's name, and with the @ and + that contexts hold. Source:
# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
TARGET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")


# A dotted key costs tomllib the square of its parts.
MOST_DOTS = 100


def _require_shallow(text: str, path: Path) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if line.partition("=")[0].count(".") > MOST_DOTS and len(line) > 1000:
            raise BadInput(f"{path}: line {number} has a key of more than {MOST_DOTS} parts.")


def read(path: Path, asked: str) -> File:
    """Read a settings file.

    :param asked: the option that named it, or empty.
    :raises BadInput: an unreadable file, a TOML error, or an unknown or wrong key.
    """
    text = ""
    if path == Path(os.devnull):  # no settings, for commands that must not read the user's
        return {}
    try:
        text = read_bounded(path, most_bytes=MOST_BYTES).decode("utf-8")
        _require_shallow(text, path)
        file = TypeAdapter(File).validate_python(tomllib.loads(text))
    except FileNotFoundError:
        raise BadInput(f"{asked or path}: no such file.") from None
    except OSError as error:
        raise BadInput(
            f"{asked or path}: {error.strerror}. Expected a readable TOML file."
        ) from None
    except ValidationError as error:
        raise _refused(path, error) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInput(
            f"{path} is not TOML: line {line} is not UTF-8. Save the file as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        end = f"at line {text.count(chr(10)) + (not text.endswith(chr(10)))}, the end of the file"
        raise BadInput(
            f"{path} is not TOML: {str(error).replace('at end of document', end)}."
        ) from None
    except (ValueError, RecursionError):
        raise BadInput(
            f"{path} is not readable TOML: a number is too long, or tables are nested too deep."
        ) from None
    for name in file.get("targets", {}):
        target_name(name, f"{path}: [targets.{name!a:.100}]")
    return file


def target_name(name: str, where: str) -> str:
    """Return the name of a target: it is part of file names, labels and test ids.

    :raises BadInput: it has another form. ``--target`` takes globs, so no name holds one.
    """
    if not TARGET_NAME.fullmatch(name):
        raise BadInput(
            f"{where}: expected at most 100 letters, digits and . _ - @ +, with a letter or a "
            "digit first."
        )
    return name


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
    """Return the error of a settings file, without the value: it may be a secret."""
    complaints = [(_key(one["loc"]), one) for one in error.errors(include_url=False)]
    # A key that takes a text or a table has an error for each. The deeper one was meant; an unknown key comes first.
    key, first = max(
        complaints, key=lambda each: (len(each[1]["loc"]), each[1]["type"] == "extra_forbidden")
    )
    if first["type"] == "extra_forbidden":
        if key in LIMITS:
            return BadInput(
                f"{path}: unknown setting {key!r}. It is a limit: write it under [limits]."
            )
        known = list(_table(first["loc"]))
        return BadInput(f"{path}: unknown setting {key!r}{nearest(str(first['loc'][-1]), known)}.")
    if key.startswith("gate.remove"):
        return BadInput(f"{path}: {key}: {WANTS_A_REASON}")
    if first["type"] == "missing":
        return BadInput(f"{path}: {key} is missing.")
    expected = " or ".join(
        dict.fromkeys(
            _WORDS.get(one["type"], one["msg"].lower()) for other, one in complaints if other == key
        )
    )
    return BadInput(
        f"{path}: {key}: expected {expected}, not {_TYPES.get(type(first['input']), 'a date or a time')}."
    )


def _key(place: Sequence[int | str]) -> str:
    """Return the key as in the file, without the types that pydantic tried."""
    last = len(place) - 1
    return ".".join(
        str(part)
        for at, part in enumerate(place)
        if part != "Access" and not (at == last and part in ("str", "int", "float"))
    )


def _table(place: Sequence[int | str]) -> Mapping[str, Any]:
    """Return the keys of the table at a place of the file."""
    if "Access" in place[:-1]:
        return Access.__annotations__
    if len(place) == 1:
        return File.__annotations__
    if place[0] == "gate":
        return (Gate if len(place) == 2 else Removed).__annotations__
    return Target.__annotations__
