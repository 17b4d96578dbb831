"""The collector's own documents (destinations, teams, workflows) as facts: never a key, a token or a URL.

Each fault of a document has its place and its fix. Documents are untrusted input, read by ``yaml_text`` and typed by
``configuration_model``. Rules across documents are in ``upkeep.judges.configuration.validity``.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from upkeep.adapters.formats import yaml_text
from upkeep.adapters.formats.configuration_model import (
    DESTINATION_TYPES,
    ENTRIES,
    SlackChannel,
    Team,
    Webhook,
    Workflow,
)
from upkeep.errors import Malformed
from upkeep.masking import mask
from upkeep.records.configuration import (
    ConfigurationDocument,
    ConfigurationFault,
    ConfiguredName,
    FaultCode,
)

KINDS = {"destinations.yaml": "destinations", "teams.yaml": "teams", "workflows.yaml": "workflows"}
ROOTS = {"destinations": "destinations", "teams": "teams", "workflows": "active_workflows"}
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
# pydantic's kinds of error in our words, without the value.
_SAYS = {
    "missing": "is required",
    "string_type": "must be a text",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "too_short": "must not be empty",
}


def parse(text: str, *, kind: str, where: str) -> ConfigurationDocument:
    """Return the facts of a document, its faults included. Never raises for its content.

    :param kind: ``destinations``, ``teams`` or ``workflows``.
    :param where: its place, for messages: ``Secret/x key destinations.yaml``, or a file's path.
    """
    try:
        document, lines = yaml_text.load_with_lines(text, name=where)
    except Malformed as error:
        found = re.search(r", line (\d+)", error.message)
        line = int(found[1]) if found else 1
        fault = ConfigurationFault(
            where,
            line,
            "",
            "not-yaml",
            error.message,
            "correct the YAML, then check again",
        )
        return ConfigurationDocument(kind, where, (fault,))
    reader = _Reader(kind, where, lines)
    reader.read(document)
    faults, names, ignored = reader.faults, reader.names, reader.ignored
    return ConfigurationDocument(kind, where, tuple(faults), tuple(names), tuple(ignored))


def kind_of(text: str, *, where: str) -> str | None:
    """Return the kind of a document by its root key; ``None`` for another document, or no YAML."""
    try:
        document = yaml_text.load(text, name=where)
    except Malformed:
        return None
    keys = document if isinstance(document, dict) else {}
    return next((kind for kind, root in ROOTS.items() if root in keys), None)


class _Reader:
    """Reads one document, keeping names and faults."""

    def __init__(self, kind: str, where: str, lines: Mapping[tuple[str | int, ...], int]) -> None:
        self.kind, self.where, self.root = kind, where, ROOTS[kind]
        self.faults: list[ConfigurationFault] = []
        self.names: list[ConfiguredName] = []
        self.ignored: list[str] = []
        self._lines = lines

    def read(self, document: Any) -> None:
        if document is None:
            self._fault((), "empty", f"is empty; expected the key {self.root}")
        elif not isinstance(document, dict):
            self._fault((), "wrong-type", "must be a mapping")
        elif self.root not in document:
            self._misspelt((), document, [self.root])
            self._fault((), "required", f"has no key {self.root}")
        else:
            self._misspelt((), document, [self.root])
            self._entries(document[self.root])

    def _entries(self, value: Any) -> None:
        if value in (None, []) and self.kind == "workflows":
            words = "is empty: the collector does not start without a workflow"
            self._fault((self.root,), "empty", words)
        if value is None:
            return
        if self.kind != "destinations":
            self._list((self.root,), value, ENTRIES[self.kind])
        elif not isinstance(value, dict):
            self._fault((self.root,), "wrong-type", "must map types to lists of destinations")
        else:
            for type_, entries in value.items():
                known = str(type_) in DESTINATION_TYPES
                if entries and not known:
                    self._unknown_type(str(type_), value)
                if entries is not None and (known or isinstance(entries, list)):
                    self._list((self.root, str(type_)), entries, None)

    def _unknown_type(self, type_: str, there: Mapping[Any, Any]) -> None:
        """Tell of a type that the loader ignores in silence: none of its destinations exists."""
        near = get_close_matches(
            type_.lower(), [one for one in DESTINATION_TYPES if one not in there], n=1
        )
        meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(DESTINATION_TYPES)}"
        words = f"is no destination type, so the collector ignores it; {meant}"
        self._fault((self.root, type_), "misspelt" if near else "unknown-type", words)

    def _list(
        self, path: tuple[str | int, ...], entries: Any, model: type[BaseModel] | None
    ) -> None:
        if not isinstance(entries, list):
            self._fault(
                path,
                "wrong-type",
                "must be a list; the chart's default, a map, stops the collector: write []",
            )
            return
        for position, entry in enumerate(entries):
            here = (*path, position)
            if not isinstance(entry, dict):
                self._fault(here, "wrong-type", "must be a mapping")
                continue
            chosen = model or _destination_model(str(path[-1]), entry)
            if chosen is None:
                name = entry.get("name")
                if isinstance(name, str) and name:
                    self._name(here, name, entry, ())
                continue
            self._misspelt_in(here, entry, chosen)
            try:
                self._keep(here, entry, chosen.model_validate(entry))
            except ValidationError as error:
                self._errors(here, error)
                name = entry.get("name")
                if isinstance(name, str) and name:
                    self._name(here, name, entry, ())

    def _keep(self, path: tuple[str | int, ...], entry: Mapping[str, Any], model: Any) -> None:
        used: tuple[str, ...] = ()
        if isinstance(model, Team):
            used = tuple(model.destinations)
        elif isinstance(model, Workflow):
            used = tuple(one.action_type for one in model.actions)
        self._name(path, model.name, entry, used)

    def _name(
        self,
        path: tuple[str | int, ...],
        name: str,
        entry: Mapping[str, Any],
        used: tuple[str, ...],
    ) -> None:
        type_ = str(path[1]) if self.kind == "destinations" else ""
        variables: tuple[str, ...] = ()
        if self.kind == "destinations":
            variables = tuple(dict.fromkeys(_variables(entry)))
        self.names.append(
            ConfiguredName(
                name, type_, self.where, self._line(path), _dotted(path), used, variables
            )
        )

    def _errors(self, path: tuple[str | int, ...], error: ValidationError) -> None:
        for one in error.errors(include_input=False, include_url=False, include_context=True):
            words = _SAYS.get(one["type"]) or _in_words(one["type"], str(one["msg"]))
            code: FaultCode = (
                "required"
                if one["type"] == "missing"
                else "wrong-type"
                if one["type"].endswith("_type")
                else "wrong-value"
            )
            self._fault((*path, *one["loc"]), code, words)

    def _misspelt_in(
        self, path: tuple[str | int, ...], entry: Mapping[str, Any], model: type[BaseModel]
    ) -> None:
        """Tell of keys that the loader ignores in silence: misspelt ones as faults, the others as ignored."""
        self._misspelt(path, entry, list(model.model_fields))
        for name, field in model.model_fields.items():
            inner = [
                one
                for one in getattr(field.annotation, "__args__", (field.annotation,))
                if isinstance(one, type) and issubclass(one, BaseModel)
            ]
            values = entry.get(name)
            for position, value in enumerate(values if isinstance(values, list) else [values]):
                here = (*path, name, position) if isinstance(values, list) else (*path, name)
                if inner and isinstance(value, dict):
                    self._misspelt_in(here, value, inner[0])

    def _misspelt(
        self, path: tuple[str | int, ...], entry: Mapping[Any, Any], known: list[str]
    ) -> None:
        for key in (key for key in entry if key not in known):
            near = _nearest(str(key), [one for one in known if one not in entry])
            here = (*path, str(key))
            if near:
                words = f"is unknown to the collector, which ignores it; did you mean {near[0]}?"
                self._fault(here, "misspelt", words)
            else:
                self.ignored.append(mask(f"{_dotted(here)} (line {self._line(here)})"))

    def _fault(self, path: tuple[str | int, ...], code: FaultCode, words: str) -> None:
        dotted = _dotted(path)
        message = f"{self.where}, line {self._line(path)}: {f'{dotted} ' if dotted else 'the document '}{words}"
        self.faults.append(
            ConfigurationFault(
                self.where,
                self._line(path),
                dotted,
                code,
                mask(message),
                f"correct {dotted or 'the document'} in {self.where}",
            )
        )

    def _line(self, path: tuple[str | int, ...]) -> int:
        """Return the line of a path, or of the nearest one around it that has a line."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


