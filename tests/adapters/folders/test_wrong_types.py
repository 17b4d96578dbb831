"""Our own files: a value of another type is refused, with the file and the key, and never a default."""

import copy
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from upkeep.adapters.folders import attestations, decisions, ledger
from upkeep.adapters.http import charts
from upkeep.adapters.wire.backups import SetManifest
from upkeep.adapters.wire.decoding import decode
from upkeep.adapters.wire.lines import RunFile
from upkeep.errors import BadInput, UpkeepError
from upkeep.results import from_line
from upkeep.settings.run import resolve

WRONG = ([], {}, [7], {"x": 7}, 7, 7.5, True, None, "")
TIME = "2026-01-02T12:00:00Z"

SETTINGS = {
    "namespace": "m",
    "out": "out",
    "secret_readers": ["Group sre"],
    "absent": {"helm": "none"},
    "limits": {"restarts": "2"},
    "gate": {"add": ["pods-ready"], "remove": [{"control": "health-ok", "reason": "none"}]},
    "prometheus": {"url": "http://h", "headers": {"X-A": "b"}},
    "targets": {"a": {"namespace": "n", "demo": "healthy"}},
}
ATTESTATION = {
    "control": "documentation-current",
    "target": "default",
    "object": "x",
    "status": "satisfied",
    "explanation": "read",
    "by": "Ada",
    "reviewed_by": "Bob",
    "at": TIME,
    "valid_for": "31d",
    "evidence": [{"file": "e", "sha256": "0" * 64}],
}
WAIVER = {
    "control": "pods-ready",
    "target": "eu",
    "object": "Pod/*",
    "code": "not-ready",
    "reason": "moved",
    "owner": "Ada",
    "approved_by": "Bob",
    "approved_on": "2026-01-02",
    "ticket": "OPS-7",
    "expires": "2026-01-05",
}
OVERRIDE = {
    "target": "eu",
    "reason": "this is the fix",
    "by": "Ada",
    "approved_by": "Bob",
    "ticket": "OPS-8",
    "issued": TIME,
    "expires": "2026-01-02T15:00:00Z",
}
MANIFEST = {"schema": "s", "taken": TIME, "files": {"a.yaml": {"sha256": "0" * 64}}}
INDEX = {
    "apiVersion": "v1",
    "generated": TIME,
    "entries": {
        "c": [
            {
                "version": "1.0.0",
                "created": TIME,
                "deprecated": True,
                "urls": ["http://h/c.tgz"],
                "digest": "0" * 64,
            }
        ]
    },
}
HEADER = {
    "schema": 1,
    "run": "20260102T120000Z-abc123",
    "started": TIME,
    "ended": TIME,
    "version": "1",
    "who": {"user": "ada"},
    "targets": ["eu"],
    "cadences": ["daily"],
    "complete": {"eu": ["daily"]},
    "counts": {"pass": 1},
    "gate": {"eu": 10},
    "limits": {"restarts": "2"},
    "parents": {"a": "b"},
    "removed": {"a": "b"},
}
LINE = {
    "schema": 1, "run": "r", "target": "eu", "control": "pods-ready", "title": "t",
    "cadence": ["daily"], "gate": True, "severity": "high", "outcome": "fail", "reason": "x",
    "summary": "s", "observed": 1, "limit": 2, "unit": "u", "basis": "b",
    "findings": [{"object": "o", "owner": "w", "code": "c", "message": "m", "observed": 1,
                  "limit": 2, "unit": "u", "waiver": "OPS-7"}],
    "evidence": [{"name": "n", "source": "s", "taken": TIME, "digest": "d"}],
    "trends": [{"name": "n", "unit": "u", "points": [{"at": TIME, "value": 1.5}]}],
    "guide": "g", "runbook": "r", "next": "n", "measured": TIME, "valid_until": TIME,
    "duration_seconds": 1.5,
}  # fmt: skip
PART = {"run": "r", "started": TIME, "ended": TIME, "who": {"user": "a"}, "arguments": ["-q"], "requests": 3}  # fmt: skip
FACTS = {
    **PART, "schema": 1, "version": "1", "targets": ["eu"], "cadences": ["daily"],
    "looked_at": [{"target": "eu"}], "limits": [{"name": "n", "value": "1", "default": "2"}],
    "stopped": ["x"], "scope": {"all": 59}, "merged": [PART], "baseline": "b",
    "waiver_faults": ["x"],
}  # fmt: skip


def _settings(document: Any, folder: Path) -> None:
    (folder / "upkeep.toml").write_text(toml(document))
    resolve({"target": ["a"]}, {}, cwd=folder)


