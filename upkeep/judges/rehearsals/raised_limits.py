"""Whether the guide's emergency limits would be accepted, would raise anything, and find room.

Source: the guide's "Increase resource limits"; the API server's LimitRanger admission.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from upkeep.domain.emergency_patches import (
    MIB,
    MILLI,
    cpu_text,
    memory_text,
    patch_command,
    raised_limits,
)
from upkeep.domain.placement import demand, fit, keeps_away, with_defaults
from upkeep.errors import Absent
from upkeep.judges.rehearsals.actions import BASIS, lacking
from upkeep.judges.rehearsals.room import (
    bounded_by,
    closed_nodes,
    counted_by_quotas,
    open_nodes,
    pods_of,
    short_quotas,
    unlooked,
)
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement
from upkeep.records.access import ActionRehearsal
from upkeep.records.placement import Demand, LimitRange, NodeRoom, Quota
from upkeep.records.workload import ContainerResources, Install, PodTemplate, Workload


def raised(
    rehearsal: ActionRehearsal,
    quotas: Sequence[Quota],
    ranges: Sequence[LimitRange],
    rooms: Sequence[NodeRoom],
    workload: Workload,
    *,
    limits: Limits,
    install: Install,
) -> Judgement:
    """limits-rehearsed: the acting identity may give the collector's container the emergency's limits, the dry run accepts them, they raise what is
    there, and the pods of the rollout fit: into limit ranges and quotas, and onto the nodes that they may go to.

    They raise what is there when at least one limit grows, none shrinks, and none comes where there was none. An emergency limit of 0 leaves
    one as it is. The rollout keeps all replicas up where it must, and then needs room for one pod more.

    :raises Absent: it was not asked, or it may and it was not rehearsed; or the container is not in the pod template.
    """
    found = lacking(
        rehearsal,
        "limits-forbidden",
        "raise the collector's limits",
        what="raised limits were",
        install=install,
    )
    before = workload.deployment.template
    container = next((one for one in before.containers if one.name == install.container), None)
    if container is None:
        raise Absent(
            f"the pod template of {install.deployment} has no container {install.container}",
            source="pod template",
        )
    memory, cpu = (
        int(limits["emergency_memory_mebibytes"]) * MIB,
        int(limits["emergency_cpu_millicores"]) * MILLI,
    )
    command = patch_command(
        install, raised_limits(install.container, memory_bytes=memory, cpu_nanocores=cpu)
    )
    for run in rehearsal.dry_runs:
        if not run.accepted:
            message = f"The API server would refuse to raise the limits of {run.object} ({run.status} {run.reason}, {run.message})."
            found.append(
                Finding(run.object, "limits-refused", message, run.status, 200, "", command)
            )
    present = _in_force(with_defaults(container, ranges))
    found += _raises(
        present,
        memory_bytes=memory,
        cpu_nanocores=cpu,
        replicas=int(limits["emergency_replicas"]),
        install=install,
    )
    after = _patched(before, install.container, memory_bytes=memory, cpu_nanocores=cpu)
    for item, what, observed, limit in _outside(after, ranges):
        message = f"LimitRange/{item.name} refuses the pods that would come, and not the Deployment: {what}."
        look = f"kubectl -n {install.namespace} describe limitrange {item.name}"
        found.append(
            Finding(
                f"LimitRange/{item.name}", "limit-range-refuses", message, observed, limit, "", look
            )
        )
    found += _no_room(
        demand(before, ranges),
        demand(after, ranges),
        quotas,
        rooms,
        workload,
        memory_bytes=memory,
        cpu_nanocores=cpu,
        install=install,
    )
    shown = (
        ", ".join(
            f"{name} {was} → {text}"
            for name, was, text in _changes(present, memory_bytes=memory, cpu_nanocores=cpu)
        )
        or "nothing changed"
    )
    basis = f"{BASIS}; limit ranges, quotas; allocatable of nodes less requests{unlooked(before.placement, rooms)}"
    return Judgement(
        tuple(found),
        f"container {install.container}: {shown}",
        "raised, accepted and room for it",
        "",
        basis,
    )


def _in_force(said: ContainerResources) -> ContainerResources:
    """A limit of 0 is none: the kubelet sets no bound then."""
    return replace(
        said,
        memory_limit_bytes=said.memory_limit_bytes or None,
        cpu_limit_nanocores=said.cpu_limit_nanocores or None,
    )


def _changes(
    present: ContainerResources, *, memory_bytes: int, cpu_nanocores: int
) -> Iterator[tuple[str, str, str]]:
    """(resource, limit now, limit wanted) of what the patch names."""
    for name, was, wanted, text in (
        ("memory", present.memory_limit_bytes, memory_bytes, memory_text),
        ("CPU", present.cpu_limit_nanocores, cpu_nanocores, cpu_text),
    ):
        if wanted:
            yield name, "no limit" if was is None else text(was), text(wanted)


def _raises(
    present: ContainerResources,
    *,
    memory_bytes: int,
    cpu_nanocores: int,
    replicas: int,
    install: Install,
) -> list[Finding]:
    """What is wrong with the emergency's limits as a raise of the present ones."""
    subject = f"Deployment/{install.deployment} container/{install.container}"
    better = {
        "memory_bytes": _better(present.memory_limit_bytes, memory_bytes),
        "cpu_nanocores": _better(present.cpu_limit_nanocores, cpu_nanocores),
    }
    if any(better.values()):
        command = patch_command(install, raised_limits(install.container, **better))
        instead = "the next step has a patch that raises what is there"
    else:
        command = f"kubectl -n {install.namespace} scale deployment {install.deployment} --replicas={replicas} --dry-run=server"
        instead = "nothing is limited, so more replicas are what helps"
    found, grows = [], False
    for name, was, wanted, text, effect in (
        ("memory", present.memory_limit_bytes, memory_bytes, memory_text, "killed"),
        ("CPU", present.cpu_limit_nanocores, cpu_nanocores, cpu_text, "throttled"),
    ):
        if not wanted:
            continue
        if was is None:
            message = f"The emergency patch adds a {name} limit of {text(wanted)} where there was none, so that the container is {effect} where it was not; {instead}."
            found.append(
                Finding(subject, "limit-added", message, "no limit", text(wanted), name, command)
            )
        elif wanted < was:
            message = f"The emergency patch lowers the {name} limit from {text(was)} to {text(wanted)}; {instead}."
            found.append(
                Finding(subject, "limit-lowered", message, text(was), text(wanted), name, command)
            )
        grows = grows or (was is not None and wanted > was)
    if not grows:
        told = (
            ", ".join(
                f"{name} {was}"
                for name, was, _ in _changes(
                    present, memory_bytes=memory_bytes, cpu_nanocores=cpu_nanocores
                )
            )
            or "it names no limit"
        )
        message = f"The emergency patch raises nothing ({told} now): the emergency goes on as it was; {instead}."
        found.append(
            Finding(subject, "raises-nothing", message, told, "a higher limit", "", command)
        )
    return found


