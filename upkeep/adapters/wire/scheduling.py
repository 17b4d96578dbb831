"""Where pods may go, by their own word: affinity, spreads, tolerations; nodes, quotas and limit ranges.

Source: https://kubernetes.io/docs/reference/kubernetes-api/ v1.36 (core/v1 PodSpec, Node, ResourceQuota, LimitRange)
"""

from typing import Annotated, Literal

from msgspec import Meta, field

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import (
    Condition,
    Labels,
    LabelSelector,
    ObjectMeta,
    Quantities,
    Text,
)

TaintEffect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
Positive = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class NodeRequirement(Wire, frozen=True):
    """core/v1 NodeSelectorRequirement."""

    key: Text
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.operator in ("Gt", "Lt") and len(self.values) != 1:
            raise ValueError("Gt and Lt have one value")


class NodeTerm(Wire, frozen=True):
    """core/v1 NodeSelectorTerm."""

    matchExpressions: tuple[NodeRequirement, ...] = ()
    matchFields: tuple[NodeRequirement, ...] = ()


class NodeSelector(Wire, frozen=True):
    """core/v1 NodeSelector: the terms have no omitempty, and are required."""

    nodeSelectorTerms: tuple[NodeTerm, ...]


class NodeAffinity(Wire, frozen=True):
    """core/v1 NodeAffinity, what is required of it."""

    requiredDuringSchedulingIgnoredDuringExecution: NodeSelector | None = None


class PodAffinityTerm(Wire, frozen=True):
    """core/v1 PodAffinityTerm."""

    topologyKey: Text
    labelSelector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    namespaceSelector: LabelSelector | None = None
    matchLabelKeys: tuple[str, ...] = ()
    mismatchLabelKeys: tuple[str, ...] = ()


class WeightedTerm(Wire, frozen=True):
    """core/v1 WeightedPodAffinityTerm."""

    podAffinityTerm: PodAffinityTerm


class PodAffinity(Wire, frozen=True):
    """core/v1 PodAffinity and PodAntiAffinity."""

    requiredDuringSchedulingIgnoredDuringExecution: tuple[PodAffinityTerm, ...] = ()
    preferredDuringSchedulingIgnoredDuringExecution: tuple[WeightedTerm, ...] = ()


class Affinity(Wire, frozen=True):
    """core/v1 Affinity."""

    nodeAffinity: NodeAffinity | None = None
    podAffinity: PodAffinity | None = None
    podAntiAffinity: PodAffinity | None = None


class SpreadConstraint(Wire, frozen=True):
    """core/v1 TopologySpreadConstraint; its policies are Honor and Ignore where it says nothing."""

    topologyKey: Text
    maxSkew: Positive
    whenUnsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = "DoNotSchedule"
    labelSelector: LabelSelector | None = None
    minDomains: Positive | None = None
    matchLabelKeys: tuple[str, ...] = ()
    nodeAffinityPolicy: Literal["Honor", "Ignore"] | None = None
    nodeTaintsPolicy: Literal["Honor", "Ignore"] | None = None


class Toleration(Wire, frozen=True):
    """core/v1 Toleration; no operator is Equal, no effect is every effect."""

    key: str = ""
    operator: Literal["", "Equal", "Exists", "Lt", "Gt"] = ""
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""


class Taint(Wire, frozen=True):
    """core/v1 Taint."""

    key: Text
    effect: TaintEffect
    value: str = ""


class NodeSpec(Wire, frozen=True):
    """core/v1 NodeSpec."""

    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeStatus(Wire, frozen=True):
    """core/v1 NodeStatus: both are omitempty; of a node that has not reported yet neither is there."""

    allocatable: Quantities
    conditions: tuple[Condition, ...] = ()


class Node(Wire, frozen=True):
    """core/v1 Node."""

    metadata: ObjectMeta
    status: NodeStatus
    spec: NodeSpec = NodeSpec()
    kind: str = ""


class ScopeRequirement(Wire, frozen=True):
    """core/v1 ScopedResourceSelectorRequirement."""

    scopeName: Text
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()


class ScopeSelector(Wire, frozen=True):
    """core/v1 ScopeSelector."""

    matchExpressions: tuple[ScopeRequirement, ...] = ()


class QuotaSpec(Wire, frozen=True):
    """core/v1 ResourceQuotaSpec."""

    hard: Quantities = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    scopeSelector: ScopeSelector | None = None


class QuotaStatus(Wire, frozen=True):
    """core/v1 ResourceQuotaStatus: empty until its controller has counted."""

    hard: Quantities = field(default_factory=dict)
    used: Quantities = field(default_factory=dict)


class ResourceQuota(Wire, frozen=True):
    """core/v1 ResourceQuota."""

    metadata: ObjectMeta
    spec: QuotaSpec = QuotaSpec()
    status: QuotaStatus = QuotaStatus()
    kind: str = ""


class LimitRangeItem(Wire, frozen=True):
    """core/v1 LimitRangeItem."""

    type: Text
    min: Quantities = field(default_factory=dict)
    max: Quantities = field(default_factory=dict)
    default: Quantities = field(default_factory=dict)
    defaultRequest: Quantities = field(default_factory=dict)
    maxLimitRequestRatio: Quantities = field(default_factory=dict)


class LimitRangeSpec(Wire, frozen=True):
    """core/v1 LimitRangeSpec: its limits have no omitempty, so that null is none."""

    limits: tuple[LimitRangeItem, ...] | None


class LimitRange(Wire, frozen=True):
    """core/v1 LimitRange."""

    metadata: ObjectMeta
    spec: LimitRangeSpec
    kind: str = ""


__all__ = [
    "Affinity", "Labels", "LimitRange", "Node", "NodeTerm", "PodAffinityTerm", "ResourceQuota", "SpreadConstraint", "Toleration",
]  # fmt: skip
