"""Free room on nodes, and pods there that keep others away.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/;
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from upkeep.adapters.cluster.demands import demand
from upkeep.adapters.cluster.fields import (
    Raw,
    bytes_of,
    label_selector,
    labels_of,
    nanocores,
    quantity,
    reading,
    text,
)
from upkeep.adapters.cluster.placement import REQUIRED, namespaces
from upkeep.domain import discovery
from upkeep.domain.placement import UNSCHEDULABLE
from upkeep.records.placement import NodeRoom, Placement

# Kubernetes taints nodes with these for conditions that are read here themselves.
_CONDITIONS = {
    f"node.kubernetes.io/{name}"
    for name in ("not-ready", "unreachable", "memory-pressure", "disk-pressure", "pid-pressure")
}


@dataclass(frozen=True, slots=True)
class Newcomer:
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


def taken(pods: Iterable[Raw], newcomer: Newcomer | None = None) -> dict[str, Taken]:
    """Return what pods request on each node; those without a node are under the empty name.

    The pods are read one by one, and only sums are kept.
    """
    nodes: dict[str, Taken] = {}
    newcomer = newcomer or Newcomer()
    for raw in pods:
        with reading("Pod", raw):
            node = nodes.setdefault(
                text(raw["spec"].get("nodeName") or ""), Taken(len(newcomer.placement.spread))
            )
            _beside(node, raw, newcomer)
            counted = demand(raw)
            node.pods += 1
            node.cpu_nanocores += counted.cpu_request
            node.memory_bytes += counted.memory_request
    return nodes


def _beside(node: Taken, raw: Raw, newcomer: Newcomer) -> None:
    """Note what a pod on a node means to the newcomer: topology spread and anti-affinity.

    Pods of the newcomer's own kind are left to the newcomer's own rules.
    """
    spec, metadata = raw["spec"], raw["metadata"]
    labels, namespace, placement = (
        metadata.get("labels") or {},
        metadata.get("namespace") or "",
        newcomer.placement,
    )
    if namespace == newcomer.namespace and not metadata.get("deletionTimestamp"):
        for number, rule in enumerate(placement.spread):
            node.spread[number] += discovery.matches(rule.selector, labels)
    name = f"{namespace}/{metadata['name']}"
    for away in placement.away:
        among = away.namespaces is None or namespace in (
            one or newcomer.namespace for one in away.namespaces
        )
        if among and discovery.matches(away.selector, labels):
            node.keeps_away.setdefault(
                away.topology_key, f"the pods must not share a {away.topology_key} with pod {name}"
            )
    alike = namespace == newcomer.namespace and newcomer.labels.items() <= labels.items()
    terms = ((spec.get("affinity") or {}).get("podAntiAffinity") or {}).get(REQUIRED) or []
    for term in () if alike and placement.apart else terms:
        told = term.get("labelSelector")
        if told is None or not discovery.matches(label_selector(told), newcomer.labels):
            continue
        places = namespaces(term, namespace)
        if places is None or newcomer.namespace in places:
            node.keeps_away.setdefault(
                term["topologyKey"],
                f"pod {name} must not share a {term['topologyKey']} with the pods",
            )
        elif term.get("namespaceSelector"):  # labels of namespaces are not read
            node.unlooked = (
                node.unlooked
                or f"the anti-affinity of pod {name} to namespaces with certain labels"
            )


def node_rooms(raws: Iterable[Raw], taken_by_node: Mapping[str, Taken]) -> tuple[NodeRoom, ...]:
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


def node_room(raw: Raw, taken_by_node: Mapping[str, Taken]) -> NodeRoom:
    """Return the free room of one node. A node that is not ready or under pressure is closed."""
    with reading("Node", raw):
        spec, metadata = raw.get("spec") or {}, raw["metadata"]
        requested = taken_by_node.get(metadata["name"]) or Taken(
            max((len(one.spread) for one in taken_by_node.values()), default=0)
        )
        states = {entry["type"]: entry["status"] for entry in raw["status"].get("conditions") or []}
        pressure = next(
            (
                kind
                for kind, status in states.items()
                if kind.endswith("Pressure") and status == "True"
            ),
            "",
        )
        taints = {
            (taint["key"], taint.get("value") or "", taint["effect"])
            for taint in spec.get("taints") or []
            if taint["effect"] in ("NoSchedule", "NoExecute") and taint["key"] not in _CONDITIONS
        }
        if spec.get("unschedulable"):
            taints.add((UNSCHEDULABLE, "", "NoSchedule"))
        free = raw["status"]["allocatable"]
        cpu, memory = nanocores(free["cpu"]) or 0, bytes_of(free["memory"]) or 0
        return NodeRoom(
            name=metadata["name"],
            cpu_nanocores=cpu - requested.cpu_nanocores,
            memory_bytes=memory - requested.memory_bytes,
            pods=int(quantity(free["pods"])) - requested.pods,
            cpu_allocatable_nanocores=cpu,
            memory_allocatable_bytes=memory,
            labels=labels_of(metadata),
            taints=tuple(sorted(taints)),
            closed="it is not ready"
            if states.get("Ready") != "True"
            else f"it is under {pressure}"
            if pressure
            else "",
            spread=tuple(requested.spread),
        )
