"""The Kubernetes API: what a client relies on, and the Status bodies it meets."""

import http.client
import stat

import pytest
from kubernetes import client

from tests.demo.conftest import NOW, Ask, asker, official
from upkeep import demo


@pytest.fixture(scope="module")
def crowded():
    with demo.start("large-namespace", now=lambda: NOW) as running:
        yield running


def test_the_official_client_reads_it_through_the_kubeconfig(cluster: demo.Cluster) -> None:
    assert stat.S_IMODE(cluster.kubeconfig.stat().st_mode) == 0o600
    with official(cluster) as api:
        assert [
            item.status.ready_replicas
            for item in client.AppsV1Api(api).list_deployment_for_all_namespaces().items
        ] == [2]
        pods = client.CoreV1Api(api).list_namespaced_pod(cluster.namespace).items
        assert [pod.status.container_statuses[0].ready for pod in pods] == [True, True]
        assert len(client.BatchV1Api(api).list_namespaced_job(cluster.namespace).items) == 3
        assert client.VersionApi(api).get_code().git_version == "v1.36.3"
    asked = [(one.method, one.uri) for one in cluster.requests]
    assert ("GET", f"/api/v1/namespaces/{cluster.namespace}/pods") in asked


def test_connections_are_kept_open_between_requests(cluster: demo.Cluster, pod: str) -> None:
    connection = http.client.HTTPConnection(cluster.url.removeprefix("http://"), timeout=60)
    connection.connect()
    first = connection.sock
    for path in ("/readyz", "/prometheus/api/v1/query?query=up", pod, "/nothing"):
        connection.request("GET", path)
        assert connection.getresponse().read()
    assert connection.sock is first
    connection.close()


def test_stopping_removes_the_kubeconfig_and_ends_what_is_in_flight() -> None:
    with demo.start("hang@all") as cluster:
        path = cluster.kubeconfig
        with pytest.raises(Exception, match="timed out"):
            asker(cluster)("/version", timeout=0.2)
    cluster.stop()
    assert not path.parent.exists()


@pytest.mark.parametrize("authorization", [None, "Bearer wrong"])
def test_a_request_without_the_token_is_unauthorized(
    ask: Ask, pod: str, authorization: str | None
) -> None:
    answer = ask(pod, headers={"Authorization": authorization or ""})
    assert (answer.status, answer.json()["reason"], answer.json()["message"]) == (
        401,
        "Unauthorized",
        "Unauthorized",
    )


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("app=worker", 620), ("app==worker", 620), ("app!=worker", 2), ("app in (worker, cano-collector)", 622), ("app notin (worker)", 2),
        ("!app", 0), ("app", 622), ("app=cano-collector,pod-template-hash", 2), ("app=nothing", 0),
    ],
)  # fmt: skip
def test_label_selectors(crowded: demo.Cluster, selector: str, count: int) -> None:
    answer = asker(crowded)(
        "/api/v1/namespaces/monitoring/pods", fields={"labelSelector": selector}
    ).json()
    assert (answer["kind"], len(answer["items"])) == ("PodList", count)


def test_field_selectors(crowded: demo.Cluster) -> None:
    ask = asker(crowded)
    path = "/api/v1/namespaces/monitoring/pods"
    names = [
        item["metadata"]["name"]
        for item in ask(path, fields={"fieldSelector": "metadata.name=worker-0007"}).json()["items"]
    ]
    assert names == ["worker-0007"]
    assert (
        ask(path, fields={"fieldSelector": "spec.colour=red"}).json()["message"]
        == "field label not supported: spec.colour"
    )
    assert ask(path, fields={"labelSelector": "a in b"}).status == 400


def test_a_long_list_comes_in_pages_and_each_object_once(crowded: demo.Cluster) -> None:
    ask, path = asker(crowded), "/api/v1/namespaces/monitoring/pods"
    first = ask(path, fields={"limit": "250"}).json()
    assert (len(first["items"]), first["metadata"]["remainingItemCount"]) == (250, 372)
    second = ask(path, fields={"limit": "250", "continue": first["metadata"]["continue"]}).json()
    third = ask(path, fields={"limit": "250", "continue": second["metadata"]["continue"]}).json()
    names = [item["metadata"]["name"] for page in (first, second, third) for item in page["items"]]
    assert (len(names), len(set(names))) == (622, 622)
    assert "continue" not in third["metadata"]
    assert first["metadata"]["resourceVersion"] == third["metadata"]["resourceVersion"]
    selected = ask(path, fields={"limit": "250", "labelSelector": "app=worker"}).json()["metadata"]
    assert "continue" in selected
    assert "remainingItemCount" not in selected


def test_a_token_that_no_longer_holds_is_410_and_garbage_is_400(crowded: demo.Cluster) -> None:
    path = "/api/v1/namespaces/monitoring/pods"
    with demo.start("continue-expired", now=lambda: NOW) as cluster:
        ask = asker(cluster)
        token = ask(path, fields={"limit": "250"}).json()["metadata"]["continue"]
        answers = [ask(path, fields={"limit": "250", "continue": token}) for _ in range(2)]
    assert [answer.status for answer in answers] == [410, 200]
    assert answers[0].json()["reason"] == "Expired"
    with demo.start("healthy", now=lambda: NOW) as other:
        assert asker(other)(path, fields={"limit": "250", "continue": token}).status == 410
    assert asker(crowded)(path, fields={"continue": "garbage"}).json()["reason"] == "BadRequest"


