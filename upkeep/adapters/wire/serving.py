"""The objects that reach, protect and scale pods: Services, EndpointSlices, NetworkPolicies, budgets, autoscalers, usage.

Source: https://kubernetes.io/docs/reference/kubernetes-api/ v1.36 (core/v1, discovery.k8s.io/v1, networking.k8s.io/v1, policy/v1,
autoscaling/v2) and https://github.com/kubernetes/metrics (metrics.k8s.io/v1beta1)
"""

from typing import Literal

from msgspec import field

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import (
    Condition,
    Count,
    Generation,
    Labels,
    LabelSelector,
    ObjectMeta,
    Port,
    Quantity,
    Text,
    Time,
)


class ServicePort(Wire, frozen=True):
    """core/v1 ServicePort: TCP, and the port itself as target, where it says nothing."""

    port: Port
    name: str = ""
    targetPort: Port | str = 0
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"


class ServiceSpec(Wire, frozen=True):
    """core/v1 ServiceSpec."""

    selector: Labels = field(default_factory=dict)
    ports: tuple[ServicePort, ...] = ()
    type: Literal["", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] = ""
    publishNotReadyAddresses: bool = False
    clusterIP: str = ""
    clusterIPs: tuple[str, ...] = ()
    ipFamilies: tuple[Literal["IPv4", "IPv6", ""], ...] = ()
    internalTrafficPolicy: Literal["", "Cluster", "Local"] = ""


class Service(Wire, frozen=True):
    """core/v1 Service."""

    metadata: ObjectMeta
    spec: ServiceSpec
    kind: str = ""


class TargetReference(Wire, frozen=True):
    """core/v1 ObjectReference of an endpoint."""

    kind: str = ""
    name: str = ""
    uid: str = ""


class EndpointConditions(Wire, frozen=True):
    """discovery.k8s.io/v1 EndpointConditions: "nil should be interpreted as true"."""

    ready: bool | None = None


class Endpoint(Wire, frozen=True):
    """discovery.k8s.io/v1 Endpoint: it has an address at least."""

    addresses: tuple[Text, ...]
    conditions: EndpointConditions = EndpointConditions()
    targetRef: TargetReference | None = None


class EndpointPort(Wire, frozen=True):
    """discovery.k8s.io/v1 EndpointPort: all are pointers."""

    name: str | None = None
    port: Port | None = None


class EndpointSlice(Wire, frozen=True):
    """discovery.k8s.io/v1 EndpointSlice: neither of its lists has an omitempty, so that null is none."""

    metadata: ObjectMeta
    endpoints: tuple[Endpoint, ...] | None
    ports: tuple[EndpointPort, ...] | None
    addressType: Literal["IPv4", "IPv6", "FQDN"]
    kind: str = ""


class IpBlock(Wire, frozen=True):
    """networking.k8s.io/v1 IPBlock."""

    cidr: Text
    except_: tuple[Text, ...] = field(default=(), name="except")


class Peer(Wire, frozen=True):
    """networking.k8s.io/v1 NetworkPolicyPeer."""

    podSelector: LabelSelector | None = None
    namespaceSelector: LabelSelector | None = None
    ipBlock: IpBlock | None = None


class IngressRule(Wire, frozen=True):
    """networking.k8s.io/v1 NetworkPolicyIngressRule. ``from`` is a word of Python."""

    from_: tuple[Peer, ...] = field(default=(), name="from")


class PolicyPort(Wire, frozen=True):
    """networking.k8s.io/v1 NetworkPolicyPort: TCP where it has no protocol, every port where it has none."""

    protocol: str = "TCP"
    port: int | str | None = None
    endPort: int | None = None


class EgressRule(Wire, frozen=True):
    """networking.k8s.io/v1 NetworkPolicyEgressRule."""

    to: tuple[Peer, ...] = ()
    ports: tuple[PolicyPort, ...] = ()


