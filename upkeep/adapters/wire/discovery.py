"""What the API server says that it serves.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api; k8s.io/apimachinery pkg/apis/meta/v1/types.go
(APIVersions, APIGroupList, APIResourceList), pkg/version/types.go (Info)
"""

from typing import ClassVar

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import Text


class Version(Wire, frozen=True):
    """version.Info: ``minor`` may read ``34+``."""

    KIND: ClassVar = "version.Info"
    major: Text
    minor: Text
    gitVersion: str = ""


class CoreVersions(Wire, frozen=True):
    """meta/v1 APIVersions."""

    KIND: ClassVar = "APIVersions"
    versions: tuple[Text, ...]


class GroupVersion(Wire, frozen=True):
    """meta/v1 GroupVersionForDiscovery."""

    groupVersion: Text


class Group(Wire, frozen=True):
    """meta/v1 APIGroup."""

    versions: tuple[GroupVersion, ...]


class Groups(Wire, frozen=True):
    """meta/v1 APIGroupList."""

    KIND: ClassVar = "APIGroupList"
    groups: tuple[Group, ...]


class Resource(Wire, frozen=True):
    """meta/v1 APIResource."""

    name: Text
    kind: Text
    namespaced: bool


class Resources(Wire, frozen=True):
    """meta/v1 APIResourceList."""

    KIND: ClassVar = "APIResourceList"
    resources: tuple[Resource, ...]
