"""Whether the guide's emergency procedures would work for whoever is on call, before there is an emergency.

Source: the guide's "Service Outage", "Quick Recovery".
"""

from collections.abc import Sequence

from upkeep.errors import Absent
from upkeep.judges import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement
from upkeep.records import AccessAnswer, ActionRehearsal, Install, NodeRoom, Quota, Workload

BASIS = "access reviews and PATCH dryRun=All as the acting identity"


def restart(rehearsal: ActionRehearsal, *, install: Install) -> Judgement:
    """restart-rehearsed: the acting identity may restart the collector, and the API server's dry run accepts it.

    :raises Absent: it was not asked, or it may and it was not rehearsed.
    """
    found = [
        _forbidden(answer, "restart-forbidden", "restart the collector", install=install)
        for answer in rehearsal.access
        if not answer.allowed
    ]
    if not found and not (rehearsal.access and rehearsal.dry_runs):
        raise Absent("a restart was not rehearsed", next_step="run again")
    for run in rehearsal.dry_runs:
        if not run.accepted:
            message = f"The API server would refuse a restart of {run.object} ({run.status} {run.reason}, {run.message})."
            # kubectl rollout restart has no dry run of its own; this is what it sends.
            command = (
                f"kubectl -n {install.namespace} patch deployment {install.deployment} --dry-run=server "
                '-p \'{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"rehearsed"}}}}}\''
            )
            found.append(Finding(run.object, "restart-refused", message, run.status, 200, "", command))
    observed = "a restart would be accepted" if not found else "a restart would not be done"
    return Judgement(tuple(found), observed, "accepted", "", BASIS)


def scale(
    rehearsal: ActionRehearsal, quotas: Sequence[Quota], rooms: Sequence[NodeRoom], workload: Workload, *, limits: Limits, install: Install
) -> Judgement:
    """scale-rehearsed: the acting identity may scale to two and to ``limits["emergency_replicas"]``, the dry run accepts both, and the pods that would
    come fit into the quotas and onto the nodes.

    Room is what requests leave: where the pods may go by affinity and tolerations is not looked at.

    :raises Absent: it was not asked, or it may and it was not rehearsed.
    """
    found = [
        _forbidden(answer, "scale-forbidden", "scale the collector", install=install) for answer in rehearsal.access if not answer.allowed
    ]
    if not found and not (rehearsal.access and rehearsal.dry_runs):
        raise Absent("scaling was not rehearsed", next_step="run again")
    most = int(limits["emergency_replicas"])
    for run in rehearsal.dry_runs:
        if not run.accepted:
            message = f"The API server would refuse to scale {run.object} ({run.status} {run.reason}, {run.message})."
            command = f"kubectl -n {install.namespace} scale deployment {install.deployment} --replicas={most} --dry-run=server"
            found.append(Finding(f"Deployment/{install.deployment}", "scale-refused", message, run.status, 200, "", command))
    more = max(0, most - workload.deployment.replicas)
    needs = _needs(workload)
    for quota in quotas:
        for name, amount in needs.items():
            left = quota.hard.get(name, 0) - quota.used.get(name, 0)
            if name in quota.hard and more * amount > left:
                message = f"ResourceQuota/{quota.name} leaves {_amount(left, name)} of {name}, and {counted(more, 'further pod')} would take {_amount(more * amount, name)}."
                command = f"kubectl -n {install.namespace} describe resourcequota {quota.name}"
                observed, limit = _amount(left, name), _amount(more * amount, name)
                found.append(Finding(f"ResourceQuota/{quota.name}", "quota-too-small", message, observed, limit, name, command))
    fit = sum(_pods_that_fit(room, needs) for room in rooms)
    if fit < more:
        message = f"The nodes have room for {counted(fit, 'further pod')} by requests, and {counted(most, 'replica')} need {more}."
        found.append(Finding(f"Deployment/{install.deployment}", "nodes-full", message, fit, more, "pods", "kubectl describe nodes"))
    observed = f"{counted(len(rehearsal.dry_runs), 'dry run')}; {counted(more, 'further pod')} up to {most} replicas, room for {min(fit, 1000)} on {counted(len(rooms), 'node')}"
    return Judgement(tuple(found), observed, most, "replicas", f"{BASIS}; quotas; allocatable of nodes less requests")


def _needs(workload: Workload) -> dict[str, int]:
    """What a further pod takes of a quota, by the API's names, in thousandths of their unit; what is counted in nanocores is rounded up."""
    said = [container.resources for container in workload.deployment.template.containers if container.resources is not None]
    cpu = -(-sum(one.cpu_request_nanocores or 0 for one in said) // 1_000_000)
    most_cpu = -(-sum(one.cpu_limit_nanocores or 0 for one in said) // 1_000_000)
    memory = sum(one.memory_request_bytes or 0 for one in said) * 1000
    most_memory = sum(one.memory_limit_bytes or 0 for one in said) * 1000
    return {
        **dict.fromkeys(("pods", "count/pods"), 1000),
        **dict.fromkeys(("cpu", "requests.cpu"), cpu),
        **dict.fromkeys(("memory", "requests.memory"), memory),
        "limits.cpu": most_cpu,
        "limits.memory": most_memory,
    }


def _amount(thousandths: int, name: str) -> str:
    """An amount as Kubernetes writes it."""
    if name.endswith("memory"):
        return f"{thousandths / 1000 / 1024**2:.0f}Mi"
    return f"{thousandths}m" if name.endswith("cpu") else f"{thousandths // 1000}"


def _pods_that_fit(room: NodeRoom, needs: dict[str, int]) -> int:
    bounds = [room.pods]
    if needs["cpu"]:
        bounds.append(room.cpu_nanocores // (needs["cpu"] * 1_000_000))
    if needs["memory"]:
        bounds.append(room.memory_bytes * 1000 // needs["memory"])
    return max(0, min(bounds))


def triage(rehearsal: ActionRehearsal, *, install: Install) -> Judgement:
    """triage-possible: the acting identity may read the pods, their logs (of the life before, too) and the events.

    :raises Absent: it was not asked.
    """
    if not rehearsal.access:
        raise Absent("what the acting identity may look at was not asked", next_step="run again")
    denied = [answer for answer in rehearsal.access if not answer.allowed]
    found = [_forbidden(answer, "triage-forbidden", "see what broke", install=install) for answer in denied]
    allowed = len(rehearsal.access) - len(denied)
    return Judgement(
        tuple(found), f"{allowed} of {counted(len(rehearsal.access), 'right')}", "all", "", "access reviews as the acting identity"
    )


def _forbidden(answer: AccessAnswer, code: str, purpose: str, *, install: Install) -> Finding:
    group = f".{answer.group}" if answer.group else ""
    resource = "/".join(filter(None, (f"{answer.resource}{group}", answer.subresource)))
    message = f"The acting identity may not {answer.verb} {resource} in {install.namespace}, so it cannot {purpose}."
    # What stands after a slash is a name to kubectl.
    part = f" --subresource={answer.subresource}" if answer.subresource else ""
    command = f"kubectl auth can-i {answer.verb} {answer.resource}{group}{part} -n {install.namespace}"
    return Finding(f"Namespace/{install.namespace}", code, message, "forbidden", "allowed", "", command)
