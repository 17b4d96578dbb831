"""Settings: command line over environment over settings file, checked before any request.

Source of the options: README.md, "Options".
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from upkeep.errors import BadInput
from upkeep.limits import Limits, parse_limits
from upkeep.settings.sharding import Shard, shard_of
from upkeep.urls import checked

if TYPE_CHECKING:
    from upkeep.settings.file import File, Gate
from upkeep.settings.targets import TargetSettings, named_targets, overrides, target
from upkeep.settings.words import (
    OFF,
    SCALARS,
    as_list,
    given_flag,
    given_list,
    given_word,
    of_environment,
    pairs,
    path_of,
    plain,
    require_printable,
)

DEFAULT_FILE = "upkeep.toml"
# A bundle says which cluster was measured, and how: these options cannot change it. The others
# would record, publish or act on evidence as if it were of now.
_NOT_WITH_BUNDLE = (
    *(*SCALARS, "absent", "attestations", "backup_identity", "backups", "emergency_config"),
    *("exports", "limit", "secret_reader", "shard", "target"),
    *("ledger", "due", "gate", "gate_strict", "pushgateway", "textfile", "save_bundle"),
)


class RunSettings(Struct, frozen=True):
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
    variables = of_environment(environ)
    given = {f"--{name.replace('_', '-')}": value for name, value in options.items()}
    require_printable(given | {f"UPKEEP_{name.upper()}": variables[name] for name in variables}, "")
    name = given_word("settings", options, variables)
    word = "--settings" if options.get("settings") else "UPKEEP_SETTINGS"
    path = path_of(cwd, name, word) if name else cwd / DEFAULT_FILE
    read = _file(path, f"{word}={name}" if name else "")
    file: File = read or {}
    require_printable(file, f"{path} ")
    gate = file.get("gate", {})
    base = path.parent
    own, where = overrides(options, variables)
    bundle = given_word("bundle", options, variables)
    if bundle:
        _refuse_beside_bundle(options, variables)
        # What the file says of clusters, recording and publishing is not about this evidence.
        file = {"gate": gate, "waivers": file.get("waivers", ""), "out": file.get("out", "")}
    chosen = given_list("target", options, variables)
    unnamed = (target("", file, own, where, base, str(path), cwd=cwd),) if not chosen else ()
    targets = (
        named_targets(file, chosen, own, where, base, str(path), cwd=cwd) if chosen else unnamed
    )
    # The command line and the environment beat the folders of a target, too.
    if given_word("backups", options, variables):
        targets = tuple(replace(one, backups=None) for one in targets)
    if given_word("exports", options, variables):
        targets = tuple(replace(one, exports=None) for one in targets)
    limits = parse_limits(
        {key: plain(value) for key, value in file.get("limits", {}).items()},
        where=f"{path} [limits]",
    )
    limits |= parse_limits(
        pairs(variables.get("limit", "").split(","), "UPKEEP_LIMIT"), where="UPKEEP_LIMIT"
    )
    limits |= parse_limits(pairs(as_list(options.get("limit")), "--limit"), where="--limit")
    out = given_word("out", options, variables)

    def folder(name: str, of_file: str | None) -> Path | None:
        given = given_word(name, options, variables)
        return (
            path_of(cwd, given, name)
            if given
            else (path_of(base, of_file, f"{path} {name}") if of_file else None)
        )

    shard = shard_of(
        given_word("shard", options, variables),
        shards=file.get("shards"),
        environ=environ,
        targets=[one.name for one in targets],
    )
    if shard is not None:
        targets = tuple(one for one in targets if one.name in shard.own)
    return RunSettings(
        targets=targets,
        limits=Limits(limits),
        out=path_of(cwd, out, "out")
        if out
        else (
            path_of(base, file["out"], f"{path} out")
            if file.get("out")
            else cwd / "reports" / "out"
        ),
        exports=folder("exports", file.get("exports")),
        backups=folder("backups", file.get("backups")),
        backup_identity=folder("backup_identity", file.get("backup_identity")),
        attestations=folder("attestations", file.get("attestations")),
        emergency_config=folder("emergency_config", file.get("emergency_config")),
        gate=given_flag("gate", options, variables)
        or given_flag("gate_strict", options, variables),
        gate_strict=given_flag("gate_strict", options, variables),
        gate_add=tuple(gate.get("add", ())),
        gate_remove=_removed(gate, path),
        settings_file=path if read is not None else None,
        ledger=folder("ledger", file.get("ledger")),
        waivers=folder("waivers", file.get("waivers")),
        override=folder("override", None),
        baseline=given_word("baseline", options, variables),
        pushgateway=_pushgateway(
            given_word("pushgateway", options, variables), file.get("pushgateway"), path
        ),
        textfile=_textfile(
            given_word("textfile", options, variables), file.get("textfile"), cwd, base
        ),
        due=given_flag("due", options, variables),
        exit_zero=given_flag("exit_zero", options, variables),
        shard=shard,
        save_bundle=folder("save_bundle", file.get("save_bundle")),
        bundle=path_of(cwd, bundle, "--bundle") if bundle else None,
    )


def named_file(settings: RunSettings, *, cwd: Path) -> Path | None:
    """Return the settings file that a command must name; ``None`` for that of the folder, or none."""
    file = settings.settings_file
    return None if file is None or file == cwd / DEFAULT_FILE else file


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
            (f"UPKEEP_{name.upper()}", variables.get(name, "").lower() not in OFF),
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
    return str(path_of(folder, text, where))


def _removed(gate: "Gate", path: Path) -> dict[str, str]:
    for removed in gate.get("remove", ()):
        if not removed["reason"].strip():
            from upkeep.settings.file import WANTS_A_REASON

            raise BadInput(f"{path}: gate.remove: {removed['control']}: {WANTS_A_REASON}")
        if removed["control"] in gate.get("add", ()):
            raise BadInput(
                f"{path}: gate.add and gate.remove both name {removed['control']}. Remove one."
            )
    return {removed["control"]: removed["reason"] for removed in gate.get("remove", ())}


def _file(path: Path, asked: str) -> "File | None":
    if not asked and not path.exists() and not path.is_symlink():
        return None
    from upkeep.settings.file import read

    return read(path, asked)
