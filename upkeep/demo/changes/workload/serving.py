"""Services without endpoints, and pods that do not answer as they should."""

import json
from dataclasses import replace
from typing import Any

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import workload
from upkeep.demo.state import Answer, State, stamp


@scenario(
    "no-ready-endpoint",
    "the pods are ready, but the Service's endpoints are not",
    "endpoints-serving",
)
def no_ready_endpoint(state: State) -> None:
    for entry in state.objects["endpointslices"][0]["endpoints"]:
        entry["conditions"] |= {"ready": False, "serving": False}


@scenario(
    "endpoint-missing", "one ready pod is not among the Service's endpoints", "endpoints-serving"
)
def endpoint_missing(state: State) -> None:
    del state.objects["endpointslices"][0]["endpoints"][0]


@scenario("service-without-endpoints", "the Service has no EndpointSlice", "endpoints-serving")
def service_without_endpoints(state: State) -> None:
    state.drop("endpointslices")


@scenario(
    "target-port-unresolved",
    "the Service's target port names a container port that does not exist",
    "endpoints-serving",
)
def target_port_unresolved(state: State) -> None:
    state.get("services", state.fullname)["spec"]["ports"][0]["targetPort"] = "web"
    state.objects["endpointslices"][0]["ports"] = []


@scenario(
    "service-selects-nothing", "the Service's selector has a typing error", "endpoints-serving"
)
def service_selects_nothing(state: State) -> None:
    state.get("services", state.fullname)["spec"]["selector"] = {"app": "cano-colector"}
    state.objects["endpointslices"][0] |= {"endpoints": None, "ports": None}


@scenario("service-missing", "the collector has no Service", "endpoints-serving")
def service_missing(state: State) -> None:
    state.drop("services", state.fullname)
    state.drop("endpointslices")


def answer_health(state: State, **change: Any) -> None:
    """Change what the first pod answers on each of its health paths."""
    answers = state.process().answers
    for path in workload.HEALTH_PATHS[state.layout]:
        answers[path] = replace(answers[path], **change)


@scenario(
    "health-degraded", "one pod answers 503 with its own body on its health path", "health-ok"
)
def health_degraded(state: State) -> None:
    body = {
        "status": "Service Unavailable",
        "timestamp": stamp(state.now),
        "failures": {"slack": "timeout during health check"},
    }
    path = workload.HEALTH_PATHS[state.layout][-1]
    state.process().answers[path] = Answer(503, json.dumps(body))


@scenario("health-slow", "one pod takes 4 s to say that it is well", "health-ok")
def health_slow(state: State) -> None:
    answer_health(state, delay_seconds=4)


@scenario("health-wrong-body", "one pod answers 200, but its body does not say ok", "health-ok")
def health_wrong_body(state: State) -> None:
    answer_health(state, body='{"status":"starting"}')


@scenario("health-missing", "one pod answers 404 on its health paths", "health-ok")
def health_missing(state: State) -> None:
    answer_health(state, status=404, body="404 page not found", content_type="text/plain")


@scenario(
    "health-refused",
    "one pod is ready, but nothing listens on its port",
    "health-ok",
    "metrics-scraped",
)
def health_refused(state: State) -> None:
    state.process().listening = False
