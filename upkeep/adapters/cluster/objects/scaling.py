"""Read PodDisruptionBudgets and HorizontalPodAutoscalers.

Source: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/pod-disruption-budget-v1/;
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
"""

from upkeep.adapters.cluster.fields import Raw, conditions_of, label_selector, reading
from upkeep.records.usage import Autoscaler, DisruptionBudget


def disruption_budget(raw: Raw) -> DisruptionBudget:
    """Return a PodDisruptionBudget (policy/v1)."""
    with reading("PodDisruptionBudget", raw):
        metadata, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
        return DisruptionBudget(
            name=metadata["name"],
            selector=None if spec.get("selector") is None else label_selector(spec["selector"]),
            allowed=int(status.get("disruptionsAllowed") or 0),
            desired_healthy=int(status.get("desiredHealthy") or 0),
            expected=int(status.get("expectedPods") or 0),
            healthy=int(status.get("currentHealthy") or 0),
            evicts_unhealthy=spec.get("unhealthyPodEvictionPolicy") == "AlwaysAllow",
            failure=next(
                (
                    condition.message or condition.reason
                    for condition in conditions_of(status)
                    if (condition.type, condition.status) == ("DisruptionAllowed", "False")
                    and condition.reason == "SyncFailed"
                ),
                "",
            ),
            current=int(status.get("observedGeneration") or 0)
            >= int(metadata.get("generation") or 1),
        )


def autoscaler(raw: Raw, *, deployment: str) -> Autoscaler | None:
    """Return a HorizontalPodAutoscaler (autoscaling/v2).

    ``None`` where it scales another object than the Deployment.
    """
    with reading("HorizontalPodAutoscaler", raw):
        spec, status = raw["spec"], raw.get("status") or {}
        scaled = spec["scaleTargetRef"]
        if (scaled["kind"], scaled["name"]) != ("Deployment", deployment):
            return None
        least = spec.get("minReplicas")
        return Autoscaler(
            name=raw["metadata"]["name"],
            least=1 if least is None else int(least),
            most=int(spec["maxReplicas"]),
            current=int(status.get("currentReplicas") or 0),
            conditions=conditions_of(status),
        )
