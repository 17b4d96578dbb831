"""Both layouts as they are really installed (collector.md, "Two layouts"), on a real control plane, with processes that answer."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import urllib3

from tests.cluster.plane.controlplane import WITH_US, ControlPlane, path_of, wait_for
from tests.cluster.plane.objects import (
    BACKED_UP,
    DOCUMENTS,
    SECRET,
    backup,
    measured,
    metadata,
    metrics_api,
    objects,
    oncall,
)
from tests.cluster.plane.podnetwork import PodNetwork
from tests.cluster.plane.releases import installed_by_helm, stored


def minimal(folder: Path, layout: str) -> Path:
    """A folder with the minimal configuration for an emergency, as somebody would prepare it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    hook = f"destinations:\n  slack:\n  - name: ops\n    webhookURL: https://hooks.slack.example/{SECRET}\n"
    parts = (
        {part: DOCUMENTS[part] for part in ("destinations", "teams")}
        if layout == "chart"
        else {"destinations": hook}
    )
    for part, text in parts.items():
        (folder / f"{part}.yaml").write_text(text)
        (folder / f"{part}.yaml").chmod(0o600)
    return folder


@dataclass
class Install:
    """An installed collector: its namespace, the address of each pod by its name, and the processes that answer there."""

    plane: ControlPlane
    layout: str
    namespace: str
    addresses: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def stop(self) -> None:
        """Ends the processes: from then on nothing listens at the pods' addresses."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(60)

    def post(self, pod: str, path: str, body: Any) -> int:
        """Posts to a pod's process directly; the status of its answer."""
        url = f"http://{self.addresses[pod]}:8080{path}"
        return urllib3.request(
            "POST", url, body=json.dumps(body).encode(), timeout=60, retries=False
        ).status

    def alert(self, pod: str, *, count: int = 1) -> None:
        """Posts groups of one alert each, as Alertmanager does."""
        for _ in range(count):
            self.post(
                pod,
                "/api/alerts",
                {
                    "receiver": "cano",
                    "status": "firing",
                    "alerts": [{"labels": {"alertname": "Watchdog"}}],
                },
            )


def _succeed(plane: ControlPlane, namespace: str) -> None:
    """Lets the CronJob have run an hour ago: its controller is not started, its status and its Job are what it would have left."""
    path = f"/apis/batch/v1/namespaces/{namespace}"
    cron_job = plane.get(f"{path}/cronjobs/cano-collector-backup")
    ended = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    plane.patch(
        f"{path}/cronjobs/cano-collector-backup/status",
        {"status": {"lastSuccessfulTime": ended, "lastScheduleTime": ended}},
    )
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": "cano-collector-backup",
        "uid": cron_job["metadata"]["uid"],
        "controller": True,
    }
    job = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata("cano-collector-backup-1", namespace) | {"ownerReferences": [owner]},
        "spec": cron_job["spec"]["jobTemplate"]["spec"] | {"suspend": True},
    }  # fmt: skip
    plane.apply(job)


def write_log(path: Path, *, lines: int = 150) -> None:
    """A clean log of the collector in CRI format, from its start on."""
    start = datetime.now(UTC) - timedelta(seconds=2)
    with path.open("w") as log:
        for number in range(lines):
            instant = start + timedelta(milliseconds=number)
            stamp = instant.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
            entry = {
                "level": "info",
                "timestamp": stamp,
                "message": "/api/alerts",
                "status": 200,
                "latency": 1200000,
            }
            log.write(f"{stamp} stdout F {json.dumps(entry)}\n")


