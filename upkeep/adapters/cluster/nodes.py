"""Free room on nodes, and pods there that keep others away.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/;
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from upkeep.adapters.cluster.demands import demand
from upkeep.adapters.cluster.fields import (
    Impossible,
    Raw,
    bytes_of,
    label_selector,
    nanocores,
    quantity,
    reads,
)
from upkeep.adapters.cluster.placement import chooses, namespaces, required
from upkeep.adapters.wire.pods import PlacedPod
from upkeep.adapters.wire.scheduling import Node
from upkeep.domain import discovery
from upkeep.domain.placement import UNSCHEDULABLE
from upkeep.records.placement import NodeRoom, Placement

# Kubernetes taints nodes with these for conditions that are read here themselves.
_CONDITIONS = {
    f"node.kubernetes.io/{name}"
    for name in ("not-ready", "unreachable", "memory-pressure", "disk-pressure", "pid-pressure")
}


class Newcomer(Struct, frozen=True):
    """The pod to be placed: its namespace, its labels, and where it may go."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    placement: Placement = field(default_factory=Placement)


class Taken:
    """Sums of the pods on one node.

    :ivar spread: pods that each topology spread of the newcomer counts.
    :ivar keeps_away: by topology key, why a pod there keeps the newcomer out of its domain.
    """

    __slots__ = ("cpu_nanocores", "keeps_away", "memory_bytes", "pods", "spread", "unlooked")

    def __init__(self, spreads: int) -> None:
        self.cpu_nanocores = self.memory_bytes = self.pods = 0
        self.spread = [0] * spreads
        self.keeps_away: dict[str, str] = {}
        self.unlooked = ""


def taken(pods: Iterable[PlacedPod | Raw], newcomer: Newcomer | None = None) -> dict[str, Taken]:
    """Return what pods request on each node; those without a node are under the empty name.

    The pods are read one by one, and only sums are kept.
    """
    nodes: dict[str, Taken] = {}
    newcomer = newcomer or Newcomer()
    for pod in pods:
        _take(pod, nodes, newcomer)
    return nodes


@reads(PlacedPod)
def _take(pod: PlacedPod, nodes: dict[str, Taken], newcomer: Newcomer) -> None:
    """Add what a pod requests to the sums of its node."""
    node = nodes.setdefault(pod.spec.nodeName, Taken(len(newcomer.placement.spread)))
    _beside(node, pod, newcomer)
    counted = demand(pod)
    node.pods += 1
    node.cpu_nanocores += counted.cpu_request
    node.memory_bytes += counted.memory_request


def _beside(node: Taken, pod: PlacedPod, newcomer: Newcomer) -> None:
    """Note what a pod on a node means to the newcomer: topology spread and anti-affinity.

    Pods of the newcomer's own kind are left to the newcomer's own rules.
    """
    labels, namespace, placement = pod.metadata.labels, pod.metadata.namespace, newcomer.placement
    if namespace == newcomer.namespace and pod.metadata.deletionTimestamp is None:
        for number, rule in enumerate(placement.spread):
            node.spread[number] += discovery.matches(rule.selector, labels)
    name = f"{namespace}/{pod.metadata.name}"
    for away in placement.away:
        among = away.namespaces is None or namespace in (
            one or newcomer.namespace for one in away.namespaces
        )
        if among and discovery.matches(away.selector, labels):
            node.keeps_away.setdefault(
                away.topology_key, f"the pods must not share a {away.topology_key} with pod {name}"
            )
    alike = namespace == newcomer.namespace and newcomer.labels.items() <= labels.items()
    terms = required(pod.spec.affinity.podAntiAffinity if pod.spec.affinity else None)
    for term in () if alike and placement.apart else terms:
        told = term.labelSelector
        if told is None or not discovery.matches(label_selector(told), newcomer.labels):
            continue
        places = namespaces(term, namespace)
        if places is None or newcomer.namespace in places:
            node.keeps_away.setdefault(
                term.topologyKey,
                f"pod {name} must not share a {term.topologyKey} with the pods",
            )
        elif chooses(term.namespaceSelector):  # labels of namespaces are not read
            node.unlooked = (
                node.unlooked
                or f"the anti-affinity of pod {name} to namespaces with certain labels"
            )


def node_rooms(
    raws: Iterable[Node | Raw], taken_by_node: Mapping[str, Taken]
) -> tuple[NodeRoom, ...]:
    """Return the free room of each node; a pod that keeps the newcomer away closes its domain."""
    rooms = [node_room(raw, taken_by_node) for raw in raws]
    away: dict[tuple[str, str], str] = {}
    for room in rooms:
        for key, why in (
            taken_by_node[room.name].keeps_away.items() if room.name in taken_by_node else ()
        ):
            if key in room.labels:
                away.setdefault((key, room.labels[key]), why)
    return tuple(
        replace(
            room,
            closed=room.closed
            or next(
                (why for (key, value), why in away.items() if room.labels.get(key) == value), ""
            ),
            unsure=next((one.unlooked for one in taken_by_node.values() if one.unlooked), ""),
        )
        for room in rooms
    )


@reads(Node)
def node_room(raw: Node, taken_by_node: Mapping[str, Taken]) -> NodeRoom:
    """Return the free room of one node. A node that is not ready or under pressure is closed."""
    metadata, status = raw.metadata, raw.status
    requested = taken_by_node.get(metadata.name) or Taken(
        max((len(one.spread) for one in taken_by_node.values()), default=0)
    )
    states = {one.type: one.status for one in status.conditions}
    pressure = next(
        (kind for kind, said in states.items() if kind.endswith("Pressure") and said == "True"), ""
    )
    taints = {
        (taint.key, taint.value, str(taint.effect))
        for taint in raw.spec.taints
        if taint.effect in ("NoSchedule", "NoExecute") and taint.key not in _CONDITIONS
    }
    if raw.spec.unschedulable:
        taints.add((UNSCHEDULABLE, "", "NoSchedule"))
    free = status.allocatable
    if missing := {"cpu", "memory", "pods"} - free.keys():
        raise Impossible(f"status.allocatable.{min(missing)} is missing")
    cpu, memory = nanocores(free["cpu"]) or 0, bytes_of(free["memory"]) or 0
    return NodeRoom(
        name=metadata.name,
        cpu_nanocores=cpu - requested.cpu_nanocores,
        memory_bytes=memory - requested.memory_bytes,
        pods=int(quantity(free["pods"])) - requested.pods,
        cpu_allocatable_nanocores=cpu,
        memory_allocatable_bytes=memory,
        labels=metadata.labels,
        taints=tuple(sorted(taints)),
        closed="it is not ready"
        if states.get("Ready") != "True"
        else f"it is under {pressure}"
        if pressure
        else "",
        spread=tuple(requested.spread),
    )
