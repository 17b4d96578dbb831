"""The types of the collector's documents, as its own loader reads them (pydantic).

Source: kubecano/cano-collector, commit 82631bb: config/destination/config_destination.go, config/team/config_team.go and
config/workflow/; Go's time.ParseDuration. The webhooks of the guide's layout: docs/guide.rst.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_UNIT = r"(?:ns|us|µs|μs|ms|s|m|h)"
_GO_DURATION = re.compile(rf"0|(?:(?:\d+\.?\d*|\.\d+){_UNIT})+")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")


def _text(value: Any) -> Any:
    """Return a scalar as the text that Go's YAML decoder makes of it."""
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
    if not _GO_DURATION.fullmatch(value):
        raise ValueError("must be a Go duration such as 10m or 1h30m (Go has no days)")
    return value


def _seconds(value: Any) -> Any:
    """The loader decodes an int: a text such as 10m stops its start."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("must be a whole number of seconds, such as 600")
    return value


def _search_window(value: str) -> str:
    """A Go duration above zero; the loader reads 7d as 7 times 24 h."""
    in_hours = f"{value[:-1]}h" if value.endswith("d") else value
    if not _GO_DURATION.fullmatch(in_hours) or not re.search(r"[1-9]", value):
        raise ValueError("must be a duration above zero such as 24h or 7d")
    return value


def _replaced(value: str) -> str:
    """The loader replaces a variable where it is the whole value of api_key."""
    if _VARIABLE.search(value) and not _VARIABLE.fullmatch(value):
        raise ValueError("must be a key, or one ${VARIABLE} and nothing else")
    return value


def _literal(value: str) -> str:
    if _VARIABLE.search(value):
        raise ValueError("must be literal: the collector replaces ${VARIABLES} in api_key alone")
    return value


def _url_or_variable(value: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+\S*", value) and not _VARIABLE.search(value):
        raise ValueError("must be an http(s) URL or a ${VARIABLE}")
    return value


def _namespace(value: str) -> str:
    if not _DNS_LABEL.fullmatch(value):
        raise ValueError(
            "never matches: a namespace has lower-case letters, digits and hyphens, at most 63"
        )
    return value


def _pod_name(value: str) -> str:
    if not _DNS_NAME.fullmatch(value):
        raise ValueError(
            "never matches: a pod's name has lower-case letters, digits, hyphens and dots"
        )
    return value


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[Text, AfterValidator(_filled)]
LiteralName = Annotated[Name, AfterValidator(_literal)]
Duration = Annotated[Text, AfterValidator(_duration)]


class _Model(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True, extra="ignore", frozen=True)


class Threading(_Model):
    enabled: bool = False
    cache_ttl: Duration | None = None
    search_limit: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = None
    search_window: Annotated[Text, AfterValidator(_search_window)] | None = None
    fingerprint_in_metadata: bool | None = None


class Enrichments(_Model):
    format_as_blocks: bool | None = None
    color_coding: bool | None = None
    table_formatting: Literal["simple", "enhanced", "attachment"] | None = None
    max_table_rows: Annotated[int, Field(strict=True, ge=0)] | None = None
    attachment_threshold: Annotated[int, Field(strict=True, ge=0)] | None = None


class SlackChannel(_Model):
    """A Slack destination of the chart's layout: a bot's key and a channel."""

    name: LiteralName
    api_key: Annotated[Name, AfterValidator(_replaced)]
    slack_channel: LiteralName
    grouping_interval: Annotated[int | None, BeforeValidator(_seconds)] = None
    unfurl_links: bool | None = None
    threading: Threading | None = None
    enrichments: Enrichments | None = None


class Webhook(_Model):
    """A destination of the guide's layout: a URL that is posted to."""

    name: Name
    webhookURL: Annotated[Name, AfterValidator(_url_or_variable)]  # noqa: N815 - the document's own key


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


# The loader of 0.0.24 reads slack alone; the guide's layout has msteams, too. It ignores every other type.
DESTINATION_TYPES = ("slack", "msteams")
ENTRIES: Mapping[str, type[_Model]] = MappingProxyType({"teams": Team, "workflows": Workflow})
