"""survives-node-loss: do replicas on several nodes and a PodDisruptionBudget survive a node?

Source: https://kubernetes.io/docs/tasks/run-application/configure-pdb/;
https://kubernetes.io/docs/concepts/workloads/pods/disruptions/; the guide's "Architecture review".
"""

import json
from collections.abc import Iterator, Sequence

from upkeep.domain.discovery import matches
from upkeep.errors import Absent, TooEarly, Unmeasured
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed
from upkeep.records.usage import DisruptionBudget
from upkeep.records.workload import Deployment, Install, Pod, Workload
from upkeep.shell import Command, shell

PODS_FIRST = "upkeep run -m \"control(id='pods-ready')\""


def survives_node_loss(
    workload: Workload, budgets: Sequence[DisruptionBudget], *, limits: Limits, install: Install
) -> Judgement:
    """Judge survives-node-loss: ``limits["least_replicas"]`` replicas on several nodes, one budget.

    The budget must let a node drain and keep a pod up.

    :param budgets: those that select the template or one of the pods.
    :raises Absent: the node of a pod is not known.
    :raises TooEarly: the budget's controller has not seen its present specification.
    """
    deployment, least = workload.deployment, int(limits["least_replicas"])
    where = f"Deployment/{deployment.name}"
    found = []
    if deployment.replicas < least:
        message = (
            f"{where} has {counted(deployment.replicas, 'replica')} (limit {least}): "
            "the loss of its node is an outage."
        )
        fix = shell(
            "kubectl -n {} scale deployment {} --replicas={}",
            install.namespace,
            install.deployment,
            least,
        )
        found.append(
            Finding(where, "too-few-replicas", message, deployment.replicas, least, "replicas", fix)
        )
    working = [pod for pod in workload.pods if pod.works]
    ready = [pod for pod in working if pod.ready]
    nodes = sorted({pod.node for pod in ready if pod.node})
    if len(ready) > 1 and len(nodes) == 1:
        message = f"All {len(ready)} ready pods run on node {nodes[0]}: its loss is an outage."
        fix = _spread(deployment, install)
        found.append(Finding(where, "one-node", message, 1, 2, "nodes", fix))
    found += _of_budgets(budgets, working, workload.pods, deployment, install=install)
    late = sorted(budget.name for budget in budgets if not budget.current)
    one_node = any(one.code == "one-node" for one in found)
    unmeasured: Unmeasured | None = None
    if not one_node and len(ready) < len(working) and len(nodes) < 2:
        unmeasured = Absent(
            "Fewer than two pods are ready: their spread over nodes is not known",
            next_step=PODS_FIRST,
        )
    elif not one_node and len(nodes) < min(2, least, deployment.replicas):
        unmeasured = Absent("No pod is listed with its node", source="pods", next_step=PODS_FIRST)
    elif late:
        unmeasured = TooEarly(
            f"PodDisruptionBudget/{late[0]}: its controller has not seen its newest generation",
            source="poddisruptionbudgets",
            next_step="run again in a minute",
        )
    observed = f"{counted(deployment.replicas, 'replica')} on {counted(len(nodes), 'node')}"
    if budgets:
        observed += (
            f", PodDisruptionBudget {listed([one.name for one in budgets])} "
            f"allows {counted(budgets[0].allowed, 'eviction')}"
        )
    return Judgement(
        tuple(found),
        observed,
        least,
        "replicas",
        "Deployment, Pods and PodDisruptionBudgets, now",
        unmeasured=unmeasured,
    )


