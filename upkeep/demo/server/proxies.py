"""What lies behind the proxies of pods and Services: the collector, Prometheus, Alertmanager."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from upkeep.demo.objects import telemetry
from upkeep.demo.server import monitoring
from upkeep.demo.server.responses import Request, Response, bad_request, not_found, status
from upkeep.demo.state import Answer, Process, State

Clock = Callable[[], datetime]


def pod_proxy(state: State, request: Request, namespace: str, target: str, path: str) -> Response:
    _, name, port = split_target(target)
    item = state.find("pods", name, namespace)
    if item is None:
        raise not_found("pods", name)
    address = item["status"].get("podIP")
    if not address:
        raise bad_request("address not allowed")
    number = port or str(
        item["spec"]["containers"][0].get("ports", [{"containerPort": 80}])[0]["containerPort"]
    )
    runs = state.processes.get(name, [])
    if number != "8080" or not runs or runs[-1].ended is not None or not runs[-1].listening:
        return unreachable(f"dial tcp {address}:{number}: connect: connection refused")
    return collector(state, runs[-1], address, path)


def service_proxy(
    state: State, clock: Clock, request: Request, namespace: str, target: str, path: str
) -> Response:
    _, name, port = split_target(target)
    item = state.find("services", name, namespace)
    if item is None:
        raise not_found("services", name)
    ports = item["spec"]["ports"]
    if not any(
        port in (str(one["port"]), one["name"]) or (not port and len(ports) == 1) for one in ports
    ):
        return status(
            503, "ServiceUnavailable", f'no service port "{port}" found for service "{name}"'
        )
    if "prometheus" in item["spec"]["selector"].values():
        return played(state, clock, monitoring.prometheus, path, request)
    if "alertmanager" in item["spec"]["selector"].values():
        return played(state, clock, monitoring.alertmanager, path, request)
    for one in state.objects["endpointslices"]:
        if one["metadata"]["labels"].get("kubernetes.io/service-name") == name:
            for entry in one["endpoints"] or []:
                if entry["conditions"]["ready"] and (
                    runs := state.processes.get(entry["targetRef"]["name"])
                ):
                    return collector(state, runs[-1], entry["addresses"][0], path)
    return status(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')


def collector(state: State, process: Process, address: str, path: str) -> Response:
    """What the collector itself answers."""
    if path == "/metrics" and path not in process.answers:
        text = telemetry.exposition(process, state)
        return Response(
            200, text.encode(), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
        )
    canned = process.answers.get(path, Answer(404, "404 page not found", "text/plain"))
    return Response(
        canned.status, canned.body.encode(), canned.content_type, delay_seconds=canned.delay_seconds
    )


def played(state: State, clock: Clock, play: Any, path: str, request: Request) -> Response:
    code, body, kind = play(state, path, request.query, clock())
    return Response(code, body.encode(), kind)


def split_target(target: str) -> tuple[str, str, str]:
    """Scheme, name and port of a proxy target: NAME, NAME:PORT or SCHEME:NAME:PORT."""
    parts = target.split(":")
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    return "", parts[0], parts[1] if len(parts) == 2 else ""


def unreachable(reason: str) -> Response:
    """The proxy's own answer where the connection to the target failed."""
    return status(503, "ServiceUnavailable", f"error trying to reach service: {reason}")
