"""Events.

Source: Kubernetes API reference v1.36 (core/v1, events.k8s.io/v1).
"""

from datetime import UTC

from upkeep.adapters.cluster.fields import reads
from upkeep.adapters.wire.workloads import Event
from upkeep.records.workload import KubernetesEvent


@reads(Event)
def event(raw: Event) -> KubernetesEvent:
    """An Event (v1), as old and new clients write it: a series has its last time and count apart.

    Those of ``events.k8s.io`` are the same stored objects, and the API server gives each in either form: one read sees all of them. What was
    written through it has no ``lastTimestamp`` here, but ``eventTime`` and perhaps a series; the latest of these counts.
    """
    series = raw.series
    times = (series and series.lastObservedTime, raw.lastTimestamp, raw.eventTime)
    last = max((time for time in times if time), default=raw.metadata.creationTimestamp)
    return KubernetesEvent(
        kind=raw.involvedObject.kind,
        name=raw.involvedObject.name,
        type=raw.type,
        reason=raw.reason,
        message=raw.message,
        last=last.astimezone(UTC),
        count=(series and series.count) or raw.count or 1,
    )
