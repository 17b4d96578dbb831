"""What Kubernetes means by the words about where pods go, and by what they take there.

Source: Kubernetes, "Assigning Pods to Nodes", "Taints and Tolerations", "Resource Management", "Sidecar Containers", "Limit Ranges"; the
scheduler's own order of NodeName, NodeAffinity, TaintToleration and Fit.
"""

from collections.abc import Iterable, Mapping, Sequence

from upkeep.records.placement import Demand, LimitRange, NodeRoom, Placement, Spread, Toleration
from upkeep.records.workload import ContainerResources, ContainerSpec, PodTemplate

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
# The most pods that are placed one by one: more than anybody scales to in an emergency.
MOST = 100


def effective(
    running: Iterable[int | None],
    first: Iterable[tuple[int | None, bool]],
    *,
    whole: int | None = None,
    overhead: int | None = None,
) -> int:
    """What a pod takes of a resource: the most that it needs at any time, and its overhead.

    :param running: of each container; ``None`` where it says nothing.
    :param first: of each init container, in their order, and whether it runs on and on beside those after it (a sidecar).
    :param whole: what the pod says of itself, which counts instead.
    """
    beside = most = 0
    for amount, restarts in first:
        most = max(most, beside + (amount or 0))
        if restarts:
            beside += amount or 0
    needed = max(beside + sum(amount or 0 for amount in running), most)
    return (needed if whole is None else whole) + (overhead or 0)


def with_defaults(container: ContainerSpec, ranges: Sequence[LimitRange]) -> ContainerResources:
    """What the container has once the API server made a pod of it: a limit is also the request where none is said, and what is still not said is
    the limit ranges' default."""
    said = container.resources or ContainerResources(container.name)

    def default(limits: bool, resource: str) -> int | None:
        items = (
            item.default_limit if limits else item.default_request
            for item in ranges
            if item.kind == "Container"
        )
        return next((item[resource] for item in items if resource in item), None)

    def either(said: int | None, other: int | None) -> int | None:
        return other if said is None else said

    return ContainerResources(
        name=container.name,
        cpu_request_nanocores=either(
            either(said.cpu_request_nanocores, said.cpu_limit_nanocores), default(False, "cpu")
        ),
        cpu_limit_nanocores=either(said.cpu_limit_nanocores, default(True, "cpu")),
        memory_request_bytes=either(
            either(said.memory_request_bytes, said.memory_limit_bytes), default(False, "memory")
        ),
        memory_limit_bytes=either(said.memory_limit_bytes, default(True, "memory")),
    )


def demand(template: PodTemplate, ranges: Sequence[LimitRange] = ()) -> Demand:
    """What a pod of the template takes. The overhead of a RuntimeClass is not in a template."""
    own = [with_defaults(container, ranges) for container in template.containers]
    first = [
        (with_defaults(container, ranges), container.restarts)
        for container in template.init_containers
    ]

    def of(field: str) -> int:
        whole = None if template.resources is None else getattr(template.resources, field)
        return effective(
            (getattr(one, field) for one in own),
            ((getattr(one, field), again) for one, again in first),
            whole=whole,
        )

    return Demand(
        cpu_request=of("cpu_request_nanocores"),
        cpu_limit=of("cpu_limit_nanocores"),
        memory_request=of("memory_request_bytes"),
        memory_limit=of("memory_limit_bytes"),
    )


def keeps_away(placement: Placement, room: NodeRoom) -> str:
    """Why a node takes no pod of this placement, however much room it has; empty where it does."""
    if room.closed:
        return room.closed
    if why := _chooses_others(placement, room):
        return why
    for key, value, effect in room.taints:
        # Whoever names the node passes by the scheduler, which is what NoSchedule speaks to.
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
    """Why the pod template itself leaves a node out."""
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
        return "the required node affinity leaves it out"
    return ""


def _holds(rule: tuple[str, str, tuple[str, ...]], labels: Mapping[str, str]) -> bool:
    """A requirement of a node affinity. A node without the label is none that NotIn is about, and passes it; Gt and Lt compare whole numbers."""
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
    """How many more pods a node's free requests take."""
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
    """How many more pods the nodes take, by requests and by where the pods may go; at most ``MOST`` where rules keep them apart or spread.

    Rules are followed pod by pod, as the scheduler does, each pod to where fewest are: so this many can be placed, if the scheduler chooses so.

    :param taken: the nodes of the pods that are there, and stay.
    :param same_revision: whether those are of the same template.
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
    """The pods in each domain of a spread. Domains are those of all nodes that the template chooses and that have the labels of all spreads, also of
    those that are full, cordoned or down."""
    found: dict[str, int] = {}
    keys = {one.topology_key for one in placement.spread}
    for room in rooms:
        if keys <= room.labels.keys() and not _chooses_others(placement, room):
            own = list(taken).count(room.name) if same_revision else 0
            there = (room.spread[number] if room.spread else 0) if rule.across_revisions else own
            domain = room.labels[rule.topology_key]
            found[domain] = found.get(domain, 0) + there
    return found
