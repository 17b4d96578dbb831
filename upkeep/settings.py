"""Settings: command line over environment over settings file, checked before any request.

Source of the options: README.md, "Options".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upkeep.errors import BadInput
from upkeep.limits import Limits, nearest, parse_limits
from upkeep.sharding import Shard, shard_of
from upkeep.urls import checked

if TYPE_CHECKING:
    from upkeep.settings_file import Access, File, Gate, Target

ABSENT = ("prometheus", "alertmanager", "backups", "metrics-server", "helm")
SCALARS = (
    *(
        "kubeconfig",
        "context",
        "namespace",
        "deployment",
        "collector",
        "prometheus",
        "alertmanager",
        "alertmanager_config",
        "chart_repository",
        "acting_context",
    ),
    "demo",
)
VARIABLES = (
    *SCALARS,
    "absent",
    "attestations",
    "backup_identity",
    "baseline",
    "backups",
    "bundle",
    "emergency_config",
    "exports",
    "ledger",
    "limit",
    "out",
    "override",
    "pushgateway",
    "save_bundle",
    "secret_reader",
    "settings",
    "shard",
    "target",
    "textfile",
    "waivers",
    "due",
    "exit_zero",
    "gate",
    "gate_strict",
)
DEFAULT_FILE = "upkeep.toml"
# A bundle says which cluster was measured, and how: these options cannot change it. The others
# would record, publish or act on evidence as if it were of now.
_NOT_WITH_BUNDLE = (
    *(*SCALARS, "absent", "attestations", "backup_identity", "backups", "emergency_config"),
    *("exports", "limit", "secret_reader", "shard", "target"),
    *("ledger", "due", "gate", "gate_strict", "pushgateway", "textfile", "save_bundle"),
)
INDEX = "index.yaml"
_OFF = ("", "0", "false", "no")
SUBJECTS = ("User", "Group", "ServiceAccount")
_SUBJECT_FORMS = "'User NAME', 'Group NAME' or 'ServiceAccount NAMESPACE/NAME'"
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STORED = re.compile(r"(Secret|ConfigMap)/([a-z0-9][a-z0-9-]{0,62})/([a-z0-9][a-z0-9.-]{0,252})")
# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_OF_A_SERVICE = re.compile(
    r"UPKEEP(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
_VALUE = re.compile(r"[!-~\xa0-\xff][\t -~\xa0-\xff]*")


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """The address and credentials of a monitoring program or chart repository. Header values never show."""

    url: str
    bearer_file: Path | None = None
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """One cluster to check. ``name`` is empty for a single unnamed target; ``None`` means discovery.

    :ivar chart_repository: the URL or index file of the newest chart.
    :ivar alertmanager_config: (kind, namespace, name) of the object with Alertmanager's configuration.
    :ivar acting_context: the kubeconfig context of the acting identity; without one no rehearsal.
    :ivar backups: its own folder, where the run's is not its; so is ``exports``.
    :ivar secret_readers: subjects that may read the collector's Secrets: ``Group sre``, ``ServiceAccount vault/agent``, ``User ops-*``.
    """

    name: str = ""
    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    deployment: str | None = None
    collector: str | None = None
    prometheus: HttpAccess | None = None
    alertmanager: HttpAccess | None = None
    chart_repository: HttpAccess | Path | None = None
    alertmanager_config: tuple[str, str, str] | None = None
    acting_context: str | None = None
    absent: Mapping[str, str] = field(default_factory=dict)
    secret_readers: tuple[str, ...] = ()
    demo: str | None = None
    backups: Path | None = None
    exports: Path | None = None


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The settings of a run. ``gate_remove`` maps a control to the reason of its removal."""

    targets: tuple[TargetSettings, ...]
    limits: Limits
    out: Path
    exports: Path | None
    gate: bool
    gate_strict: bool
    backups: Path | None = None
    backup_identity: Path | None = None
    attestations: Path | None = None
    emergency_config: Path | None = None
    gate_add: tuple[str, ...] = ()
    gate_remove: Mapping[str, str] = field(default_factory=dict)
    settings_file: Path | None = None
    ledger: Path | None = None
    waivers: Path | None = None
    override: Path | None = None
    baseline: str | None = None
    pushgateway: str | None = None
    textfile: str | None = None
    due: bool = False
    exit_zero: bool = False
    shard: Shard | None = None
    save_bundle: Path | None = None
    bundle: Path | None = None


