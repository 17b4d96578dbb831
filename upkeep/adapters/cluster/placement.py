"""What pods say of the nodes that they may go to, and nodes, quotas and limit ranges as records.

Source: Kubernetes API reference v1.36 (core/v1 PodSpec, Node, ResourceQuota, LimitRange).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from upkeep.adapters.cluster.fields import (
    Raw,
    bytes_of,
    label_selector,
    labels_of,
    nanocores,
    quantity,
    reading,
    resources,
    text,
)
from upkeep.domain import discovery
from upkeep.domain.placement import UNSCHEDULABLE, effective
from upkeep.errors import TooEarly
from upkeep.model import listed
from upkeep.records.placement import (
    Apart,
    Away,
    LimitRange,
    NodeRoom,
    NodeTerm,
    Placement,
    Quota,
    Spread,
    Toleration,
)

_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_TEMPLATE_HASH = "pod-template-hash"
# Kubernetes taints nodes with these for conditions that are read here themselves, and for being cordoned.
_CONDITIONS = {
    f"node.kubernetes.io/{name}"
    for name in ("not-ready", "unreachable", "memory-pressure", "disk-pressure", "pid-pressure")
}
_LOOKED_AT = ("cpu", "memory")
# Scopes that leave out pods which run on and on, and request something.
_OF_OTHERS = frozenset(
    {"Terminating", "BestEffort", "CrossNamespacePodAffinity", "VolumeAttributesClass"}
)
# What pods take of a quota.
_OF_PODS = frozenset(
    {
        "pods",
        "count/pods",
        *(f"{part}{name}" for part in ("", "requests.", "limits.") for name in _LOOKED_AT),
    }
)


def placement(spec: Raw, labels: Mapping[str, str]) -> Placement:
    """Where the pods of a PodSpec may go.

    :param labels: the pods' own, for the anti-affinity to their own kind.
    """
    affinity = spec.get("affinity") or {}
    required = (affinity.get("nodeAffinity") or {}).get(_REQUIRED)
    terms = (
        None
        if required is None
        else tuple(_node_term(term) for term in required["nodeSelectorTerms"])
    )
    apart, away, unlooked = [], [], []
    for term in (affinity.get("podAntiAffinity") or {}).get(_REQUIRED) or []:
        if _about_themselves(term, labels):
            apart.append(
                Apart(
                    term["topologyKey"],
                    across_revisions=_TEMPLATE_HASH not in (term.get("matchLabelKeys") or ()),
                )
            )
        elif (
            term.get("matchLabelKeys")
            or term.get("mismatchLabelKeys")
            or term.get("namespaceSelector")
        ):
            unlooked.append("anti-affinity to other pods")
        elif term.get("labelSelector") is not None:  # without one it is to none
            away.append(
                Away(
                    term["topologyKey"],
                    label_selector(term["labelSelector"]),
                    _namespaces(term, ""),
                )
            )
    spread = []
    for rule in spec.get("topologySpreadConstraints") or []:
        if rule.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule":
            if (found := _spread(rule, labels)) is not None:
                spread.append(found)
            else:
                unlooked.append("topology spread")
    return Placement(
        node_name=text(spec.get("nodeName") or ""),
        node_selector=dict(spec.get("nodeSelector") or {}),
        terms=terms,
        tolerations=tuple(_toleration(entry) for entry in spec.get("tolerations") or []),
        apart=tuple(apart),
        spread=tuple(spread),
        away=tuple(away),
        unlooked=tuple(dict.fromkeys([*unlooked, *_unlooked(spec)])),
    )


def _node_term(raw: Raw) -> NodeTerm:
    labels, fields = (
        tuple(
            (rule["key"], rule["operator"], tuple(rule.get("values") or ()))
            for rule in raw.get(part) or []
        )
        for part in ("matchExpressions", "matchFields")
    )
    for _, operator, values in (*labels, *fields):
        if operator not in _NODE_OPERATORS or (operator in ("Gt", "Lt") and len(values) != 1):
            raise ValueError(f"operator {operator}")
    return NodeTerm(labels, fields)


def _toleration(raw: Raw) -> Toleration:
    return Toleration(
        raw.get("key") or "",
        raw.get("operator") or "Equal",
        raw.get("value") or "",
        raw.get("effect") or "",
    )


def _about_themselves(term: Raw, labels: Mapping[str, str]) -> bool:
    """Whether a term selects the pods that have it. One without a selector selects none; one of named namespaces may be about others."""
    everywhere = not term.get("namespaces") and not term.get("namespaceSelector")
    told = term.get("labelSelector")
    return (
        everywhere
        and told is not None
        and not term.get("mismatchLabelKeys")
        and discovery.matches(label_selector(told), labels)
    )


def _namespaces(term: Raw, own: str) -> tuple[str, ...] | None:
    """In which namespaces a term is about pods; ``None`` for all. Where it names none, its own."""
    selector = term.get("namespaceSelector")
    if selector == {}:
        return None
    return tuple(term.get("namespaces") or (() if selector else (own,)))


def _spread(rule: Raw, labels: Mapping[str, str]) -> Spread | None:
    """A topology spread of the pods' own kind; ``None`` where it is another one, or has a policy for nodes that is not the default."""
    told, keys = rule.get("labelSelector"), set(rule.get("matchLabelKeys") or ())
    usual = rule.get("nodeAffinityPolicy") in (None, "Honor") and rule.get("nodeTaintsPolicy") in (
        None,
        "Ignore",
    )
    if (
        not usual
        or keys - {_TEMPLATE_HASH}
        or told is None
        or not discovery.matches(label_selector(told), labels)
    ):
        return None
    return Spread(
        topology_key=text(rule["topologyKey"]),
        most_skew=int(rule["maxSkew"]),
        selector=label_selector(told),
        least_domains=int(rule.get("minDomains") or 1),
        across_revisions=_TEMPLATE_HASH not in keys,
    )


