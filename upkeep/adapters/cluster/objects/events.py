"""Read Events.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from upkeep.adapters.cluster.fields import Raw, reading
from upkeep.model import parse_time
from upkeep.records.events import KubernetesEvent


def event(raw: Raw) -> KubernetesEvent:
    """Return an Event (v1), as old and new clients write it.

    The API server stores events of ``events.k8s.io`` as the same objects, so one list has all.
    Those have no ``lastTimestamp`` but an ``eventTime``, and perhaps a series with its own last
    time and count. The latest time counts.
    """
    with reading("Event", raw):
        about, series = raw.get("involvedObject") or {}, raw.get("series") or {}
        times = [
            parse_time(text)
            for text in (
                series.get("lastObservedTime"),
                raw.get("lastTimestamp"),
                raw.get("eventTime"),
            )
            if text
        ]
        return KubernetesEvent(
            kind=about.get("kind") or "",
            uid=about.get("uid") or "",
            name=about.get("name") or "",
            type=raw.get("type") or "",
            reason=raw.get("reason") or "",
            message=raw.get("message") or "",
            last=max(times) if times else parse_time(raw["metadata"]["creationTimestamp"]),
            count=int(series.get("count") or raw.get("count") or 1),
        )
