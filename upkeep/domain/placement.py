"""The scheduler's rules: which nodes take a pod, and how many more pods fit.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/;
the scheduler's plugins NodeName, NodeAffinity, TaintToleration, PodTopologySpread and Fit.
"""

from collections.abc import Mapping, Sequence

from upkeep.records.placement import Demand, NodeRoom, Placement, Spread, Toleration

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
# The most pods that are placed one by one: more than an emergency needs.
MOST = 100


def keeps_away(placement: Placement, room: NodeRoom) -> str:
    """Return why a node takes no pod of this placement; empty where it takes some."""
    if room.closed:
        return room.closed
    if why := _chooses_others(placement, room):
        return why
    for key, value, effect in room.taints:
        # A template that names its node bypasses the scheduler, which alone obeys NoSchedule.
        heard = effect == "NoExecute" or not placement.node_name
        if heard and not any(_tolerates(one, key, value, effect) for one in placement.tolerations):
            return (
                "it is cordoned"
                if key == UNSCHEDULABLE
                else f"its taint {key}{f'={value}' if value else ''}:{effect} is not tolerated"
            )
    missing = [one.topology_key for one in placement.spread if one.topology_key not in room.labels]
    return f"it has no label {missing[0]}, by which the pods are spread" if missing else ""


def _chooses_others(placement: Placement, room: NodeRoom) -> str:
    """Return why the pod template itself excludes a node."""
    if placement.node_name and placement.node_name != room.name:
        return f"the pod template names node {placement.node_name}"
    lacking = [
        f"{key}={value}"
        for key, value in placement.node_selector.items()
        if room.labels.get(key) != value
    ]
    if lacking:
        return f"it has no label {lacking[0]}"
    if placement.terms is not None and not any(
        (term.labels or term.fields)
        and all(_holds(rule, room.labels) for rule in term.labels)
        and all(_holds(rule, {"metadata.name": room.name}) for rule in term.fields)
        for term in placement.terms
    ):
        return "the required node affinity excludes it"
    return ""


def _holds(rule: tuple[str, str, tuple[str, ...]], labels: Mapping[str, str]) -> bool:
    """Evaluate a requirement of a node affinity.

    A node without the label passes NotIn; Gt and Lt compare integers.
    """
    key, operator, values = rule
    there = labels.get(key)
    if operator in ("Exists", "DoesNotExist"):
        return (there is not None) is (operator == "Exists")
    if operator in ("In", "NotIn"):
        return (there in values) is (operator == "In")
    if there is None or not there.lstrip("-").isdigit():
        return False
    return int(there) > int(values[0]) if operator == "Gt" else int(there) < int(values[0])


def _tolerates(one: Toleration, key: str, value: str, effect: str) -> bool:
    if one.effect not in ("", effect) or (
        one.key != key and not (one.key == "" and one.operator == "Exists")
    ):
        return False
    return one.operator == "Exists" or (one.operator == "Equal" and one.value == value)


def fitting(room: NodeRoom, wanted: Demand) -> int:
    """Return how many more pods fit into a node's free requests."""
    bounds = [room.pods]
    if wanted.cpu_request:
        bounds.append(room.cpu_nanocores // wanted.cpu_request)
    if wanted.memory_request:
        bounds.append(room.memory_bytes // wanted.memory_request)
    return max(0, min(bounds))


def fit(
    placement: Placement,
    rooms: Sequence[NodeRoom],
    wanted: Demand,
    *,
    taken: Sequence[str],
    same_revision: bool,
) -> int:
    """Return how many more pods the nodes take; at most ``MOST`` where rules spread them.

    Pods are placed one by one, each where fewest are. The scheduler can place this many.

    :param taken: the nodes of the present pods, which stay.
    :param same_revision: the present pods are of the same template.
    """
    left = {room.name: fitting(room, wanted) for room in rooms if not keeps_away(placement, room)}
    if not placement.apart and not placement.spread:
        return sum(left.values())
    labels = {room.name: room.labels for room in rooms}
    occupied = [
        {
            labels[node].get(rule.topology_key)
            for node in (taken if same_revision or rule.across_revisions else ())
            if node in labels
        }
        for rule in placement.apart
    ]
    counts = [
        _counts(rule, number, placement, rooms, taken=taken, same_revision=same_revision)
        for number, rule in enumerate(placement.spread)
    ]
    for placed in range(MOST):
        open_to = []
        for name, room in left.items():
            shares = [labels[name].get(rule.topology_key) for rule in placement.apart]
            domains = [labels[name][rule.topology_key] for rule in placement.spread]
            alone = all(
                share is None or share not in full
                for share, full in zip(shares, occupied, strict=True)
            )
            fewest = [
                min(count.values()) if len(count) >= rule.least_domains else 0
                for rule, count in zip(placement.spread, counts, strict=True)
            ]
            even = all(
                count[domain] + 1 - least <= rule.most_skew
                for rule, count, domain, least in zip(
                    placement.spread, counts, domains, fewest, strict=True
                )
            )
            if room and alone and even:
                open_to.append(
                    (
                        sum(count[domain] for count, domain in zip(counts, domains, strict=True)),
                        name,
                        shares,
                        domains,
                    )
                )
        if not open_to:
            return placed
        _, name, shares, domains = min(open_to, key=lambda one: one[:2])
        left[name] -= 1
        for full, share in zip(occupied, shares, strict=True):
            full.add(share)
        for count, domain in zip(counts, domains, strict=True):
            count[domain] += 1
    return MOST


def _counts(
    rule: Spread,
    number: int,
    placement: Placement,
    rooms: Sequence[NodeRoom],
    *,
    taken: Sequence[str],
    same_revision: bool,
) -> dict[str, int]:
    """Return the pods in each domain of a spread.

    Nodes count that the template selects and that carry the labels of all spreads, full, cordoned
    or down ones included.
    """
    found: dict[str, int] = {}
    keys = {one.topology_key for one in placement.spread}
    for room in rooms:
        if keys <= room.labels.keys() and not _chooses_others(placement, room):
            own = list(taken).count(room.name) if same_revision else 0
            there = (room.spread[number] if room.spread else 0) if rule.across_revisions else own
            domain = room.labels[rule.topology_key]
            found[domain] = found.get(domain, 0) + there
    return found
