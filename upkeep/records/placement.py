"""Scheduling rules of pods, and their bounds: nodes, quotas, limit ranges."""

from collections.abc import Mapping

from msgspec import Struct, field

from upkeep.records.selectors import LabelSelector

# The resources that are evaluated here.
RESOURCES = ("cpu", "memory")
# The names by which quotas count them.
OF_PODS = frozenset(
    {
        "pods",
        "count/pods",
        *(f"{part}{name}" for part in ("", "requests.", "limits.") for name in RESOURCES),
    }
)


class Toleration(Struct, frozen=True):
    """A toleration. An empty ``key`` with operator Exists is every key, an empty ``effect`` any."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


class NodeTerm(Struct, frozen=True):
    """A term of a required node affinity: (key, operator, values) that must all hold.

    :ivar labels: requirements on the node's labels; ``fields`` on its fields.
    """

    labels: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    fields: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


class Apart(Struct, frozen=True):
    """A required anti-affinity of pods to their own kind: at most one in each domain.

    :ivar topology_key: the node label that names the domain.
    :ivar across_revisions: pods of an older template count too.
    """

    topology_key: str
    across_revisions: bool = True


class Spread(Struct, frozen=True):
    """A hard topology spread of pods of their own kind.

    :ivar topology_key: the node label that names the domain.
    :ivar most_skew: how many more pods a domain may have than the emptiest one.
    :ivar selector: the pods of the namespace that count; ``across_revisions`` as for ``Apart``.
    :ivar least_domains: with fewer domains the emptiest counts as zero pods.
    """

    topology_key: str
    most_skew: int
    selector: LabelSelector
    least_domains: int = 1
    across_revisions: bool = True


class Away(Struct, frozen=True):
    """A required anti-affinity to other pods in a domain of ``topology_key``.

    :ivar namespaces: where ``selector`` selects pods; ``None`` for all namespaces.
    """

    topology_key: str
    selector: LabelSelector
    namespaces: tuple[str, ...] | None


class Placement(Struct, frozen=True):
    """Scheduling rules of a pod template.

    :ivar node_name: the only node, without the scheduler; empty where it names none.
    :ivar terms: one of these must hold; ``None`` where no node affinity is required.
    :ivar priority_class: the PriorityClass that the template names.
    :ivar cross_namespace: an affinity reaches into other namespaces, which a quota scope counts.
    :ivar unlooked: rules that are not evaluated, in the API's words.
    """

    node_name: str = ""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    terms: tuple[NodeTerm, ...] | None = None
    tolerations: tuple[Toleration, ...] = ()
    apart: tuple[Apart, ...] = ()
    spread: tuple[Spread, ...] = ()
    away: tuple[Away, ...] = ()
    priority_class: str = ""
    cross_namespace: bool = False
    unlooked: tuple[str, ...] = ()


class Demand(Struct, frozen=True):
    """What one pod takes of a node and of quotas: CPU in nanocores, memory in bytes.

    Init containers, native sidecars, pod-level resources and overhead are included.
    """

    cpu_request: int = 0
    cpu_limit: int = 0
    memory_request: int = 0
    memory_limit: int = 0


class NodeRoom(Struct, frozen=True):
    """Free room on a node, by requests.

    :ivar cpu_nanocores: what is free; likewise ``memory_bytes``, ``pods``.
    :ivar cpu_allocatable_nanocores: what an empty node offers; likewise the memory.
    :ivar taints: (key, value, effect) of those that keep pods away; a cordoned node has
        ``node.kubernetes.io/unschedulable``.
    :ivar closed: why it takes no further pod of the collector; empty where it does.
    :ivar unsure: a rule that may keep the pods away and is not evaluated; empty for none.
    :ivar spread: pods that each topology spread of the collector counts there, in their order.
    """

    name: str
    cpu_nanocores: int
    memory_bytes: int
    pods: int
    cpu_allocatable_nanocores: int = 0
    memory_allocatable_bytes: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[tuple[str, str, str], ...] = ()
    closed: str = ""
    unsure: str = ""
    spread: tuple[int, ...] = ()


class Quota(Struct, frozen=True):
    """A ResourceQuota by the API's names (``requests.cpu`` …), in thousandths of the API's unit.

    :ivar scopes: (scope, operator, values); it counts the pods that match all of them.
    :ivar uncounted: names of pods' resources that its status does not count yet.
    """

    name: str
    hard: Mapping[str, int]
    used: Mapping[str, int]
    scopes: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    uncounted: tuple[str, ...] = ()


class LimitRange(Struct, frozen=True):
    """An item of a LimitRange for ``kind`` Container or Pod: bounds, ratio and defaults.

    :ivar ratio: the most that a limit may be, as a multiple of its request.
    :ivar least: by resource, ``cpu`` in nanocores and ``memory`` in bytes, as are the others.
    """

    name: str
    kind: str
    least: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    ratio: Mapping[str, float] = field(default_factory=dict)
    default_limit: Mapping[str, int] = field(default_factory=dict)
    default_request: Mapping[str, int] = field(default_factory=dict)
