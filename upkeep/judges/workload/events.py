"""warning-events: what did Kubernetes warn of?

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/; the guide's
"Service Outage", ``kubectl get events``.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from upkeep.judges.wording import counted, excerpt
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, span
from upkeep.records.events import KubernetesEvent
from upkeep.records.workload import Install
from upkeep.shell import shell

LIMIT = "event_window"


def none_warns(
    events: Sequence[KubernetesEvent], *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """Judge warning-events: no Warning about the Deployment, its ReplicaSets or their pods.

    An event is a warning unless it is Normal: the API allows further types, and none at all.
    ``limits["event_window"]`` is the window. The API server deletes events after an hour by
    default, so an empty list proves nothing about earlier times.
    """
    recent = [
        one
        for one in events
        if one.type != "Normal" and now - one.last <= timedelta(seconds=limits[LIMIT])
    ]
    groups: dict[tuple[str, str, str], list[KubernetesEvent]] = {}
    for one in recent:
        groups.setdefault((one.kind, one.name, one.reason), []).append(one)
    found = []
    for (kind, name, reason), group in sorted(
        groups.items(), key=lambda entry: max(one.last for one in entry[1]), reverse=True
    ):
        newest, times = max(group, key=lambda one: one.last), sum(one.count for one in group)
        ago = span(now - newest.last) or "0 s"
        message = (
            f"{kind}/{name}: {reason}, {counted(times, 'time')}, last {ago} ago: "
            f"{excerpt(newest.message)}"
        )
        command = shell(
            "kubectl -n {} get events --field-selector involvedObject.name={}",
            install.namespace,
            name,
        )
        found.append(
            Finding(f"{kind}/{name}", "event-warned", message, times, 0, "events", command)
        )
    observed = (
        f"{counted(sum(one.count for one in recent), 'warning')} "
        f"in {counted(len(events), 'stored event')}"
    )
    basis = f"the last {limits.text(LIMIT)}, as far as the API server keeps events"
    return Judgement(tuple(found), observed, 0, "warnings", basis)