def _of_budgets(
    budgets: Sequence[DisruptionBudget],
    pods: Sequence[Pod],
    listed_pods: Sequence[Pod],
    deployment: Deployment,
    *,
    install: Install,
) -> Iterator[Finding]:
    """Yield the faults of the budgets, pod by pod: a budget selects the labels of a pod.

    :param listed_pods: finished pods too: an evicted pod counts in ``expectedPods``.
    """
    where = f"Deployment/{deployment.name}"
    subjects = [(pod.name, pod.labels) for pod in pods] or [("", deployment.template.labels)]
    of_pod = {
        name: [budget for budget in budgets if matches(budget.selector, labels)]
        for name, labels in subjects
    }
    bare = [name for name, chosen in of_pod.items() if not chosen]
    if bare:
        which = "the pods" if len(bare) == len(of_pod) else f"pod {listed(sorted(bare), most=2)}"
        message = f"No PodDisruptionBudget selects {which}: node drains may evict all pods at once."
        fix = shell(
            "kubectl -n {} create poddisruptionbudget {} --selector={} --min-available=1",
            install.namespace,
            install.deployment,
            deployment.selector,
        )
        yield Finding(where, "budget-missing", message, 0, 1, "budgets", fix)
    crowded = [chosen for chosen in of_pod.values() if len(chosen) > 1]
    if crowded:
        names = listed(sorted({budget.name for chosen in crowded for budget in chosen}))
        message = (
            f"PodDisruptionBudgets {names} select the same pod: "
            "the API server then refuses each of its evictions."
        )
        fix = shell("kubectl -n {} get poddisruptionbudgets", install.namespace)
        most = max(len(chosen) for chosen in crowded)
        yield Finding(where, "budgets-overlap", message, most, 1, "budgets", fix)
        return
    for budget in sorted(
        {one.name: one for each in of_pod.values() for one in each}.values(), key=_name
    ):
        own = sum(matches(budget.selector, pod.labels) for pod in listed_pods)
        yield from _of_budget(budget, own=max(own, deployment.replicas), install=install)


def _name(budget: DisruptionBudget) -> str:
    return budget.name


def _of_budget(budget: DisruptionBudget, *, own: int, install: Install) -> Iterator[Finding]:
    """Yield the fault of one budget; one that its controller has not seen has none yet.

    :param own: how many of its expected pods are the collector's, at most.
    """
    subject = f"PodDisruptionBudget/{budget.name}"
    look = shell("kubectl -n {} describe poddisruptionbudget {}", install.namespace, budget.name)
    if not budget.current:
        return
    if budget.failure:
        message = (
            f"{subject} allows no eviction: its controller cannot compute it ({budget.failure}). "
            "A node drain waits forever."
        )
        yield Finding(subject, "budget-blocks-drain", message, 0, 1, "evictions", look)
    elif budget.desired_healthy < 1:
        message = (
            f"{subject} keeps none of {counted(budget.expected, 'pod')}: "
            "node drains may evict all at once."
        )
        yield Finding(
            subject, "budget-keeps-none", message, budget.desired_healthy, 1, "pods", look
        )
    elif budget.desired_healthy <= (others := budget.expected - own):
        message = (
            f"{subject} also selects {counted(others, 'pod')} of other workloads and requires "
            f"{counted(budget.desired_healthy, 'healthy pod')}: node drains may evict all of the "
            "collector's at once."
        )
        yield Finding(subject, "budget-keeps-none", message, 0, 1, "pods", look)
    elif budget.allowed < 1:
        state = f"it requires {budget.desired_healthy} of {counted(budget.expected, 'healthy pod')}"
        if budget.desired_healthy < budget.expected:
            state += f", and {budget.healthy} of {budget.expected} are healthy"
        message = f"{subject} allows no eviction: {state}. A node drain waits."
        if budget.healthy < budget.desired_healthy and not budget.evicts_unhealthy:
            message += (
                " Its unhealthyPodEvictionPolicy keeps the unhealthy pods too; "
                "AlwaysAllow lets them go."
            )
            look = shell(
                'kubectl -n {} patch poddisruptionbudget {} --type=merge -p \'{{"spec":{{"unhealthyPodEvictionPolicy":"AlwaysAllow"}}}}\'',
                install.namespace,
                budget.name,
            )
        yield Finding(subject, "budget-blocks-drain", message, budget.allowed, 1, "evictions", look)


def _spread(deployment: Deployment, install: Install) -> Command:
    """Return the command that spreads the pods over nodes."""
    constraint = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(sorted(deployment.template.labels.items()))},
    }
    patch = {"spec": {"template": {"spec": {"topologySpreadConstraints": [constraint]}}}}
    text = json.dumps(patch, separators=(",", ":"))
    return shell(
        "kubectl -n {} patch deployment {} -p {}", install.namespace, install.deployment, text
    )
