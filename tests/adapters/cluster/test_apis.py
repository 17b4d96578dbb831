"""Discovery, asked of a real HTTP server whose answers are scripted."""

import json
from typing import Any

import pytest

from tests.adapters.scripted import JSON, Server, kube
from upkeep.adapters.cluster import apis
from upkeep.errors import Absent, Forbidden, Malformed, Unmeasured

GROUPS = {
    "kind": "APIGroupList",
    "groups": [
        {"name": "apps", "versions": [{"groupVersion": "apps/v1"}]},
        {"name": "policy", "versions": [{"groupVersion": "policy/v1"}]},
    ],
}
APPS = {
    "resources": [
        {"name": "deployments", "kind": "Deployment", "namespaced": True},
        {"name": "deployments/scale", "kind": "Scale", "namespaced": True},
        {"name": "daemonsets", "kind": "DaemonSet", "namespaced": True},
    ]
}
ANSWERS: dict[str, Any] = {
    "/version": {"major": "1", "minor": "34+", "gitVersion": "v1.34.1-eks-3"},
    "/apis": GROUPS,
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis/apps/v1": APPS,
    "/api/v1": {"resources": [{"name": "pods", "kind": "Pod", "namespaced": True}]},
}


def script(server: Server, **changes: Any) -> None:
    for path, answer in ANSWERS.items():
        server.on(path, (200, JSON, json.dumps(changes.get(path, answer)).encode()))


def test_the_kinds_of_the_versions_that_are_asked_for(server: Server) -> None:
    script(server)
    served = apis.served(kube(server.url), ["apps/v1", "v1", "policy/v1beta1", "apps/v1"])
    assert (served.version, served.major, served.minor) == ("v1.34.1-eks-3", 1, 34)
    assert served.api_versions == ("v1", "apps/v1", "policy/v1")
    assert served.kinds == (("apps/v1", "DaemonSet"), ("apps/v1", "Deployment"), ("v1", "Pod"))
    assert [path for _, path, _ in server.asked] == [
        "/version",
        "/apis",
        "/api",
        "/apis/apps/v1",
        "/api/v1",
    ]


@pytest.mark.parametrize(
    ("path", "answer", "error"),
    [
        ("/version", {}, Malformed),
        ("/version", {"major": "one", "minor": "34"}, Malformed),
        ("/version", {"major": "1", "minor": ""}, Malformed),
        ("/apis", {}, Malformed),
        ("/apis", {"groups": None}, Malformed),
        ("/apis", {"groups": []}, Absent),
        ("/apis", {"groups": [{"name": "apps"}]}, Malformed),
        ("/apis", {"groups": ["apps"]}, Malformed),
        ("/api", {"versions": []}, Absent),
        ("/api", {}, Malformed),
        ("/apis/apps/v1", {}, Malformed),
        ("/apis/apps/v1", {"resources": []}, Absent),
        ("/apis/apps/v1", {"resources": ["deployments"]}, Malformed),
        ("/apis/apps/v1", {"resources": [{"name": "deployments", "kind": 7}]}, Malformed),
        ("/api", {"versions": ["v1", 7]}, Malformed),
        ("/version", {"major": 1, "minor": "34"}, Malformed),
        ("/version", {"major": "1", "minor": "34", "gitVersion": "v1.33.9"}, Malformed),
        (
            "/apis/apps/v1",
            {"resources": [{"name": "deployments/scale", "kind": "Scale", "namespaced": True}]},
            Absent,
        ),
    ],
)
def test_what_says_nothing_is_not_taken_for_nothing_served(
    path: str, answer: Any, error: type[Unmeasured], server: Server
) -> None:
    script(server, **{path: answer})
    with pytest.raises(error):
        apis.served(kube(server.url), ["apps/v1", "v1"])


def test_forbidden_discovery_names_the_binding_that_opens_it(server: Server) -> None:
    script(server)
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": "forbidden",
        "reason": "Forbidden",
        "code": 403,
    }
    server.on("/apis", (403, JSON, json.dumps(status).encode()))
    with pytest.raises(Forbidden) as caught:
        apis.served(kube(server.url), ["v1"])
    assert caught.value.next_step == apis.OPEN_AGAIN


def test_a_version_in_the_list_without_a_document_could_not_be_looked_at(server: Server) -> None:
    """As the API server answers for a moment after a definition is installed: seen on a real one."""
    script(server)
    server.on(
        "/apis/apps/v1",
        (404, {"Content-Type": "text/plain; charset=utf-8"}, b"404 page not found\n"),
    )
    with pytest.raises(
        Absent,
        match=r"GET /apis/apps/v1: the API server names the version and does not serve it yet",
    ) as caught:
        apis.served(kube(server.url), ["apps/v1"])
    assert caught.value.next_step == "kubectl get --raw /apis/apps/v1"
