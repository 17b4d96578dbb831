"""Read Deployments, ReplicaSets, Pods and PodMetrics.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/;
https://github.com/kubernetes/metrics (metrics.k8s.io/v1beta1).
"""

from dataclasses import replace
from typing import Any

import durationpy

from upkeep.adapters.cluster.demands import demand, in_force, pod_level
from upkeep.adapters.cluster.fields import (
    Raw,
    conditions_of,
    instant,
    label_selector,
    labels_of,
    owner_uid,
    quantity,
    reading,
    text,
)
from upkeep.adapters.cluster.objects.installers import installer
from upkeep.adapters.cluster.objects.templates import container, host_namespaces, template
from upkeep.adapters.formats import exposure
from upkeep.model import parse_time
from upkeep.records.usage import ContainerUsage
from upkeep.records.workload import (
    ContainerStatus,
    Deployment,
    Pod,
    ReplicaSet,
    Termination,
)

REVISION = "deployment.kubernetes.io/revision"


def selector(labels: Raw) -> str:
    """Return a LabelSelector as a query: ``a=b,c in (d,e),!f``."""
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
    """Return a Deployment (apps/v1)."""
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
    """Return the Helm release of an object.

    Helm writes annotations at an install. Charts write labels, which ``helm template | kubectl
    apply`` keeps.
    """
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
    """Return how many replicas a rollout may take down.

    The API rounds this share down and that of maxSurge up. If both are 0, one pod may go.
    """
    if strategy.get("type") == "Recreate":
        return replicas
    said = strategy.get("rollingUpdate") or {}
    surge, unavailable = (
        _share(said.get(part), replicas) for part in ("maxSurge", "maxUnavailable")
    )
    return max(int(unavailable), 0 if surge > 0 else 1)


def _share(said: Any, replicas: int) -> float:
    """Return a number, or a share of the replicas; the API's default is ``25%``."""
    share = "25%" if said is None else str(said)
    return int(share.removesuffix("%")) * replicas / 100 if share.endswith("%") else int(share)


def replica_set(raw: Raw) -> ReplicaSet:
    """Return a ReplicaSet (apps/v1)."""
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
            counted_replicas=int(status.get("replicas") or 0),
            selector=label_selector(raw["spec"]["selector"])
            if raw["spec"].get("selector")
            else None,
        )


def pod(raw: Raw) -> Pod:
    """Return a Pod, as the API server admitted it."""
    with reading("Pod", raw):
        metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
        conditions = conditions_of(status)
        init = [container(entry, spec) for entry in spec.get("initContainers") or []]
        sidecars = {one.name for one in init if one.restarts}
        statuses = [
            (entry, field == "initContainerStatuses")
            for field in ("initContainerStatuses", "containerStatuses")
            for entry in status.get(field) or []
        ]
        running = {
            entry["name"]
            for entry in status.get("ephemeralContainerStatuses") or []
            if "running" in (entry.get("state") or {})
        }
        return Pod(
            name=metadata["name"],
            uid=text(metadata["uid"]),
            phase=text(status.get("phase") or "Pending"),
            labels=labels_of(metadata),
            created=parse_time(metadata["creationTimestamp"]),
            owner_uid=owner_uid(raw, "ReplicaSet"),
            ip=text(status.get("podIP") or ""),
            node=text(spec.get("nodeName") or ""),
            ready=any(
                condition.type == "Ready" and condition.status == "True" for condition in conditions
            ),
            deleted=instant(metadata.get("deletionTimestamp")),
            reason=status.get("reason") or "",
            conditions=conditions,
            containers=tuple(
                replace(_container_status(entry, init=of_init), sidecar=entry["name"] in sidecars)
                for entry, of_init in statuses
            ),
            specs=tuple(container(entry, spec) for entry in spec.get("containers") or []),
            init_specs=tuple(init),
            debug_specs=tuple(
                container(entry, spec)
                for entry in spec.get("ephemeralContainers") or []
                if entry["name"] in running
            ),
            host_namespaces=host_namespaces(spec),
            orphan=not any(
                owner.get("controller") for owner in metadata.get("ownerReferences", [])
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
