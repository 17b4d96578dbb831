"""Read Deployments, ReplicaSets, Pods and PodMetrics.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/;
https://github.com/kubernetes/metrics (metrics.k8s.io/v1beta1).
"""

from datetime import UTC, datetime

import durationpy
from msgspec.structs import replace

from upkeep.adapters.cluster.demands import demand, in_force, pod_level
from upkeep.adapters.cluster.fields import (
    CLOCKS_APART,
    Impossible,
    conditions_of,
    instant,
    label_selector,
    orphaned,
    owner_uid,
    quantity,
    reads,
)
from upkeep.adapters.cluster.objects.installers import installer
from upkeep.adapters.cluster.objects.templates import container, host_namespaces, template
from upkeep.adapters.formats import exposure
from upkeep.adapters.wire import pods as wire
from upkeep.adapters.wire.meta import LabelSelector, ObjectMeta
from upkeep.adapters.wire.serving import ContainerMetrics, PodMetrics
from upkeep.adapters.wire.workloads import Deployment as WireDeployment
from upkeep.adapters.wire.workloads import ReplicaSet as WireReplicaSet
from upkeep.adapters.wire.workloads import Strategy
from upkeep.domain.discovery import matches
from upkeep.records.usage import ContainerUsage
from upkeep.records.workload import ContainerStatus, Deployment, Pod, ReplicaSet, Termination

REVISION = "deployment.kubernetes.io/revision"
# prometheus-adapter also lists the pod's own cgroup, its sum, and the pause container.
NO_CONTAINERS = ("", "POD")


