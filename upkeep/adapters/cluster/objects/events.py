"""Read Events.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from datetime import UTC

from upkeep.adapters.cluster.fields import reads
from upkeep.adapters.wire.workloads import Event
from upkeep.records.events import KubernetesEvent


@reads(Event)
def event(raw: Event) -> KubernetesEvent:
    """Return an Event (v1), as old and new clients write it.

    The API server stores events of ``events.k8s.io`` as the same objects, so one list has all.
    Those have no ``lastTimestamp`` but an ``eventTime``, and perhaps a series with its own last
    time and count. The latest time counts. The creation is of the API server's clock, the others
    are of the reporter's: no event was seen for the last time before it was stored.
    """
    series = raw.series
    times = (series and series.lastObservedTime, raw.lastTimestamp, raw.eventTime)
    last = max(time for time in (*times, raw.metadata.creationTimestamp) if time)
    return KubernetesEvent(
        kind=raw.involvedObject.kind,
        uid=raw.involvedObject.uid,
        name=raw.involvedObject.name,
        type=raw.type,
        reason=raw.reason,
        message=raw.message,
        last=last.astimezone(UTC),
        count=(series and series.count) or raw.count or 1,
    )
