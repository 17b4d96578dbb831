"""Services, and the EndpointSlice that its controller writes for the collector's."""

from upkeep.demo.objects.stored import make
from upkeep.demo.state import Object, State


def service(
    state: State,
    name: str,
    port: int,
    *,
    target: int | str,
    selector: dict[str, str],
    labels: dict[str, str],
    port_name: str = "http",
    headless: bool = False,
) -> Object:
    spec = {
        "type": "ClusterIP", "clusterIP": "None" if headless else f"10.96.0.{len(name)}", "selector": selector,
        "ports": [{"name": port_name, "port": port, "targetPort": target, "protocol": "TCP"}],
    }  # fmt: skip
    return make(
        state, "Service", name, state.ago(days=30), labels, spec=spec, status={"loadBalancer": {}}
    )


def endpoint(item: Object) -> Object:
    """What the EndpointSlice controller writes for a pod."""
    status = next(
        (
            condition["status"]
            for condition in item["status"]["conditions"]
            if condition["type"] == "Ready"
        ),
        "False",
    )
    ready = status == "True"
    return {
        "addresses": [item["status"]["podIP"]], "nodeName": item["spec"]["nodeName"],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "targetRef": {"kind": "Pod"} | {key: item["metadata"][key] for key in ("name", "namespace", "uid")},
    }  # fmt: skip


def refresh_endpoints(state: State) -> None:
    """Write the collector's EndpointSlice as its controller would after a change to the pods."""
    entry = state.objects["endpointslices"][0]
    entry["endpoints"] = [endpoint(item) for item in state.pods if item["status"].get("podIP")]


def endpoints(entry: Object) -> Object:
    """Return the Endpoints that mirror an EndpointSlice."""
    head, subset = entry["metadata"], {"ports": entry["ports"]}
    for one in entry["endpoints"] or []:
        key = "addresses" if one["conditions"]["ready"] else "notReadyAddresses"
        known = {name: one[name] for name in ("nodeName", "targetRef") if name in one}
        mirrored = [{"ip": address} | known for address in one["addresses"]]
        subset[key] = subset.get(key, []) + mirrored
    return {
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {
            **head, "name": head["labels"]["kubernetes.io/service-name"], "labels": {"endpoints.kubernetes.io/managed-by": "endpoint-controller"},
        },
        "subsets": [subset] if entry["endpoints"] else [],
    }  # fmt: skip