def _better(was: int | None, wanted: int) -> int:
    """A limit that would be a raise: the wanted one, or twice what is there; 0 where there is none, which nothing can raise."""
    return 0 if was is None else max(wanted, 2 * was) if wanted <= was else wanted


def _patched(
    template: PodTemplate, name: str, *, memory_bytes: int, cpu_nanocores: int
) -> PodTemplate:
    """The template with other limits of a container."""

    def changed(said: ContainerResources | None) -> ContainerResources:
        present = said or ContainerResources(name)
        return replace(
            present,
            memory_limit_bytes=memory_bytes or present.memory_limit_bytes,
            cpu_limit_nanocores=cpu_nanocores or present.cpu_limit_nanocores,
        )

    containers = tuple(
        replace(one, resources=changed(one.resources)) if one.name == name else one
        for one in template.containers
    )
    return replace(template, containers=containers)


def _outside(
    template: PodTemplate, ranges: Sequence[LimitRange]
) -> Iterator[tuple[LimitRange, str, str, str]]:
    """(limit range, what is outside of it, what it is, what it may be), as the API server would judge a pod of the template."""
    whole = demand(template, ranges)
    for item in ranges:
        said = (
            [("the pod", _pairs(whole))]
            if item.kind == "Pod"
            else [
                (f"container {one.name}", _pairs_of(with_defaults(one, ranges)))
                for one in (*template.containers, *template.init_containers)
            ]
        )
        for what, pairs in said:
            for resource, (request, limit) in pairs.items():
                yield from (
                    (item, f"{what} {told}", observed, most)
                    for told, observed, most in _broken(item, resource, request, limit)
                )


def _pairs(whole: Demand) -> dict[str, tuple[int | None, int | None]]:
    return {
        "cpu": (whole.cpu_request or None, whole.cpu_limit or None),
        "memory": (whole.memory_request or None, whole.memory_limit or None),
    }


def _pairs_of(one: ContainerResources) -> dict[str, tuple[int | None, int | None]]:
    return {
        "cpu": (one.cpu_request_nanocores, one.cpu_limit_nanocores),
        "memory": (one.memory_request_bytes, one.memory_limit_bytes),
    }


