"""The served demo: TLS, a story that does not grow old, and what kubectl asks for beside the objects."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
import yaml
from kubernetes import client

from tests.demo.conftest import NOW, Ask, asker, official
from upkeep import demo
from upkeep.demo.objects.columns import COLUMNS, duration
from upkeep.demo.server.responses import Request
from upkeep.demo.state import RESOURCES

TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


class Watch:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def served(clock: Watch) -> Iterator[demo.Cluster]:
    with demo.start("crash-looping", now=clock, served=True) as cluster:
        yield cluster


@pytest.fixture
def ask() -> Iterator[Ask]:
    with demo.start("crash-looping", now=lambda: NOW) as cluster:
        yield asker(cluster)


def table(ask: Ask, path: str) -> list[dict[str, Any]]:
    """Return the rows of a Table, each by its columns."""
    answer = ask(path, headers=TABLE).json()
    assert answer["kind"] == "Table"
    names = [column["name"] for column in answer["columnDefinitions"]]
    return [dict(zip(names, row["cells"], strict=True)) for row in answer["rows"]]


def test_the_kubeconfig_carries_the_authority_and_no_other_client_gets_in(
    served: demo.Cluster,
) -> None:
    assert served.url.startswith("https://")
    with official(served) as api:
        assert client.VersionApi(api).get_code().minor == "36"
    with urllib3.PoolManager() as pool, pytest.raises(urllib3.exceptions.MaxRetryError):
        pool.request("GET", f"{served.url}/readyz", retries=0, timeout=60)


def test_a_client_that_never_shakes_hands_delays_no_other(served: demo.Cluster) -> None:
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)), official(served) as api:
        assert client.VersionApi(api).get_code(_request_timeout=30).minor == "36"


def test_a_served_story_does_not_grow_old(served: demo.Cluster, clock: Watch) -> None:
    def restarted() -> timedelta:
        with official(served) as api:
            pods = client.CoreV1Api(api).list_namespaced_pod(served.namespace).items
        (last,) = [one.status.container_statuses[0].last_state.terminated for one in pods][:1]
        return clock.now - last.finished_at

    first = restarted()
    clock.now = NOW + timedelta(minutes=1)
    assert restarted() == first + timedelta(minutes=1)
    clock.now = NOW + timedelta(minutes=3)
    assert restarted() == first
    clock.now = NOW + timedelta(hours=5)
    assert restarted() == first


def test_a_story_is_not_told_anew_under_its_reader(served: demo.Cluster, clock: Watch) -> None:
    assert served.server is not None
    api, told = served.server.api, []
    for minutes in (1, 2, 3, 4, 4.5, 5, 6):
        clock.now = NOW + timedelta(minutes=minutes)
        api.asked = clock.now - timedelta(seconds=20)  # somebody asked twenty seconds ago
        api.refresh()
        told.append((api.state.now - NOW) / timedelta(minutes=1))
    assert told == [0, 0, 0, 0, 0, 0, 6]


def test_the_cluster_of_a_run_keeps_its_story() -> None:
    watch = Watch()
    with demo.start("healthy", now=watch) as cluster:
        watch.now = NOW + timedelta(days=1)
        asker(cluster)("/readyz")
        assert cluster.server is not None
        assert cluster.server.api.state.now == NOW


# --- tables ---


def test_each_stored_resource_has_columns(ask: Ask) -> None:
    assert set(COLUMNS) == set(RESOURCES)
    for plural, (version, _, _) in RESOURCES.items():
        root = "/api/v1" if version == "v1" else f"/apis/{version}"
        for row in table(ask, f"{root}/{plural}"):
            assert all(isinstance(cell, str | int) for cell in row.values())


def test_a_pods_row_is_what_kubectl_shows(ask: Ask) -> None:
    rows = table(ask, "/api/v1/namespaces/monitoring/pods")
    shown = [(row["Ready"], row["Status"], row["Restarts"], row["Age"]) for row in rows]
    assert shown == [
        ("0/1", "CrashLoopBackOff", "14 (3m8s ago)", "8d"),
        ("1/1", "Running", "0", "8d"),
    ]
    (one,) = table(ask, f"/api/v1/namespaces/monitoring/pods/{rows[1]['Name']}")
    assert one == rows[1]


def test_a_row_carries_its_object(ask: Ask) -> None:
    path = "/api/v1/namespaces/monitoring/configmaps"
    short, whole = (
        ask(path + query, headers=TABLE).json()["rows"][0]["object"]
        for query in ("", "?includeObject=Object")
    )
    assert short["kind"] == "PartialObjectMetadata"
    assert "data" not in short
    assert whole["data"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (190, "3m10s"), (601, "10m"), (3600 * 2 + 60, "121m"), (3600 * 3, "3h"),
        (3600 * 7 + 120, "7h2m"), (3600 * 47, "47h"), (3600 * 49, "2d1h"), (3600 * 24 * 3, "3d"), (3600 * 24 * 8 + 7200, "8d"),
        (86400 * 700, "700d"),
    ],
)  # fmt: skip
def test_an_age_is_written_as_kubectl_writes_it(seconds: int, shown: str) -> None:
    assert duration(timedelta(seconds=seconds)) == shown


# --- endpoints, watches, documents ---


def test_endpoints_mirror_the_slices(ask: Ask) -> None:
    path = "/api/v1/namespaces/monitoring/endpoints"
    (subset,) = ask(f"{path}/cano-collector").json()["subsets"]
    assert [one["ip"] for one in subset["addresses"]] == ["10.244.2.17"]
    assert [one["ip"] for one in subset["notReadyAddresses"]] == ["10.244.1.17"]
    assert table(ask, path)[0]["Endpoints"] == "10.244.2.17:8080"
    assert ask(f"{path}/nothing").json()["reason"] == "NotFound"


def test_a_watch_tells_what_there_is_and_stays_open_for_its_time(ask: Ask) -> None:
    path = "/api/v1/namespaces/monitoring/pods?watch=true&timeoutSeconds=0.05"
    events = [json.loads(line) for line in ask(f"{path}&sendInitialEvents=true").data.splitlines()]
    assert [event["type"] for event in events] == ["ADDED", "ADDED", "BOOKMARK"]
    assert events[-1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert ask(f"{path}&resourceVersion=5000").data == b""
    assert len(ask(path).data.splitlines()) == 2


def test_kubectl_finds_names_and_the_parameters_of_a_write(ask: Ask) -> None:
    apps = {entry["name"]: entry for entry in ask("/apis/apps/v1").json()["resources"]}
    assert apps["deployments"]["shortNames"] == ["deploy"]
    assert apps["deployments"]["categories"] == ["all"]
    assert apps["deployments/scale"]["kind"] == "Scale"
    for group in ask("/apis").json()["groups"]:
        assert ask(f"/apis/{group['preferredVersion']['groupVersion']}").status == 200
    document = ask("/openapi/v3").json()["paths"]["apis/apps/v1"]["serverRelativeURL"]
    patch = ask(document).json()["paths"]["/apis/apps/v1/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"]["kind"] == "Deployment"
    assert [one["name"] for one in patch["parameters"]] == ["dryRun", "fieldValidation"]


def test_metrics_server_measures_when_it_is_asked(served: demo.Cluster, clock: Watch) -> None:
    assert served.server is not None
    clock.now = NOW + timedelta(minutes=1)
    path = "/apis/metrics.k8s.io/v1beta1/pods"
    answer = served.server.api.answer(Request("GET", path, {}))
    assert json.loads(answer.body)["items"][0]["timestamp"] == "2026-03-04T05:06:47Z"


def test_metrics_server_is_asked_for_all_pods_one_namespace_or_one(ask: Ask) -> None:
    root = "/apis/metrics.k8s.io/v1beta1"
    everywhere = ask(f"{root}/pods").json()["items"]
    name = everywhere[0]["metadata"]["name"]
    assert ask(f"{root}/namespaces/monitoring/pods/{name}").json()["containers"]
    assert ask(f"{root}/namespaces/default/pods").json()["items"] == []
    assert ask(f"{root}/namespaces/monitoring/pods/nothing").status == 404


# --- reviews ---


def message(*fields: tuple[int, bytes]) -> bytes:
    """Encode a protobuf message."""
    return b"".join(bytes([number << 3 | 2, len(content)]) + content for number, content in fields)


def unknown(review: bytes, kind: str) -> bytes:
    head = message((1, b"authorization.k8s.io/v1"), (2, kind.encode()))
    return b"k8s\x00" + message((1, head), (2, review), (3, b""))


def test_a_review_in_protobuf_is_read_like_one_in_json() -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    log = message((1, b"monitoring"), (2, b"get"), (5, b"pods"), (6, b"log"))
    pods = message((1, b"monitoring"), (2, b"get"), (5, b"pods"))
    with demo.start("forbidden@logs", now=lambda: NOW) as cluster:
        ask = asker(cluster)
        answers = [
            ask(path, method="POST", body=unknown(message((2, message((1, asked)))), "SelfSubjectAccessReview")).json()
            for asked in (log, pods)
        ]  # fmt: skip
        assert [one["status"]["allowed"] for one in answers] == [False, True]
        assert answers[0]["kind"] == "SelfSubjectAccessReview"
        assert answers[0]["spec"]["resourceAttributes"]["subresource"] == "log"
        cut = unknown(message((2, message((1, log)))), "SelfSubjectAccessReview")[:-9]
        assert ask(path, method="POST", body=cut).json()["reason"] == "BadRequest"
        rules = f"{path.rpartition('/')[0]}/selfsubjectrulesreviews"
        listed = ask(
            rules, method="POST", body=unknown(message((2, message((1, b"x")))), "R")
        ).json()
        assert listed["spec"] == {"namespace": "x"}
        names = [one["resources"][0] for one in listed["status"]["resourceRules"]]
        assert "pods" in names
        assert "pods/log" not in names


def test_whoami_names_the_token_and_whom_it_acts_as(ask: Ask) -> None:
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    for headers, name in (({}, "demo"), ({"Impersonate-User": "joe"}, "joe")):
        answer = ask(path, method="POST", body=b"{}", headers=headers).json()
        assert answer["status"]["userInfo"]["username"] == name
    reviews = path.replace("selfsubjectreviews", "tokenreviews")
    assert ask(reviews, method="POST", body=b"{}").status == 405


# --- writes ---


def test_a_write_is_refused_with_a_sentence(ask: Ask) -> None:
    path = "/apis/apps/v1/namespaces/monitoring/deployments/cano-collector"
    assert ask(path, method="PATCH", body=b"protobuf").json()["message"] == (
        'deployments.apps "cano-collector" is forbidden: the demo cluster changes nothing.'
    )
    token = "/api/v1/namespaces/monitoring/serviceaccounts/default/token"
    assert ask(token, method="POST", body=b"{}").json()["message"] == (
        'serviceaccounts/token "default" is forbidden: the demo cluster does not serve token.'
    )


def test_each_way_of_a_dry_run_gets_its_object(ask: Ask) -> None:
    root = "/apis/apps/v1/namespaces/monitoring/deployments"
    one = f"{root}/cano-collector"
    scaled = ask(f"{one}/scale?dryRun=All", method="PATCH", json={"spec": {"replicas": 3}}).json()
    assert (scaled["kind"], scaled["spec"]["replicas"]) == ("Scale", 3)
    assert ask(one, method="DELETE", json={"dryRun": ["All"]}).json()["kind"] == "Deployment"
    assert ask(f"{one}?dryRun=All", method="PATCH", json=[{"op": "remove", "path": "/spec"}]).status == 200  # fmt: skip
    new = {"kind": "Deployment", "metadata": {"name": "new"}}
    missing, created = (
        ask(f"{root}/new?dryRun=All", method="PATCH", body=json.dumps(new), headers={"Content-Type": kind}).status
        for kind in ("application/merge-patch+json", "application/apply-patch+yaml")
    )  # fmt: skip
    assert (missing, created) == (404, 201)


def test_the_kubeconfig_has_no_authority_without_tls() -> None:
    with demo.start("healthy", now=lambda: datetime.now(UTC)) as cluster:
        (entry,) = yaml.safe_load(cluster.kubeconfig.read_text())["clusters"]
    assert entry["cluster"] == {"server": cluster.url}
