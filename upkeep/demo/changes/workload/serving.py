"""Change the Service's endpoints, and the answers of the pods."""

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import workload
from upkeep.demo.objects.notifications import webhook
from upkeep.demo.state import Answer, State, stamp, uid


@scenario(
    "no-ready-endpoint",
    "the pods are ready, and the Service's endpoints are not",
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
    "service-headless",
    "the Service is headless, and Alertmanager posts to its port 80, which no process listens on",
    "endpoints-serving",
    "fallback-notification",
)
def service_headless(state: State) -> None:
    spec = state.get("services", state.fullname)["spec"]
    spec |= {"clusterIP": "None", "clusterIPs": ["None"]}
    spec["ports"][0]["port"] = 80
    state.notifications["receivers"][0]["webhook_configs"] = [webhook(state, port=80)]


@scenario(
    "service-deleted",
    "the Service was deleted, and the finalizer of its load balancer keeps it",
    "endpoints-serving",
)
def service_deleted(state: State) -> None:
    state.get("services", state.fullname)["metadata"] |= {
        "deletionTimestamp": stamp(state.ago(hours=1)),
        "finalizers": ["service.kubernetes.io/load-balancer-cleanup"],
    }


@scenario("service-selects-nothing", "the Service's selector is misspelt", "endpoints-serving")
def service_selects_nothing(state: State) -> None:
    state.get("services", state.fullname)["spec"]["selector"] = {"app": "cano-colector"}
    state.objects["endpointslices"][0] |= {"endpoints": None, "ports": None}


@scenario("service-missing", "the collector has no Service", "endpoints-serving")
def service_missing(state: State) -> None:
    state.drop("services", state.fullname)
    state.drop("endpointslices")


def answer_health(state: State, **change: Any) -> None:
    """Change the first pod's answer on each of its health paths."""
    answers = state.process().answers
    for path in workload.HEALTH_PATHS[state.layout]:
        answers[path] = replace(answers[path], **change)


@scenario("health-degraded", "one pod answers 503 on a health path", "health-ok")
def health_degraded(state: State) -> None:
    body = {
        "status": "Service Unavailable",
        "timestamp": stamp(state.now),
        "failures": {"slack": "timeout during health check"},
    }
    path = workload.HEALTH_PATHS[state.layout][-1]
    state.process().answers[path] = Answer(503, json.dumps(body))


@scenario("health-slow", "one pod answers on its health paths after 4 s", "health-ok")
def health_slow(state: State) -> None:
    answer_health(state, delay_seconds=4)


@scenario("health-wrong-body", "one pod answers 200 with a status that is not ok", "health-ok")
def health_wrong_body(state: State) -> None:
    answer_health(state, body='{"status":"starting"}')


@scenario("health-missing", "one pod answers 404 on its health paths", "health-ok")
def health_missing(state: State) -> None:
    answer_health(state, status=404, body="404 page not found", content_type="text/plain")


@scenario(
    "health-refused",
    "one pod is ready, and no process listens on its port",
    "health-ok",
    "metrics-scraped",
)
def health_refused(state: State) -> None:
    state.process().listening = False


@scenario(
    "mesh-denies",
    "the proxy of a service mesh refuses the API server's requests with 403; the pods are ready",
)
def mesh_denies(state: State) -> None:
    for item in state.pods:
        answers = state.processes[item["metadata"]["name"]][-1].answers
        for path in answers:
            answers[path] = Answer(403, "RBAC: access denied", "text/plain")


@scenario(
    "mesh-denies-one",
    "a mesh's proxy refuses requests to one pod with 403, and the other pod answers 503",
    "health-ok",
)
def mesh_denies_one(state: State) -> None:
    health_degraded(state)
    for path in workload.HEALTH_PATHS[state.layout]:
        second = state.processes[state.pods[1]["metadata"]["name"]][-1]
        second.answers[path] = Answer(403, "", "")


@scenario(
    "slice-of-another-cluster",
    "another controller's EndpointSlice adds endpoints of a second cluster to the Service",
)
def slice_of_another_cluster(state: State) -> None:
    own = state.objects["endpointslices"][0]
    far = deepcopy(own)
    far["metadata"] |= {
        "name": f"{state.fullname}-7x2k9",
        "uid": uid("slice of another cluster"),
        "labels": own["metadata"]["labels"]
        | {
            "endpointslice.kubernetes.io/managed-by": "endpointslice-mesh-controller.cilium.io",
            "multicluster.kubernetes.io/source-cluster": "west",
        },
    }
    far["endpoints"] = [{"addresses": ["10.88.3.4"], "conditions": {"ready": True}}]
    state.add(far)


@scenario(
    "one-family-empty",
    "the Service is dual-stack, and its IPv6 EndpointSlice has no endpoint",
    "endpoints-serving",
)
def one_family_empty(state: State) -> None:
    service = state.get("services", state.fullname)
    addresses = ["fd00:10:96::12", service["spec"]["clusterIP"]]
    service["spec"] |= {
        "ipFamilies": ["IPv6", "IPv4"],
        "ipFamilyPolicy": "RequireDualStack",
        "clusterIP": addresses[0],
        "clusterIPs": addresses,
    }
    six = deepcopy(state.objects["endpointslices"][0])
    six["metadata"] |= {"name": f"{state.fullname}-6x6x6", "uid": uid("slice of IPv6")}
    state.add(six | {"addressType": "IPv6", "endpoints": []})


@scenario(
    "node-local-traffic",
    "the Service has internalTrafficPolicy Local: other nodes drop its alerts",
    "endpoints-serving",
)
def node_local_traffic(state: State) -> None:
    state.get("services", state.fullname)["spec"]["internalTrafficPolicy"] = "Local"
