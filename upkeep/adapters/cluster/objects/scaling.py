"""Read PodDisruptionBudgets and HorizontalPodAutoscalers.

Source: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/pod-disruption-budget-v1/;
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
"""

from upkeep.adapters.cluster.fields import conditions_of, label_selector, reads
from upkeep.adapters.wire.serving import (
    HorizontalPodAutoscaler,
    MetricSpec,
    PodDisruptionBudget,
)
from upkeep.records.usage import Autoscaler, DisruptionBudget


@reads(PodDisruptionBudget)
def disruption_budget(raw: PodDisruptionBudget) -> DisruptionBudget:
    """Return a PodDisruptionBudget (policy/v1)."""
    status, selector = raw.status, raw.spec.selector
    return DisruptionBudget(
        name=raw.metadata.name,
        selector=None if selector is None else label_selector(selector),
        allowed=status.disruptionsAllowed,
        desired_healthy=status.desiredHealthy,
        expected=status.expectedPods,
        healthy=status.currentHealthy,
        evicts_unhealthy=raw.spec.unhealthyPodEvictionPolicy == "AlwaysAllow",
        failure=next(
            (
                one.message or one.reason
                for one in status.conditions
                if (one.type, one.status, one.reason)
                == ("DisruptionAllowed", "False", "SyncFailed")
            ),
            "",
        ),
        current=status.observedGeneration >= (raw.metadata.generation or 1),
    )


@reads(HorizontalPodAutoscaler)
def autoscaler(raw: HorizontalPodAutoscaler, *, deployment: str) -> Autoscaler | None:
    """Return a HorizontalPodAutoscaler (autoscaling/v2).

    ``None`` where it scales another object than the Deployment.
    """
    scaled = raw.spec.scaleTargetRef
    if (scaled.kind, scaled.name) != ("Deployment", deployment):
        return None
    return Autoscaler(
        name=raw.metadata.name,
        least=raw.spec.minReplicas,
        most=raw.spec.maxReplicas,
        current=raw.status.currentReplicas,
        conditions=conditions_of(raw.status.conditions),
        # The controller keeps an empty status in the place of a metric that it cannot read.
        unread=tuple(
            _named(wanted)
            for wanted, read in zip(raw.spec.metrics, raw.status.currentMetrics or (), strict=False)
            if not read.type
        ),
    )


def _named(metric: MetricSpec) -> str:
    """Return a metric's type and name, as ``External queue_length``."""
    own = metric.resource or metric.containerResource
    other = metric.pods or metric.object or metric.external
    name = own.name if own else other.metric.name if other else ""
    return f"{metric.type} {name}".strip()
