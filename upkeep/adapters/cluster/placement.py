"""What pods say of the nodes that they may go to, and nodes, quotas and limit ranges as records.

Source: Kubernetes API reference v1.36 (core/v1 PodSpec, Node, ResourceQuota, LimitRange).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from upkeep.adapters.cluster.fields import (
    Impossible,
    Raw,
    bytes_of,
    label_selector,
    nanocores,
    quantity,
    reads,
    resources,
)
from upkeep.adapters.wire import scheduling as wire
from upkeep.adapters.wire.meta import LabelSelector, Quantities
from upkeep.adapters.wire.pods import PlacedPod, PodSpec
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


def placement(spec: PodSpec, labels: Mapping[str, str]) -> Placement:
    """Where the pods of a PodSpec may go.

    :param labels: the pods' own, for the anti-affinity to their own kind.
    """
    affinity = spec.affinity or wire.Affinity()
    required = affinity.nodeAffinity and (
        affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution
    )
    apart, away, unlooked = [], [], []
    for term in _required(affinity.podAntiAffinity):
        if _about_themselves(term, labels):
            apart.append(
                Apart(term.topologyKey, across_revisions=_TEMPLATE_HASH not in term.matchLabelKeys)
            )
        elif term.matchLabelKeys or term.mismatchLabelKeys or _chooses(term.namespaceSelector):
            unlooked.append("anti-affinity to other pods")
        elif term.labelSelector is not None:  # without one it is to none
            away.append(
                Away(term.topologyKey, label_selector(term.labelSelector), _namespaces(term, ""))
            )
    spread = []
    for rule in spec.topologySpreadConstraints:
        if rule.whenUnsatisfiable == "DoNotSchedule":
            if (found := _spread(rule, labels)) is not None:
                spread.append(found)
            else:
                unlooked.append("topology spread")
    return Placement(
        node_name=spec.nodeName,
        node_selector=spec.nodeSelector,
        terms=tuple(_node_term(term) for term in required.nodeSelectorTerms) if required else None,
        tolerations=tuple(
            Toleration(one.key, one.operator or "Equal", one.value, one.effect)
            for one in spec.tolerations
        ),
        apart=tuple(apart),
        spread=tuple(spread),
        away=tuple(away),
        unlooked=tuple(dict.fromkeys([*unlooked, *_unlooked(spec)])),
    )


def _required(affinity: wire.PodAffinity | None) -> tuple[wire.PodAffinityTerm, ...]:
    return affinity.requiredDuringSchedulingIgnoredDuringExecution if affinity else ()


def _chooses(selector: LabelSelector | None) -> bool:
    """Whether a selector of namespaces leaves some out: an empty one selects all, none is no word."""
    return selector is not None and selector != LabelSelector()


def _node_term(term: wire.NodeTerm) -> NodeTerm:
    labels, fields = (
        tuple((rule.key, rule.operator, rule.values) for rule in rules)
        for rules in (term.matchExpressions, term.matchFields)
    )
    return NodeTerm(labels, fields)


def _about_themselves(term: wire.PodAffinityTerm, labels: Mapping[str, str]) -> bool:
    """Whether a term selects the pods that have it. One without a selector selects none; one of named namespaces may be about others."""
    return (
        not term.namespaces
        and not _chooses(term.namespaceSelector)
        and term.labelSelector is not None
        and not term.mismatchLabelKeys
        and discovery.matches(label_selector(term.labelSelector), labels)
    )


def _namespaces(term: wire.PodAffinityTerm, own: str) -> tuple[str, ...] | None:
    """In which namespaces a term is about pods; ``None`` for all. Where it names none, its own."""
    if term.namespaceSelector == LabelSelector():
        return None
    return term.namespaces or (() if term.namespaceSelector else (own,))


def _spread(rule: wire.SpreadConstraint, labels: Mapping[str, str]) -> Spread | None:
    """A topology spread of the pods' own kind; ``None`` where it is another one, or has a policy for nodes that is not the default."""
    keys = set(rule.matchLabelKeys)
    usual = rule.nodeAffinityPolicy != "Ignore" and rule.nodeTaintsPolicy != "Honor"
    if not usual or keys - {_TEMPLATE_HASH} or rule.labelSelector is None:
        return None
    selector = label_selector(rule.labelSelector)
    if not discovery.matches(selector, labels):
        return None
    return Spread(
        topology_key=rule.topologyKey,
        most_skew=rule.maxSkew,
        selector=selector,
        least_domains=rule.minDomains or 1,
        across_revisions=_TEMPLATE_HASH not in keys,
    )


