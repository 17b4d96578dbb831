"""Faults of the connection: each kind on the wire, and each source met where it is read and nowhere else."""

import json
import time

import pytest
import urllib3

from tests.demo.conftest import NOW, asker
from upkeep import demo

PODS = "/api/v1/namespaces/monitoring/pods"


def paths(cluster: demo.Cluster) -> dict[str, tuple[str, str]]:
    """For each source a request that reads it: method and path."""
    namespace, guide = cluster.namespace, cluster.state.layout == "guide"
    core, pod = f"/api/v1/namespaces/{namespace}", cluster.state.pods[0]["metadata"]["name"]
    apps, batch = f"/apis/apps/v1/namespaces/{namespace}", f"/apis/batch/v1/namespaces/{namespace}"
    prometheus = f"{core}/services/{'prometheus' if guide else 'prometheus-operated'}:9090/proxy"
    alertmanager = (
        f"{core}/services/{'alertmanager' if guide else 'alertmanager-operated'}:9093/proxy"
    )
    return {
        "deployments": ("GET", f"{apps}/deployments"),
        "replicasets": ("GET", f"{apps}/replicasets?labelSelector=app"),
        "pods": ("GET", f"{core}/pods"),
        "services": ("GET", f"{core}/services"),
        "endpointslices": (
            "GET",
            f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
        ),
        "logs": ("GET", f"{core}/pods/{pod}/log?tailLines=5"),
        "previous-logs": ("GET", f"{core}/pods/{pod}/log?previous=true"),
        "health": ("GET", f"{core}/pods/{pod}:8080/proxy/{'health' if guide else 'readyz'}"),
        "metrics": ("GET", f"{core}/pods/{pod}:8080/proxy/metrics"),
        "configuration": (
            "GET",
            f"{core}/{'configmaps/cano-collector-config' if guide else 'secrets/cano-collector-destination-secrets'}",
        ),
        "usage": ("GET", f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"),
        "exec": ("GET", f"{core}/pods/{pod}/exec?command=true"),
        "cronjobs": ("GET", f"{batch}/cronjobs"),
        "jobs": ("GET", f"{batch}/jobs"),
        "persistentvolumeclaims": ("GET", f"{core}/persistentvolumeclaims/backup-pvc"),
        "rehearsals": ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        "accessreviews": (
            "POST",
            f"/apis/authorization.k8s.io/v1/namespaces/{namespace}/localsubjectaccessreviews",
        ),
        "events": ("GET", f"{core}/events"),
        "poddisruptionbudgets": (
            "GET",
            f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets",
        ),
        "horizontalpodautoscalers": (
            "GET",
            f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers",
        ),
        "rbac": ("GET", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"),
        "serviceaccounts": ("GET", f"{core}/serviceaccounts/default"),
        "nodes": ("GET", "/api/v1/nodes"),
        "releases": (
            "GET",
            f"{core}/{'configmaps' if guide else 'secrets'}?labelSelector=owner%3Dhelm,name%3Dcano-collector",
        ),
        "discovery": ("GET", "/apis/apps/v1"),
        "resourcequotas": ("GET", f"{core}/resourcequotas"),
        "limitranges": ("GET", f"{core}/limitranges"),
        "networkpolicies": (
            "GET",
            f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
        ),
        "prometheus-query": ("GET", f"{prometheus}/api/v1/query?query=up"),
        "prometheus-rules": ("GET", f"{prometheus}/api/v1/rules?type=alert"),
        "alertmanager-alerts": ("GET", f"{alertmanager}/api/v2/alerts"),
        "alertmanager-silences": ("GET", f"{alertmanager}/api/v2/silences"),
        "alertmanager-status": ("GET", f"{alertmanager}/api/v2/status"),
    }


@pytest.mark.parametrize("prefix", ["", "chart/"])
@pytest.mark.parametrize("source", demo.SOURCES)
def test_a_fault_meets_its_source_and_no_other(prefix: str, source: str) -> None:
    with demo.start(f"{prefix}expired@{source}", now=lambda: NOW) as cluster:
        ask, requests = asker(cluster), paths(cluster)
        body = json.dumps({"spec": {"user": "x"}}).encode()
        met = {
            name
            for name, (method, path) in requests.items()
            if ask(path, method=method, body=body if method == "POST" else None).status == 401
        }
    assert met == (set(requests) if source == "all" else {source})


def test_every_product_of_kind_and_source_is_a_scenario_in_both_layouts() -> None:
    names = set(demo.names())
    assert {
        f"{prefix}{kind}@{source}"
        for prefix in ("", "chart/")
        for kind in demo.KINDS
        for source in demo.SOURCES
    } <= names


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("forbidden", 403, "Forbidden"), ("throttled", 429, "TooManyRequests"), ("server-error", 500, "InternalError"),
     ("unavailable", 503, "ServiceUnavailable"), ("expired", 401, "Unauthorized")],
)  # fmt: skip
def test_faults_with_a_status(kind: str, status: int, reason: str) -> None:
    with demo.start(f"{kind}@pods", now=lambda: NOW) as cluster:
        answers = [asker(cluster)(PODS) for _ in range(2)]
    for answer in answers:
        assert (answer.status, answer.json()["kind"], answer.json()["reason"]) == (
            status,
            "Status",
            reason,
        )
        assert answer.headers.get("Retry-After") == ("1" if kind == "throttled" else None)