def _in_words(kind: str, message: str) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    return message.replace("Input should be", "must be").replace("'", "")


def _destination_model(type_: str, entry: Mapping[str, Any]) -> type[BaseModel] | None:
    """Return the model of a destination; ``None`` for a type that the loader ignores."""
    if type_ not in DESTINATION_TYPES:
        return None
    near = any(_nearest(str(key), ["webhookURL"]) for key in entry)
    channel = "api_key" in entry or "slack_channel" in entry
    return SlackChannel if type_ == "slack" and (channel or not near) else Webhook


def _nearest(key: str, known: Iterable[str]) -> list[str]:
    """Return the known key that was meant, whatever its case and separators: webhook_url is webhookURL."""
    folded = {re.sub(r"[-_]", "", one).lower(): one for one in known}
    near = get_close_matches(re.sub(r"[-_]", "", key).lower(), list(folded), n=1, cutoff=0.8)
    return [folded[one] for one in near]


def _variables(entry: Mapping[str, Any]) -> Iterable[str]:
    """Return the variables that the collector replaces: in ``api_key`` and ``webhookURL`` alone."""
    for key in ("api_key", "webhookURL"):
        if isinstance(value := entry.get(key), str):
            yield from _VARIABLE.findall(value)


def _dotted(path: tuple[str | int, ...]) -> str:
    """Return ``destinations.slack[0].name`` of a path."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(
        "."
    )
