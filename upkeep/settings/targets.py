"""Which clusters does a run check, and what is said of each?"""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from upkeep.errors import BadInput
from upkeep.limits import nearest
from upkeep.urls import checked

if TYPE_CHECKING:
    from upkeep.settings.file import File, Target
from upkeep.settings.access import HttpAccess, access, repository, stored_object
from upkeep.settings.tables import table_of
from upkeep.settings.words import (
    SCALARS,
    as_list,
    given_word,
    pairs,
    path_of,
)

ABSENT = ("prometheus", "alertmanager", "backups", "metrics-server", "helm")
# The target at the top of a file, where one of these keys describes it; the results call it so.
DEFAULT = "default"
PLACE = ("demo", "kubeconfig", "context", "namespace")
SUBJECTS = ("User", "Group", "ServiceAccount")
_SUBJECT_FORMS = "'User NAME', 'Group NAME' or 'ServiceAccount NAMESPACE/NAME'"


class TargetSettings(Struct, frozen=True):
    """One cluster to check. ``name`` is empty for a single unnamed target; ``None`` means discovery.

    :ivar chart_repository: the URL or index file of the newest chart.
    :ivar alertmanager_config: (kind, namespace, name) of the object with Alertmanager's configuration.
    :ivar acting_context: the kubeconfig context of the acting identity; without one no rehearsal.
    :ivar backups: its own folder, where the run's is not its; so is ``exports``.
    :ivar table: the place of its settings, where the run refuses options for them: it has several targets.
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
    table: str = ""


def overrides(
    options: Mapping[str, object], variables: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the target's values of command line and environment, and the option of each."""
    found: dict[str, Any] = {}
    where: dict[str, str] = {}
    for name in SCALARS:
        value = given_word(name, options, variables)
        if value is not None:
            found[name] = value
            where[name] = (
                f"--{name.replace('_', '-')}"
                if options.get(name) not in (None, "")
                else f"UPKEEP_{name.upper()}"
            )
    for word, entries in (
        ("UPKEEP_ABSENT", variables.get("absent", "").split(",")),
        ("--absent", as_list(options.get("absent"))),
    ):
        absent = pairs(entries, word, "NAME=REASON")
        if absent:
            found["absent"] = found.get("absent", {}) | absent
            where |= {f"absent.{key}": word for key in absent}
    for word, entries in (
        ("UPKEEP_SECRET_READER", variables.get("secret_reader", "").split(",")),
        ("--secret-reader", as_list(options.get("secret_reader"))),
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


def named_targets(
    file: "File",
    names: Sequence[str],
    own: Mapping[str, Any],
    where: Mapping[str, str],
    base: Path,
    place: str,
    *,
    cwd: Path,
) -> tuple[TargetSettings, ...]:
    targets = _described(file, place)
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
    at_top = {name for name in names if name not in file.get("targets", {})}
    found = [
        target(
            name,
            targets[name],
            own,
            where,
            base,
            place if name in at_top else f"{place} [targets.{name}]",
            cwd=cwd,
        )
        for name in names
    ]
    return tuple(
        replace(one, table=table_of("" if one.name in at_top else one.name, Path(place).name))
        if len(found) > 1
        else one
        for one in found
    )


def _described(file: "File", place: str) -> Mapping[str, "Target"]:
    """Return every target of the file: the cluster at its top is ``default``, as in the results.

    :raises BadInput: two targets of that name.
    """
    targets = file.get("targets", {})
    if not any(file.get(key) for key in PLACE):
        return targets
    if DEFAULT in targets:
        raise BadInput(
            f"{place}: the cluster at the top of the file is the target {DEFAULT!r}, and so is "
            f"[targets.{DEFAULT}]. Rename the second."
        )
    return {DEFAULT: file, **targets}


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


def target(
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
        kubeconfig = str(path_of(base, kubeconfig, said("kubeconfig")))
    return TargetSettings(
        name=name,
        kubeconfig=kubeconfig,
        context=value["context"],
        namespace=value["namespace"],
        deployment=value["deployment"],
        collector=checked(value["collector"], said("collector")) if value["collector"] else None,
        prometheus=access(value["prometheus"], said("prometheus"), base),
        alertmanager=access(value["alertmanager"], said("alertmanager"), base),
        chart_repository=repository(
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
        backups=path_of(base, file["backups"], said("backups")) if file.get("backups") else None,
        exports=path_of(base, file["exports"], said("exports")) if file.get("exports") else None,
    )