@pytest.mark.parametrize("scenario", ["secrets-applied", "chart/secrets-applied"])
def test_metadata_alone_holds_no_data_but_the_annotation_that_repeats_it(scenario: str) -> None:
    with demo.start(scenario, now=lambda: NOW) as cluster:
        ask = asker(cluster)
        accept = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
        path = f"/api/v1/namespaces/{cluster.namespace}/secrets"
        partial, whole = ask(path, headers=accept).json(), ask(path).json()
        assert (partial["kind"], partial["apiVersion"]) == (
            "PartialObjectMetadataList",
            "meta.k8s.io/v1",
        )
        assert not any("data" in item for item in partial["items"])
        assert all("data" in item for item in whole["items"])
        assert any(
            "last-applied-configuration" in key
            for item in partial["items"]
            for key in item["metadata"].get("annotations", {})
        )
        name = partial["items"][0]["metadata"]["name"]
        assert ask(f"{path}/{name}", headers=accept).json()["kind"] == "PartialObjectMetadata"


def test_what_is_not_there_is_a_404_with_the_servers_words(ask: Ask, cluster: demo.Cluster) -> None:
    answer = ask(f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments/nothing").json()
    assert answer == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "NotFound", "code": 404,
        "message": 'deployments.apps "nothing" not found', "details": {"name": "nothing", "group": "apps", "kind": "deployments"},
    }  # fmt: skip
    assert ask("/api/v1/namespaces/nowhere/pods").json()["items"] == []
    assert ask("/apis/apps/v1/namespaces/x/gadgets").data == b"404 page not found\n"
    assert ask("/apis/batch/v1/namespaces/x/deployments").status == 404


def test_nothing_can_be_changed_and_a_dry_run_gets_a_verdict(
    ask: Ask, cluster: demo.Cluster
) -> None:
    path = f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments"
    one = f"{path}/cano-collector"
    before = ask(one).json()
    for method, where in (("PATCH", one), ("PUT", one), ("DELETE", one), ("POST", path)):
        assert (
            ask(where, method=method, json={"spec": {"replicas": 0}}).json()["reason"]
            == "Forbidden"
        ), method
    assert ask(f"{one}?dryRun=All", method="PATCH", json={"spec": {"replicas": 0}}).status == 200
    assert (
        ask(
            f"{one}?dryRun=All", method="PATCH", json={"metadata": {"resourceVersion": "1"}}
        ).json()["reason"]
        == "Conflict"
    )
    assert (
        ask(
            f"{path}?dryRun=All", method="POST", json={"metadata": {"name": "cano-collector"}}
        ).json()["reason"]
        == "AlreadyExists"
    )
    assert ask(path, method="DELETE").status == 405
    assert ask(one).json() == before


def test_discovery_names_what_is_served(ask: Ask) -> None:
    assert {group["name"] for group in ask("/apis").json()["groups"]} >= {
        "apps",
        "batch",
        "discovery.k8s.io",
    }
    assert {entry["name"] for entry in ask("/api/v1").json()["resources"]} >= {
        "pods",
        "services",
        "secrets",
    }
    assert ask("/readyz").data == b"ok"


# --- logs ---


def test_log_options_are_the_kubelets(cluster: demo.Cluster, ask: Ask, pod: str) -> None:
    log = cluster.state.process().log
    whole = ask(f"{pod}/log").data.decode()
    assert whole.count("\n") == len(log) >= 100
    assert ask(f"{pod}/log", fields={"tailLines": "3"}).data.decode().splitlines() == [
        text for _, text in log[-3:]
    ]
    day = ask(f"{pod}/log", fields={"sinceSeconds": "86400"}).data.decode().splitlines()
    assert 0 < len(day) < len(log)
    assert (
        ask(f"{pod}/log", fields={"tailLines": "3", "limitBytes": "40"}).data.decode()
        == log[-3][1][:40]
    )
    stamped = ask(f"{pod}/log", fields={"tailLines": "1", "timestamps": "true"}).data.decode()
    assert stamped.startswith(f"{log[-1][0]:%Y-%m-%dT%H:%M:%S}.")
    assert stamped.split(" ", 1)[0].endswith("000000Z")
    assert ask(f"{pod}/log", fields={"sinceSeconds": "0"}).status == 422


def test_the_log_has_the_traps_of_the_real_one(cluster: demo.Cluster) -> None:
    texts = [text for _, text in cluster.state.process().log]
    assert "" in texts
    assert any(text.startswith("[GIN-debug] [WARNING]") for text in texts)
    assert any(text.count('"timestamp"') == 2 for text in texts)
    assert any('"level":"info"' in text and "error" in text for text in texts)
    assert not any('"level":"error"' in text for text in texts)


