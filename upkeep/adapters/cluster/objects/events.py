"""Read Events.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from datetime import UTC

from upkeep.adapters.cluster.fields import CLOCKS_APART, reads
from upkeep.adapters.wire.workloads import Event
from upkeep.records.events import KubernetesEvent


@reads(Event)
def event(raw: Event) -> KubernetesEvent:
    """Return an Event (v1), as old and new clients write it.

    The API server stores events of ``events.k8s.io`` as the same objects, so one list has all.
    Those have no ``lastTimestamp`` but an ``eventTime``, and perhaps a series with its own last
    time and count. The latest time counts, unless it lies well before the creation, which is of the
    API server's clock: then the reporter's clock is wrong, and the event is as young as that.
    """
    series, made = raw.series, raw.metadata.creationTimestamp
    times = (series and series.lastObservedTime, raw.lastTimestamp, raw.eventTime)
    last = max((time for time in times if time), default=made)
    last = made if last < made - CLOCKS_APART else last
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
