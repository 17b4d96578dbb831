"""The collector's own documents (destinations, teams, workflows) as facts: never a key, a token or a URL.

What a document gets wrong is a fact too: each fault says where it stands and what to do. Documents are untrusted input (``documents``), then
typed (pydantic). Rules across documents are a judge's (``upkeep.judges.configuration.validity``).
Source: collector.md, "Configuration files (what the collector accepts)"; Go's ``time.ParseDuration``.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from upkeep.adapters.formats import yaml_text
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
_UNIT = r"(?:ns|us|µs|μs|ms|s|m|h)"
_GO_DURATION = re.compile(rf"(?:(?:\d+\.?\d*|\.\d+){_UNIT})+")
_DAYS = re.compile(r"\d+d")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")


def _text(value: Any) -> Any:
    """A scalar as the text that Go's YAML decoder makes of it."""
    return (
        str(value).lower()
        if isinstance(value, bool)
        else str(value)
        if isinstance(value, int | float)
        else value
    )


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _duration(value: str) -> str:
    if not _GO_DURATION.fullmatch(value) or not re.search(r"[1-9]", value):
        raise ValueError(
            "must be a duration as Go writes it, above zero, for instance 10m or 1h30m (Go knows no days)"
        )
    return value


def _search_window(value: str) -> str:
    return value if _DAYS.fullmatch(value) and re.search(r"[1-9]", value) else _duration(value)


