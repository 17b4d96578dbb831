"""The embedded cluster against a real one: the same requests, the same answers where the suite relies on them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3
import yaml

from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.layouts import Install
from upkeep import demo

REQUESTS = {
    "a list": ("GET", "/api/v1/namespaces/{ns}/pods?labelSelector=app%3Dcano-collector"),
    "a set-based selector": (
        "GET",
        "/api/v1/namespaces/{ns}/pods?labelSelector=app+in+%28cano-collector,other%29",
    ),
    "an empty list": ("GET", "/api/v1/namespaces/{ns}/pods?labelSelector=app%3Dnobody"),
    "a selector that cannot be parsed": (
        "GET",
        "/api/v1/namespaces/{ns}/pods?labelSelector=%3D%3D%3D",
    ),
    "a page": ("GET", "/api/v1/namespaces/{ns}/pods?labelSelector=app%3Dcano-collector&limit=1"),
    "a continue token that is none": (
        "GET",
        "/api/v1/namespaces/{ns}/pods?limit=1&continue=bm9uZQ",
    ),
    "one object": ("GET", "/apis/apps/v1/namespaces/{ns}/deployments/cano-collector"),
    "an object that is not there": ("GET", "/api/v1/namespaces/{ns}/configmaps/nowhere"),
    "a namespace that is not there": ("GET", "/api/v1/namespaces/nowhere/pods"),
    "a path that is not there": ("GET", "/apis/nowhere/v1/things"),
    "replicasets": (
        "GET",
        "/apis/apps/v1/namespaces/{ns}/replicasets?labelSelector=app%3Dcano-collector",
    ),
    "services": ("GET", "/api/v1/namespaces/{ns}/services/cano-collector"),
    "slices": ("GET", "/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices"),
    "cronjobs": ("GET", "/apis/batch/v1/namespaces/{ns}/cronjobs"),
    "jobs": ("GET", "/apis/batch/v1/namespaces/{ns}/jobs"),
    "a claim": ("GET", "/api/v1/namespaces/{ns}/persistentvolumeclaims/backup-pvc"),
    "the health path": ("GET", "/api/v1/namespaces/{ns}/pods/{pod}:8080/proxy/health"),
    "the metrics": ("GET", "/api/v1/namespaces/{ns}/pods/{pod}:8080/proxy/metrics"),
    "a path that the process has not": (
        "GET",
        "/api/v1/namespaces/{ns}/pods/{pod}:8080/proxy/nowhere",
    ),
    "a port nobody listens on": ("GET", "/api/v1/namespaces/{ns}/pods/{pod}:9/proxy/health"),
    "a pod that is not there, proxied": (
        "GET",
        "/api/v1/namespaces/{ns}/pods/nowhere:8080/proxy/health",
    ),
    "a log's last lines": (
        "GET",
        "/api/v1/namespaces/{ns}/pods/{pod}/log?container=cano-collector&tailLines=2&timestamps=true",
    ),
    "a log's window": (
        "GET",
        "/api/v1/namespaces/{ns}/pods/{pod}/log?container=cano-collector&sinceSeconds=3600&timestamps=true",
    ),
    "a log's head": (
        "GET",
        "/api/v1/namespaces/{ns}/pods/{pod}/log?container=cano-collector&limitBytes=100&timestamps=true",
    ),
    "the log of a container that is not there": (
        "GET",
        "/api/v1/namespaces/{ns}/pods/{pod}/log?container=nobody",
    ),
    "a log of a pod that is not there": ("GET", "/api/v1/namespaces/{ns}/pods/nowhere/log"),
}


@pytest.fixture(scope="module")
def embedded() -> Iterator[Any]:
    with demo.start("healthy", now=lambda: datetime.now(UTC)) as cluster:
        yield cluster


def shape(value: Any, *, depth: int = 2) -> Any:
    """What the suite may rely on: a Status by its words, an object by its kind and keys, a text by its being one."""
    if isinstance(value, dict) and value.get("kind") == "Status":
        return {key: value.get(key) for key in ("kind", "apiVersion", "status", "reason", "code")}
    if isinstance(value, dict) and str(value.get("kind", "")).endswith("List"):
        return {
            "kind": value["kind"],
            "apiVersion": value["apiVersion"],
            "paged": bool(value["metadata"].get("continue")),
            "one": bool(value["items"]),
        }
    if isinstance(value, dict):
        return {
            "kind": value.get("kind"),
            "apiVersion": value.get("apiVersion"),
            "status": value.get("status") if "kind" not in value else None,
        }
    return type(value).__name__


def answer(status: int, content_type: str, body: bytes) -> tuple[int, str, Any]:
    """Status, content type and shape of an answer."""
    kind = content_type.split(";")[0]
    return status, kind, shape(json.loads(body)) if kind == "application/json" else "text"


@pytest.mark.parametrize("what", REQUESTS)
def test_the_embedded_cluster_answers_like_a_real_one(
    what: str, embedded: Any, plane: ControlPlane, guide: Install
) -> None:
    method, path = REQUESTS[what]
    real = plane.request(method, path.format(ns=guide.namespace, pod=sorted(guide.addresses)[0]))
    token = yaml.safe_load(embedded.kubeconfig.read_text())["users"][0]["user"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    pods = json.loads(
        urllib3.request(
            "GET",
            f"{embedded.url}/api/v1/namespaces/{embedded.namespace}/pods?labelSelector=app%3Dcano-collector",
            headers=headers,
        ).data
    )
    pod = pods["items"][0]["metadata"]["name"]
    ours = urllib3.request(
        method,
        embedded.url + path.format(ns=embedded.namespace, pod=pod),
        headers=headers,
        retries=False,
        timeout=60,
    )
    seen = [
        answer(one.status, one.headers.get("Content-Type", ""), one.data) for one in (ours, real)
    ]
    assert seen[0] == seen[1]


def test_forbidden_reads_alike(plane: ControlPlane, guide: Install) -> None:
    """A 403 is the same Status, word for word but for the names."""
    real = json.loads(
        plane.request("GET", f"/api/v1/namespaces/{guide.namespace}/pods", identity="nobody").data
    )
    with demo.start("forbidden@pods", now=lambda: datetime.now(UTC)) as cluster:
        token = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]["token"]
        url = f"{cluster.url}/api/v1/namespaces/{cluster.namespace}/pods"
        ours = json.loads(
            urllib3.request(
                "GET", url, headers={"Authorization": f"Bearer {token}"}, retries=False
            ).data
        )
    assert shape(ours) == shape(real)
    assert ours["message"].replace(ours["message"].split('"')[1], "U") == real["message"].replace(
        "nobody", "U"
    )
