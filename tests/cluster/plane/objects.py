"""The objects of both layouts as they are applied to a real API server."""

import base64
from datetime import UTC, datetime
from typing import Any

from tests.cluster.plane.controlplane import NODE

SECRET = "canary-7f3a-real-cluster"
DOCUMENTS = {
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


def metadata(name: str, namespace: str, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "labels": labels or {}}


def _document(kind: str, name: str, namespace: str, key: str, text: str) -> dict[str, Any]:
    """A ConfigMap or Secret with one document."""
    value = text if kind == "ConfigMap" else base64.b64encode(text.encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": metadata(name, namespace),
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
            _document(kind, name, namespace, f"{part}.yaml", DOCUMENTS[part])
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
        "metadata": metadata("cano-collector", namespace),
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
        policy | {"spec": {"podSelector": {"matchLabels": labels}, "ingress": from_monitoring, "egress": [{"to": [{"namespaceSelector": {}}]}]}},
        {
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata("cano-collector", namespace),
            "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}},
        },
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("cano-collector", namespace, labels),
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
        },
        {
            "apiVersion": "v1", "kind": "Service", "metadata": metadata("cano-collector", namespace, labels),
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
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata("backup", namespace)},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata("backup", namespace), "rules": rules},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata("backup", namespace), "subjects": [subject],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "backup"},
        },
        {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata("backup-pvc", namespace),
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": size}, "storageClassName": ""}, "status": {"phase": "Bound"},
        },
        {
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata("cano-collector-backup", namespace),
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
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata("oncall", namespace), "rules": rules},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata("oncall", namespace),
            "subjects": [{"kind": "User", "name": "oncall", "apiGroup": "rbac.authorization.k8s.io"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "oncall"},
        },
    ]  # fmt: skip


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
