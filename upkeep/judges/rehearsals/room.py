"""Is there room for further pods? In the quotas that count them, and on nodes that take them."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from upkeep.domain.demands import after_admission, newest_pod
from upkeep.domain.placement import keeps_away
from upkeep.domain.quotas import counts, unstated
from upkeep.errors import TooEarly
from upkeep.judges.wording import counted
from upkeep.model import Finding, listed
from upkeep.records.placement import Demand, LimitRange, NodeRoom, Placement, Quota
from upkeep.records.workload import ContainerResources, Install, PodTemplate, Workload
from upkeep.shell import shell


class Newcomers(Struct, frozen=True):
    """Pods that are to come, as admission will see them.

    :ivar wanted: what one takes, after admission.
    :ivar more: what they take of quotas in all, by the API's names, in thousandths.
    :ivar need: who needs it, for messages: ``2 further pods need``.
    :ivar containers: each container after defaults; ``whole`` is the pod-level part.
    """

    wanted: Demand
    more: Mapping[str, int]
    need: str
    containers: tuple[ContainerResources, ...]
    whole: ContainerResources | None
    priority_class: str
    cross_namespace: bool


def newcomers(
    workload: Workload,
    template: PodTemplate,
    ranges: Sequence[LimitRange],
    *,
    wanted: Demand,
    more: Mapping[str, int],
    need: str,
) -> Newcomers:
    """Return pods of a template that is the Deployment's, or a change of it."""
    pod = newest_pod(workload)
    return Newcomers(
        wanted,
        more,
        need,
        after_admission(template, ranges, workload),
        template.resources,
        pod.priority_class if pod else template.placement.priority_class,
        template.placement.cross_namespace,
    )


def pods_of(workload: Workload) -> list[str]:
    """Return the node of each pod of the collector that runs."""
    return [pod.node for pod in workload.pods if pod.node and pod.works]


def quota_findings(
    quotas: Sequence[Quota], those: Newcomers, *, code: str, install: Install
) -> tuple[list[Finding], list[TooEarly]]:
    """Return a finding for each quota that refuses the pods, and what is not counted yet.

    Only quotas that count the pods are evaluated: scopes and PriorityClasses leave others out.
    """
    found: list[Finding] = []
    unknown: list[TooEarly] = []
    for quota in quotas:
        if not counts(
            quota,
            those.wanted,
            priority_class=those.priority_class,
            cross_namespace=those.cross_namespace,
        ):
            continue
        subject = f"ResourceQuota/{quota.name}"
        look = shell("kubectl -n {} describe resourcequota {}", install.namespace, quota.name)
        if quota.uncounted:
            # Admission refuses every pod until the quota controller has counted.
            unknown.append(
                TooEarly(
                    f"{subject} does not count {listed(quota.uncounted)} yet.",
                    source="resourcequotas",
                    next_step=look,
                )
            )
        for name, amount in those.more.items():
            left = quota.hard.get(name, 0) - quota.used.get(name, 0)
            if name in quota.hard and name not in quota.uncounted and amount > max(left, 0):
                has, needed = _amount(left, name), _amount(amount, name)
                message = f"{subject} leaves {has} of {name}; {those.need} {needed}."
                found.append(Finding(subject, code, message, has, needed, name, look))
        found += [
            Finding(
                subject,
                code,
                f"{subject} bounds {name}, so each container must state it. "
                f"Container {container} does not. The API server refuses its pods.",
                "not stated",
                "stated",
                name,
                look,
            )
            for name, container in unstated(quota, those.containers, those.whole)
        ]
    return found, unknown


def _amount(thousandths: int, name: str) -> str:
    """Return an amount as Kubernetes writes it."""
    if name.endswith("memory"):
        return f"{thousandths / 1000 / 1024**2:.0f}Mi"
    return f"{thousandths}m" if name.endswith("cpu") else f"{thousandths // 1000}"


def open_nodes(placement: Placement, rooms: Sequence[NodeRoom]) -> str:
    """Return how many nodes take the pods: ``2 of 3 nodes``."""
    return (
        f"{sum(not keeps_away(placement, room) for room in rooms)} of {counted(len(rooms), 'node')}"
    )


def closed_nodes(placement: Placement, rooms: Sequence[NodeRoom]) -> str:
    """Return why the other nodes take none: `` (node-3: it is cordoned)``; empty for none."""
    away = [f"{room.name}: {why}" for room in rooms if (why := keeps_away(placement, room))]
    return f" ({listed(sorted(away), most=2)})" if away else ""


def bounded_by(placement: Placement) -> str:
    """Return what bounds the room: requests, and the template's rules that spread its pods."""
    rules = [f"at most one in each {rule.topology_key}" for rule in placement.apart]
    rules += [
        f"in no {rule.topology_key} more than {rule.most_skew} above the emptiest, "
        "closed ones included"
        for rule in placement.spread
    ]
    return f"by requests and by spreading rules ({'; '.join(rules)})" if rules else "by requests"


def unlooked(placement: Placement, rooms: Sequence[NodeRoom]) -> str:
    """Return the rules that are not evaluated, for the basis; empty for none."""
    found = list(
        dict.fromkeys([*placement.unlooked, *(room.unsure for room in rooms if room.unsure)])
    )
    return f"; not evaluated: {listed(found)}" if found else ""