def _unlooked(spec: Raw) -> Iterator[str]:
    """What also decides where pods go, and is not looked at."""
    if ((spec.get("affinity") or {}).get("podAffinity") or {}).get(_REQUIRED):
        yield "affinity to other pods"
    if any(
        one.get("operator") not in (None, "", "Equal", "Exists")
        for one in spec.get("tolerations") or []
    ):
        yield "tolerations by number"
    if spec.get("schedulerName") not in (None, "default-scheduler"):
        yield f"scheduler {spec['schedulerName']}"
    if spec.get("runtimeClassName"):
        yield f"RuntimeClass {spec['runtimeClassName']}"
    if any(
        "persistentVolumeClaim" in volume or "ephemeral" in volume
        for volume in spec.get("volumes") or []
    ):
        yield "where volumes are"
    if spec.get("resourceClaims"):
        yield "resource claims"
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    if any(
        port.get("hostPort") for container in containers for port in container.get("ports") or []
    ):
        yield "host ports"
    said = [container.get("resources") or {} for container in containers]
    names = {
        name for one in said for part in ("requests", "limits") for name in one.get(part) or {}
    }
    yield from sorted(names.difference(_LOOKED_AT))


@dataclass(frozen=True, slots=True)
class Newcomer:
    """The pod that is to be placed: its namespace, its labels, and where it may go."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    placement: Placement = field(default_factory=Placement)


class Taken:
    """What the pods on a node request together, how many each spread of the newcomer counts, and by which node labels one keeps it away."""

    __slots__ = ("cpu_nanocores", "keeps_away", "memory_bytes", "pods", "spread", "unlooked")

    def __init__(self, spreads: int) -> None:
        self.cpu_nanocores = self.memory_bytes = self.pods = 0
        self.spread = [0] * spreads
        self.keeps_away: dict[str, str] = {}
        self.unlooked = ""


def taken(pods: Iterable[Raw], newcomer: Newcomer | None = None) -> dict[str, Taken]:
    """What is requested on each node by its name, of pods that are looked at one by one; those without a node are under the empty name."""
    nodes: dict[str, Taken] = {}
    newcomer = newcomer or Newcomer()
    for raw in pods:
        with reading("Pod", raw):
            spec = raw["spec"]
            own, first = (
                [resources(entry) for entry in spec.get(part) or []]
                for part in ("containers", "initContainers")
            )
            again = [
                entry.get("restartPolicy") == "Always" for entry in spec.get("initContainers") or []
            ]
            whole, overhead = (
                (spec.get("resources") or {}).get("requests") or {},
                spec.get("overhead") or {},
            )
            node = nodes.setdefault(
                text(spec.get("nodeName") or ""), Taken(len(newcomer.placement.spread))
            )
            _beside(node, raw, newcomer)
            node.pods += 1
            node.cpu_nanocores += effective(
                (one.cpu_request_nanocores for one in own),
                zip((one.cpu_request_nanocores for one in first), again, strict=True),
                whole=nanocores(whole.get("cpu")),
                overhead=nanocores(overhead.get("cpu")),
            )
            node.memory_bytes += effective(
                (one.memory_request_bytes for one in own),
                zip((one.memory_request_bytes for one in first), again, strict=True),
                whole=bytes_of(whole.get("memory")),
                overhead=bytes_of(overhead.get("memory")),
            )
    return nodes


def _beside(node: Taken, raw: Raw, newcomer: Newcomer) -> None:
    """What a pod on a node means to the newcomer: whether its spreads count it, and whether one of the two must not be beside the other.

    Of the newcomer's own kind, what both say of each other is in its own rules.
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
    terms = ((spec.get("affinity") or {}).get("podAntiAffinity") or {}).get(_REQUIRED) or []
    for term in () if alike and placement.apart else terms:
        told = term.get("labelSelector")
        if told is None or not discovery.matches(label_selector(told), newcomer.labels):
            continue
        places = _namespaces(term, namespace)
        if places is None or newcomer.namespace in places:
            node.keeps_away.setdefault(
                term["topologyKey"],
                f"pod {name} must not share a {term['topologyKey']} with the pods",
            )
        elif term.get("namespaceSelector"):  # of labels of namespaces, which are not read
            node.unlooked = (
                node.unlooked
                or f"the anti-affinity of pod {name} to namespaces with certain labels"
            )