@contextmanager
def installed(
    plane: ControlPlane, network: PodNetwork, *, layout: str, namespace: str, replicas: int = 2
) -> Iterator[Install]:
    """Installs a layout and starts its processes; they end with the block."""
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    wait_for(
        lambda: plane.request("GET", account).status == 200, what="the default service account"
    )
    write_log(plane.pod_log)
    made = objects(layout, namespace, replicas=replicas)
    release = stored(layout, namespace, made, secret=SECRET)
    installed_by_helm(next(one for one in made if one["kind"] == "Deployment"), namespace)
    plane.apply(*made, release, *backup(namespace, BACKED_UP[layout]), *oncall(namespace))
    _succeed(plane, namespace)
    deployment = f"/apis/apps/v1/namespaces/{namespace}/deployments/cano-collector"
    wait_for(lambda: _complete(plane.get(deployment), replicas), what="the rollout")
    label = "app.kubernetes.io/name" if layout == "chart" else "app"
    pods = plane.get(f"/api/v1/namespaces/{namespace}/pods?labelSelector={label}=cano-collector")[
        "items"
    ]
    addresses = {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in pods}
    for pod in pods:  # a real kubelet says which image runs; kwok leaves that out
        statuses = [
            one | {"imageID": f"docker.io/kubecano/cano-collector@sha256:{'ab' * 32}"}
            for one in pod["status"]["containerStatuses"]
        ]
        path = f"{path_of(pod | {'kind': 'Pod', 'apiVersion': 'v1'})}/status"
        plane.patch(path, {"status": {"containerStatuses": statuses}})
    plane.apply(metrics_api())
    served = f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"
    # Its objects, its document and its place in the list of groups come one by one.
    document = "/apis/metrics.k8s.io/v1beta1"
    wait_for(
        lambda: all(plane.request("GET", path).status == 200 for path in (served, document)),
        what="the metrics API",
    )
    wait_for(
        lambda: "metrics.k8s.io" in {one["name"] for one in plane.get("/apis")["groups"]},
        what="the metrics API in the list of groups",
    )
    plane.apply(*measured(pods))
    program = str(Path(__file__).with_name("collector.py"))
    install = Install(plane, layout, namespace, addresses)
    try:
        for address in addresses.values():
            network.add(address)
            words = network.command(
                sys.executable, program, f"--layout={layout}", f"--address={address}"
            )
            install.processes.append(subprocess.Popen([*WITH_US, *words], start_new_session=True))
        for pod in addresses:
            wait_for(lambda pod=pod: answers(install, pod), what=f"the process of {pod}")
            install.alert(pod, count=3)
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        wait_for(lambda: _ready_endpoints(plane.get(slices)) == replicas, what="ready endpoints")
        _follow(install, replicas)
        yield install
    finally:
        install.stop()


def _complete(deployment: dict[str, Any], replicas: int) -> bool:
    """The Deployment's controller has nothing more to do."""
    status = deployment["status"]
    reasons = [
        one["reason"] for one in status.get("conditions", []) if one["type"] == "Progressing"
    ]
    current = status.get("observedGeneration") == deployment["metadata"][
        "generation"
    ] and reasons == ["NewReplicaSetAvailable"]
    return (
        current
        and status.get("readyReplicas")
        == status.get("availableReplicas")
        == status.get("updatedReplicas")
        == replicas
    )


def _follow(install: Install, replicas: int) -> None:
    """Waits for what follows an install in its own time: the root certificate, the budget's count, and the authorizer's knowledge of the Roles."""
    plane, namespace = install.plane, install.namespace
    root = f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt"
    wait_for(
        lambda: plane.request("GET", root).status == 200, what="the namespace's root certificate"
    )
    budget = f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/cano-collector"
    wait_for(
        lambda: plane.get(budget).get("status", {}).get("currentHealthy") == replicas,
        what="the budget to count the pods",
    )
    kind, name = BACKED_UP[install.layout]
    for user, attributes in (
        (
            f"system:serviceaccount:{namespace}:backup",
            {"verb": "get", "resource": f"{kind.lower()}s", "name": name},
        ),
        (
            "oncall",
            {"verb": "patch", "resource": "deployments", "group": "apps", "subresource": "scale"},
        ),
    ):
        spec = {"user": user, "resourceAttributes": attributes | {"namespace": namespace}}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": spec,
        }
        wait_for(
            lambda body=body: _allowed(plane, body), what=f"the Role of {user} in the authorizer"
        )


def _allowed(plane: ControlPlane, review: dict[str, Any]) -> bool:
    answer = plane.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(json.loads(answer.data)["status"]["allowed"])


def _ready_endpoints(slices: dict[str, Any]) -> int:
    return sum(
        endpoint["conditions"].get("ready", False)
        for one in slices["items"]
        for endpoint in one["endpoints"] or []
    )


def answers(install: Install, pod: str) -> bool:
    """Whether the process of a pod serves its metrics."""
    try:
        return (
            urllib3.request(
                "GET", f"http://{install.addresses[pod]}:8080/metrics", timeout=5, retries=False
            ).status
            == 200
        )
    except urllib3.exceptions.HTTPError:
        time.sleep(0.05)
        return False