def resolve(options: Mapping[str, object], environ: Mapping[str, str], *, cwd: Path) -> RunSettings:
    """Return the settings of a run.

    :param options: those of the command line, by name without dashes (``gate_strict``); ``None`` or
        empty where not given.
    :raises BadInput: an unusable value; the message names its place and the fix.
    """
    variables = _variables(environ)
    name = _one("settings", options, variables)
    word = "--settings" if options.get("settings") else "UPKEEP_SETTINGS"
    path = _path(cwd, name, word) if name else cwd / DEFAULT_FILE
    read = _file(path, f"{word}={name}" if name else "")
    file: File = read or {}
    gate = file.get("gate", {})
    base = path.parent
    own, where = _overrides(options, variables)
    bundle = _one("bundle", options, variables)
    if bundle:
        _refuse_beside_bundle(options, variables)
        # What the file says of clusters, recording and publishing is not about this evidence.
        file = {"gate": gate, "waivers": file.get("waivers", ""), "out": file.get("out", "")}
    chosen = _many("target", options, variables)
    unnamed = (_target("", file, own, where, base, str(path), cwd=cwd),) if not chosen else ()
    targets = (
        _named_targets(file, chosen, own, where, base, str(path), cwd=cwd) if chosen else unnamed
    )
    # The command line and the environment beat the folders of a target, too.
    if _one("backups", options, variables):
        targets = tuple(replace(one, backups=None) for one in targets)
    if _one("exports", options, variables):
        targets = tuple(replace(one, exports=None) for one in targets)
    limits = parse_limits(
        {key: _plain(value) for key, value in file.get("limits", {}).items()},
        where=f"{path} [limits]",
    )
    limits |= parse_limits(
        _pairs(variables.get("limit", "").split(","), "UPKEEP_LIMIT"), where="UPKEEP_LIMIT"
    )
    limits |= parse_limits(_pairs(_listed(options.get("limit")), "--limit"), where="--limit")
    out = _one("out", options, variables)

    def folder(name: str, of_file: str | None) -> Path | None:
        given = _one(name, options, variables)
        return (
            _path(cwd, given, name)
            if given
            else (_path(base, of_file, f"{path} {name}") if of_file else None)
        )

    shard = shard_of(
        _one("shard", options, variables),
        shards=file.get("shards"),
        environ=environ,
        targets=[one.name for one in targets],
    )
    if shard is not None:
        targets = tuple(one for one in targets if one.name in shard.own)
    return RunSettings(
        targets=targets,
        limits=Limits(limits),
        out=_path(cwd, out, "out")
        if out
        else (
            _path(base, file["out"], f"{path} out") if file.get("out") else cwd / "reports" / "out"
        ),
        exports=folder("exports", file.get("exports")),
        backups=folder("backups", file.get("backups")),
        backup_identity=folder("backup_identity", file.get("backup_identity")),
        attestations=folder("attestations", file.get("attestations")),
        emergency_config=folder("emergency_config", file.get("emergency_config")),
        gate=_flag("gate", options, variables) or _flag("gate_strict", options, variables),
        gate_strict=_flag("gate_strict", options, variables),
        gate_add=tuple(gate.get("add", ())),
        gate_remove=_removed(gate, path),
        settings_file=path if read is not None else None,
        ledger=folder("ledger", file.get("ledger")),
        waivers=folder("waivers", file.get("waivers")),
        override=folder("override", None),
        baseline=_one("baseline", options, variables),
        pushgateway=_pushgateway(
            _one("pushgateway", options, variables), file.get("pushgateway"), path
        ),
        textfile=_textfile(_one("textfile", options, variables), file.get("textfile"), cwd, base),
        due=_flag("due", options, variables),
        exit_zero=_flag("exit_zero", options, variables),
        shard=shard,
        save_bundle=folder("save_bundle", file.get("save_bundle")),
        bundle=_path(cwd, bundle, "--bundle") if bundle else None,
    )


def _pushgateway(given: str | None, of_file: str | None, path: Path) -> str | None:
    text = given or of_file
    if not text:
        return None
    where = "--pushgateway" if given else f"{path} pushgateway"
    return checked(text, where, instead="one that needs none, or --textfile=FILE")


