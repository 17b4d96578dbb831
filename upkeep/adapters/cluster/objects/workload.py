"""A Deployment, its ReplicaSets and their pods, and what pods use.

Source: Kubernetes API reference v1.36 (apps/v1, core/v1); metrics.k8s.io/v1beta1.
"""

from typing import Any

import durationpy

from upkeep.adapters.cluster.demands import demand, in_force, pod_level
from upkeep.adapters.cluster.fields import (
    Raw,
    conditions_of,
    instant,
    labels_of,
    owner_uid,
    quantity,
    reading,
    text,
)
from upkeep.adapters.cluster.objects.installers import installer
from upkeep.adapters.cluster.objects.templates import container, template
from upkeep.adapters.formats import exposure
from upkeep.model import parse_time
from upkeep.records.usage import ContainerUsage
from upkeep.records.workload import ContainerStatus, Deployment, Pod, ReplicaSet, Termination

REVISION = "deployment.kubernetes.io/revision"


def selector(labels: Raw) -> str:
    """A LabelSelector in the form of a query: ``a=b,c in (d,e),!f``."""
    parts = [f"{key}={value}" for key, value in sorted((labels.get("matchLabels") or {}).items())]
    for rule in labels.get("matchExpressions") or []:
        key, values = rule["key"], ",".join(rule.get("values") or [])
        parts.append(
            {
                "In": f"{key} in ({values})",
                "NotIn": f"{key} notin ({values})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[rule["operator"]]
        )
    return ",".join(parts)


def deployment(raw: Raw) -> Deployment:
    with reading("Deployment", raw):
        metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
        replicas = 1 if spec.get("replicas") is None else int(spec["replicas"])
        return Deployment(
            name=metadata["name"],
            namespace=metadata["namespace"],
            uid=text(metadata["uid"]),
            created=parse_time(metadata["creationTimestamp"]),
            generation=int(metadata.get("generation") or 0),
            observed_generation=int(status.get("observedGeneration") or 0),
            replicas=replicas,
            ready_replicas=int(status.get("readyReplicas") or 0),
            updated_replicas=int(status.get("updatedReplicas") or 0),
            progress_deadline_seconds=int(spec.get("progressDeadlineSeconds") or 600),
            selector=selector(spec["selector"]),
            template=template(spec["template"]),
            revision=(metadata.get("annotations") or {}).get(REVISION) or "",
            paused=bool(spec.get("paused")),
            conditions=conditions_of(status),
            labels=labels_of(metadata),
            max_unavailable=_max_unavailable(spec.get("strategy") or {}, replicas),
            exposures=exposure.of_deployment(raw),
            installer=installer(metadata),
            **_release(metadata),
        )


def _release(metadata: Raw) -> dict[str, str]:
    """The Helm release that an object is part of: what helm writes at an install, else what charts write (``helm template | kubectl apply``)."""
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    if annotations.get("meta.helm.sh/release-name"):
        name, namespace = (
            annotations["meta.helm.sh/release-name"],
            annotations.get("meta.helm.sh/release-namespace"),
        )
        return {
            "release": text(name),
            "release_namespace": text(namespace or metadata["namespace"]),
        }
    if labels.get("app.kubernetes.io/managed-by") == "Helm" and labels.get(
        "app.kubernetes.io/instance"
    ):
        return {
            "release": labels["app.kubernetes.io/instance"],
            "release_namespace": metadata["namespace"],
        }
    return {}


def _max_unavailable(strategy: Raw, replicas: int) -> int:
    """How many replicas a rollout may do without: a share is rounded down, that of what it may add is rounded up, and not both are 0."""
    if strategy.get("type") == "Recreate":
        return replicas
    said = strategy.get("rollingUpdate") or {}
    surge, unavailable = (
        _share(said.get(part), replicas) for part in ("maxSurge", "maxUnavailable")
    )
    return max(int(unavailable), 0 if surge > 0 else 1)


def _share(said: Any, replicas: int) -> float:
    """A number, or a share as ``25%``, which is the API's default."""
    share = "25%" if said is None else str(said)
    return int(share.removesuffix("%")) * replicas / 100 if share.endswith("%") else int(share)


def replica_set(raw: Raw) -> ReplicaSet:
    with reading("ReplicaSet", raw):
        metadata, status = raw["metadata"], raw.get("status") or {}
        return ReplicaSet(
            name=metadata["name"],
            uid=text(metadata["uid"]),
            owner_uid=owner_uid(raw, "Deployment"),
            revision=(metadata.get("annotations") or {}).get(REVISION) or "",
            replicas=int(raw["spec"].get("replicas") or 0),
            ready_replicas=int(status.get("readyReplicas") or 0),
            created=parse_time(metadata["creationTimestamp"]),
        )


def pod(raw: Raw) -> Pod:
    with reading("Pod", raw):
        metadata, status = raw["metadata"], raw.get("status") or {}
        conditions = conditions_of(status)
        return Pod(
            name=metadata["name"],
            uid=text(metadata["uid"]),
            phase=text(status.get("phase") or "Pending"),
            labels=labels_of(metadata),
            created=parse_time(metadata["creationTimestamp"]),
            owner_uid=owner_uid(raw, "ReplicaSet"),
            ip=text(status.get("podIP") or ""),
            node=text(raw["spec"].get("nodeName") or ""),
            ready=any(
                condition.type == "Ready" and condition.status == "True" for condition in conditions
            ),
            deleted=instant(metadata.get("deletionTimestamp")),
            reason=status.get("reason") or "",
            conditions=conditions,
            containers=tuple(
                _container_status(entry, init=field == "initContainerStatuses")
                for field in ("initContainerStatuses", "containerStatuses")
                for entry in status.get(field) or []
            ),
            specs=tuple(
                container(entry, raw["spec"]) for entry in raw["spec"].get("containers") or []
            ),
            resources=in_force(raw),
            whole=pod_level(raw),
            demand=demand(raw),
            priority_class=text(raw["spec"].get("priorityClassName") or ""),
        )


def container_usages(raw: Raw) -> tuple[ContainerUsage, ...]:
    """Return the usage of each container of a PodMetrics."""
    with reading("PodMetrics", raw):
        pod, taken = raw["metadata"]["name"], parse_time(raw["timestamp"])
        return tuple(
            ContainerUsage(
                pod,
                entry["name"],
                taken,
                int(quantity(entry["usage"]["cpu"]) * 10**9),
                int(quantity(entry["usage"]["memory"])),
                durationpy.from_str(text(raw["window"])).total_seconds(),
            )
            for entry in raw["containers"]
        )


def _container_status(raw: Raw, *, init: bool) -> ContainerStatus:
    state, last = raw.get("state") or {}, (raw.get("lastState") or {}).get("terminated")
    kind = next((name for name in ("waiting", "running", "terminated") if name in state), "")
    waiting = state.get("waiting") or {}
    return ContainerStatus(
        name=raw["name"],
        ready=bool(raw["ready"]),
        restarts=int(raw["restartCount"]),
        state=kind,
        waiting_reason=waiting.get("reason") or "",
        waiting_message=waiting.get("message") or "",
        started=instant((state.get("running") or state.get("terminated") or {}).get("startedAt")),
        terminated=_termination(state["terminated"]) if kind == "terminated" else None,
        last_termination=_termination(last) if last else None,
        image_id=raw.get("imageID") or "",
        init=init,
    )


def _termination(raw: Raw) -> Termination:
    return Termination(
        raw.get("reason") or "",
        int(raw["exitCode"]),
        instant(raw.get("finishedAt")),
        instant(raw.get("startedAt")),
    )