class NetworkPolicySpec(Wire, frozen=True):
    """networking.k8s.io/v1 NetworkPolicySpec; the API server writes policyTypes where they are not said."""

    podSelector: LabelSelector = LabelSelector()
    policyTypes: tuple[Literal["Ingress", "Egress"], ...] = ()
    ingress: tuple[IngressRule, ...] = ()
    egress: tuple[EgressRule, ...] = ()


class NetworkPolicy(Wire, frozen=True):
    """networking.k8s.io/v1 NetworkPolicy."""

    metadata: ObjectMeta
    spec: NetworkPolicySpec
    kind: str = ""


class BudgetSpec(Wire, frozen=True):
    """policy/v1 PodDisruptionBudgetSpec: without a selector it selects nothing."""

    selector: LabelSelector | None = None
    unhealthyPodEvictionPolicy: Literal["IfHealthyBudget", "AlwaysAllow"] | None = None


class BudgetStatus(Wire, frozen=True):
    """policy/v1 PodDisruptionBudgetStatus: its counts have no omitempty."""

    disruptionsAllowed: Count
    currentHealthy: Count
    desiredHealthy: Count
    expectedPods: Count
    observedGeneration: Generation = 0
    conditions: tuple[Condition, ...] = ()


class PodDisruptionBudget(Wire, frozen=True):
    """policy/v1 PodDisruptionBudget."""

    metadata: ObjectMeta
    spec: BudgetSpec
    status: BudgetStatus
    kind: str = ""


class ScaleTarget(Wire, frozen=True):
    """autoscaling/v2 CrossVersionObjectReference."""

    kind: Text
    name: Text


class MetricName(Wire, frozen=True):
    """autoscaling/v2 MetricIdentifier."""

    name: Text


class ResourceMetric(Wire, frozen=True):
    """autoscaling/v2 ResourceMetricSource and ContainerResourceMetricSource."""

    name: Text


class NamedMetric(Wire, frozen=True):
    """autoscaling/v2 PodsMetricSource, ObjectMetricSource and ExternalMetricSource."""

    metric: MetricName


class MetricSpec(Wire, frozen=True):
    """autoscaling/v2 MetricSpec."""

    type: Text
    resource: ResourceMetric | None = None
    containerResource: ResourceMetric | None = None
    pods: NamedMetric | None = None
    object: NamedMetric | None = None
    external: NamedMetric | None = None


class MetricStatus(Wire, frozen=True):
    """autoscaling/v2 MetricStatus: its type is empty where the controller could not read the metric."""

    type: str = ""


class AutoscalerSpec(Wire, frozen=True):
    """autoscaling/v2 HorizontalPodAutoscalerSpec: 1 at least where it says nothing."""

    scaleTargetRef: ScaleTarget
    maxReplicas: Count
    minReplicas: Count = 1
    metrics: tuple[MetricSpec, ...] = ()


class AutoscalerStatus(Wire, frozen=True):
    """autoscaling/v2 HorizontalPodAutoscalerStatus; older API servers wrote its conditions without omitempty."""

    currentReplicas: Count = 0
    conditions: tuple[Condition, ...] | None = None
    currentMetrics: tuple[MetricStatus, ...] | None = None


class HorizontalPodAutoscaler(Wire, frozen=True):
    """autoscaling/v2 HorizontalPodAutoscaler."""

    metadata: ObjectMeta
    spec: AutoscalerSpec
    status: AutoscalerStatus = AutoscalerStatus()
    kind: str = ""


class Used(Wire, frozen=True):
    """metrics.k8s.io/v1beta1 ContainerMetrics.usage: metrics-server gives both."""

    cpu: Quantity
    memory: Quantity


class ContainerMetrics(Wire, frozen=True):
    """metrics.k8s.io/v1beta1 ContainerMetrics; prometheus-adapter names a pod's own cgroup ''."""

    name: str
    usage: Used


class PodMetrics(Wire, frozen=True):
    """metrics.k8s.io/v1beta1 PodMetrics: its containers have no omitempty, so that null is none."""

    metadata: ObjectMeta
    timestamp: Time
    window: Text
    containers: tuple[ContainerMetrics, ...] | None
    kind: str = ""
