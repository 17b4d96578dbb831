"""Settings text: the settings file with the objects that were found, and how."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

# The keys of one cluster, in the order of the file.
TARGET = (
    "demo",
    "kubeconfig",
    "context",
    "namespace",
    "deployment",
    "acting_context",
    "prometheus",
    "alertmanager",
    "alertmanager_config",
    "chart_repository",
    "collector",
    "backups",
    "exports",
)
_NONE: Mapping[str, str] = MappingProxyType({})
EXAMPLES = {
    "acting_context": "CONTEXT",
    "prometheus": "https://prometheus.example",
    "alertmanager": "https://alertmanager.example",
    "alertmanager_config": "Secret/NAMESPACE/NAME",
    "chart_repository": "https://charts.example/cano",
}


class Folders(Struct, frozen=True):
    """The folders of a settings file: 0700, below one folder beside it.

    :ivar base: the folder of the settings file.
    :ivar data: the name of the folder that holds all others.
    """

    base: Path
    data: str = "upkeep-data"
    target: str = ""

    @property
    def backups(self) -> str:
        return self._of_target("backups")

    @property
    def exports(self) -> str:
        return self._of_target("exports")

    @property
    def attestations(self) -> str:
        return f"{self.data}/attestations"

    @property
    def ledger(self) -> str:
        return f"{self.data}/ledger"

    def all(self) -> tuple[Path, ...]:
        """Return the paths, their common parent first."""
        names = (self.data, self.backups, self.exports, self.attestations, self.ledger)
        return tuple(self.base / name for name in names)

    def _of_target(self, name: str) -> str:
        # Two clusters never share a set of backups: the newest set would be of either.
        part = re.sub(r"[^\w.-]+", "-", self.target)
        return f"{self.data}/{name}-{part}" if part else f"{self.data}/{name}"


class Text(Struct, frozen=True):
    """The facts of a settings file.

    :ivar target: the name of its target; empty for the unnamed one.
    :ivar values: the keys of the target.
    """

    target: str
    values: Mapping[str, str]
    folders: Folders
    at: datetime
    cluster: str

    def whole(self, notes: Mapping[str, str] = _NONE) -> str:
        """Return the text of a new settings file.

        :param notes: the comment of each key, and of other subjects.
        """
        attestations = f"{self.folders.attestations}/attestations.yaml"
        top = [
            f"# Written by `upkeep init` on {self.at:%Y-%m-%d %H:%M} UTC.",
            f"# Cluster: {_comment(self.cluster)}",
            "# The command line and UPKEEP_ variables beat this file.",
            "# README.md lists the options.",
            "",
            "# Sign-offs, as `upkeep attest` writes them. A missing one is due, never a pass.",
            f"attestations = {_text(attestations)}",
            "# The record of runs. `upkeep run --due` and `upkeep gate` read it.",
            f"ledger = {_text(self.folders.ledger)}",
            "",
        ]
        own = list(_target(self.values, notes))
        limits = ["", "# Limits: docs/limits.md has the defaults.", "# [limits]"]
        limits += ['# alert_window = "12h"']
        named = ["", f"[targets.{_key(self.target)}]", *own] if self.target else []
        return "\n".join([*top, *([] if self.target else own), *limits, *named]) + "\n"

    def appended(self, text: str, notes: Mapping[str, str] = _NONE) -> str:
        """Return the text of a settings file with one more target at its end."""
        head = [f"# Cluster: {_comment(self.cluster)}", f"[targets.{_key(self.target)}]"]
        return text.rstrip("\n") + "\n\n" + "\n".join([*head, *_target(self.values, notes)]) + "\n"


def _target(values: Mapping[str, str], notes: Mapping[str, str]) -> Iterable[str]:
    for key in TARGET:
        if key in notes:
            yield f"# {_comment(notes[key])}"
        if key in values:
            yield f"{key} = {_text(values[key])}"
        elif key in EXAMPLES:
            yield f"# {key} = {_text(EXAMPLES[key])}"
    for name, note in notes.items():
        if name not in TARGET:
            yield f"# {name}: {_comment(note)}"


def _comment(text: str) -> str:
    """Return one line without control characters: TOML refuses them in a comment."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)