def _unlooked(spec: PodSpec) -> Iterator[str]:
    """What also decides where pods go, and is not looked at."""
    if _required(spec.affinity.podAffinity if spec.affinity else None):
        yield "affinity to other pods"
    if any(one.operator in ("Lt", "Gt") for one in spec.tolerations):
        yield "tolerations by number"
    if spec.schedulerName not in ("", "default-scheduler"):
        yield f"scheduler {spec.schedulerName}"
    if spec.runtimeClassName:
        yield f"RuntimeClass {spec.runtimeClassName}"
    if any(volume.persistentVolumeClaim or volume.ephemeral for volume in spec.volumes):
        yield "where volumes are"
    if spec.resourceClaims:
        yield "resource claims"
    containers = (*spec.containers, *spec.initContainers)
    if any(port.hostPort for container in containers for port in container.ports):
        yield "host ports"
    names = {
        name
        for one in containers
        for part in (one.resources.requests, one.resources.limits)
        for name in part
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


def taken(pods: Iterable[PlacedPod | Raw], newcomer: Newcomer | None = None) -> dict[str, Taken]:
    """What is requested on each node by its name, of pods that are looked at one by one; those without a node are under the empty name."""
    nodes: dict[str, Taken] = {}
    newcomer = newcomer or Newcomer()
    for pod in pods:
        _take(pod, nodes, newcomer)
    return nodes


@reads(PlacedPod)
def _take(pod: PlacedPod, nodes: dict[str, Taken], newcomer: Newcomer) -> None:
    """Adds what a pod requests to its node."""
    spec = pod.spec
    own, first = (
        [resources(one.name, one.resources) for one in part]
        for part in (spec.containers, spec.initContainers)
    )
    again = [one.restartPolicy == "Always" for one in spec.initContainers]
    whole = spec.resources.requests if spec.resources else {}
    node = nodes.setdefault(spec.nodeName, Taken(len(newcomer.placement.spread)))
    _beside(node, pod, newcomer)
    node.pods += 1
    node.cpu_nanocores += effective(
        (one.cpu_request_nanocores for one in own),
        zip((one.cpu_request_nanocores for one in first), again, strict=True),
        whole=nanocores(whole.get("cpu")),
        overhead=nanocores(spec.overhead.get("cpu")),
    )
    node.memory_bytes += effective(
        (one.memory_request_bytes for one in own),
        zip((one.memory_request_bytes for one in first), again, strict=True),
        whole=bytes_of(whole.get("memory")),
        overhead=bytes_of(spec.overhead.get("memory")),
    )


def _beside(node: Taken, pod: PlacedPod, newcomer: Newcomer) -> None:
    """What a pod on a node means to the newcomer: whether its spreads count it, and whether one of the two must not be beside the other.

    Of the newcomer's own kind, what both say of each other is in its own rules.
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
    terms = _required(pod.spec.affinity.podAntiAffinity if pod.spec.affinity else None)
    for term in () if alike and placement.apart else terms:
        told = term.labelSelector
        if told is None or not discovery.matches(label_selector(told), newcomer.labels):
            continue
        places = _namespaces(term, namespace)
        if places is None or newcomer.namespace in places:
            node.keeps_away.setdefault(
                term.topologyKey,
                f"pod {name} must not share a {term.topologyKey} with the pods",
            )
        elif _chooses(term.namespaceSelector):  # of labels of namespaces, which are not read
            node.unlooked = (
                node.unlooked
                or f"the anti-affinity of pod {name} to namespaces with certain labels"
            )


def node_rooms(
    raws: Iterable[wire.Node | Raw], taken_by_node: Mapping[str, Taken]
) -> tuple[NodeRoom, ...]:
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


@reads(wire.Node)
def node_room(raw: wire.Node, taken_by_node: Mapping[str, Taken]) -> NodeRoom:
    """What is left free of a node. One that is not ready, or under pressure, is closed."""
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


@reads(wire.ResourceQuota)
def quota(raw: wire.ResourceQuota) -> Quota | None:
    """A ResourceQuota; ``None`` where its scopes leave out pods that run on and on, and request something.

    :raises TooEarly: it was made or changed just now, and what is used of it is not counted yet: until then the API server refuses every pod.
    """
    name, namespace = raw.metadata.name, raw.metadata.namespace
    chosen = raw.spec.scopeSelector.matchExpressions if raw.spec.scopeSelector else ()
    scopes = {
        *raw.spec.scopes,
        *(one.scopeName for one in chosen if one.operator == "Exists"),
    }
    if scopes & _OF_OTHERS:
        return None
    hard, used = (
        {key: int(quantity(said) * 1000) for key, said in part.items()}
        for part in (raw.status.hard, raw.status.used)
    )
    uncounted = sorted(_OF_PODS & {*raw.spec.hard, *hard} - (hard.keys() & used.keys()))
    if uncounted:
        raise TooEarly(
            f"ResourceQuota/{name} does not say yet how much of {listed(uncounted)} is used",
            source="resourcequotas",
            next_step=f"kubectl describe resourcequota {name}{f' -n {namespace}' if namespace else ''}",
        )
    return Quota(name, hard, used)


@reads(wire.LimitRange)
def limit_ranges(raw: wire.LimitRange) -> tuple[LimitRange, ...]:
    """The items of a LimitRange that are about containers or pods."""
    return tuple(
        LimitRange(
            name=raw.metadata.name,
            kind=item.type,
            least=_amounts(item.min),
            most=_amounts(item.max),
            ratio={
                key: float(quantity(said))
                for key, said in item.maxLimitRequestRatio.items()
                if key in _LOOKED_AT
            },
            default_limit=_amounts(item.default),
            default_request=_amounts(item.defaultRequest),
        )
        for item in raw.spec.limits or ()
        if item.type in ("Container", "Pod")
    )


def _amounts(said: Quantities) -> dict[str, int]:
    found = {"cpu": nanocores(said.get("cpu")), "memory": bytes_of(said.get("memory"))}
    return {name: amount for name, amount in found.items() if amount is not None}