def _broken(
    item: LimitRange, resource: str, request: int | None, limit: int | None
) -> Iterator[tuple[str, str, str]]:
    """What of an item does not hold. What must be at most something must have a limit; what must be at least something, a request."""
    text = cpu_text if resource == "cpu" else memory_text
    least, most, ratio = item.least.get(resource), item.most.get(resource), item.ratio.get(resource)
    if most is not None and (limit is None or max(limit, request or 0) > most):
        told = "no limit" if limit is None else text(max(limit, request or 0))
        yield (
            f"would have {told} of {resource}, and at most {text(most)} is allowed",
            told,
            text(most),
        )
    if least is not None and (
        request is None or min(request, request if limit is None else limit) < least
    ):
        told = (
            "no request"
            if request is None
            else text(min(request, request if limit is None else limit))
        )
        yield (
            f"would have {told} of {resource}, and at least {text(least)} is demanded",
            told,
            text(least),
        )
    if ratio is not None and (not request or not limit or limit / request > ratio):
        told = f"×{limit / request:.3g}" if request and limit else "no request or no limit"
        yield (
            f"would have a limit of {told} its request of {resource}, and at most ×{ratio:g} is allowed",
            told,
            f"×{ratio:g}",
        )


def _no_room(
    old: Demand,
    new: Demand,
    quotas: Sequence[Quota],
    rooms: Sequence[NodeRoom],
    workload: Workload,
    *,
    memory_bytes: int,
    cpu_nanocores: int,
    install: Install,
) -> list[Finding]:
    """Whether the rollout to the new pods finds room."""
    deployment = workload.deployment
    replicas, placement = deployment.replicas, deployment.template.placement
    # A pod more than there are, where the rollout may not do without one; at its end all are new, and the last old one is still there.
    extra = 1 if replicas and not deployment.max_unavailable else 0
    found: list[Finding] = []
    were, will = counted_by_quotas(old, pods=replicas), counted_by_quotas(new, pods=replicas)
    beside = counted_by_quotas(old, pods=extra)
    for quota, name, left, needed in short_quotas(
        quotas, {name: will[name] - were[name] + beside[name] for name in will}
    ):
        message = f"ResourceQuota/{quota} leaves {left} of {name}, and the rollout of raised limits to {counted(replicas, 'replica')} would take {needed}."
        look = f"kubectl -n {install.namespace} describe resourcequota {quota}"
        found.append(
            Finding(
                f"ResourceQuota/{quota}", "quota-refuses-raise", message, left, needed, name, look
            )
        )
    there, where = pods_of(workload), open_nodes(placement, rooms)
    subject, look = f"Deployment/{install.deployment}", "kubectl describe nodes"
    fits = [(extra, fit(placement, rooms, new, taken=there, same_revision=False))]
    if (new.cpu_request, new.memory_request) != (old.cpu_request, old.memory_request):
        given_back = [_without(room, old, there.count(room.name)) for room in rooms]
        fits.append((replicas, fit(placement, given_back, new, taken=(), same_revision=False)))
    for wanted, room in fits:
        if room < wanted:
            message = f"The rollout of raised limits needs room for {counted(wanted, 'pod')} {bounded_by(placement)}, and there is room for {room} on {where}{closed_nodes(placement, rooms)}."
            found.append(Finding(subject, "no-node-for-raise", message, room, wanted, "pods", look))
    open_to = [room for room in rooms if not keeps_away(placement, room)]
    for name, wanted, most, text in (
        (
            "memory",
            memory_bytes,
            max((room.memory_allocatable_bytes for room in open_to), default=0),
            memory_text,
        ),
        (
            "CPU",
            cpu_nanocores,
            max((room.cpu_allocatable_nanocores for room in open_to), default=0),
            cpu_text,
        ),
    ):
        if open_to and wanted > most:
            message = f"The emergency limit of {name}, {text(wanted)}, is more than any node has that takes the pods ({text(most)}): the node ends first."
            found.append(
                Finding(subject, "node-too-small", message, text(most), text(wanted), name, look)
            )
    return found


def _without(room: NodeRoom, old: Demand, pods: int) -> NodeRoom:
    """The node's room without some of the old pods."""
    return replace(
        room,
        cpu_nanocores=room.cpu_nanocores + pods * old.cpu_request,
        memory_bytes=room.memory_bytes + pods * old.memory_request,
        pods=room.pods + pods,
        spread=tuple(max(0, count - pods) for count in room.spread),
    )
