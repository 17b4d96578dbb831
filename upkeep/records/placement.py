"""Where pods may go, and what bounds them there: nodes, quotas, limit ranges."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from upkeep.records.selectors import LabelSelector


@dataclass(frozen=True, slots=True)
class Toleration:
    """A taint that a pod tolerates. An empty ``key`` with the operator Exists is every key; an empty ``effect`` is every effect."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class NodeTerm:
    """A term of a required node affinity: all of its requirements, (key, operator, values), hold of the node's ``labels`` and ``fields``."""

    labels: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    fields: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Apart:
    """A required anti-affinity of pods to their own kind: at most one of them in each domain of the node label ``topology_key``.

    :ivar across_revisions: pods of an older template count, too.
    """

    topology_key: str
    across_revisions: bool = True


@dataclass(frozen=True, slots=True)
class Spread:
    """A hard topology spread of pods of their own kind: no domain of the node label ``topology_key`` has more than ``most_skew`` more of them than
    the one that has fewest.

    :ivar selector: which pods of the namespace count; ``across_revisions`` as for ``Apart``.
    :ivar least_domains: with fewer domains, the fewest counts as none.
    """

    topology_key: str
    most_skew: int
    selector: LabelSelector
    least_domains: int = 1
    across_revisions: bool = True


@dataclass(frozen=True, slots=True)
class Away:
    """A required anti-affinity to other pods: to none of those that it selects, in these namespaces (``None`` is all), in a domain of
    ``topology_key``."""

    topology_key: str
    selector: LabelSelector
    namespaces: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Placement:
    """What a pod template says of the nodes that its pods may go to.

    :ivar node_name: the only node, without the scheduler; empty where it does not say.
    :ivar terms: of which one must hold; ``None`` where no node affinity is required.
    :ivar unlooked: what it also says and nobody here looks at, in the API's words.
    """

    node_name: str = ""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    terms: tuple[NodeTerm, ...] | None = None
    tolerations: tuple[Toleration, ...] = ()
    apart: tuple[Apart, ...] = ()
    spread: tuple[Spread, ...] = ()
    away: tuple[Away, ...] = ()
    unlooked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """What a pod takes of a node and of quotas, its init containers, sidecars and overhead included: CPU in nanocores, memory in bytes."""

    cpu_request: int = 0
    cpu_limit: int = 0
    memory_request: int = 0
    memory_limit: int = 0


@dataclass(frozen=True, slots=True)
class NodeRoom:
    """What requests leave free on a node.

    :ivar cpu_nanocores: what is free; likewise ``memory_bytes``, ``pods``.
    :ivar cpu_allocatable_nanocores: what there would be if no pod were there.
    :ivar taints: (key, value, effect) of those that keep pods away, ``node.kubernetes.io/unschedulable`` of a cordoned node among them.
    :ivar closed: why it takes no further pod of the collector, whatever that tolerates; empty where it does: it does not run, or a pod in its domain
        must not share that.
    :ivar unsure: what may keep the collector's pods away and is not looked at; empty for nothing.
    :ivar spread: how many pods each of the collector's topology spreads counts there, in their order.
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


@dataclass(frozen=True, slots=True)
class Quota:
    """A ResourceQuota that counts the collector's pods: what may be had and what is had, by the API's names (``requests.cpu`` …), in thousandths
    of the API's unit: millicores, a thousandth of a byte."""

    name: str
    hard: Mapping[str, int]
    used: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LimitRange:
    """An item of a LimitRange about ``kind``, Container or Pod: what each may have at least and at most, how many times its request a limit may
    be, and what a container gets that says nothing. By resource, ``cpu`` in nanocores and ``memory`` in bytes; others are left out."""

    name: str
    kind: str
    least: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    ratio: Mapping[str, float] = field(default_factory=dict)
    default_limit: Mapping[str, int] = field(default_factory=dict)
    default_request: Mapping[str, int] = field(default_factory=dict)
