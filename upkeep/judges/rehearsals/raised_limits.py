"""Can the on-call engineer raise the limits, do they rise, and would the new pods start?

Guide: "Increase resource limits".
Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/.
"""

from collections.abc import Sequence

from upkeep.domain.demands import added_by_admission, demand, total
from upkeep.domain.emergency_patches import MIB, MILLI
from upkeep.errors import Absent
from upkeep.judges.rehearsals import new_pods
from upkeep.judges.rehearsals.actions import BASIS, lacking
from upkeep.judges.rehearsals.limit_ranges import range_findings
from upkeep.judges.rehearsals.raises import Raise, patched, raise_findings, raises, replacement
from upkeep.judges.rehearsals.rollouts import rollout_findings
from upkeep.judges.rehearsals.room import unlooked
from upkeep.judges.workload.rollout import held
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement
from upkeep.records.access import ActionRehearsal, ServiceAccount
from upkeep.records.placement import LimitRange, NodeRoom, Quota
from upkeep.records.workload import Install, Workload


def raised(
    rehearsal: ActionRehearsal,
    new_pod: ActionRehearsal | Exception,
    account: ServiceAccount | Exception,
    quotas: Sequence[Quota],
    ranges: Sequence[LimitRange],
    rooms: Sequence[NodeRoom],
    workload: Workload,
    *,
    limits: Limits,
    install: Install,
) -> Judgement:
    """limits-rehearsed: the acting identity may raise limits, they rise, and the rollout fits.

    They rise when at least one limit grows, none shrinks and none is added. An emergency limit of
    0 leaves a limit as it is. Limit ranges, quotas and nodes must take the pods of the rollout,
    which needs room for one more where no replica may be missing.

    :raises Absent: the right was not asked for, a permitted change was not rehearsed, or the
        container is not in the pod template.
    :raises TooEarly: a quota has not counted the present pods yet.
    """
    found = lacking(
        rehearsal,
        "limits-forbidden",
        "raise the collector's limits",
        what="Raised limits",
        install=install,
    )
    found += held(workload.deployment)
    found += new_pods.refused(new_pod, account, workload.deployment, quotas=False, install=install)
    before = workload.deployment.template
    container = next((one for one in before.containers if one.name == install.container), None)
    if container is None:
        raise Absent(
            f"The pod template of {install.deployment} has no container {install.container}.",
            source="pod template",
        )
    memory = int(limits["emergency_memory_mebibytes"]) * MIB
    cpu = int(limits["emergency_cpu_millicores"]) * MILLI
    wanted = raises(workload, container, ranges, memory_bytes=memory, cpu_nanocores=cpu)
    command = replacement(wanted, refused=True, install=install, replicas=0)
    for run in rehearsal.dry_runs:
        if not run.accepted:
            message = (
                f"The API server refused the dry run of raised limits of {run.object} "
                f"({run.status} {run.reason}, {run.message})."
            )
            found.append(
                Finding(run.object, "limits-refused", message, run.status, 200, "", command)
            )
    found += raise_findings(wanted, replicas=int(limits["emergency_replicas"]), install=install)
    after = patched(before, install.container, memory_bytes=memory, cpu_nanocores=cpu)
    added = added_by_admission(workload, ranges)
    found += range_findings(after, ranges, added=added, workload=workload, install=install)
    refused, uncounted = rollout_findings(
        total(demand(before, ranges), added),
        total(demand(after, ranges), added),
        after,
        quotas,
        ranges,
        rooms,
        workload,
        memory_bytes=memory,
        cpu_nanocores=cpu,
        install=install,
    )
    found += refused
    basis = (
        f"{BASIS}; limit ranges, quotas; allocatable of nodes less requests"
        f"{unlooked(before.placement, rooms)}"
    )
    return Judgement(
        tuple(found),
        f"container {install.container}: {_shown(wanted)}{new_pods.told(new_pod)}",
        "raised, accepted and room for it",
        "",
        basis,
        unmeasured=next(iter(uncounted), None)
        or new_pods.doubtful(rehearsal, new_pod, install=install),
    )


def _shown(wanted: Sequence[Raise]) -> str:
    told = [f"{one.name} {one.present} → {one.text(one.wanted)}" for one in wanted if one.wanted]
    return ", ".join(told) or "nothing changed"