def _refuse_beside_bundle(options: Mapping[str, object], variables: Mapping[str, str]) -> None:
    """Refuse options that contradict a bundle.

    :raises BadInput: one is given on the command line or in the environment.
    """
    for name in _NOT_WITH_BUNDLE:
        for word, value in (
            (f"--{name.replace('_', '-')}", options.get(name)),
            (f"UPKEEP_{name.upper()}", variables.get(name, "").lower() not in _OFF),
        ):
            if value:
                raise BadInput(
                    f"{word} and --bundle contradict: a bundle holds its own targets, inputs and "
                    f"limits, and its evidence is not of now. Remove {word}."
                )


def _textfile(given: str | None, of_file: str | None, cwd: Path, base: Path) -> str | None:
    """Return the template of the metrics' file name, made absolute.

    :raises BadInput: it holds another word in braces, or no file name.
    """
    text, folder, where = (given, cwd, "--textfile") if given else (of_file, base, "textfile")
    if not text:
        return None
    for word in re.findall(r"\{[^}]*\}", text):
        if word not in ("{target}", "{cadence}"):
            raise BadInput(
                f"{where}={text}: {word} is not replaced. Use {{target}} or {{cadence}}."
            )
    if text.endswith("/"):
        raise BadInput(f"{where}={text}: a folder. Expected the name of a file.")
    return str(_path(folder, text, where))


def _removed(gate: "Gate", path: Path) -> dict[str, str]:
    for removed in gate.get("remove", ()):
        if not removed["reason"].strip():
            from upkeep.settings_file import WANTS_A_REASON

            raise BadInput(f"{path}: gate.remove: {removed['control']}: {WANTS_A_REASON}")
        if removed["control"] in gate.get("add", ()):
            raise BadInput(
                f"{path}: gate.add and gate.remove both name {removed['control']}. Remove one."
            )
    return {removed["control"]: removed["reason"] for removed in gate.get("remove", ())}


def _path(base: Path, text: str, where: str) -> Path:
    if "\0" in text:
        raise BadInput(f"{where}: a path cannot hold the character NUL. Write another path.")
    try:
        return base / Path(text).expanduser()
    except RuntimeError:
        raise BadInput(
            f"{where}: the home directory of {text} is unknown. Write the absolute path."
        ) from None


def _plain(value: str | float) -> str:
    """Return a number without exponent: 0.00001, not 1e-05."""
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, value in environ.items():
        # Kubernetes makes variables for a Service whose name begins with upkeep.
        if _OF_A_SERVICE.fullmatch(name):
            continue
        if name.startswith("UPKEEP_") and not name.startswith("UPKEEP_TEST_"):
            word = name.removeprefix("UPKEEP_").lower()
            if word not in VARIABLES:
                raise BadInput(
                    f"environment variable {name} is not a setting"
                    f"{nearest(name, [f'UPKEEP_{v.upper()}' for v in VARIABLES])}."
                )
            found[word] = value
    return found


def _one(name: str, options: Mapping[str, object], variables: Mapping[str, str]) -> str | None:
    """Return one value. Empty counts as not given: a pipeline passes an unset variable that way."""
    value = options.get(name)
    return str(value) if value not in (None, "") else variables.get(name) or None


def _listed(value: object) -> list[str]:
    return (
        [str(entry) for entry in value]
        if isinstance(value, Sequence) and not isinstance(value, str)
        else []
    )


def _many(name: str, options: Mapping[str, object], variables: Mapping[str, str]) -> list[str]:
    return _listed(options.get(name)) or [
        entry.strip() for entry in variables.get(name, "").split(",") if entry.strip()
    ]


def _flag(name: str, options: Mapping[str, object], variables: Mapping[str, str]) -> bool:
    if options.get(name):
        return True
    text = variables.get(name, "").lower()
    if text not in (*_OFF, "1", "true", "yes"):
        raise BadInput(f"UPKEEP_{name.upper()} takes 1 or 0, not {text!r}.")
    return text in ("1", "true", "yes")


def _pairs(entries: Sequence[str], where: str, form: str = "NAME=VALUE") -> dict[str, str]:
    found = {}
    for entry in entries:
        if not entry.strip():
            continue
        key, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or not key or not value:
            raise BadInput(f"{where}: expected {form}, not {entry.strip()!r}.")
        found[key] = value
    return found


