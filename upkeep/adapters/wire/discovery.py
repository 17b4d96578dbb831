"""What the API server says that it serves.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api; k8s.io/apimachinery pkg/apis/meta/v1/types.go
(APIVersions, APIGroupList, APIResourceList), pkg/version/types.go (Info)
"""

from typing import Annotated, ClassVar

from msgspec import Meta

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import ObjectMeta, Text


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
    """meta/v1 APIGroup: it has a version at least."""

    name: Text
    versions: Annotated[tuple[GroupVersion, ...], Meta(min_length=1)]
    preferredVersion: GroupVersion | None = None


class Groups(Wire, frozen=True):
    """meta/v1 APIGroupList."""

    KIND: ClassVar = "APIGroupList"
    groups: tuple[Group, ...]


class Resource(Wire, frozen=True):
    """meta/v1 APIResource."""

    name: Text
    kind: Text


class PlacedResource(Resource, frozen=True, kw_only=True):
    """The same, with the place of its objects: ``namespaced`` has no omitempty."""

    namespaced: bool


class PlacedResources(Wire, frozen=True):
    """meta/v1 APIResourceList, for who asks where the objects are."""

    KIND: ClassVar = "APIResourceList"
    resources: tuple[PlacedResource, ...]


class Resources(Wire, frozen=True):
    """meta/v1 APIResourceList."""

    KIND: ClassVar = "APIResourceList"
    resources: tuple[Resource, ...]


class GroupVersionKind(Wire, frozen=True):
    """meta/v1 GroupVersionKind."""

    kind: str = ""


class ResourceDiscovery(Wire, frozen=True):
    """apidiscovery.k8s.io/v2 APIResourceDiscovery."""

    resource: Text
    responseKind: GroupVersionKind | None = None


class VersionDiscovery(Wire, frozen=True):
    """apidiscovery.k8s.io/v2 APIVersionDiscovery."""

    resources: tuple[ResourceDiscovery, ...] = ()


class DiscoveryGroup(Wire, frozen=True):
    """apidiscovery.k8s.io/v2 APIGroupDiscovery."""

    metadata: ObjectMeta
    versions: tuple[VersionDiscovery, ...] = ()


class DiscoveryList(Wire, frozen=True):
    """apidiscovery.k8s.io/v2 APIGroupDiscoveryList, or meta/v1 APIGroupList of an API server that has no such list."""

    KIND: ClassVar = "APIGroupDiscoveryList"
    items: tuple[DiscoveryGroup, ...] | None = None
    groups: tuple[Group, ...] | None = None
