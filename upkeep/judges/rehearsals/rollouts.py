"""Is there room for the rollout of raised limits? In quotas and on nodes."""

from collections.abc import Sequence

from msgspec.structs import replace

from upkeep.domain.emergency_patches import cpu_text, memory_text
from upkeep.domain.placement import fit, keeps_away
from upkeep.domain.quotas import amounts
from upkeep.errors import TooEarly
from upkeep.judges.rehearsals.room import (
    bounded_by,
    closed_nodes,
    newcomers,
    open_nodes,
    pods_of,
    quota_findings,
)
from upkeep.judges.wording import counted
from upkeep.model import Finding
from upkeep.records.placement import Demand, LimitRange, NodeRoom, Quota
from upkeep.records.workload import Install, PodTemplate, Workload
from upkeep.shell import Command


def rollout_findings(
    old: Demand,
    new: Demand,
    template: PodTemplate,
    quotas: Sequence[Quota],
    ranges: Sequence[LimitRange],
    rooms: Sequence[NodeRoom],
    workload: Workload,
    *,
    memory_bytes: int,
    cpu_nanocores: int,
    install: Install,
) -> tuple[list[Finding], list[TooEarly]]:
    """Return what refuses the rollout from old pods to new ones of a template."""
    deployment = workload.deployment
    replicas = deployment.replicas
    # One pod more where no replica may be missing: at the end the last old one is still there.
    extra = 1 if replicas and not deployment.max_unavailable else 0
    were, will = amounts(old, pods=replicas), amounts(new, pods=replicas)
    beside = amounts(old, pods=extra)
    more = {name: will[name] - were[name] + beside[name] for name in will}
    # Each rollout makes a ReplicaSet, and old ones stay (spec.revisionHistoryLimit).
    more["count/replicasets.apps"] = 1000
    those = newcomers(
        workload,
        template,
        ranges,
        wanted=new,
        more=more,
        need=f"the rollout of raised limits to {counted(replicas, 'replica')} needs",
    )
    found, uncounted = quota_findings(
        quotas if replicas else (), those, code="quota-refuses-raise", install=install
    )
    found += _no_node(old, new, rooms, workload, extra=extra, install=install)
    found += _too_small(
        rooms, workload, memory_bytes=memory_bytes, cpu_nanocores=cpu_nanocores, install=install
    )
    return found, uncounted


def _no_node(
    old: Demand,
    new: Demand,
    rooms: Sequence[NodeRoom],
    workload: Workload,
    *,
    extra: int,
    install: Install,
) -> list[Finding]:
    """Return a finding where the nodes have no room for the rollout's pods."""
    placement, replicas = workload.deployment.template.placement, workload.deployment.replicas
    there, where = pods_of(workload), open_nodes(placement, rooms)
    fits = [(extra, fit(placement, rooms, new, taken=there, same_revision=False))]
    if (new.cpu_request, new.memory_request) != (old.cpu_request, old.memory_request):
        given_back = [_without(room, old, there.count(room.name)) for room in rooms]
        fits.append((replicas, fit(placement, given_back, new, taken=(), same_revision=False)))
    return [
        Finding(
            f"Deployment/{install.deployment}",
            "no-node-for-raise",
            f"The rollout of raised limits needs room for {counted(wanted, 'pod')}; nodes have "
            f"room for {room} {bounded_by(placement)}, on {where}"
            f"{closed_nodes(placement, rooms)}.",
            room,
            wanted,
            "pods",
            Command("kubectl describe nodes"),
        )
        for wanted, room in fits
        if room < wanted
    ]


def _too_small(
    rooms: Sequence[NodeRoom],
    workload: Workload,
    *,
    memory_bytes: int,
    cpu_nanocores: int,
    install: Install,
) -> list[Finding]:
    """Return a finding for each emergency limit that no node can give."""
    placement = workload.deployment.template.placement
    open_to = [room for room in rooms if not keeps_away(placement, room)]
    found = []
    for name, wanted, field, text in (
        ("memory", memory_bytes, "memory_allocatable_bytes", memory_text),
        ("CPU", cpu_nanocores, "cpu_allocatable_nanocores", cpu_text),
    ):
        most = max((getattr(room, field) for room in open_to), default=0)
        if open_to and wanted > most:
            message = (
                f"The emergency limit of {text(wanted)} of {name} exceeds every node that takes "
                f"the pods; the largest has {text(most)}."
            )
            found.append(
                Finding(
                    f"Deployment/{install.deployment}",
                    "node-too-small",
                    message,
                    text(most),
                    text(wanted),
                    name,
                    Command("kubectl describe nodes"),
                )
            )
    return found


def _without(room: NodeRoom, old: Demand, pods: int) -> NodeRoom:
    """Return a node's room without some of the old pods."""
    return replace(
        room,
        cpu_nanocores=room.cpu_nanocores + pods * old.cpu_request,
        memory_bytes=room.memory_bytes + pods * old.memory_request,
        pods=room.pods + pods,
        spread=tuple(max(0, count - pods) for count in room.spread),
    )
