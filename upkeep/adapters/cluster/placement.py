"""Scheduling rules of a pod template as records.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/;
https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/.
"""

from collections.abc import Iterator, Mapping

from upkeep.adapters.cluster.fields import Raw, label_selector, text
from upkeep.domain import discovery
from upkeep.records.placement import RESOURCES, Apart, Away, NodeTerm, Placement, Spread, Toleration

_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_TEMPLATE_HASH = "pod-template-hash"


def placement(spec: Raw, labels: Mapping[str, str]) -> Placement:
    """Return where the pods of a PodSpec may go.

    :param labels: the pods' labels, which tell an anti-affinity to their own kind.
    """
    affinity = spec.get("affinity") or {}
    required = (affinity.get("nodeAffinity") or {}).get(REQUIRED)
    terms = (
        None
        if required is None
        else tuple(_node_term(term) for term in required["nodeSelectorTerms"])
    )
    apart, away, unlooked = [], [], []
    for term in (affinity.get("podAntiAffinity") or {}).get(REQUIRED) or []:
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
        elif term.get("labelSelector") is not None:  # without one it selects no pod
            away.append(
                Away(
                    term["topologyKey"],
                    label_selector(term["labelSelector"]),
                    namespaces(term, ""),
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
        priority_class=text(spec.get("priorityClassName") or ""),
        cross_namespace=_crosses_namespaces(affinity),
        apart=tuple(apart),
        spread=tuple(spread),
        away=tuple(away),
        unlooked=tuple(dict.fromkeys([*unlooked, *_unlooked(spec)])),
    )


def _crosses_namespaces(affinity: Raw) -> bool:
    """Tell whether the quota scope CrossNamespacePodAffinity counts the pods."""
    terms = [
        term.get("podAffinityTerm") or term
        for part in ("podAffinity", "podAntiAffinity")
        for mode in (REQUIRED, PREFERRED)
        for term in (affinity.get(part) or {}).get(mode) or []
    ]
    return any(
        term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms
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
    """Tell whether a term selects the pods that carry it.

    Without a selector it selects none; with namespaces it may mean pods elsewhere.
    """
    everywhere = not term.get("namespaces") and not term.get("namespaceSelector")
    told = term.get("labelSelector")
    return (
        everywhere
        and told is not None
        and not term.get("mismatchLabelKeys")
        and discovery.matches(label_selector(told), labels)
    )


def namespaces(term: Raw, own: str) -> tuple[str, ...] | None:
    """Return the namespaces of a term, its own by default; ``None`` for all."""
    selector = term.get("namespaceSelector")
    if selector == {}:
        return None
    return tuple(term.get("namespaces") or (() if selector else (own,)))


def _spread(rule: Raw, labels: Mapping[str, str]) -> Spread | None:
    """Return a topology spread of the pods' own kind; ``None`` for any other.

    ``None`` too for a node policy that differs from the default.
    """
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
    """Yield the rules of a PodSpec that are not evaluated here."""
    if ((spec.get("affinity") or {}).get("podAffinity") or {}).get(REQUIRED):
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
    if spec.get("priorityClassName"):
        # The scheduler may evict pods of lower priority to make room.
        yield "preemption"
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
    yield from sorted(names.difference(RESOURCES))
