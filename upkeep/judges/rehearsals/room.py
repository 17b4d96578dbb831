"""Whether further pods find room: in the namespace's quotas, and on the nodes that they may go to."""

from collections.abc import Mapping, Sequence

from upkeep.domain.placement import keeps_away
from upkeep.judges.wording import counted
from upkeep.model import listed
from upkeep.records.placement import Demand, NodeRoom, Placement, Quota
from upkeep.records.workload import Workload


def pods_of(workload: Workload) -> list[str]:
    """The nodes of the collector's pods that run, one for each pod."""
    return [pod.node for pod in workload.pods if pod.node and pod.works]


def counted_by_quotas(wanted: Demand, *, pods: int = 1) -> dict[str, int]:
    """What some pods take of a quota, by the API's names, in thousandths of their unit; what is counted in nanocores is rounded up."""
    cpu, most_cpu = (
        -(-pods * amount // 1_000_000) for amount in (wanted.cpu_request, wanted.cpu_limit)
    )
    return {
        **dict.fromkeys(("pods", "count/pods"), pods * 1000),
        **dict.fromkeys(("cpu", "requests.cpu"), cpu),
        **dict.fromkeys(("memory", "requests.memory"), pods * wanted.memory_request * 1000),
        "limits.cpu": most_cpu,
        "limits.memory": pods * wanted.memory_limit * 1000,
    }


def short_quotas(
    quotas: Sequence[Quota], more: Mapping[str, int]
) -> list[tuple[str, str, str, str]]:
    """(quota, resource, what it leaves, what would be needed) of each that leaves too little."""
    found = []
    for quota in quotas:
        for name, amount in more.items():
            left = quota.hard.get(name, 0) - quota.used.get(name, 0)
            if name in quota.hard and amount > max(left, 0):
                found.append((quota.name, name, _amount(left, name), _amount(amount, name)))
    return found


def _amount(thousandths: int, name: str) -> str:
    """An amount as Kubernetes writes it."""
    if name.endswith("memory"):
        return f"{thousandths / 1000 / 1024**2:.0f}Mi"
    return f"{thousandths}m" if name.endswith("cpu") else f"{thousandths // 1000}"


def open_nodes(placement: Placement, rooms: Sequence[NodeRoom]) -> str:
    """``2 of 3 nodes``: how many nodes the pods may go to."""
    return (
        f"{sum(not keeps_away(placement, room) for room in rooms)} of {counted(len(rooms), 'node')}"
    )


def closed_nodes(placement: Placement, rooms: Sequence[NodeRoom]) -> str:
    """`` (node-3: its taint … is not tolerated)``: what keeps the pods from the other nodes; empty where nothing does."""
    away = [f"{room.name}: {why}" for room in rooms if (why := keeps_away(placement, room))]
    return f" ({listed(sorted(away), most=2)})" if away else ""


def bounded_by(placement: Placement) -> str:
    """``by requests``, and by the template's own rules that keep its pods apart."""
    rules = [f"at most one in each {rule.topology_key}" for rule in placement.apart]
    rules += [
        f"in no {rule.topology_key} more than {rule.most_skew} above the one with fewest, which may be one that takes none"
        for rule in placement.spread
    ]
    return (
        f"by requests and by the template's rules ({'; '.join(rules)})" if rules else "by requests"
    )


def unlooked(placement: Placement, rooms: Sequence[NodeRoom]) -> str:
    """What the basis says of what is not looked at; empty where it is all."""
    found = list(
        dict.fromkeys([*placement.unlooked, *(room.unsure for room in rooms if room.unsure)])
    )
    return f"; not looked at: {listed(found)}" if found else ""
