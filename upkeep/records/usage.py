"""What the pods use, and what protects and scales them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from upkeep.records.selectors import LabelSelector
from upkeep.records.workload import Condition


@dataclass(frozen=True, slots=True)
class ContainerUsage:
    """What a container used, on average over some seconds that ended at ``taken`` (metrics.k8s.io)."""

    pod: str
    container: str
    taken: datetime
    cpu_nanocores: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class UsageSeries:
    """What Prometheus kept of what one container of one pod used, (instant, value), oldest first: of ``cpu`` a counter in seconds, which starts
    again at zero with the container; of ``memory`` the working set in bytes."""

    pod: str
    container: str
    resource: Literal["cpu", "memory"]
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class UsageHistory:
    """What the collector's containers used, in pods that are gone, too, every ``step_seconds`` up to the run's instant; ``source`` is who kept it."""

    source: str
    step_seconds: int
    series: tuple[UsageSeries, ...]


@dataclass(frozen=True, slots=True)
class Filesystem:
    """A filesystem that a pod uses: ``used_ratio`` is 1 where nothing is left."""

    pod: str
    name: str
    used_ratio: float


@dataclass(frozen=True, slots=True)
class Filesystems:
    """The filesystems of the pods; ``way`` says how they were looked at, and what stood in the way of a better look."""

    way: str
    found: tuple[Filesystem, ...]


@dataclass(frozen=True, slots=True)
class Connections:
    """What a pod's process holds open, and the most that it may: each connection is a descriptor. ``way`` as for ``Filesystems``."""

    pod: str
    way: str
    open: int
    most: int


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
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


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """A NetworkPolicy.

    :ivar types: Ingress and Egress, the API's defaults included.
    :ivar from_everywhere: the ingress rules that admit any source.
    """

    name: str
    selector: LabelSelector
    types: tuple[str, ...]
    from_everywhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyKind:
    """A kind of network policy that the cluster serves beside networking.k8s.io NetworkPolicy.

    :ivar resource: its plural name and group, as kubectl takes them.
    """

    kind: str
    group: str
    resource: str


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler of the collector's Deployment; it may have ``least`` to ``most`` replicas, and has ``current``."""

    name: str
    least: int
    most: int
    current: int
    conditions: tuple[Condition, ...] = ()
