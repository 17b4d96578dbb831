"""The collector's documents in files, plain or in a ConfigMap or Secret manifest. Texts are masked, for rehearsals alone."""

import base64
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from upkeep.adapters.formats import configuration, yaml_text
from upkeep.errors import Absent, Forbidden, Malformed, Unmeasured
from upkeep.files import read_bounded
from upkeep.masking import Masked
from upkeep.records.configuration import ConfigurationDocument
from upkeep.shell import shell

MOST_BYTES = 4 * 1024 * 1024


class Draft(Struct, frozen=True):
    """A document of a file: its facts and its text."""

    document: ConfigurationDocument
    text: Masked


def files_in(place: Path, *, option: str) -> list[Path]:
    """Return the file, or the YAML files of the folder, by name.

    :raises Absent: there is none. :raises Forbidden: the folder may not be read. :raises Malformed: another error.
    """
    try:
        found = (
            sorted(path for path in place.iterdir() if path.suffix in (".yaml", ".yml"))
            if place.is_dir()
            else [place]
        )
    except OSError as error:
        raise _unreadable(f"{option}={place}", error) from None
    if not found or not place.exists():
        what = "the folder holds no YAML file" if place.exists() else "no such file or folder"
        raise Absent(
            f"{option}={place}: {what}", source=str(place), next_step=shell("{}=FILE", option)
        )
    return found


def read(file: Path) -> list[Draft]:
    """Return the documents of a file.

    :raises Absent: there is no such file. :raises Forbidden: it may not be read.
    :raises Malformed: it is no text, or holds no document of the collector.
    """
    try:
        text = read_bounded(file, most_bytes=MOST_BYTES).decode("utf-8")
    except OSError as error:
        raise _unreadable(str(file), error) from None
    except UnicodeDecodeError:
        raise Malformed(
            f"{file}: not UTF-8; expected a document, or a ConfigMap or Secret manifest",
            source=str(file),
        ) from None
    try:
        body: Any = yaml_text.load(text, name=str(file), exact=True)
    except Malformed:
        # Only the name may tell its kind; the fault is told in any case.
        return [_draft(text, configuration.KINDS.get(file.name, "destinations"), str(file))]
    if isinstance(body, dict) and body.get("kind") in ("ConfigMap", "Secret"):
        found = list(_of_manifest(file, body))
    else:
        kind = configuration.kind_of(text, where=str(file)) or configuration.KINDS.get(
            file.name, ""
        )
        found = [_draft(text, kind, str(file))] if kind else []
    if not found:
        *most, last = configuration.ROOTS.values()
        raise Malformed(
            f"{file}: not a collector file: expected {', '.join(most)} or {last} at the top, or a manifest with {', '.join(configuration.KINDS)}",
            source=str(file),
        )
    return found


def readable_by_others(file: Path) -> int:
    """Return the file's permission bits where every user may read it and enter its folder; else 0.

    :raises Unmeasured: it is gone.
    """
    try:
        mode, folder = stat.S_IMODE(file.stat().st_mode), file.resolve().parent.stat().st_mode
    except OSError as error:
        raise _unreadable(str(file), error) from None
    return mode if mode & stat.S_IROTH and folder & stat.S_IXOTH else 0


def _draft(text: str, kind: str, where: str) -> Draft:
    return Draft(configuration.parse(text, kind=kind, where=where), Masked(text))


def _of_manifest(file: Path, body: dict[str, Any]) -> Iterator[Draft]:
    """Yield the documents of a ConfigMap or Secret, plain or base64. Lines count within the document."""
    for part in ("data", "stringData"):
        if not isinstance(body.get(part) or {}, dict):
            raise Malformed(
                f"{file}: {part} must be a mapping of file names to texts", source=str(file)
            )
    for key, kind in configuration.KINDS.items():
        plain = (
            (body.get("stringData") or {}).get(key)
            if body["kind"] == "Secret"
            else (body.get("data") or {}).get(key)
        )
        encoded = (
            (body.get("data") or {}).get(key)
            if body["kind"] == "Secret" and plain is None
            else None
        )
        where = f"{file} key {key}"
        if encoded is not None:
            try:
                plain = base64.b64decode(str(encoded), validate=True).decode()
            except ValueError:  # of base64, too: a letter beyond ASCII is one
                raise Malformed(
                    f"{where}: not base64 of a text; use stringData, or base64 -w0",
                    source=str(file),
                ) from None
        if plain is not None:
            if not isinstance(plain, str):
                raise Malformed(
                    f"{where}: expected a text; write '{key}: |' and indent the document under it",
                    source=str(file),
                )
            yield _draft(plain, kind, where)


def _unreadable(what: str, error: OSError) -> Unmeasured:
    kind = (
        Forbidden
        if isinstance(error, PermissionError)
        else Absent
        if isinstance(error, FileNotFoundError)
        else Malformed
    )
    return kind(
        f"{what}: cannot be read: {error.strerror}",
        source=what,
        next_step=shell("ls -l {}", what.partition("=")[2] or what),
    )
