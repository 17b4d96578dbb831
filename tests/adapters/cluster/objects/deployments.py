"""A Deployment as the API describes it, for tests of its records."""

from typing import Any

TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "cano-collector"}},
    "spec": {
        "imagePullSecrets": [{"name": "registry"}],
        "containers": [
            {
                "name": "cano-collector",
                "env": [
                    {"name": "SLACK", "valueFrom": {"secretKeyRef": {"name": "slack", "key": "token"}}},
                    {"name": "TEAMS", "valueFrom": {"configMapKeyRef": {"name": "teams", "key": "x"}}},
                ],
                "envFrom": [{"secretRef": {"name": "sentry", "optional": True}}, {"configMapRef": {"name": "env"}}],
            },
            {"name": "sidecar", "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "slack", "key": "other", "optional": True}}}]},
        ],
        "volumes": [
            {"name": "destinations", "secret": {"secretName": "destinations"}},
            {"name": "some", "secret": {"secretName": "certificate", "optional": True, "items": [{"key": "tls.crt", "path": "c"}]}},
            {"name": "both", "projected": {"sources": [{"secret": {"name": "a"}}, {"configMap": {"name": "b"}},
                                                       {"serviceAccountToken": {"path": "token"}}]}},
            {"name": "scratch", "emptyDir": {}},
        ],
    },
}  # fmt: skip


def raw_deployment(annotations: dict[str, str], labels: dict[str, str]) -> dict[str, Any]:
    head = {"name": "c", "namespace": "n", "uid": "u", "creationTimestamp": "2026-01-02T12:00:00Z"}
    spec = {"selector": {"matchLabels": {"app": "cano-collector"}}, "template": TEMPLATE}
    return {"metadata": head | {"annotations": annotations, "labels": labels}, "spec": spec}
