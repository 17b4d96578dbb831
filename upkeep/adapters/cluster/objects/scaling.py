"""What keeps a number of pods: disruption budgets and autoscalers.

Source: Kubernetes API reference v1.36 (policy/v1, autoscaling/v2).
"""

from upkeep.adapters.cluster.fields import conditions_of, label_selector, reads
from upkeep.adapters.wire.serving import HorizontalPodAutoscaler, PodDisruptionBudget
from upkeep.records.usage import Autoscaler, DisruptionBudget


@reads(PodDisruptionBudget)
def disruption_budget(raw: PodDisruptionBudget) -> DisruptionBudget:
    """A PodDisruptionBudget (policy/v1)."""
    status, selector = raw.status, raw.spec.selector
    return DisruptionBudget(
        name=raw.metadata.name,
        selector=None if selector is None else label_selector(selector),
        allowed=status.disruptionsAllowed,
        desired_healthy=status.desiredHealthy,
        expected=status.expectedPods,
        current=status.observedGeneration >= (raw.metadata.generation or 1),
    )


@reads(HorizontalPodAutoscaler)
def autoscaler(raw: HorizontalPodAutoscaler, *, deployment: str) -> Autoscaler | None:
    """A HorizontalPodAutoscaler (autoscaling/v2); ``None`` where it scales something else than the Deployment."""
    scaled = raw.spec.scaleTargetRef
    if (scaled.kind, scaled.name) != ("Deployment", deployment):
        return None
    return Autoscaler(
        name=raw.metadata.name,
        least=raw.spec.minReplicas,
        most=raw.spec.maxReplicas,
        current=raw.status.currentReplicas,
        conditions=conditions_of(raw.status.conditions),
    )