def test_forbidden_names_the_user_the_verb_and_the_resource() -> None:
    with demo.start("forbidden@all", now=lambda: NOW) as cluster:
        ask = asker(cluster)
        assert ask("/apis/apps/v1/namespaces/monitoring/deployments").json()["message"] == (
            'deployments.apps is forbidden: User "demo" cannot list resource "deployments" '
            'in API group "apps" in the namespace "monitoring"'
        )
        assert ask(f"{PODS}/x:8080/proxy/health").json()["message"] == (
            'pods "x" is forbidden: User "demo" cannot get resource "pods/proxy" in API group "" in the namespace "monitoring"'
        )
        assert ask("/apis/batch/v1/cronjobs").json()["message"].endswith("at the cluster scope")


def test_flaky_throttling_ends_after_one_answer_for_each_path() -> None:
    with demo.start("flaky-throttled@all", now=lambda: NOW) as cluster:
        ask = asker(cluster)
        assert [ask(path).status for path in (PODS, PODS, "/version", "/version")] == [
            429,
            200,
            429,
            200,
        ]


def test_refused_closes_without_an_answer_and_refused_at_all_does_not_listen() -> None:
    with demo.start("refused@pods", now=lambda: NOW) as cluster:
        with pytest.raises(urllib3.exceptions.ProtocolError, match=r"without response|reset"):
            asker(cluster)(PODS)
        assert asker(cluster)("/version").status == 200
    with (
        demo.start("refused@all", now=lambda: NOW) as cluster,
        pytest.raises(urllib3.exceptions.NewConnectionError, match="refused"),
    ):
        asker(cluster)("/version")


def test_hanging_does_not_hold_the_others_up_nor_the_end() -> None:
    with demo.start("hang@pods", now=lambda: NOW) as cluster:
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            asker(cluster)(PODS, timeout=0.2)
        assert asker(cluster)("/version").status == 200
        began = time.monotonic()
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("source", ["pods", "logs", "metrics"])
def test_a_cut_body_ends_too_early(source: str) -> None:
    with demo.start(f"cut@{source}", now=lambda: NOW) as cluster:
        method, path = paths(cluster)[source]
        with pytest.raises(urllib3.exceptions.ProtocolError):
            asker(cluster)(path, method=method)


def test_malformed_empty_and_wrong_type() -> None:
    with demo.start("malformed@pods", now=lambda: NOW) as cluster:
        answer = asker(cluster)(PODS)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        with pytest.raises(ValueError, match=r"Unterminated string|Expecting|Invalid control"):
            answer.json()
    with demo.start("wrong-type@pods", now=lambda: NOW) as cluster:
        answer = asker(cluster)(PODS)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    with demo.start("empty@all", now=lambda: NOW) as cluster:
        ask, requests = asker(cluster), paths(cluster)
        assert ask(PODS).json()["items"] == []
        assert ask(requests["prometheus-query"][1]).json()["data"]["result"] == []
        for source in (
            "logs",
            "health",
            "metrics",
            "configuration",
            "prometheus-rules",
            "alertmanager-alerts",
        ):
            answer = ask(requests[source][1])
            assert (answer.status, answer.data) == (200, b""), source