def test_previous_logs_are_there_after_a_restart_only(
    ask: Ask, pod: str, cluster: demo.Cluster
) -> None:
    name = pod.rpartition("/")[2]
    answer = ask(f"{pod}/log", fields={"previous": "true"})
    assert (answer.status, answer.json()["message"]) == (
        400,
        f'previous terminated container "cano-collector" in pod "{name}" not found',
    )
    with demo.start("restarted-recently", now=lambda: NOW) as restarted:
        path = (
            f"/api/v1/namespaces/monitoring/pods/{restarted.state.pods[0]['metadata']['name']}/log"
        )
        old, new = (
            asker(restarted)(path, fields={"previous": value}).data for value in ("true", "false")
        )
    assert old
    assert new
    assert not set(old.splitlines()) & set(new.splitlines()) - {b"", *new.splitlines()[:8]}


def test_logs_that_cannot_be_read_say_why(ask: Ask, pod: str) -> None:
    assert (
        ask(f"{pod}/log", fields={"container": "x"})
        .json()["message"]
        .startswith("container x is not valid for pod cano-collector-")
    )
    assert ask(f"{pod}-x/log").json()["reason"] == "NotFound"
    with demo.start("image-pull-failing", now=lambda: NOW) as cluster:
        path = f"/api/v1/namespaces/monitoring/pods/{cluster.state.pods[0]['metadata']['name']}/log"
        assert (
            "is waiting to start: trying and failing to pull image"
            in asker(cluster)(path).json()["message"]
        )


# --- proxies and reviews ---


def test_the_pod_proxy_passes_answers_on_and_words_its_own_failures(
    ask: Ask, pod: str, cluster: demo.Cluster
) -> None:
    health = "/health" if cluster.state.layout == "guide" else "/readyz"
    answer = ask(f"{pod}:8080/proxy{health}")
    assert (answer.status, answer.json()["status"].lower()) == (200, "ok")
    assert ask(f"{pod}/proxy{health}").status == 200
    assert ask(f"{pod}:8080/proxy/nothing").data == b"404 page not found"
    refused = ask(f"{pod}:9999/proxy/").json()
    address = cluster.state.pods[0]["status"]["podIP"]
    assert (refused["code"], refused["kind"]) == (503, "Status")
    assert (
        refused["message"]
        == f"error trying to reach service: dial tcp {address}:9999: connect: connection refused"
    )
    assert (ask(f"{pod}:8080/proxy/health").status == 404) is (cluster.state.layout == "chart")


def test_a_pod_without_an_address_cannot_be_proxied() -> None:
    with demo.start("rollout-stuck", now=lambda: NOW) as cluster:
        name = cluster.state.pods[-1]["metadata"]["name"]
        assert (
            asker(cluster)(f"/api/v1/namespaces/monitoring/pods/{name}:8080/proxy/health").status
            == 400
        )
        assert asker(cluster)(f"/api/v1/namespaces/monitoring/pods/{name}/log").status == 204


def test_the_service_proxy_wants_a_port_of_the_service_and_a_ready_endpoint(
    ask: Ask, cluster: demo.Cluster
) -> None:
    path = f"/api/v1/namespaces/{cluster.namespace}/services"
    port = "8080" if cluster.state.layout == "guide" else "80"
    assert ask(f"{path}/cano-collector:{port}/proxy/metrics").status == 200
    assert ask(f"{path}/cano-collector:http/proxy/metrics").status == 200
    assert (
        'no service port "1" found'
        in ask(f"{path}/cano-collector:1/proxy/metrics").json()["message"]
    )
    with demo.start("service-selects-nothing", now=lambda: NOW) as other:
        answer = asker(other)(
            "/api/v1/namespaces/monitoring/services/cano-collector:8080/proxy/metrics"
        ).json()
    assert answer["message"] == 'no endpoints available for service "cano-collector"'


def review(ask: Ask, kind: str, **spec: object) -> bool:
    where = "" if kind.startswith("self") else "/namespaces/monitoring"
    answer = ask(
        f"/apis/authorization.k8s.io/v1{where}/{kind}",
        method="POST",
        json={"kind": "Review", "spec": spec},
    )
    assert answer.status == 201
    return bool(answer.json()["status"]["allowed"])


def test_access_reviews_are_allowed_unless_the_scenario_says_otherwise() -> None:
    log = {"verb": "get", "resource": "pods", "subresource": "log"}
    with demo.start("forbidden@logs", now=lambda: NOW) as cluster:
        ask = asker(cluster)
        assert not review(ask, "selfsubjectaccessreviews", resourceAttributes=log)
        assert review(
            ask, "selfsubjectaccessreviews", resourceAttributes={"verb": "get", "resource": "pods"}
        )
    user = "system:serviceaccount:monitoring:cano-collector-backup"
    for scenario, allowed in (("healthy", True), ("backup-forbidden", False)):
        with demo.start(scenario, now=lambda: NOW) as cluster:
            secrets = {"verb": "get", "resource": "secrets"}
            assert (
                review(
                    asker(cluster),
                    "localsubjectaccessreviews",
                    user=user,
                    resourceAttributes=secrets,
                )
                is allowed
            )