def _url_or_variable(value: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+\S*", value) and not _VARIABLE.search(value):
        raise ValueError("must be an http(s) URL or a ${VARIABLE}")
    return value


def _namespace(value: str) -> str:
    if not _DNS_LABEL.fullmatch(value):
        raise ValueError(
            "can never match: no namespace has such a name (lower-case letters, digits and hyphens, at most 63)"
        )
    return value


def _pod_name(value: str) -> str:
    if not _DNS_NAME.fullmatch(value):
        raise ValueError(
            "can never match: no pod has such a name (lower-case letters, digits, hyphens and dots)"
        )
    return value


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[Text, AfterValidator(_filled)]
Duration = Annotated[Text, AfterValidator(_duration)]


class _Model(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True, extra="ignore", frozen=True)


class Threading(_Model):
    enabled: bool = False
    cache_ttl: Duration | None = None
    search_limit: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    search_window: Annotated[Text, AfterValidator(_search_window)] | None = None


class Enrichments(_Model):
    format_as_blocks: bool | None = None
    color_coding: bool | None = None
    table_formatting: Literal["simple", "enhanced", "attachment"] | None = None
    max_table_rows: Annotated[int, Field(strict=True, ge=0)] | None = None
    attachment_threshold: Annotated[int, Field(strict=True, ge=0)] | None = None


class SlackChannel(_Model):
    """A Slack destination of the chart's layout: a bot's key and a channel."""

    name: Name
    api_key: Name
    slack_channel: Name
    grouping_interval: Duration | None = None
    unfurl_links: bool | None = None
    threading: Threading | None = None
    enrichments: Enrichments | None = None


class Webhook(_Model):
    """A destination of the guide's layout: a URL that is posted to."""

    name: Name
    webhookURL: Annotated[Name, AfterValidator(_url_or_variable)]  # noqa: N815 - the document's own key


class Other(_Model):
    """A destination of a type that this version of the rules does not know: it needs a name."""

    name: Name


class Team(_Model):
    name: Name
    destinations: list[Name] = []


class AlertTrigger(_Model):
    alert_name: Text | None = None
    status: Literal["firing", "resolved", "all"] | None = None
    severity: Literal["critical", "warning", "info"] | None = None
    namespace: Annotated[Text, AfterValidator(_namespace)] | None = None
    instance: Text | None = None
    pod_name: Annotated[Text, AfterValidator(_pod_name)] | None = None


class Trigger(_Model):
    on_alertmanager_alert: AlertTrigger


class Action(_Model):
    action_type: Literal["pod_logs", "label_filter", "severity_router", "issue_enrichment"]
    data: dict[str, Any] | None = None


class Workflow(_Model):
    name: Name
    triggers: Annotated[list[Trigger], Field(min_length=1)]
    actions: Annotated[list[Action], Field(min_length=1)]
    stop: bool = False


_ENTRIES: Mapping[str, type[_Model]] = {"teams": Team, "workflows": Workflow}
# pydantic's kinds of error in our words; what it was given is never among them.
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
    """The facts of a document, with all that is wrong in it. Never raises for what the document says.

    :param kind: ``destinations``, ``teams`` or ``workflows``.
    :param where: what it is, for messages: ``Secret/x key destinations.yaml``, or a file's path.
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
            "correct the document; what else is wrong is seen then",
        )
        return ConfigurationDocument(kind, where, (fault,))
    reader = _Reader(kind, where, lines)
    reader.read(document)
    return ConfigurationDocument(kind, where, tuple(reader.faults), tuple(reader.names))


def kind_of(text: str, *, where: str) -> str | None:
    """Which of the three kinds a document is, by its root key; ``None`` when it is none of them or no YAML."""
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
        self._lines = lines

    def read(self, document: Any) -> None:
        if document is None:
            self._fault((), "empty", f"is empty, and the key {self.root} was expected")
        elif not isinstance(document, dict):
            self._fault((), "wrong-type", "must be a mapping")
        elif self.root not in document:
            self._misspelt((), document, [self.root])
            self._fault((), "required", f"has no key {self.root}")
        else:
            self._misspelt((), document, [self.root])
            self._entries(document[self.root])

    def _entries(self, value: Any) -> None:
        if value is None:
            return
        if self.kind != "destinations":
            self._list((self.root,), value, _ENTRIES[self.kind])
        elif not isinstance(value, dict):
            self._fault(
                (self.root,), "wrong-type", "must be a mapping of types to lists of destinations"
            )
        else:
            for type_, entries in value.items():
                if entries is not None:
                    self._list((self.root, str(type_)), entries, None)

    def _list(self, path: tuple[str | int, ...], entries: Any, model: type[_Model] | None) -> None:
        if not isinstance(entries, list):
            self._fault(
                path,
                "wrong-type",
                "must be a list; the chart's default is a map there, which stops the collector: write []",
            )
            return
        for position, entry in enumerate(entries):
            here = (*path, position)
            if not isinstance(entry, dict):
                self._fault(here, "wrong-type", "must be a mapping")
                continue
            chosen = model or _destination_model(str(path[-1]), entry)
            self._misspelt_in(here, entry, chosen)
            try:
                self._keep(here, entry, chosen.model_validate(entry))
            except ValidationError as error:
                self._errors(here, error)
                name = entry.get("name")
                if isinstance(name, str) and name:
                    self._name(here, name, entry, ())

    def _keep(self, path: tuple[str | int, ...], entry: Mapping[str, Any], model: Any) -> None:
        used = tuple(model.destinations) if isinstance(model, Team) else ()
        self._name(path, model.name, entry, used)

    def _name(
        self,
        path: tuple[str | int, ...],
        name: str,
        entry: Mapping[str, Any],
        used: tuple[str, ...],
    ) -> None:
        type_ = str(path[1]) if self.kind == "destinations" else ""
        variables = (
            tuple(dict.fromkeys(_variables(entry.values()))) if self.kind == "destinations" else ()
        )
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
        """Keys that the collector ignores without a word because they are nearly, and not quite, ones that it knows."""
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
            near = get_close_matches(
                str(key), [one for one in known if one not in entry], n=1, cutoff=0.8
            )
            if near:
                self._fault(
                    (*path, str(key)),
                    "misspelt",
                    f"is a key that the collector does not know, and ignores: {near[0]} was meant?",
                )

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
        """The line of a path, or of the nearest thing around it that is written down."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


def _in_words(kind: str, message: str) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    return message.replace("Input should be", "must be").replace("'", "")


def _destination_model(type_: str, entry: Mapping[str, Any]) -> type[_Model]:
    if type_ == "slack" and "webhookURL" not in entry:
        return SlackChannel
    return Webhook if type_ in ("slack", "msteams") else Other


def _variables(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield from _VARIABLE.findall(value)
        elif isinstance(value, dict):
            yield from _variables(value.values())
        elif isinstance(value, list):
            yield from _variables(value)


def _dotted(path: tuple[str | int, ...]) -> str:
    """``destinations.slack[0].name``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(
        "."
    )
