"""The collector's Deployment, its ReplicaSets and pods."""

from datetime import datetime, timedelta

from upkeep.demo.objects import releases
from upkeep.demo.objects.stored import applied, make, metadata
from upkeep.demo.state import Object, State, stamp, uid

IMAGES = {
    "guide": "registry.example/cano-collector:1.4.2",
    "chart": "kubecano/cano-collector:0.0.24",
}
HEALTH_PATHS = {"guide": ("/health",), "chart": ("/livez", "/readyz", "/healthz")}
HASH, OLD_HASH = "6f7d9c5b84", "5c4b8d7f69"
CONTAINER = "cano-collector"


def pod_labels(state: State) -> dict[str, str]:
    if state.layout == "guide":
        return {"app": "cano-collector"}
    return {
        "app.kubernetes.io/name": "cano-collector",
        "app.kubernetes.io/instance": state.fullname,
    }


def chart_labels(state: State) -> dict[str, str]:
    """What the public chart writes on the Deployment and its pods, beside what it selects by; the guide's says less."""
    if state.layout == "guide":
        return {}
    version = releases.APP_VERSIONS["chart"]
    return releases.labels("chart") | {
        "app.kubernetes.io/version": version,
        "app.kubernetes.io/managed-by": "Helm",
    }


def template(state: State) -> Object:
    """The pod template: everything else that belongs to the collector can be derived from it."""
    container: Object = {
        "name": CONTAINER,
        "image": IMAGES[state.layout],
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": "CLUSTER_NAME", "value": "demo"}],
        # Less than the chart's own, so that the emergency's limits raise something.
        "resources": {
            "requests": {"cpu": "250m", "memory": "512Mi"},
            "limits": {"cpu": "500m", "memory": "768Mi"},
        },
        "securityContext": {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    if state.layout == "guide":
        for variable, key in (
            ("SLACK_WEBHOOK", "slack-webhook"),
            ("TEAMS_WEBHOOK", "teams-webhook"),
        ):
            container["env"].append(
                {
                    "name": variable,
                    "valueFrom": {"secretKeyRef": {"name": "cano-collector-secrets", "key": key}},
                }
            )
        for probe in (
            "livenessProbe",
            "readinessProbe",
        ):  # they name no path, so that the guide's own is asked
            container[probe] = {
                "tcpSocket": {"port": 8080},
                "timeoutSeconds": 1,
                "periodSeconds": 10,
            }
        mounts = {"config": "/etc/cano-collector"}
        volumes = [
            {"name": "config", "configMap": {"name": "cano-collector-config", "defaultMode": 420}}
        ]
    else:
        secret = {"name": "cano-slack", "key": "api-key"}
        container["env"].append({"name": "APP_VERSION", "value": releases.APP_VERSIONS["chart"]})
        container["env"].append(
            {"name": "SLACK_API_KEY_ONCALL", "valueFrom": {"secretKeyRef": secret}}
        )
        container["envFrom"] = [
            {"secretRef": {"name": f"{state.fullname}-secret", "optional": True}}
        ]
        for probe, path in (
            ("startupProbe", "/healthz"),
            ("livenessProbe", "/livez"),
            ("readinessProbe", "/readyz"),
        ):
            container[probe] = {
                "httpGet": {"path": path, "port": 8080, "scheme": "HTTP"},
                "timeoutSeconds": 1,
                "periodSeconds": 10,
            }
        container["lifecycle"] = {
            "preStop": {"exec": {"command": ["bash", "-c", "kill -SIGINT 1"]}}
        }
        mounts = {
            part: f"/etc/cano-collector/{part}" for part in ("teams", "destinations", "workflows")
        }
        volumes = [
            {"name": "teams", "configMap": {"name": f"{state.fullname}-teams", "defaultMode": 420}},
            {
                "name": "destinations",
                "secret": {
                    "secretName": f"{state.fullname}-destination-secrets",
                    "defaultMode": 420,
                },
            },
            {
                "name": "workflows",
                "secret": {"secretName": f"{state.fullname}-workflows-secrets", "defaultMode": 420},
            },
        ]
    container["volumeMounts"] = [
        {"name": name, "mountPath": path, "readOnly": True} for name, path in mounts.items()
    ]
    spec = {
        "containers": [container],
        "volumes": volumes,
        "serviceAccountName": state.fullname,
        # The chart's default is true, for the action pod_logs. No workflow of this cluster has it.
        "automountServiceAccountToken": False,
        "restartPolicy": "Always",
    }
    return {"metadata": {"labels": pod_labels(state) | chart_labels(state)}, "spec": spec}


def deployment(state: State, name: str, replicas: int, created: datetime) -> Object:
    """A Deployment whose rollout is complete."""
    updated = stamp(max(created, state.ago(days=8)))
    conditions = [
        {
            "type": "Available",
            "status": "True",
            "reason": "MinimumReplicasAvailable",
            "message": "Deployment has minimum availability.",
        },
        {
            "type": "Progressing",
            "status": "True",
            "reason": "NewReplicaSetAvailable",
            "message": f'ReplicaSet "{name}-{HASH}" has successfully progressed.',
        },
    ]
    result = make(state, "Deployment", name, created, pod_labels(state), spec={
        "replicas": replicas, "selector": {"matchLabels": pod_labels(state)}, "template": template(state),
        "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
    }, status={
        "observedGeneration": 3,
        **dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), replicas),
        "conditions": [one | {"lastUpdateTime": updated, "lastTransitionTime": updated} for one in conditions],
    })  # fmt: skip
    result["metadata"] |= {
        "generation": 3,
        "annotations": {"deployment.kubernetes.io/revision": "3"},
    }
    if state.layout == "guide":
        applied(result)
    result["metadata"]["labels"] |= releases.labels(state.layout) | chart_labels(state)
    result["metadata"]["annotations"] |= releases.annotations(state)
    return result


