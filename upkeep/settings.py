"""What a run is told: command line over environment over settings file, checked before any request.

Source: contract.md, "Running checks".
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from upkeep.errors import BadInput
from upkeep.limits import Limits, nearest, parse_limits
from upkeep.masking import mask

ABSENT = ("prometheus", "alertmanager", "backups")
SCALARS = ("kubeconfig", "context", "namespace", "deployment", "collector", "prometheus", "alertmanager", "demo")
VARIABLES = (*SCALARS, "absent", "exports", "limit", "out", "settings", "target", "gate", "gate_strict")
DEFAULT_FILE = "upkeep.toml"


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """How a monitoring program is reached. Header values never show."""

    url: str
    bearer_file: Path | None = None
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """One cluster to check. ``name`` is empty for the only one that was not named; ``None`` leaves a thing to be found."""

    name: str = ""
    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    deployment: str | None = None
    collector: str | None = None
    prometheus: HttpAccess | None = None
    alertmanager: HttpAccess | None = None
    absent: Mapping[str, str] = field(default_factory=dict)
    demo: str | None = None


@dataclass(frozen=True, slots=True)
class RunSettings:
    """A run. ``gate_remove`` maps a control to the reason for leaving it out of the gate."""

    targets: tuple[TargetSettings, ...]
    limits: Limits
    out: Path
    exports: Path | None
    gate: bool
    gate_strict: bool
    gate_add: tuple[str, ...] = ()
    gate_remove: Mapping[str, str] = field(default_factory=dict)
    settings_file: Path | None = None


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)


class _Access(_Strict):
    url: str
    bearer_file: str | None = None
    ca_file: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    headers: dict[str, str] = {}


class _Target(_Strict):
    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    deployment: str | None = None
    collector: str | None = None
    prometheus: str | _Access | None = None
    alertmanager: str | _Access | None = None
    absent: dict[str, str] = {}
    demo: str | None = None


class _Removed(_Strict):
    control: str
    reason: str


class _Gate(_Strict):
    add: list[str] = []
    remove: list[_Removed] = []


class _File(_Target):
    limits: dict[str, str | int | float] = {}
    gate: _Gate = _Gate()
    targets: dict[str, _Target] = {}
    exports: str | None = None
    out: str | None = None


def resolve(options: Mapping[str, object], environ: Mapping[str, str], *, cwd: Path) -> RunSettings:
    """The settings of a run.

    :param options: of the command line, by their name without dashes (``gate_strict``); ``None`` or empty where not given.
    :raises BadInput: anything that cannot be used; the message names where it stands and what to do.
    """
    variables = _variables(environ)
    name = _one("settings", options, variables)
    path = cwd / name if name else cwd / DEFAULT_FILE
    if name and not path.is_file():
        raise BadInput(f"--settings={name}: there is no such file")
    file = _read(path) if path.is_file() else _File()
    base = path.parent
    own, where = _overrides(options, variables)
    chosen = _many("target", options, variables)
    unnamed = (_target("", file, own, where, base, str(path)),) if not chosen else ()
    targets = _named_targets(file, chosen, own, where, base) if chosen else unnamed
    limits = parse_limits({key: str(value) for key, value in file.limits.items()}, where=f"{path} [limits]")
    limits |= parse_limits(_pairs(variables.get("limit", "").split(","), "UPKEEP_LIMIT"), where="UPKEEP_LIMIT")
    limits |= parse_limits(_pairs(_listed(options.get("limit")), "--limit"), where="--limit")
    exports, out = _one("exports", options, variables), _one("out", options, variables)
    return RunSettings(
        targets=targets,
        limits=Limits(limits),
        out=cwd / out if out else (base / file.out if file.out else cwd / "reports" / "out"),
        exports=cwd / exports if exports else (base / file.exports if file.exports else None),
        gate=_flag("gate", options, variables) or _flag("gate_strict", options, variables),
        gate_strict=_flag("gate_strict", options, variables),
        gate_add=tuple(file.gate.add),
        gate_remove={removed.control: removed.reason for removed in file.gate.remove},
        settings_file=path if path.is_file() else None,
    )


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, value in environ.items():
        if name.startswith("UPKEEP_") and not name.startswith("UPKEEP_TEST_"):
            word = name.removeprefix("UPKEEP_").lower()
            if word not in VARIABLES:
                raise BadInput(f"environment variable {name} is no setting{nearest(name, [f'UPKEEP_{v.upper()}' for v in VARIABLES])}")
            found[word] = value
    return found


def _one(name: str, options: Mapping[str, object], variables: Mapping[str, str]) -> str | None:
    value = options.get(name)
    return str(value) if value is not None else variables.get(name)


def _listed(value: object) -> list[str]:
    return [str(entry) for entry in value] if isinstance(value, Sequence) and not isinstance(value, str) else []


def _many(name: str, options: Mapping[str, object], variables: Mapping[str, str]) -> list[str]:
    return _listed(options.get(name)) or [entry for entry in variables.get(name, "").split(",") if entry]


def _flag(name: str, options: Mapping[str, object], variables: Mapping[str, str]) -> bool:
    if options.get(name):
        return True
    text = variables.get(name, "").lower()
    if text not in ("", "0", "1", "true", "false", "yes", "no"):
        raise BadInput(f"UPKEEP_{name.upper()} is 1 or 0, not {text!r}")
    return text in ("1", "true", "yes")


def _pairs(entries: Sequence[str], where: str) -> dict[str, str]:
    found = {}
    for entry in entries:
        if not entry:
            continue
        key, equals, value = entry.partition("=")
        if not equals or not key or not value:
            raise BadInput(f"{where}: NAME=VALUE was expected, not {entry!r}")
        found[key] = value
    return found


def _overrides(options: Mapping[str, object], variables: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What command line and environment say of the target, and by which words."""
    found: dict[str, Any] = {}
    where: dict[str, str] = {}
    for name in SCALARS:
        value = _one(name, options, variables)
        if value is not None:
            found[name] = value
            where[name] = f"--{name}" if options.get(name) is not None else f"UPKEEP_{name.upper()}"
    absent = _pairs(variables.get("absent", "").split(","), "UPKEEP_ABSENT") | _pairs(_listed(options.get("absent")), "--absent")
    if absent:
        found["absent"], where["absent"] = absent, "--absent"
    return found, where


