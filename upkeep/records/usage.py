"""Usage of the pods, and the objects that protect and scale them."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from upkeep.records.selectors import LabelSelector
from upkeep.records.workload import Condition


class ContainerUsage(Struct, frozen=True):
    """Average usage of one container over ``window_seconds`` that ended at ``taken`` (PodMetrics).

    Source: https://github.com/kubernetes/metrics/blob/master/pkg/apis/metrics/v1beta1/types.go
    """

    pod: str
    container: str
    taken: datetime
    cpu_nanocores: int
    memory_bytes: int
    window_seconds: float = 15.0


class UsageSeries(Struct, frozen=True):
    """One container's usage as Prometheus stored it: (instant, value), oldest first.

    :ivar points: for ``cpu`` a counter in seconds that resets with the container; for ``memory``
        the working set in bytes.
    """

    pod: str
    container: str
    resource: Literal["cpu", "memory"]
    points: tuple[tuple[datetime, float], ...]


class UsageHistory(Struct, frozen=True):
    """Usage of the collector's containers, deleted pods included, one sample each ``step_seconds``.

    :ivar source: the program that stored it.
    """

    source: str
    step_seconds: int
    series: tuple[UsageSeries, ...]


class Filesystem(Struct, frozen=True):
    """A filesystem of a pod. ``used_ratio`` is 1 when it is full."""

    pod: str
    name: str
    used_ratio: float


class Filesystems(Struct, frozen=True):
    """The filesystems of the pods. ``way`` names the source, and why a better one was not used."""

    way: str
    found: tuple[Filesystem, ...]


class Connections(Struct, frozen=True):
    """Open descriptors of a pod's process and their limit. ``way`` as for ``Filesystems``."""

    pod: str
    way: str
    open: int
    most: int


class DisruptionBudget(Struct, frozen=True):
    """A PodDisruptionBudget; the numbers are those of its status.

    :ivar selector: ``None`` where it has none; it then selects nothing.
    :ivar current: its controller has seen the present specification.
    :ivar evicts_unhealthy: ``unhealthyPodEvictionPolicy: AlwaysAllow``.
    :ivar failure: the message of its controller where that cannot compute the budget (SyncFailed).
    """

    name: str
    selector: LabelSelector | None
    allowed: int
    desired_healthy: int
    expected: int
    current: bool
    healthy: int = 0
    evicts_unhealthy: bool = False
    failure: str = ""


class NetworkPolicy(Struct, frozen=True):
    """A NetworkPolicy.

    :ivar types: Ingress and Egress, the API's defaults included.
    :ivar from_everywhere: the ingress rules that admit any source; ``to_everywhere``: the egress
        rules that admit every TCP port of any destination.
    """

    name: str
    selector: LabelSelector
    types: tuple[str, ...]
    from_everywhere: tuple[str, ...] = ()
    to_everywhere: tuple[str, ...] = ()


class PolicyKind(Struct, frozen=True):
    """A kind of network policy that the cluster serves beside networking.k8s.io NetworkPolicy.

    :ivar resource: its plural name and group, as kubectl takes them.
    """

    kind: str
    group: str
    resource: str


class Autoscaler(Struct, frozen=True):
    """A HorizontalPodAutoscaler of the collector's Deployment.

    :ivar least: minReplicas; ``most`` is maxReplicas, ``current`` the replicas of its status.
    :ivar unread: its metrics that the controller could not read.
    """

    name: str
    least: int
    most: int
    current: int
    conditions: tuple[Condition, ...] = ()
    unread: tuple[str, ...] = ()
