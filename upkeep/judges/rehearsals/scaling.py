"""Can the on-call engineer scale the collector up, and would the new pods start?

Guide: "Scale up if needed", "Scale up".
"""

from collections.abc import Sequence

from upkeep.domain.demands import added_by_admission, demand, total
from upkeep.domain.placement import fit
from upkeep.domain.quotas import amounts
from upkeep.judges.rehearsals import new_pods
from upkeep.judges.rehearsals.actions import BASIS, lacking
from upkeep.judges.rehearsals.limit_ranges import range_findings
from upkeep.judges.rehearsals.room import (
    bounded_by,
    closed_nodes,
    newcomers,
    open_nodes,
    pods_of,
    quota_findings,
    unlooked,
)
from upkeep.judges.wording import counted
from upkeep.judges.workload.rollout import deleting
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import ActionRehearsal, ServiceAccount
from upkeep.records.placement import LimitRange, NodeRoom, Quota
from upkeep.records.usage import Autoscaler
from upkeep.records.workload import Install, Workload
from upkeep.shell import Command, shell


def scale(
    rehearsal: ActionRehearsal,
    new_pod: ActionRehearsal | Exception,
    account: ServiceAccount | Exception,
    quotas: Sequence[Quota],
    ranges: Sequence[LimitRange],
    rooms: Sequence[NodeRoom],
    workload: Workload,
    autoscalers: Sequence[Autoscaler] | Exception,
    *,
    limits: Limits,
    install: Install,
) -> Judgement:
    """scale-rehearsed: the acting identity may scale, the dry run accepts it, and pods fit.

    It scales to two and to ``limits["emergency_replicas"]``. Room on a node is what requests
    leave. Node selector, required node affinity, taints, required anti-affinity and hard topology
    spread are evaluated; the basis names the other rules of the template.

    :raises Absent: the right was not asked for, or a permitted change was not rehearsed.
    :raises TooEarly: a quota has not counted the present pods yet.
    """
    found = lacking(
        rehearsal, "scale-forbidden", "scale the collector", what="Scaling", install=install
    )
    found += deleting(workload.deployment)
    found += new_pods.refused(new_pod, account, workload.deployment, quotas=False, install=install)
    most = int(limits["emergency_replicas"])
    subject = f"Deployment/{install.deployment}"
    for run in rehearsal.dry_runs:
        if not run.accepted:
            message = (
                f"The API server refused the dry run of scaling {run.object} "
                f"({run.status} {run.reason}, {run.message})."
            )
            command = shell(
                "kubectl -n {} scale deployment {} --replicas={} --dry-run=server",
                install.namespace,
                install.deployment,
                most,
            )
            found.append(Finding(subject, "scale-refused", message, run.status, 200, "", command))
    more = max(0, most - workload.deployment.replicas)
    template = workload.deployment.template
    added = added_by_admission(workload, ranges)
    wanted = total(demand(template, ranges), added)
    those = newcomers(
        workload,
        template,
        ranges,
        wanted=wanted,
        more=amounts(wanted, pods=more),
        need=f"{counted(more, 'further pod')} {'needs' if more == 1 else 'need'}",
    )
    refused, uncounted = quota_findings(
        quotas if more else (), those, code="quota-too-small", install=install
    )
    found += refused
    found += range_findings(
        template, ranges if more else (), added=added, workload=workload, install=install
    )
    room = fit(template.placement, rooms, wanted, taken=pods_of(workload), same_revision=True)
    where = open_nodes(template.placement, rooms)
    if room < more:
        message = (
            f"{counted(most, 'replica')} need {counted(more, 'further pod')}; nodes have room "
            f"for {room} {bounded_by(template.placement)}, on {where}"
            f"{closed_nodes(template.placement, rooms)}."
        )
        found.append(
            Finding(
                subject,
                "nodes-full",
                message,
                room,
                more,
                "pods",
                Command("kubectl describe nodes"),
            )
        )
    observed = (
        f"{counted(len(rehearsal.dry_runs), 'dry run')}; {counted(more, 'further pod')} up to "
        f"{most} replicas, room for {min(room, 1000)} on {where}{new_pods.told(new_pod)}"
        f"{_undone(autoscalers, most)}"
    )
    basis = (
        f"{BASIS}; limit ranges, quotas; allocatable of nodes less requests"
        f"{unlooked(template.placement, rooms)}"
    )
    unmeasured = next(iter(uncounted), None) or new_pods.doubtful(
        rehearsal, new_pod, install=install
    )
    return Judgement(tuple(found), observed, most, "replicas", basis, unmeasured=unmeasured)


def _undone(autoscalers: Sequence[Autoscaler] | Exception, most: int) -> str:
    """Return that an autoscaler sets the number of replicas, as the end of an observation.

    Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
    """
    if isinstance(autoscalers, Exception):
        return "; autoscalers were not read, and one would undo a scaling"
    names = [one.name for one in autoscalers if one.least < most]
    if not names:
        return ""
    return (
        f"; HorizontalPodAutoscaler/{listed(names)} undoes a scaling: raise its minReplicas instead"
    )
