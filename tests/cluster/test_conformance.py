"""The embedded cluster against a real one, for the suite and for the real kubectl: the same requests, the same answers."""

import copy
import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.layouts import Install
from tests.cluster.programs import program
from tests.demo.conftest import asker
from upkeep import demo
from upkeep.demo.state import RESOURCES, Object

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


# --- the real kubectl ---

REFUSED = "the demo cluster changes nothing."
POD = "cano-collector-6f7d9c5b84-k7w2p"
DEPLOYMENT = "deployment/cano-collector"
# What kubectl prints, as a pattern; nothing on stderr.
READS = {
    "get pods": rf"NAME +READY +STATUS +RESTARTS +AGE\n{POD} +0/1 +CrashLoopBackOff +14 \(3m\d*s? ago\) +8d\n",
    "get po,deploy,svc,ep,cm,sa,pvc,cj,pdb,netpol,quota,limits,no,ns -o wide": r"endpoints/cano-collector +10.244.2.17:8080 +30d\n",
    "get all": rf"pod/{POD}(.|\n)+deployment.apps/cano-collector(.|\n)+job.batch/",
    "get pods --sort-by=.metadata.name -L app": r"RESTARTS +AGE +APP\n",
    "get pods -o jsonpath={.items[*].metadata.name}": rf"^{POD} cano-collector-",
    "describe pod": r"Last State: +Terminated\n +Reason: +Error\n +Exit Code: +2",
    "describe deployment": r"NewReplicaSet: +cano-collector-6f7d9c5b84 \(2/2 replicas created\)",
    "describe svc cano-collector": r"Endpoints: +10.244.2.17:8080\n",
    "describe node node-1": r"Kubelet Version: +v1.36.3\n(.|\n)+512Mi \(7%\)",
    "describe secret": r"slack-webhook: +54 bytes\n",
    "describe cj,job,rs,cm,ep,pdb,netpol,quota,limits,sa,pvc,ns": r"Schedule: +\d+ \d+ \* \* \*",
    f"logs {POD} --previous --tail=1": "^exit status 2\n$",
    f"logs {POD} --since-time=2100-01-01T00:00:00Z": "^$",
    "logs -l app=cano-collector --tail=1 --prefix": rf"\[pod/{POD}/cano-collector\] ",
    f"logs {DEPLOYMENT} --all-pods --tail=1": "cano-collector",
    "auth whoami": r"Username +demo\n",
    "auth whoami --as=joe": r"Username +joe\n",
    "auth can-i --list": r"pods/log +\[\] +\[\] +\[\*\]\n",
    "auth can-i get pods --subresource=log": "^yes\n$",
    "top pods": rf"{POD} +80m +400Mi",
    f"exec {DEPLOYMENT} -- df -h": r"overlay +50G",
    f"rollout history {DEPLOYMENT}": r"2 +<none>\n3 +<none>\n",
    "api-resources": r"deployments +deploy +apps/v1 +true +Deployment\n",
    "version": "Server Version: v1.36.3\n",
    "get --raw /api/v1/namespaces/monitoring/services/cano-collector:http/proxy/health": '"status"',
    "wait --for=condition=Available=false deployment/cano-collector --timeout=20s": "condition met",
    f"delete pod {POD} --dry-run=server": r"deleted .*\(server dry run\)",
    f"scale {DEPLOYMENT} --replicas=3 --dry-run=server": r"scaled \(server dry run\)",
    "apply -f new.yaml --dry-run=server": r"configmap/new created \(server dry run\)",
    "apply -f changed.yaml --dry-run=server": r"configmap/cano-collector-config configured \(server dry run\)",
    "apply --server-side -f new.yaml --dry-run=server": r"serverside-applied \(server dry run\)",
}  # fmt: skip
WRITES = (
    f"delete pod {POD}", f"scale {DEPLOYMENT} --replicas=3", f"rollout restart {DEPLOYMENT}", f"rollout undo {DEPLOYMENT}", "apply -f new.yaml",
    "apply -f changed.yaml", "apply --server-side -f new.yaml", "replace -f changed.yaml", "create configmap x",
    f"label pod {POD} a=b", f"set image {DEPLOYMENT} *=x", "create deployment x --image=y",
)  # fmt: skip