def _named_targets(
    file: _File, names: Sequence[str], own: Mapping[str, Any], where: Mapping[str, str], base: Path
) -> tuple[TargetSettings, ...]:
    if len(names) > 1 and own:
        word = next(iter(where.values()))
        raise BadInput(f"{word} together with {len(names)} targets: each target has its own; put it into the settings file")
    if len(set(names)) != len(names):
        raise BadInput(f"--target={max(names, key=list(names).count)} is given twice")
    for name in names:
        if name not in file.targets:
            known = ", ".join(file.targets) or "none"
            raise BadInput(f"--target={name}: the settings file has no such target{nearest(name, list(file.targets))}; it has {known}")
    return tuple(_target(name, file.targets[name], own, where, base, f"[targets.{name}]") for name in names)


def _target(name: str, file: _Target, own: Mapping[str, Any], where: Mapping[str, str], base: Path, place: str) -> TargetSettings:
    value = {key: getattr(file, key) for key in (*SCALARS, "absent")} | dict(own)
    if value["demo"] is not None:
        for other in ("kubeconfig", "context", "collector"):
            if value[other] is not None:
                raise BadInput(
                    f"{where.get('demo', place)} and {where.get(other, other)} contradict each other: the demo is a cluster of its own"
                )
    for key in value["absent"]:
        if key not in ABSENT:
            raise BadInput(
                f"{where.get('absent', place)}: {key!r} cannot be declared absent{nearest(key, ABSENT)}; {', '.join(ABSENT)} can"
            )
        if key in ("prometheus", "alertmanager") and value[key] not in (None, "auto"):
            raise BadInput(f"{where.get('absent', place)}: {key} is declared absent and given an address")
    kubeconfig = value["kubeconfig"]
    if kubeconfig is not None and "kubeconfig" not in own:
        kubeconfig = str(base / Path(kubeconfig).expanduser())
    return TargetSettings(
        name=name,
        kubeconfig=kubeconfig,
        context=value["context"],
        namespace=value["namespace"],
        deployment=value["deployment"],
        collector=_url(value["collector"], where.get("collector", place)) if value["collector"] else None,
        prometheus=_access(value["prometheus"], where.get("prometheus", f"{place} prometheus"), base),
        alertmanager=_access(value["alertmanager"], where.get("alertmanager", f"{place} alertmanager"), base),
        absent=value["absent"],
        demo=value["demo"],
    )


def _url(text: str, where: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadInput(f"{where}={mask(text) if '@' not in text else '…'}: a URL with http:// or https:// was expected")
    if parts.username or parts.password:
        raise BadInput(f"{where}: a URL must not hold a password; say bearer_file in the settings file")
    return text


def _access(value: str | _Access | None, where: str, base: Path) -> HttpAccess | None:
    if value is None or value == "auto":
        return None
    if isinstance(value, str):
        return HttpAccess(_url(value, where))
    files: dict[str, Path | None] = {}
    for key in ("bearer_file", "ca_file", "client_certificate", "client_key"):
        text = getattr(value, key)
        files[key] = base / Path(text).expanduser() if text else None
        if text and not (base / Path(text).expanduser()).is_file():
            raise BadInput(f"{where}.{key}: there is no file {text}")
    return HttpAccess(_url(value.url, where), headers=value.headers, **files)


def _read(path: Path) -> _File:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not TOML: {error}") from None
    try:
        return _File.model_validate(document)
    except ValidationError as error:
        # Of what may be a text or a table both are complained of: the deeper one is what was meant.
        first = max(error.errors(include_url=False, include_input=False), key=lambda one: len(one["loc"]))
        key = ".".join(str(part) for part in first["loc"] if part not in ("str", "_Access"))
        if first["type"] == "extra_forbidden":
            inner: dict[str, type[BaseModel]] = {"gate": _Gate, "targets": _Target}
            model = _File if len(first["loc"]) == 1 else inner.get(str(first["loc"][0]), _Access)
            known = list(model.model_fields)
            raise BadInput(f"{path}: there is no setting {key!r}{nearest(str(first['loc'][-1]), known)}") from None
        if key.startswith("gate.remove"):
            raise BadInput(f'{path}: {key}: removing a control wants a reason: remove = [{{ control = "ID", reason = "…" }}]') from None
        raise BadInput(f"{path}: {key}: {first['msg'].lower()}") from None
