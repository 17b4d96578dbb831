"""Scheduling rules of a pod template as records.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/;
https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/.
"""

from collections.abc import Iterator, Mapping

from upkeep.adapters.cluster.fields import label_selector
from upkeep.adapters.wire import scheduling as wire
from upkeep.adapters.wire.meta import LabelSelector
from upkeep.adapters.wire.pods import PodSpec
from upkeep.domain import discovery
from upkeep.records.placement import RESOURCES, Apart, Away, NodeTerm, Placement, Spread, Toleration

_TEMPLATE_HASH = "pod-template-hash"


def placement(spec: PodSpec, labels: Mapping[str, str]) -> Placement:
    """Return where the pods of a PodSpec may go.

    :param labels: the pods' labels, which tell an anti-affinity to their own kind.
    """
    affinity = spec.affinity or wire.Affinity()
    needed = affinity.nodeAffinity and (
        affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution
    )
    apart, away, unlooked = [], [], []
    for term in required(affinity.podAntiAffinity):
        if _about_themselves(term, labels):
            apart.append(
                Apart(term.topologyKey, across_revisions=_TEMPLATE_HASH not in term.matchLabelKeys)
            )
        elif term.matchLabelKeys or term.mismatchLabelKeys or chooses(term.namespaceSelector):
            unlooked.append("anti-affinity to other pods")
        elif term.labelSelector is not None:  # without one it selects no pod
            away.append(
                Away(term.topologyKey, label_selector(term.labelSelector), namespaces(term, ""))
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
        terms=tuple(_node_term(term) for term in needed.nodeSelectorTerms) if needed else None,
        tolerations=tuple(
            Toleration(one.key, one.operator or "Equal", one.value, one.effect)
            for one in spec.tolerations
        ),
        priority_class=spec.priorityClassName,
        cross_namespace=_crosses_namespaces(affinity),
        apart=tuple(apart),
        spread=tuple(spread),
        away=tuple(away),
        unlooked=tuple(dict.fromkeys([*unlooked, *_unlooked(spec)])),
    )


def _crosses_namespaces(affinity: wire.Affinity) -> bool:
    """Tell whether the quota scope CrossNamespacePodAffinity counts the pods."""
    return any(
        term.namespaces or term.namespaceSelector is not None
        for part in (affinity.podAffinity, affinity.podAntiAffinity)
        if part
        for term in (
            *part.requiredDuringSchedulingIgnoredDuringExecution,
            *(one.podAffinityTerm for one in part.preferredDuringSchedulingIgnoredDuringExecution),
        )
    )


def required(affinity: wire.PodAffinity | None) -> tuple[wire.PodAffinityTerm, ...]:
    """Return the required terms of an affinity to pods."""
    return affinity.requiredDuringSchedulingIgnoredDuringExecution if affinity else ()


def chooses(selector: LabelSelector | None) -> bool:
    """Tell whether a selector of namespaces leaves some out; an empty one selects all."""
    return selector is not None and selector != LabelSelector()


def _node_term(term: wire.NodeTerm) -> NodeTerm:
    labels, fields = (
        tuple((rule.key, rule.operator, rule.values) for rule in rules)
        for rules in (term.matchExpressions, term.matchFields)
    )
    return NodeTerm(labels, fields)


def _about_themselves(term: wire.PodAffinityTerm, labels: Mapping[str, str]) -> bool:
    """Tell whether a term selects the pods that carry it.

    Without a selector it selects none; with namespaces it may mean pods elsewhere.
    """
    return (
        not term.namespaces
        and not chooses(term.namespaceSelector)
        and term.labelSelector is not None
        and not term.mismatchLabelKeys
        and discovery.matches(label_selector(term.labelSelector), labels)
    )


def namespaces(term: wire.PodAffinityTerm, own: str) -> tuple[str, ...] | None:
    """Return the namespaces of a term, its own by default; ``None`` for all."""
    if term.namespaceSelector == LabelSelector():
        return None
    return term.namespaces or (() if term.namespaceSelector else (own,))


def _spread(rule: wire.SpreadConstraint, labels: Mapping[str, str]) -> Spread | None:
    """Return a topology spread of the pods' own kind; ``None`` for any other.

    ``None`` too for a node policy that differs from the default.
    """
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
    """Yield the rules of a PodSpec that are not evaluated here."""
    if required(spec.affinity.podAffinity if spec.affinity else None):
        yield "affinity to other pods"
    if any(one.operator in ("Lt", "Gt") for one in spec.tolerations):
        yield "tolerations by number"
    if spec.schedulerName not in ("", "default-scheduler"):
        yield f"scheduler {spec.schedulerName}"
    if spec.runtimeClassName:
        yield f"RuntimeClass {spec.runtimeClassName}"
    if any(volume.persistentVolumeClaim or volume.ephemeral for volume in spec.volumes):
        yield "where volumes are"
    if spec.priorityClassName:
        # The scheduler may evict pods of lower priority to make room.
        yield "preemption"
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
    yield from sorted(names.difference(RESOURCES))
