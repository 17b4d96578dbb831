"""Files: which files does a call write, and which of them exist already?"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from upkeep.commands.init.settings_text import Folders, Text
from upkeep.errors import BadInput
from upkeep.files import write_whole
from upkeep.settings import file as settings_file
from upkeep.settings.targets import DEFAULT, PLACE


class Plan(Struct, frozen=True):
    """The files of a call.

    :ivar existing: the text of the settings file that is extended; empty for a new file.
    :ivar file: its content.
    :ivar target: the name of the target; empty for the unnamed one.
    :ivar role: the file for the Role.
    """

    path: Path
    existing: str
    file: settings_file.File
    target: str
    folders: Folders
    role: Path


def plan(path: Path, *, target: str | None, context: str, values: Mapping[str, str]) -> Plan:
    """Return the files that a call writes. None of them may exist but the settings file.

    :param target: the name that the user gave.
    :param context: the name of a target that is added to an existing file.
    :raises BadInput: a file or target that exists, or a missing folder.
    """
    if not path.parent.is_dir():
        raise BadInput(f"--settings={path}: no such folder: {path.parent}.")
    existing, file = "", settings_file.File()
    if path.exists() or path.is_symlink():
        file = settings_file.read(path, "")
        existing = path.read_text(encoding="utf-8")
    name = target or (_name(context) if existing else "")
    if name:
        settings_file.target_name(name, "--target=NAME")
    if name in file.get("targets", {}) or (name == DEFAULT and existing):
        raise BadInput(
            f"{path} has a target {name!r}. Choose another name with --target=NAME, "
            "or another cluster with --context=NAME."
        )
    part = re.sub(r"[^\w.-]+", "-", name)
    role = path.with_name(f"upkeep-rbac-{part}.yaml" if part else "upkeep-rbac.yaml")
    if role.exists() or role.is_symlink():
        raise BadInput(f"{role} exists, and upkeep overwrites no file. Move it away first.")
    made = Plan(path, existing, file, name, Folders(path.parent, target=name), role)
    refuse_same(made, values)
    return made


def _name(context: str) -> str:
    """Return the name of a target from that of a context, which may hold slashes and colons."""
    return re.sub(r"[^A-Za-z0-9._@+-]+", "-", context).strip("-._@+")[:100]


def refuse_same(plan: Plan, values: Mapping[str, str]) -> None:
    """Refuse a target that the settings file describes already.

    :raises BadInput: its top or a target of it names the same cluster and namespace.
    """
    for name, other in (("", plan.file), *plan.file.get("targets", {}).items()):
        known = {key: other.get(key) for key in PLACE}
        if any(known.values()) and known == {key: values.get(key) for key in PLACE}:
            where = f"[targets.{name}]" if name else "the top of the file"
            raise BadInput(
                f"{plan.path} describes this cluster already, at {where}. "
                "Add --context=NAME for another one, or --settings=FILE for another file."
            )


def trial(plan: Plan, text: Text, folder: Path) -> Path:
    """Write the settings and empty folders into a temporary folder; return the settings file."""
    for one in Folders(folder, target=plan.target).all():
        one.mkdir(mode=0o700)
    file = folder / "upkeep.toml"
    file.write_text(text.whole(), encoding="utf-8")
    return file


def write(plan: Plan, text: str, role: str) -> None:
    """Write folders, Role and settings; print each path.

    :raises BadInput: a file that exists, or a folder that cannot be written.
    """
    try:
        for folder in plan.folders.all():
            folder.mkdir(mode=0o700, exist_ok=True)
        with plan.role.open("x", encoding="utf-8") as file:
            file.write(role)
        if plan.existing:
            real = plan.path.resolve()
            write_whole(real, text.encode(), mode=real.stat().st_mode & 0o777)
        else:
            with plan.path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise BadInput(
            f"{error.filename or plan.path}: {error.strerror}. Choose another place with "
            "--settings=FILE."
        ) from None
    print(f"\nwrote {shown(plan.path)}, {shown(plan.role)} and {shown(plan.folders.all()[0])}/")


def shown(path: Path) -> str:
    """Return the path as a user of the present folder types it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