def replica_set(
    state: State,
    owner: Object,
    template_hash: str,
    *,
    revision: int,
    replicas: int,
    created: datetime,
    tag: str = "",
) -> Object:
    """A ReplicaSet of the Deployment; ``tag`` is its image's where it differs: kubectl tells revisions by their templates."""
    name = f"{owner['metadata']['name']}-{template_hash}"
    labels = pod_labels(state) | {"pod-template-hash": template_hash}
    pod = {"metadata": {"labels": labels}, "spec": owner["spec"]["template"]["spec"]}
    if tag:
        containers = [
            one | {"image": f"{one['image'].rpartition(':')[0]}:{tag}"}
            for one in pod["spec"]["containers"]
        ]
        pod["spec"] = pod["spec"] | {"containers": containers}
    counts = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    status = dict.fromkeys(counts, replicas) | {"observedGeneration": 1}
    result = make(
        state,
        "ReplicaSet",
        name,
        created,
        labels,
        spec={"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod},
        status=status,
    )
    result["metadata"] |= metadata(state, "ReplicaSet", name, created, labels, owner)
    result["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": str(revision)}
    return result


def pod(state: State, owner: Object, suffix: str, index: int, created: datetime) -> Object:
    """A running, ready pod of a ReplicaSet."""
    # The API server cuts a generated name before its random part.
    name = f"{owner['metadata']['name']}-"[:58] + suffix
    template_ = owner["spec"]["template"]
    ready = stamp(created + timedelta(seconds=8))
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": ready}
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    status = {
        "phase": "Running", "podIP": f"10.244.{index}.17", "hostIP": f"192.168.0.{10 + index}",
        "startTime": stamp(created), "conditions": conditions, "qosClass": "Burstable",
        "containerStatuses": [{
            "name": CONTAINER, "ready": True, "started": True, "restartCount": 0, "lastState": {},
            "image": IMAGES[state.layout],
            "imageID": f"{IMAGES[state.layout].split(':')[0]}@sha256:{'ab' * 32}",
            "containerID": f"containerd://{uid(name).replace('-', '') * 2}",
            "state": {"running": {"startedAt": stamp(created + timedelta(seconds=2))}},
        }],
    }  # fmt: skip
    result = make(
        state,
        "Pod",
        name,
        created,
        template_["metadata"]["labels"],
        # The API server adds an empty context; `kubectl debug` crashes without one.
        spec={"securityContext": {}} | template_["spec"] | {"nodeName": f"node-{index}"},
        status=status,
    )
    result["metadata"] |= metadata(
        state, "Pod", name, created, template_["metadata"]["labels"], owner
    )
    return result
