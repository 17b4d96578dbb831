"""A release as Helm stores it: JSON, inside of gzip, inside of base64.

Source: https://github.com/helm/helm/blob/main/pkg/release/v1/release.go, info.go, hook.go and pkg/chart/v2/metadata.go
"""

from typing import Any, ClassVar, Literal

from msgspec import field

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import Count, Text, Time


class ChartMetadata(Wire, frozen=True):
    """chart.Metadata: Helm refuses a chart without name or version."""

    name: Text
    version: Text
    appVersion: str = ""


class ChartEntry(Wire, frozen=True):
    """repo.ChartVersion of an index: ``urls`` has no omitempty. YAML is read as texts."""

    KIND: ClassVar = "repo.ChartVersion"
    version: Text
    created: str | None = None
    deprecated: bool | Literal["true", "True", "TRUE", "false", "False", "FALSE"] = False
    urls: tuple[str, ...] | None = None
    digest: str | None = None


class Chart(Wire, frozen=True):
    """chart.Chart."""

    metadata: ChartMetadata


class Info(Wire, frozen=True):
    """release.Info."""

    status: Text
    last_deployed: Time


class Hook(Wire, frozen=True):
    """release.Hook."""

    manifest: str = ""


class Release(Wire, frozen=True):
    """release.Release; Go leaves out what is empty, and hooks may be null."""

    name: Text
    namespace: Text
    version: Count
    info: Info
    chart: Chart
    manifest: str = ""
    hooks: tuple[Hook, ...] | None = None


class Payload(Wire, frozen=True):
    """The same, what of it helm is given again: the user's values and the manifest."""

    config: dict[str, Any] = field(default_factory=dict)
    manifest: str = ""
