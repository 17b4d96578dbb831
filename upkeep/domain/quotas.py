"""The quotas that count a pod, and what they make every container state.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-scopes;
kubernetes, pkg/quota/v1/evaluator/core/pods.go.
"""

from collections.abc import Iterable, Iterator, Mapping

from upkeep.records.placement import Demand, Quota
from upkeep.records.workload import ContainerResources

# (names of a quota, field of a container): where the quota bounds one, admission refuses a pod
# with a container that does not state it.
_STATED = (
    (("cpu", "requests.cpu"), "cpu_request_nanocores"),
    (("memory", "requests.memory"), "memory_request_bytes"),
    (("limits.cpu",), "cpu_limit_nanocores"),
    (("limits.memory",), "memory_limit_bytes"),
)


def counts(
    quota: Quota, wanted: Demand, *, priority_class: str, cross_namespace: bool = False
) -> bool:
    """Tell whether a quota counts pods of a Deployment. All of its scopes must match.

    :param wanted: a pod that takes nothing is of QoS class BestEffort.
    :param priority_class: of the pod after admission; empty for none.
    :param cross_namespace: an affinity of the pod reaches into other namespaces.
    """
    best_effort = wanted == Demand()
    matches = {
        # A Deployment's pods have no activeDeadlineSeconds: the API server refuses it there.
        "Terminating": False,
        "NotTerminating": True,
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
        "CrossNamespacePodAffinity": cross_namespace,
    }
    return all(
        _of_class(operator, values, priority_class)
        if scope == "PriorityClass"
        else matches.get(scope, False)
        for scope, operator, values in quota.scopes
    )


def _of_class(operator: str, values: tuple[str, ...], priority_class: str) -> bool:
    """Match as a label selector does: a pod without a class passes NotIn and DoesNotExist."""
    if operator in ("Exists", "DoesNotExist"):
        return bool(priority_class) is (operator == "Exists")
    return (priority_class in values and bool(priority_class)) is (operator == "In")


def unstated(
    quota: Quota, containers: Iterable[ContainerResources], whole: ContainerResources | None
) -> Iterator[tuple[str, str]]:
    """Yield (name of the quota, container) of what a container must state and does not.

    :param whole: pod-level resources, which state it for all containers.
    """
    those = list(containers)
    for names, field in _STATED:
        bounded = [name for name in names if name in quota.hard]
        if bounded and (whole is None or getattr(whole, field) is None):
            yield from ((bounded[0], one.name) for one in those if getattr(one, field) is None)


def amounts(wanted: Demand, *, pods: int = 1) -> Mapping[str, int]:
    """Return what pods take of a quota by the API's names, in thousandths of their unit.

    Nanocores are rounded up.
    """
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
