"""Both layouts as they are really installed (collector.md, "Two layouts"), on a real control plane, with processes that answer."""

import base64
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

from tests.cluster.plane.controlplane import NODE, WITH_US, ControlPlane, path_of, wait_for
from tests.cluster.plane.podnetwork import PodNetwork
from tests.cluster.plane.releases import installed_by_helm, stored

SECRET = "canary-7f3a-real-cluster"
_DOCUMENTS = {
    "destinations": f"destinations:\n  slack:\n  - name: ops\n    api_key: {SECRET}\n    slack_channel: '#ops'\n",
    "teams": "teams:\n- name: default\n  destinations: [ops]\n",
    "workflows": (
        "active_workflows:\n- name: firing\n  triggers: [{on_alertmanager_alert: {status: firing}}]\n"
        "  actions: [{action_type: issue_enrichment}]\n"
    ),
}
# What the backup CronJob saves.
BACKED_UP = {
    "chart": ("Secret", "cano-collector-destination-secrets"),
    "guide": ("ConfigMap", "cano-collector-config"),
}
_PROBES = {"startupProbe": "/healthz", "livenessProbe": "/livez", "readinessProbe": "/readyz"}


def minimal(folder: Path, layout: str) -> Path:
    """A folder with the minimal configuration for an emergency, as somebody would prepare it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    hook = f"destinations:\n  slack:\n  - name: ops\n    webhookURL: https://hooks.slack.example/{SECRET}\n"
    parts = (
        {part: _DOCUMENTS[part] for part in ("destinations", "teams")}
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


def _metadata(name: str, namespace: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "labels": labels or {}}


def _document(kind: str, name: str, namespace: str, key: str, text: str) -> dict[str, Any]:
    """A ConfigMap or Secret with one document."""
    value = text if kind == "ConfigMap" else base64.b64encode(text.encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": _metadata(name, namespace),
        "data": {key: value},
    }


def _volume(kind: str, name: str) -> dict[str, Any]:
    """What a volume of the object says."""
    return (
        {"configMap": {"name": name}} if kind == "ConfigMap" else {"secret": {"secretName": name}}
    )


def objects(layout: str, namespace: str, *, replicas: int) -> list[dict[str, Any]]:
    """The objects of a layout, without what the control plane makes of them."""
    chart = layout == "chart"
    labels = (
        {"app.kubernetes.io/name": "cano-collector", "app.kubernetes.io/instance": "cano"}
        if chart
        else {"app": "cano-collector"}
    )
    container: dict[str, Any] = {
        "name": "cano-collector",
        "image": "kubecano/cano-collector:0.0.24",
        "ports": [{"containerPort": 8080}],
        "env": [{"name": "CLUSTER_NAME", "value": "test"}],
        "resources": {
            "requests": {"cpu": "250m", "memory": "512Mi"},
            "limits": {"cpu": "500m", "memory": "768Mi"},
        },
        "securityContext": {"runAsNonRoot": True, "allowPrivilegeEscalation": False},
        **{probe: {"tcpSocket": {"port": 8080}} for probe in ("livenessProbe", "readinessProbe")},
    }
    if chart:
        container |= {
            probe: {"httpGet": {"path": path, "port": 8080}} for probe, path in _PROBES.items()
        }
        places = [("destinations", "Secret", "cano-collector-destination-secrets"), ("teams", "ConfigMap", "cano-collector-teams"),
                  ("workflows", "Secret", "cano-collector-workflows-secrets")]  # fmt: skip
        container["volumeMounts"] = [
            {"name": part, "mountPath": f"/etc/cano-collector/{part}"} for part, _, _ in places
        ]
        configuration = [
            _document(kind, name, namespace, f"{part}.yaml", _DOCUMENTS[part])
            for part, kind, name in places
        ]
        volumes = [{"name": part, **_volume(kind, name)} for part, kind, name in places]
    else:
        container["volumeMounts"] = [{"name": "config", "mountPath": "/etc/cano-collector"}]
        volumes = [{"name": "config", **_volume("ConfigMap", "cano-collector-config")}]
        key = {"name": "cano-collector-secrets", "key": "slack-webhook"}
        container["env"].append({"name": "SLACK_WEBHOOK", "valueFrom": {"secretKeyRef": key}})
        text = "destinations:\n  slack:\n  - name: ops\n    webhookURL: ${SLACK_WEBHOOK}\n"
        configuration = [
            _document("ConfigMap", "cano-collector-config", namespace, "destinations.yaml", text),
            _document(
                "Secret",
                key["name"],
                namespace,
                key["key"],
                f"https://hooks.slack.example/services/T0/B0/{SECRET}",
            ),
        ]
    pod = {
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": volumes,
        "nodeName": NODE,
    }
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata("cano-collector", namespace),
    }
    from_monitoring = [
        {
            "from": [
                {
                    "namespaceSelector": {
                        "matchLabels": {"kubernetes.io/metadata.name": "monitoring"}
                    }
                }
            ]
        }
    ]
    return [
        *configuration,
        policy | {"spec": {"podSelector": {"matchLabels": labels}, "ingress": from_monitoring, "egress": [{}]}},
        {
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": _metadata("cano-collector", namespace),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}},
        },
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": _metadata("cano-collector", namespace, labels),
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
        },
        {
            "apiVersion": "v1", "kind": "Service", "metadata": _metadata("cano-collector", namespace, labels),
            "spec": {"selector": labels, "ports": [{"name": "http", "port": 80 if chart else 8080, "targetPort": 8080, "protocol": "TCP"}]},
        },
    ]  # fmt: skip


def backup(namespace: str, config: tuple[str, str]) -> list[dict[str, Any]]:
    """A backup CronJob that works: a bound volume that is mounted, and a service account that may read what it saves."""
    kind, name = config
    resource = {"ConfigMap": "configmap", "Secret": "secret"}[kind]
    pod = {
        "serviceAccountName": "backup",
        "restartPolicy": "OnFailure",
        "containers": [{
            "name": "backup", "image": "registry.k8s.io/kubectl:v1.36.3", "volumeMounts": [{"name": "backup", "mountPath": "/backup"}],
            "command": ["/bin/sh", "-c", f"kubectl get {resource} {name} -o yaml > /backup/backup-$(date +%Y%m%d).yaml"],
        }],
        "volumes": [{"name": "backup", "persistentVolumeClaim": {"claimName": "backup-pvc"}}],
    }  # fmt: skip
    rules = [
        {
            "apiGroups": [""],
            "resources": [f"{resource}s"],
            "resourceNames": [name],
            "verbs": ["get"],
        }
    ]
    subject = {"kind": "ServiceAccount", "name": "backup", "namespace": namespace}
    size = {"storage": "1Gi"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata("backup", namespace)},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": _metadata("backup", namespace), "rules": rules},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": _metadata("backup", namespace), "subjects": [subject],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "backup"},
        },
        {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": _metadata("backup-pvc", namespace),
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": size}, "storageClassName": ""}, "status": {"phase": "Bound"},
        },
        {
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": _metadata("cano-collector-backup", namespace),
            "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": {"spec": pod}}}},
        },
    ]  # fmt: skip


def oncall(namespace: str) -> list[dict[str, Any]]:
    """What the on-call engineer may do: whatever an emergency of the guide asks for."""
    rules = [
        {
            "apiGroups": [""],
            "resources": ["configmaps", "secrets"],
            "verbs": ["get", "list", "create", "update", "patch"],
        },
        {"apiGroups": [""], "resources": ["pods", "pods/log", "events"], "verbs": ["get", "list"]},
        {
            "apiGroups": ["apps"],
            "resources": ["deployments", "deployments/scale"],
            "verbs": ["get", "patch"],
        },
    ]
    return [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": _metadata("oncall", namespace), "rules": rules},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": _metadata("oncall", namespace),
            "subjects": [{"kind": "User", "name": "oncall", "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "oncall"},
        },
    ]  # fmt: skip


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
        "apiVersion": "batch/v1", "kind": "Job", "metadata": _metadata("cano-collector-backup-1", namespace) | {"ownerReferences": [owner]},
        "spec": cron_job["spec"]["jobTemplate"]["spec"] | {"suspend": True},
    }  # fmt: skip
    plane.apply(job)


def metrics_api() -> dict[str, Any]:
    """metrics.k8s.io as objects that are stored: what metrics-server would say is put there, and RBAC, lists and selectors are the real ones."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "pods.metrics.k8s.io", "annotations": {"api-approved.kubernetes.io": "unapproved, of these tests"}},
        "spec": {
            "group": "metrics.k8s.io", "scope": "Namespaced", "names": {"plural": "pods", "kind": "PodMetrics", "listKind": "PodMetricsList"},
            "versions": [{"name": "v1beta1", "served": True, "storage": True, "schema": schema}],
        },
    }  # fmt: skip


def measured(pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What metrics-server would say of the pods now."""
    return [
        {
            "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "window": "15s",
            "metadata": {key: pod["metadata"][key] for key in ("name", "namespace", "labels")},
            "containers": [{"name": "cano-collector", "usage": {"cpu": "9215417n", "memory": "190464Ki"}}],
        }
        for pod in pods
    ]  # fmt: skip


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
            wait_for(lambda pod=pod: _answers(install, pod), what=f"the process of {pod}")
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


def _answers(install: Install, pod: str) -> bool:
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
