"""Whether more replicas would be accepted, and find room.

Source: the guide's "Scale up if needed" and "Scale up".
"""

from collections.abc import Sequence

from upkeep.domain.placement import demand, fit
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
from upkeep.records.placement import LimitRange, NodeRoom, Quota
from upkeep.records.workload import Install, Workload


def scale(
    rehearsal: ActionRehearsal,
    quotas: Sequence[Quota],
    ranges: Sequence[LimitRange],
    rooms: Sequence[NodeRoom],
    workload: Workload,
    *,
    limits: Limits,
    install: Install,
) -> Judgement:
    """scale-rehearsed: the acting identity may scale to two and to ``limits["emergency_replicas"]``, the dry run accepts both, and the pods that would
    come fit into the quotas and onto the nodes that they may go to.

    Room is what requests leave. Node selector, required node affinity, taints, required anti-affinity (of the pods to their own kind and to others, and of
    others to them), and hard topology spread of their own kind are looked at; what else the template says of nodes is named in the basis.

    :raises Absent: it was not asked, or it may and it was not rehearsed.
    """
    found = lacking(
        rehearsal, "scale-forbidden", "scale the collector", what="scaling was", install=install
    )
    most = int(limits["emergency_replicas"])
    for run in rehearsal.dry_runs:
        if not run.accepted:
            message = f"The API server would refuse to scale {run.object} ({run.status} {run.reason}, {run.message})."
            command = f"kubectl -n {install.namespace} scale deployment {install.deployment} --replicas={most} --dry-run=server"
            found.append(
                Finding(
                    f"Deployment/{install.deployment}",
                    "scale-refused",
                    message,
                    run.status,
                    200,
                    "",
                    command,
                )
            )
    more = max(0, most - workload.deployment.replicas)
    template = workload.deployment.template
    wanted = demand(template, ranges)
    for quota, name, left, needed in short_quotas(quotas, counted_by_quotas(wanted, pods=more)):
        message = f"ResourceQuota/{quota} leaves {left} of {name}, and {counted(more, 'further pod')} would take {needed}."
        command = f"kubectl -n {install.namespace} describe resourcequota {quota}"
        found.append(
            Finding(
                f"ResourceQuota/{quota}", "quota-too-small", message, left, needed, name, command
            )
        )
    room = fit(template.placement, rooms, wanted, taken=pods_of(workload), same_revision=True)
    where = open_nodes(template.placement, rooms)
    if room < more:
        message = f"There is room for {counted(room, 'further pod')} {bounded_by(template.placement)} on {where}{closed_nodes(template.placement, rooms)}, and {counted(most, 'replica')} need {more}."
        found.append(
            Finding(
                f"Deployment/{install.deployment}",
                "nodes-full",
                message,
                room,
                more,
                "pods",
                "kubectl describe nodes",
            )
        )
    observed = f"{counted(len(rehearsal.dry_runs), 'dry run')}; {counted(more, 'further pod')} up to {most} replicas, room for {min(room, 1000)} on {where}"
    basis = (
        f"{BASIS}; quotas; allocatable of nodes less requests{unlooked(template.placement, rooms)}"
    )
    return Judgement(tuple(found), observed, most, "replicas", basis)
