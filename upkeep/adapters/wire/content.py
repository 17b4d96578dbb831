"""ConfigMaps and Secrets with their values.

Source: https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/ v1.36 (core/v1 ConfigMap, Secret)
"""

from typing import ClassVar

from msgspec import field

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import Labels, ObjectMeta


class ConfigMapContent(Wire, frozen=True):
    """core/v1 ConfigMap, stored or as it was applied: ``binaryData`` is base64."""

    KIND: ClassVar = "ConfigMap"
    metadata: ObjectMeta
    data: Labels = field(default_factory=dict)
    binaryData: Labels = field(default_factory=dict)


class ConfigMap(ConfigMapContent, frozen=True, kw_only=True):
    """core/v1 ConfigMap."""

    kind: str


class Secret(Wire, frozen=True):
    """core/v1 Secret: its data are base64."""

    kind: str
    metadata: ObjectMeta
    data: Labels = field(default_factory=dict)
    type: str = ""
