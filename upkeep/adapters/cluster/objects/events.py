"""Events.

Source: Kubernetes API reference v1.36 (core/v1, events.k8s.io/v1).
"""

from upkeep.adapters.cluster.fields import Raw, reading
from upkeep.model import parse_time
from upkeep.records.workload import KubernetesEvent


def event(raw: Raw) -> KubernetesEvent:
    """An Event (v1), as old and new clients write it: a series has its last time and count apart.

    Those of ``events.k8s.io`` are the same stored objects, and the API server gives each in either form: one read sees all of them. What was
    written through it has no ``lastTimestamp`` here, but ``eventTime`` and perhaps a series; the latest of these counts.
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
            name=about.get("name") or "",
            type=raw.get("type") or "",
            reason=raw.get("reason") or "",
            message=raw.get("message") or "",
            last=max(times) if times else parse_time(raw["metadata"]["creationTimestamp"]),
            count=int(series.get("count") or raw.get("count") or 1),
        )