def _yaml(read: Callable[[Path], Any]) -> Callable[[Any, Path], None]:
    def load(document: Any, folder: Path) -> None:
        path = folder / "file"
        path.write_text(yaml.safe_dump([document]))
        read(path)

    return load


def _header(document: Any, folder: Path) -> None:
    path = folder / "20260102T120000Z-abc123.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(document).encode() + b"\n"))
    _, faults = ledger.runs(folder)
    if faults:
        raise BadInput(f"{faults[0].file}: {faults[0].message}")


def _index(document: Any, folder: Path) -> None:
    charts.index(json.dumps(document), chart="c", where="here")


def _line(document: Any, folder: Path) -> None:
    from_line(json.dumps(document))


def _of_type(kind: Any) -> Callable[[Any, Path], None]:
    return lambda document, folder: void(decode(json.dumps(document).encode(), kind))


def void(_: object) -> None:
    pass


# name -> (a good document, its reader, what may stand there in spite of its type)
FILES: dict[str, tuple[dict[str, Any], Callable[[Any, Path], None], set[tuple[str, str]]]] = {
    # A limit may be a number, and a program is named by its URL alone, too. TOML has no null.
    "settings": (SETTINGS, _settings, {("limits.restarts", "7"), ("limits.restarts", "7.5"), ("prometheus", '""')}),
    "attestations": (ATTESTATION, _yaml(attestations.read), set()),
    "waivers": (WAIVER, _yaml(decisions.waivers), set()),
    "overrides": (OVERRIDE, _yaml(decisions.overrides), set()),
    "manifest": (MANIFEST, _of_type(SetManifest), set()),
    # Go writes null for a nil slice; the others are omitempty, and null is absent.
    "index": (INDEX, _index, {(f"entries.c.0.{key}", "null") for key in ("created", "urls", "digest")}),
    "ledger": (HEADER, _header, set()),
    "results": (LINE, _line, {(key, "null") for key in ("measured", "valid_until")}),
    "run": (FACTS, _of_type(RunFile), {("ledger", "null")}),
}  # fmt: skip
# Without these it is no index at all, and the message says so.
TOP = {"apiVersion", "entries"}
SCALARS = {"observed", "limit", "findings.0.observed", "findings.0.limit"}


def toml(document: dict[str, Any]) -> str:
    """The document in TOML, its tables inline."""

    def value(one: Any) -> str:
        if isinstance(one, dict):
            inner = ", ".join(f'"{key}" = {value(each)}' for key, each in one.items())
            return f"{{ {inner} }}" if inner else "{}"
        if isinstance(one, list):
            return f"[{', '.join(map(value, one))}]"
        return json.dumps(one)

    return "".join(f'"{key}" = {value(one)}\n' for key, one in document.items())


def places(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in the document."""
    if path:
        yield path
    entries = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()  # fmt: skip
    for key, one in entries:
        yield from places(one, (*path, key))


def kind(value: Any) -> str:
    return "text" if isinstance(value, str) else type(value).__name__


def changed(document: Any, path: tuple[str | int, ...], value: Any) -> tuple[Any, Any]:
    """The document with a value in the place of the path, and what stood there."""
    new = copy.deepcopy(document)
    inner = new
    for key in path[:-1]:
        inner = inner[key]
    old, inner[path[-1]] = inner[path[-1]], value
    return new, old


def fits(name: str, place: str, old: Any, value: Any, allowed: set[tuple[str, str]]) -> bool:
    """Whether a value is of the type that stood there, or may stand there."""
    if kind(old) == kind(value) or (place, json.dumps(value)) in allowed:
        return True
    if name == "results" and place in SCALARS:
        return value is None or isinstance(value, str | int | float)
    return isinstance(old, float) and type(value) is int


def refusal(read: Callable[[Any, Path], None], document: Any, folder: Path) -> str:
    """The words of a refusal; empty where the document was taken."""
    try:
        read(document, folder)
    except (UpkeepError, ValueError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_type_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    document, read, allowed = FILES[name]
    read(document, tmp_path)
    tried = 0
    for path in places(document):
        for value in WRONG:
            place = ".".join(map(str, path))
            new, old = changed(document, path, value)
            if fits(name, place, old, value, allowed) or (name == "settings" and value is None):
                continue
            tried += 1
            said = refusal(read, new, tmp_path)
            assert said, f"{place} = {value!r} was taken"
            assert said.isprintable()
            assert (
                any(isinstance(key, int) or key in said for key in path)
                or "entry" in said
                or place in TOP
            )
    assert tried > 20