def selector(said: LabelSelector) -> str:
    """Return a LabelSelector as a query: ``a=b,c in (d,e),!f``."""
    parts = [f"{key}={value}" for key, value in sorted(said.matchLabels.items())]
    for rule in said.matchExpressions:
        key, values = rule.key, ",".join(rule.values)
        parts.append(
            {
                "In": f"{key} in ({values})",
                "NotIn": f"{key} notin ({values})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[rule.operator]
        )
    return ",".join(parts)


@reads(WireDeployment)
def deployment(raw: WireDeployment) -> Deployment:
    """Return a Deployment (apps/v1)."""
    metadata, spec, status = raw.metadata, raw.spec, raw.status
    release, release_namespace = _release(metadata)
    # The API server refuses a Deployment whose own pods its selector would not select.
    if not matches(label_selector(spec.selector), spec.template.metadata.labels):
        raise Impossible("spec.selector does not select the labels of spec.template")
    return Deployment(
        name=metadata.name,
        namespace=metadata.namespace,
        uid=metadata.uid,
        created=metadata.creationTimestamp.astimezone(UTC),
        generation=metadata.generation,
        observed_generation=status.observedGeneration,
        replicas=spec.replicas,
        ready_replicas=status.readyReplicas,
        updated_replicas=status.updatedReplicas,
        progress_deadline_seconds=spec.progressDeadlineSeconds,
        selector=selector(spec.selector),
        template=template(spec.template),
        revision=metadata.annotations.get(REVISION, ""),
        paused=spec.paused,
        conditions=conditions_of(status.conditions),
        labels=metadata.labels,
        max_unavailable=_max_unavailable(spec.strategy, spec.replicas),
        exposures=exposure.of_deployment(raw),
        installer=installer(metadata),
        deleted=instant(metadata.deletionTimestamp),
        release=release,
        release_namespace=release_namespace,
    )


def _release(metadata: ObjectMeta) -> tuple[str, str]:
    """Return the Helm release of an object, and its namespace.

    Helm writes annotations at an install. Charts write labels, which ``helm template | kubectl
    apply`` keeps.
    """
    if name := metadata.annotations.get("meta.helm.sh/release-name"):
        namespace = metadata.annotations.get("meta.helm.sh/release-namespace")
        return name, namespace or metadata.namespace
    if metadata.labels.get("app.kubernetes.io/managed-by") == "Helm":
        instance = metadata.labels.get("app.kubernetes.io/instance", "")
        return instance, metadata.namespace if instance else ""
    return "", ""


def _max_unavailable(strategy: Strategy, replicas: int) -> int:
    """Return how many replicas a rollout may take down.

    The API rounds this share down and that of maxSurge up. If both are 0, one pod may go.
    """
    if strategy.type == "Recreate":
        return replicas
    said = strategy.rollingUpdate
    surge = _share(said.maxSurge if said else None, replicas)
    unavailable = _share(said.maxUnavailable if said else None, replicas)
    return max(int(unavailable), 0 if surge > 0 else 1)


def _share(said: int | str | None, replicas: int) -> float:
    """Return a number, or a share of the replicas; the API's default is ``25%``.

    :raises ValueError: it is neither.
    """
    share = "25%" if said is None else str(said)
    number = share.removesuffix("%")
    if not (number.isascii() and number.isdecimal() and len(number) <= 10):
        raise Impossible("spec.strategy.rollingUpdate is neither a number nor a share")
    return int(number) * replicas / 100 if share.endswith("%") else int(number)


@reads(WireReplicaSet)
def replica_set(raw: WireReplicaSet) -> ReplicaSet:
    """Return a ReplicaSet (apps/v1)."""
    metadata = raw.metadata
    return ReplicaSet(
        name=metadata.name,
        uid=metadata.uid,
        owner_uid=owner_uid(metadata, "Deployment"),
        revision=metadata.annotations.get(REVISION, ""),
        replicas=raw.spec.replicas,
        ready_replicas=raw.status.readyReplicas,
        created=metadata.creationTimestamp.astimezone(UTC),
        counted_replicas=raw.status.replicas,
        selector=label_selector(raw.spec.selector) if raw.spec.selector else None,
        orphan=orphaned(metadata),
    )


@reads(wire.Pod)
def pod(raw: wire.Pod) -> Pod:
    """Return a Pod, as the API server admitted it."""
    metadata, spec, status = raw.metadata, raw.spec, raw.status
    conditions = conditions_of(status.conditions)
    init = [container(one, spec) for one in spec.initContainers]
    sidecars = {one.name for one in init if one.restarts}
    statuses = [
        *(
            _container_status(one, metadata.creationTimestamp, init=True)
            for one in status.initContainerStatuses
        ),
        *(
            _container_status(one, metadata.creationTimestamp, init=False)
            for one in status.containerStatuses
        ),
    ]
    known = {one.name for one in (*spec.initContainers, *spec.containers)}
    if not {one.name for one in statuses} <= known:
        raise Impossible("containerStatuses names a container that the spec does not have")
    if any(one.ready and not one.state.running for one in status.containerStatuses):
        # The kubelet makes no container ready that does not run (pkg/kubelet/prober/prober_manager.go).
        raise Impossible("containerStatuses names a container that is ready and does not run")
    debugging = {one.name for one in status.ephemeralContainerStatuses if one.state.running}
    return Pod(
        name=metadata.name,
        uid=metadata.uid,
        phase=status.phase,
        labels=metadata.labels,
        created=metadata.creationTimestamp.astimezone(UTC),
        owner_uid=owner_uid(metadata, "ReplicaSet"),
        ip=status.podIP,
        node=spec.nodeName,
        ready=any(one.type == "Ready" and one.status == "True" for one in conditions),
        deleted=instant(metadata.deletionTimestamp),
        reason=status.reason,
        conditions=conditions,
        containers=tuple(replace(one, sidecar=one.name in sidecars) for one in statuses),
        specs=tuple(container(one, spec) for one in spec.containers),
        init_specs=tuple(init),
        debug_specs=tuple(
            container(one, spec) for one in spec.ephemeralContainers if one.name in debugging
        ),
        host_namespaces=host_namespaces(spec),
        orphan=orphaned(metadata),
        resources=in_force(raw),
        whole=pod_level(raw),
        demand=demand(raw),
        priority_class=spec.priorityClassName,
    )


@reads(PodMetrics)
def container_usages(raw: PodMetrics, *, now: datetime) -> tuple[ContainerUsage, ...]:
    """Return the usage of each container of a PodMetrics.

    :param now: no usage is of a later time; clocks may differ a little.
    """
    if raw.timestamp > now + CLOCKS_APART:
        raise Impossible("timestamp is in the future")
    containers = [one for one in raw.containers or () if one.name not in NO_CONTAINERS]
    if len({one.name for one in containers}) < len(containers):
        raise Impossible("containers has one name twice")
    return tuple(_usage(raw, one) for one in containers)


def _usage(raw: PodMetrics, one: ContainerMetrics) -> ContainerUsage:
    return ContainerUsage(
        raw.metadata.name,
        one.name,
        raw.timestamp.astimezone(UTC),
        int(quantity(one.usage.cpu) * 10**9),
        int(quantity(one.usage.memory)),
        durationpy.from_str(raw.window).total_seconds(),
    )


def _container_status(raw: wire.ContainerStatus, made: datetime, *, init: bool) -> ContainerStatus:
    state, waiting = raw.state, raw.state.waiting or wire.Waiting()
    kinds = (("waiting", state.waiting), ("running", state.running), ("terminated", state.terminated))  # fmt: skip
    began = state.running or state.terminated
    return ContainerStatus(
        name=raw.name,
        ready=raw.ready,
        restarts=raw.restartCount,
        state=next((name for name, one in kinds if one), ""),
        waiting_reason=waiting.reason,
        waiting_message=waiting.message,
        started=_of_the_pod(began.startedAt, made) if began else None,
        terminated=_termination(state.terminated, made),
        last_termination=_termination(raw.lastState.terminated, made),
        image_id=raw.imageID,
        init=init,
    )


def _termination(raw: wire.Terminated | None, made: datetime) -> Termination | None:
    if raw is None:
        return None
    times = (_of_the_pod(time, made) for time in (raw.finishedAt, raw.startedAt))
    return Termination(raw.reason, raw.exitCode, *times)


def _of_the_pod(time: datetime | None, made: datetime) -> datetime | None:
    """Return a time of the node's clock; ``None`` where it is before the pod was made: that clock is wrong."""
    if time is None or time < made - CLOCKS_APART:
        return None
    return instant(time)