def _overrides(
    options: Mapping[str, object], variables: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the target's values of command line and environment, and the option of each."""
    found: dict[str, Any] = {}
    where: dict[str, str] = {}
    for name in SCALARS:
        value = _one(name, options, variables)
        if value is not None:
            found[name] = value
            where[name] = (
                f"--{name.replace('_', '-')}"
                if options.get(name) not in (None, "")
                else f"UPKEEP_{name.upper()}"
            )
    for word, entries in (
        ("UPKEEP_ABSENT", variables.get("absent", "").split(",")),
        ("--absent", _listed(options.get("absent"))),
    ):
        absent = _pairs(entries, word, "NAME=REASON")
        if absent:
            found["absent"] = found.get("absent", {}) | absent
            where |= {f"absent.{key}": word for key in absent}
    for word, entries in (
        ("UPKEEP_SECRET_READER", variables.get("secret_reader", "").split(",")),
        ("--secret-reader", _listed(options.get("secret_reader"))),
    ):
        if readers := _readers(entries, word):
            found["secret_readers"] = (*found.get("secret_readers", ()), *readers)
            where["secret_readers"] = word
    return found, where


def _readers(entries: Sequence[str], where: str) -> tuple[str, ...]:
    """Return subjects as in bindings: ``Group sre``; a final ``*`` matches every suffix."""
    found = []
    for entry in (entry.strip() for entry in entries):
        if not entry:
            continue
        kind, _, name = entry.partition(" ")
        name = name.strip()
        if kind not in SUBJECTS:
            raise BadInput(
                f"{where}: {entry!r} is not a subject{nearest(kind, SUBJECTS)}. Expected {_SUBJECT_FORMS}."
            )
        if kind == "ServiceAccount" and not re.fullmatch(
            r"[a-z0-9][-a-z0-9]*/[^/*\s]*\*?(?<!/)", name
        ):
            raise BadInput(
                f"{where}: {entry!r} is not a service account. Expected ServiceAccount NAMESPACE/NAME or NAMESPACE/PREFIX*."
            )
        if "*" in name[:-1] or name in ("", "*"):
            raise BadInput(
                f"{where}: {entry!r} needs a name before the *. A bare * would allow every subject."
            )
        found.append(f"{kind} {name}")
    return tuple(found)


def _file(path: Path, asked: str) -> "File | None":
    if not asked and not path.exists() and not path.is_symlink():
        return None
    from upkeep.settings_file import read

    return read(path, asked)


def _named_targets(
    file: "File",
    names: Sequence[str],
    own: Mapping[str, Any],
    where: Mapping[str, str],
    base: Path,
    place: str,
    *,
    cwd: Path,
) -> tuple[TargetSettings, ...]:
    targets = file.get("targets", {})
    names = _matched(names, targets)
    if len(names) > 1 and own:
        word = next(iter(where.values()))
        raise BadInput(
            f"{word} cannot apply to {len(names)} targets. Set it for each target in the settings file."
        )
    if len(set(names)) != len(names):
        raise BadInput(f"--target={max(names, key=list(names).count)} is given twice. Remove one.")
    for name in names:
        if name not in targets:
            known = ", ".join(targets) or "none"
            raise BadInput(
                f"--target={name}: unknown target{nearest(name, list(targets))}. Targets of the settings file: {known}."
            )
    return tuple(
        _target(name, targets[name], own, where, base, f"{place} [targets.{name}]", cwd=cwd)
        for name in names
    )


def _matched(names: Sequence[str], targets: Mapping[str, object]) -> list[str]:
    """Return the names, each glob replaced by the targets that it matches, in the file's order.

    :raises BadInput: a glob that matches no target.
    """
    found: list[str] = []
    for name in names:
        if name in targets or not any(one in name for one in "*?["):
            found.append(name)
            continue
        matching = [one for one in targets if fnmatchcase(one, name)]
        if not matching:
            known = ", ".join(targets) or "none"
            raise BadInput(f"--target={name} matches no target of the settings file: {known}.")
        found += [one for one in matching if one not in found and one not in names]
    return found


def _target(
    name: str,
    file: "Target",
    own: Mapping[str, Any],
    where: Mapping[str, str],
    base: Path,
    place: str,
    *,
    cwd: Path,
) -> TargetSettings:
    value: dict[str, Any] = {key: file.get(key) for key in SCALARS} | dict(own)
    absent = file.get("absent", {}) | value.get("absent", {})

    def said(key: str) -> str:
        return where.get(key, f"{place} {key}")

    if value["demo"] is not None:
        for other in ("kubeconfig", "context", "collector", "acting_context"):
            if value[other] is not None:
                filed = "demo" in where and other not in where
                fix = ", or add --settings=/dev/null" if filed else ""
                raise BadInput(
                    f"{said('demo')} and {said(other)} name two clusters. Remove one{fix}."
                )
    for key, reason in absent.items():
        word = said(f"absent.{key}")
        if key not in ABSENT:
            raise BadInput(
                f"{word}: {key!r} cannot be declared absent{nearest(key, ABSENT)}. Names: {', '.join(ABSENT)}."
            )
        if not reason.strip():
            raise BadInput(f"{word}: no reason given. Write why {key} is absent on purpose.")
        if key in ("prometheus", "alertmanager") and value[key] not in (None, "auto"):
            raise BadInput(
                f"{word} and {said(key)} contradict: {key} is declared absent and has an address. Remove one."
            )
    kubeconfig = value["kubeconfig"]
    if kubeconfig is not None and "kubeconfig" not in own:
        kubeconfig = str(_path(base, kubeconfig, said("kubeconfig")))
    return TargetSettings(
        name=name,
        kubeconfig=kubeconfig,
        context=value["context"],
        namespace=value["namespace"],
        deployment=value["deployment"],
        collector=checked(value["collector"], said("collector")) if value["collector"] else None,
        prometheus=_access(value["prometheus"], said("prometheus"), base),
        alertmanager=_access(value["alertmanager"], said("alertmanager"), base),
        chart_repository=_repository(
            value["chart_repository"],
            said("chart_repository"),
            cwd if "chart_repository" in own else base,
            base,
        ),
        alertmanager_config=stored_object(
            value["alertmanager_config"], said("alertmanager_config")
        ),
        acting_context=value["acting_context"],
        absent=absent,
        secret_readers=tuple(
            dict.fromkeys(
                (
                    *_readers(file.get("secret_readers", ()), f"{place} secret_readers"),
                    *own.get("secret_readers", ()),
                )
            )
        ),
        demo=value["demo"],
        backups=_path(base, file["backups"], said("backups")) if file.get("backups") else None,
        exports=_path(base, file["exports"], said("exports")) if file.get("exports") else None,
    )


def stored_object(text: str | None, where: str) -> tuple[str, str, str] | None:
    """Return (kind, namespace, name) of ``Secret/NAMESPACE/NAME`` or ``ConfigMap/NAMESPACE/NAME``.

    :raises BadInput: another form.
    """
    if not text:
        return None
    found = _STORED.fullmatch(text)
    if found is None:
        raise BadInput(
            f"{where}={text[:80]}: expected Secret/NAMESPACE/NAME or ConfigMap/NAMESPACE/NAME."
        )
    return found[1], found[2], found[3]


def _repository(
    value: "str | Access | None", where: str, folder: Path, base: Path
) -> HttpAccess | Path | None:
    """Return a URL, or the path of an index, given itself or by its folder."""
    text = value["url"] if isinstance(value, dict) else value
    if text is not None and text.lower().startswith("oci://"):
        raise BadInput(
            f"{where}: an OCI registry has no index.yaml. Give the URL or the index.yaml of a chart repository."
        )
    if not isinstance(value, str) or "://" in value:
        return _access(value, where, base)
    path = _path(folder, value, where)
    found = path / INDEX if path.is_dir() else path
    if not found.is_file():
        raise BadInput(
            f"{where}={value}: no such file. Expected the URL of a chart repository, or its index.yaml."
        )
    return found


def _access(value: "str | Access | None", where: str, base: Path) -> HttpAccess | None:
    if value is None or value == "auto":
        return None
    if isinstance(value, str):
        return HttpAccess(checked(value, where))
    files: dict[str, Path | None] = {}
    for key in ("bearer_file", "ca_file", "client_certificate", "client_key"):
        text: Any = value.get(key)
        found = files[key] = _path(base, text, f"{where}.{key}") if text else None
        if found is not None and not found.is_file():
            raise BadInput(f"{where}.{key}: no such file: {text}.")
    if files["client_key"] and not files["client_certificate"]:
        raise BadInput(f"{where}.client_key needs client_certificate. Give both.")
    headers = value.get("headers", {})
    for name, text in headers.items():
        # Refused here without the value: a later error would print it.
        if not _HEADER.fullmatch(name) or not _VALUE.fullmatch(text):
            raise BadInput(
                f"{where}.headers.{name} is not an HTTP header. Expected a token as name and one Latin-1 line as value."
            )
        if name.lower() == "authorization" and files["bearer_file"]:
            raise BadInput(
                f"{where}.headers.{name} and {where}.bearer_file both authenticate. Remove one."
            )
    return HttpAccess(checked(value["url"], where), headers=headers, **files)