@pytest.fixture(scope="module")
def served() -> Iterator[demo.Cluster]:
    with demo.start("crash-looping", now=lambda: datetime.now(UTC), served=True) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home without kubectl's cache of another cluster's discovery, and with manifests."""
    folder = tmp_path_factory.mktemp("home")
    for file, name in (("new.yaml", "new"), ("changed.yaml", "cano-collector-config")):
        head = f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}"
        (folder / file).write_text(f"{head}, data: {{a: b}}}}\n")
    return folder


def kubectl(cluster: demo.Cluster, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("kubectl"), f"--kubeconfig={cluster.kubeconfig}", *words],
        cwd=home,
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("command", READS)
def test_kubectl_reads_and_rehearses(command: str, served: demo.Cluster, home: Path) -> None:
    done = kubectl(served, home, *command.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(READS[command], done.stdout), done.stdout


@pytest.mark.parametrize("command", WRITES)
def test_kubectl_is_told_that_the_demo_changes_nothing(
    command: str, served: demo.Cluster, home: Path
) -> None:
    done = kubectl(served, home, *command.split())
    assert done.returncode == 1
    assert REFUSED in done.stderr


def test_a_right_that_is_denied_is_not_listed(home: Path) -> None:
    with demo.start("forbidden@logs", now=lambda: datetime.now(UTC), served=True) as cluster:
        listed = kubectl(cluster, home, "auth", "can-i", "--list").stdout
        asked = kubectl(cluster, home, "auth", "can-i", "get", "pods", "--subresource=log")
        refused = kubectl(cluster, home, "logs", POD)
    assert "pods/exec" in listed
    assert "pods/log" not in listed
    assert (asked.returncode, asked.stdout) == (1, "no\n")
    assert 'cannot get resource "pods/log"' in refused.stderr


# --- tables, against those of a real API server ---

ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io"
# Neither a controller nor kwok changes these where they have no owner and no node. Accounts come before pods, limits after.
ALIKE = (
    "serviceaccounts", "services", "configmaps", "secrets", "persistentvolumeclaims", "pods", "events", "cronjobs", "endpointslices",
    "endpoints", "limitranges", "roles", "rolebindings", "horizontalpodautoscalers", "networkpolicies",
)  # fmt: skip
# Ages differ by seconds, and a real server chooses an address and a node of its own.
OWN = ("Age", "Last Seen", "First Seen", "Created At", "Last Schedule", "Cluster-IP", "Node")


def path(plural: str, namespace: str = "") -> str:
    version = RESOURCES[plural][0]
    root = f"/{'api' if version == 'v1' else 'apis'}/{version}"
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"


@pytest.mark.parametrize("plural", RESOURCES)
def test_the_columns_are_those_of_a_real_server(plural: str, plane: ControlPlane) -> None:
    real = json.loads(plane.request("GET", path(plural), accept=ACCEPT).data)
    with demo.start("healthy", now=lambda: datetime.now(UTC)) as cluster:
        ours = asker(cluster)(path(plural), headers={"Accept": ACCEPT}).json()
    seen = [
        [(column["name"], column["priority"], column["format"]) for column in one["columnDefinitions"]]
        for one in (ours, real)
    ]  # fmt: skip
    assert seen[0] == seen[1]


def rows(document: Any) -> dict[str, dict[str, Any]]:
    """Return the comparable cells of a Table by the name of their object."""
    names = [column["name"] for column in document["columnDefinitions"]]
    found = [dict(zip(names, row["cells"], strict=True)) for row in document["rows"]]
    return {
        str(row["Name"]): {
            name: re.sub(r"\(.* ago\)", "(ago)", str(cell)) for name, cell in row.items() if name not in OWN
        }
        for row in found
    }  # fmt: skip


def adapted(item: Object, namespace: str) -> Object:
    """Return the object as it can be stored elsewhere: without owner, node and address."""
    head = {key: item["metadata"][key] for key in ("name", "labels") if key in item["metadata"]}
    made = copy.deepcopy(item) | {"metadata": head | {"namespace": namespace}}
    for key in ("nodeName", "clusterIP"):
        made.get("spec", {}).pop(key, None)
    if item["kind"] == "EndpointSlice":
        head["labels"] = head["labels"] | {"endpointslice.kubernetes.io/managed-by": "the-test"}
    if item["kind"] == "Event":
        made["involvedObject"] = item["involvedObject"] | {"namespace": namespace}
    return made


@pytest.mark.parametrize(
    "scenario",
    ["healthy", "crash-looping", "image-pull-failing", "pod-evicted", "sidecar-nearly-full", "autoscaled", "service-selects-nothing"],
)  # fmt: skip
def test_the_cells_are_those_of_a_real_server(scenario: str, plane: ControlPlane) -> None:
    namespace = f"tables-{scenario}"
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    ours: dict[tuple[str, str], object] = {}
    real: dict[tuple[str, str], object] = {}
    with demo.start(scenario, now=lambda: datetime.now(UTC)) as cluster:
        ask = asker(cluster)
        for plural in ALIKE:
            where = path(plural, cluster.namespace)
            version, kind, _ = RESOURCES[plural]
            for item in ask(where).json()["items"]:
                head = {"apiVersion": version, "kind": kind}
                plane.apply(adapted(item | head, namespace))
            answer = plane.request("GET", path(plural, namespace), accept=ACCEPT)
            for name, row in rows(ask(where, headers={"Accept": ACCEPT}).json()).items():
                ours[plural, name] = row
                real[plural, name] = rows(json.loads(answer.data))[name]
    assert ours == real
