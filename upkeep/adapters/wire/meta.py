"""What Kubernetes objects have in common: metadata, conditions, selectors, quantities, lists.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/ and k8s.io/apimachinery pkg/apis/meta/v1/types.go
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, field

from upkeep.adapters.wire.decoding import Wire

Text = Annotated[str, Meta(min_length=1)]
# A Go time that is zero is written null, also with omitempty: it is no pointer.
Time = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]  # an int32 that is never negative
Generation = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Port = Annotated[int, Meta(ge=0, le=65535)]
IntOrString = Count | str
# Written as a string by the API server, and accepted as a number, too: Quantity.UnmarshalJSON.
Quantity = str | int | float
Quantities = dict[str, Quantity]
Labels = dict[str, str]
ConditionStatus = Literal["True", "False", "Unknown"]


class OwnerReference(Wire, frozen=True):
    """meta/v1 OwnerReference."""

    kind: Text
    name: Text
    uid: Text
    apiVersion: str = ""
    controller: bool | None = None


class ManagedFields(Wire, frozen=True):
    """meta/v1 ManagedFieldsEntry; the API server writes ``{}`` for entries that were stripped."""

    manager: str = ""
    operation: str = ""
    time: Time | None = None
    fieldsV1: dict[str, Any] | None = None


class ObjectMeta(Wire, frozen=True):
    """meta/v1 ObjectMeta, of an object that need not be stored: in a manifest, or made up for each request (PodMetrics)."""

    name: Text
    namespace: str = ""
    uid: str = ""
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)
    generation: Generation = 0
    deletionTimestamp: Time | None = None
    ownerReferences: tuple[OwnerReference, ...] = ()
    managedFields: tuple[ManagedFields, ...] = ()


class CreatedMeta(ObjectMeta, frozen=True, kw_only=True):
    """meta/v1 ObjectMeta of a stored object whose age is read."""

    creationTimestamp: Time


class StoredMeta(CreatedMeta, frozen=True, kw_only=True):
    """meta/v1 ObjectMeta of a stored object that others name by its UID, or that is known by it."""

    uid: Text


class TemplateMeta(Wire, frozen=True):
    """meta/v1 ObjectMeta of a template, which has no name of its own."""

    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)


class PartialObjectMetadata(Wire, frozen=True):
    """meta/v1 PartialObjectMetadata: any object, without its content."""

    metadata: CreatedMeta
    kind: str = ""


class Written(Wire, frozen=True):
    """What comes back of a write: any object."""

    kind: Text
    metadata: ObjectMeta


class ListMeta(Wire, frozen=True):
    """meta/v1 ListMeta. ``continue`` is a word of Python."""

    continue_: str = field(default="", name="continue")
    # An estimate; clusterpedia gives negative ones (clusterpedia-io/clusterpedia#123).
    remainingItemCount: int | None = None
    resourceVersion: str = ""


class List(Wire, frozen=True):
    """A list, its items not read yet. Go writes null for a nil slice."""

    kind: str
    metadata: ListMeta
    items: tuple[Raw, ...] | None


class Condition(Wire, frozen=True):
    """A condition of a status (apps/v1, batch/v1, core/v1, autoscaling/v2): their times are written null where they are zero."""

    type: Text
    status: ConditionStatus
    reason: str = ""
    message: str = ""
    lastTransitionTime: Time | None = None
    lastUpdateTime: Time | None = None


class SelectorRequirement(Wire, frozen=True):
    """meta/v1 LabelSelectorRequirement."""

    key: Text
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()


class LabelSelector(Wire, frozen=True):
    """meta/v1 LabelSelector; empty, it selects everything."""

    matchLabels: Labels = field(default_factory=dict)
    matchExpressions: tuple[SelectorRequirement, ...] = ()


class Nothing(Wire, frozen=True):
    """An object whose content does not matter here: only whether it is there."""
