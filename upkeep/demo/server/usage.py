"""What metrics-server serves beside the API server: the present usage of containers."""

from datetime import datetime, timedelta

from upkeep.demo.objects import kubelet
from upkeep.demo.server.responses import Request, Response, as_json, not_found
from upkeep.demo.server.selectors import selects
from upkeep.demo.state import State, stamp


def usage(
    state: State, now: datetime, request: Request, namespace: str | None, name: str | None
) -> Response:
    """What metrics-server says of the pods: those of which it knows nothing are left out."""
    chosen, items = request.query.get("labelSelector", ""), []
    for pod in state.objects["pods"]:
        head = pod["metadata"]
        if (
            (namespace or head["namespace"]) == head["namespace"] and (name or head["name"]) == head["name"]
            and head["name"] not in state.unmeasured and pod["status"].get("phase") == "Running"
            and selects(chosen, head.get("labels", {}))
        ):  # fmt: skip
            usual = f"{state.cores:.9f}", f"{state.memory_mib}Mi"
            used = {
                one["name"]: state.usage.get(head["name"], usual) for one in pod["spec"]["containers"]
            } | {
                one: state.usage.get(f"{head['name']}/{one}", ("20m", "30Mi"))
                for one in kubelet.sidecars(state, head["name"])
            }  # fmt: skip
            items.append({
                "metadata": {key: head[key] for key in ("name", "namespace", "labels") if key in head}
                | {"creationTimestamp": stamp(now)},
                "timestamp": stamp(now - timedelta(seconds=20)), "window": "15.2s",
                "containers": [
                    {"name": one, "usage": {"cpu": cpu, "memory": memory}} for one, (cpu, memory) in used.items()
                ],
            })  # fmt: skip
    version = {"apiVersion": "metrics.k8s.io/v1beta1"}
    if name is None:
        return as_json({"kind": "PodMetricsList", **version, "metadata": {}, "items": items})
    if not items:
        raise not_found("pods", name)
    return as_json({"kind": "PodMetrics", **version, **items[0]})