def node_rooms(raws: Iterable[Raw], taken_by_node: Mapping[str, Taken]) -> tuple[NodeRoom, ...]:
    """What is left free of each node, those closed that are in the domain of a pod that keeps the newcomer away."""
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
    """What is left free of a node. One that is not ready, or under pressure, is closed."""
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


def quota(raw: Raw) -> Quota | None:
    """A ResourceQuota; ``None`` where its scopes leave out pods that run on and on, and request something.

    :raises TooEarly: it was made or changed just now, and what is used of it is not counted yet: until then the API server refuses every pod.
    """
    with reading("ResourceQuota", raw):
        name, namespace = raw["metadata"]["name"], raw["metadata"].get("namespace")
        spec, status = raw.get("spec") or {}, raw.get("status") or {}
        chosen = (spec.get("scopeSelector") or {}).get("matchExpressions") or []
        scopes = {
            *(spec.get("scopes") or ()),
            *(one["scopeName"] for one in chosen if one["operator"] == "Exists"),
        }
        if scopes & _OF_OTHERS:
            return None
        hard, used = (
            {key: int(quantity(text) * 1000) for key, text in (status.get(part) or {}).items()}
            for part in ("hard", "used")
        )
        uncounted = sorted(
            _OF_PODS & {*(spec.get("hard") or {}), *hard} - (hard.keys() & used.keys())
        )
        if uncounted:
            raise TooEarly(
                f"ResourceQuota/{name} does not say yet how much of {listed(uncounted)} is used",
                source="resourcequotas",
                next_step=f"kubectl describe resourcequota {name}{f' -n {namespace}' if namespace else ''}",
            )
        return Quota(name, hard, used)


def limit_ranges(raw: Raw) -> tuple[LimitRange, ...]:
    """The items of a LimitRange that are about containers or pods."""
    with reading("LimitRange", raw):
        name = raw["metadata"]["name"]
        return tuple(
            LimitRange(
                name=name,
                kind=item["type"],
                least=_amounts(item.get("min")),
                most=_amounts(item.get("max")),
                ratio={
                    key: float(quantity(text))
                    for key, text in (item.get("maxLimitRequestRatio") or {}).items()
                    if key in _LOOKED_AT
                },
                default_limit=_amounts(item.get("default")),
                default_request=_amounts(item.get("defaultRequest")),
            )
            for item in raw["spec"]["limits"]
            if item["type"] in ("Container", "Pod")
        )


def _amounts(raw: Any) -> dict[str, int]:
    found = {
        "cpu": nanocores((raw or {}).get("cpu")),
        "memory": bytes_of((raw or {}).get("memory")),
    }
    return {name: amount for name, amount in found.items() if amount is not None}
