"""Kubernetes objects as records.

A field that the API always gives and that is not there makes the answer malformed; a field that it may leave out gets the API's own default.
Source: Kubernetes API reference v1.36 (apps/v1, core/v1, discovery.k8s.io/v1, batch/v1).
"""

from datetime import datetime
from ipaddress import ip_network
from typing import Any

from upkeep.adapters import exposure
from upkeep.adapters.fields import Raw, label_selector, quantity, reading, resources, text
from upkeep.adapters.placement import placement
from upkeep.model import parse_time
from upkeep.records import (
    Autoscaler,
    Condition,
    ContainerSpec,
    ContainerStatus,
    ContainerUsage,
    CronJob,
    Deployment,
    DisruptionBudget,
    Endpoint,
    EndpointSlice,
    FieldOwner,
    Job,
    KubernetesEvent,
    NetworkPolicy,
    Pod,
    PodTemplate,
    Probe,
    ReplicaSet,
    SecurityContext,
    Service,
    ServicePort,
    StoredObject,
    Termination,
    Volume,
    VolumeClaim,
)
from upkeep.versions import named

# Operators that write a Secret from a source of their own: the kind of the object that owns it, and the name under which they write.
WRITERS = {
    "ExternalSecret": "external-secrets",
    "SealedSecret": "sealed-secrets",
    "VaultStaticSecret": "vault-secrets-operator",
    "Certificate": "cert-manager",
}
REVISION = "deployment.kubernetes.io/revision"


def _time(text: str | None) -> datetime | None:
    return parse_time(text) if text else None


def _owner(raw: Raw, kind: str) -> str:
    for owner in raw["metadata"].get("ownerReferences", []):
        if owner.get("controller") and owner["kind"] == kind:
            return str(owner["uid"])
    return ""


def selector(labels: Raw) -> str:
    """A LabelSelector in the form of a query: ``a=b,c in (d,e),!f``."""
    parts = [f"{key}={value}" for key, value in sorted((labels.get("matchLabels") or {}).items())]
    for rule in labels.get("matchExpressions") or []:
        key, values = rule["key"], ",".join(rule.get("values") or [])
        parts.append(
            {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key, "DoesNotExist": f"!{key}"}[rule["operator"]]
        )
    return ",".join(parts)


def template(raw: Raw) -> PodTemplate:
    """A pod template (core/v1 PodTemplateSpec)."""
    spec = raw["spec"]
    labels = dict((raw.get("metadata") or {}).get("labels") or {})
    return PodTemplate(
        labels=labels,
        containers=tuple(_container(entry, spec) for entry in spec["containers"]),
        volumes=tuple(volume for entry in spec.get("volumes") or [] for volume in _volumes(entry)),
        service_account=spec.get("serviceAccountName") or "default",
        pull_secrets=tuple(entry.get("name") or "" for entry in spec.get("imagePullSecrets") or []),
        init_containers=tuple(_container(entry, spec) for entry in spec.get("initContainers") or []),
        host_namespaces=tuple(field for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)),
        placement=placement(spec, labels),
        resources=resources({"name": "", "resources": spec["resources"]}) if spec.get("resources") else None,
    )


def _security(raw: Raw, pod: Raw) -> SecurityContext:
    """The container's word where it has one, else the pod's."""
    own, shared = raw.get("securityContext") or {}, pod.get("securityContext") or {}

    def either(field: str) -> Any:
        return own[field] if own.get(field) is not None else shared.get(field)

    return SecurityContext(
        run_as_non_root=either("runAsNonRoot"),
        run_as_user=either("runAsUser"),
        privileged=bool(own.get("privileged")),
        allow_privilege_escalation=own.get("allowPrivilegeEscalation"),
        added=tuple((own.get("capabilities") or {}).get("add") or ()),
    )


def _container(raw: Raw, pod: Raw) -> ContainerSpec:
    # A volume may be read-only itself, whatever its mounts say.
    locked = {
        volume["name"]
        for volume in pod.get("volumes") or []
        for source in volume.values()
        if isinstance(source, dict) and source.get("readOnly")
    }
    probes = []
    for kind in ("startup", "liveness", "readiness"):
        probe = raw.get(f"{kind}Probe") or {}
        if "httpGet" in probe:
            get = probe["httpGet"]
            path = text(get.get("path") or "/")
            # The kubelet asks for a path without its first stroke, too.
            probes.append(Probe(kind, path if path.startswith("/") else f"/{path}", get["port"], text(get.get("scheme") or "HTTP")))
    env_keys = []
    for entry in raw.get("env") or []:
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            reference = (entry.get("valueFrom") or {}).get(field)
            if reference:
                env_keys.append(
                    (text(entry["name"]), kind, text(reference.get("name") or ""), text(reference["key"]), bool(reference.get("optional")))
                )
    env_from = []
    for entry in raw.get("envFrom") or []:
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if field in entry:
                env_from.append((kind, text(entry[field].get("name") or ""), bool(entry[field].get("optional"))))
    return ContainerSpec(
        name=text(raw["name"]),
        image=text(raw.get("image") or ""),
        ports=tuple((port.get("name") or "", int(port["containerPort"])) for port in raw.get("ports") or []),
        probes=tuple(probes),
        mounts=tuple(
            (text(mount["name"]), text(mount["mountPath"]), text(mount.get("subPath") or "")) for mount in raw.get("volumeMounts") or []
        ),
        env_from=tuple(env_from),
        env_keys=tuple(env_keys),
        env_names=tuple(text(entry["name"]) for entry in raw.get("env") or []),
        command=(*(raw.get("command") or []), *(raw.get("args") or [])),
        probe_kinds=tuple(kind for kind in ("startup", "liveness", "readiness") if raw.get(f"{kind}Probe")),
        hooks=tuple(hook for hook in ("postStart", "preStop") if (raw.get("lifecycle") or {}).get(hook)),
        resources=resources(raw),
        security=_security(raw, pod),
        # Whatever else stands there is no version, and is not kept.
        app_version=next((named(str(entry.get("value") or "")) for entry in raw.get("env") or [] if entry["name"] == "APP_VERSION"), ""),
        restarts=raw.get("restartPolicy") == "Always",
        read_only=tuple(
            text(mount["mountPath"]) for mount in raw.get("volumeMounts") or [] if mount.get("readOnly") or text(mount["name"]) in locked
        ),
    )


def _volumes(raw: Raw) -> list[Volume]:
    """The volume, or one for each ConfigMap and Secret of a projected one."""
    name = raw["name"]
    if "configMap" in raw:
        return [_object_volume(name, "ConfigMap", raw["configMap"], "name")]
    if "secret" in raw:
        return [_object_volume(name, "Secret", raw["secret"], "secretName")]
    if "persistentVolumeClaim" in raw:
        return [Volume(name, "PersistentVolumeClaim", raw["persistentVolumeClaim"]["claimName"])]
    if "projected" in raw:
        parts = []
        for source in raw["projected"].get("sources") or []:
            for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if field in source:
                    parts.append(_object_volume(name, kind, source[field], "name"))
        return parts
    return [Volume(name, next((key for key in raw if key != "name"), "emptyDir"), "")]


def _object_volume(name: str, kind: str, raw: Raw, field: str) -> Volume:
    keys = tuple(item["key"] for item in raw.get("items") or [])
    return Volume(name, kind, raw.get(field) or "", bool(raw.get("optional")), keys)


def stored(raw: Raw, *, kind: str, keys: tuple[str, ...] | None = None) -> StoredObject:
    """A ConfigMap or Secret by its metadata (PartialObjectMetadata, or the object itself): annotations and values end here.

    :param keys: its data keys, where they were read from the object itself.
    """
    with reading(kind, raw):
        metadata = raw["metadata"]
        owners = field_owners(metadata)
        kinds = {str(owner["kind"]) for owner in metadata.get("ownerReferences") or []}
        return StoredObject(
            kind=kind,
            name=metadata["name"],
            created=parse_time(metadata["creationTimestamp"]),
            keys=tuple(sorted(_owned_keys(metadata) if keys is None else keys)),
            owners=owners,
            written_by=_writers(kinds, owners),
            labels=dict(metadata.get("labels") or {}),
            last_applied=exposure.LAST_APPLIED in (metadata.get("annotations") or {}),
        )


def field_owners(metadata: Raw) -> tuple[FieldOwner, ...]:
    """The entries of managedFields.

    :raises ValueError, AttributeError: one is not as the API describes it.
    """
    return tuple(_field_owner(entry) for entry in metadata.get("managedFields") or [] if entry)


def _writers(kinds: set[str], owners: tuple[FieldOwner, ...]) -> tuple[str, ...]:
    found = {WRITERS[kind] for kind in kinds if kind in WRITERS}
    found |= {name for owner in owners if owner.keys for name in WRITERS.values() if owner.manager.startswith(name)}
    return tuple(sorted(found))


def _owned_keys(metadata: Raw) -> set[str]:
    """The data keys that some manager owns: the API server takes a key from its owners when it is removed. Of ``stringData`` it does not,
    so what is owned as that alone may be gone."""
    entries = [entry.get("fieldsV1") or {} for entry in metadata.get("managedFields") or []]
    owned = [name for fields in entries for part in ("f:data", "f:binaryData") for name in fields.get(part) or {}]
    return {name.removeprefix("f:") for name in owned if name.startswith("f:")}


def _field_owner(entry: Raw) -> FieldOwner:
    """What a manager owns. A server-side apply with ``stringData`` records that instead of ``data`` (collector.md)."""
    fields = entry.get("fieldsV1") or {}
    keys, others = set(), False
    for part, owned in fields.items():
        if part in ("f:data", "f:binaryData", "f:stringData"):
            names = [name.removeprefix("f:") for name in owned if name.startswith("f:")]
            keys.update(names)
            others = others or len(names) < len(owned)  # the dot: the map itself
        else:
            others = True
    return FieldOwner(str(entry.get("manager") or ""), _time(entry.get("time")), tuple(sorted(keys)), others)


def _conditions(status: Raw) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            entry["type"],
            entry["status"],
            entry.get("reason") or "",
            entry.get("message") or "",
            _time(entry.get("lastTransitionTime")),
            _time(entry.get("lastUpdateTime")),
        )
        for entry in status.get("conditions") or []
    )


def disruption_budget(raw: Raw) -> DisruptionBudget:
    """A PodDisruptionBudget (policy/v1)."""
    with reading("PodDisruptionBudget", raw):
        metadata, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
        return DisruptionBudget(
            name=metadata["name"],
            selector=None if spec.get("selector") is None else label_selector(spec["selector"]),
            allowed=int(status.get("disruptionsAllowed") or 0),
            desired_healthy=int(status.get("desiredHealthy") or 0),
            expected=int(status.get("expectedPods") or 0),
            current=int(status.get("observedGeneration") or 0) >= int(metadata.get("generation") or 1),
        )


def network_policy(raw: Raw) -> NetworkPolicy:
    """A NetworkPolicy (networking.k8s.io/v1): without policyTypes it is about ingress, and about egress where it has rules of that."""
    with reading("NetworkPolicy", raw):
        spec = raw.get("spec") or {}
        types = tuple(spec.get("policyTypes") or ("Ingress", *(("Egress",) if spec.get("egress") else ())))
        open_to = []
        if "Ingress" in types:
            for number, rule in enumerate(spec.get("ingress") or [], 1):
                peers = rule.get("from") or []
                blocks = [peer["ipBlock"]["cidr"] for peer in peers if peer.get("ipBlock")]
                wide = [cidr for cidr in blocks if ip_network(cidr, strict=False).prefixlen == 0]
                wide += ["every namespace" for peer in peers if peer.get("namespaceSelector") == {} and not peer.get("podSelector")]
                if not peers or wide:
                    open_to.append(f"ingress rule {number}: {wide[0] if wide else 'from anybody'}")
        return NetworkPolicy(raw["metadata"]["name"], label_selector(spec.get("podSelector") or {}), types, tuple(open_to))


def autoscaler(raw: Raw, *, deployment: str) -> Autoscaler | None:
    """A HorizontalPodAutoscaler (autoscaling/v2); ``None`` where it scales something else than the Deployment."""
    with reading("HorizontalPodAutoscaler", raw):
        spec, status = raw["spec"], raw.get("status") or {}
        scaled = spec["scaleTargetRef"]
        if (scaled["kind"], scaled["name"]) != ("Deployment", deployment):
            return None
        least = spec.get("minReplicas")
        return Autoscaler(
            name=raw["metadata"]["name"],
            least=1 if least is None else int(least),
            most=int(spec["maxReplicas"]),
            current=int(status.get("currentReplicas") or 0),
            conditions=_conditions(status),
        )


def event(raw: Raw) -> KubernetesEvent:
    """An Event (v1), as old and new clients write it: a series has its last time and count apart.

    Those of ``events.k8s.io`` are the same stored objects, and the API server gives each in either form: one read sees all of them. What was
    written through it has no ``lastTimestamp`` here, but ``eventTime`` and perhaps a series; the latest of these counts.
    """
    with reading("Event", raw):
        about, series = raw.get("involvedObject") or {}, raw.get("series") or {}
        times = [parse_time(text) for text in (series.get("lastObservedTime"), raw.get("lastTimestamp"), raw.get("eventTime")) if text]
        return KubernetesEvent(
            kind=about.get("kind") or "",
            name=about.get("name") or "",
            type=raw.get("type") or "",
            reason=raw.get("reason") or "",
            message=raw.get("message") or "",
            last=max(times) if times else parse_time(raw["metadata"]["creationTimestamp"]),
            count=int(series.get("count") or raw.get("count") or 1),
        )


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
            conditions=_conditions(status),
            labels=dict(metadata.get("labels") or {}),
            max_unavailable=_max_unavailable(spec.get("strategy") or {}, replicas),
            exposures=exposure.of_deployment(raw),
            **_release(metadata),
        )


def _release(metadata: Raw) -> dict[str, str]:
    """The Helm release that an object is part of: what helm writes at an install, else what charts write (``helm template | kubectl apply``)."""
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    if annotations.get("meta.helm.sh/release-name"):
        name, namespace = annotations["meta.helm.sh/release-name"], annotations.get("meta.helm.sh/release-namespace")
        return {"release": text(name), "release_namespace": text(namespace or metadata["namespace"])}
    if labels.get("app.kubernetes.io/managed-by") == "Helm" and labels.get("app.kubernetes.io/instance"):
        return {"release": labels["app.kubernetes.io/instance"], "release_namespace": metadata["namespace"]}
    return {}


def _max_unavailable(strategy: Raw, replicas: int) -> int:
    """How many replicas a rollout may do without: a share is rounded down, that of what it may add is rounded up, and not both are 0."""
    if strategy.get("type") == "Recreate":
        return replicas
    said = strategy.get("rollingUpdate") or {}
    surge, unavailable = (_share(said.get(part), replicas) for part in ("maxSurge", "maxUnavailable"))
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
            owner_uid=_owner(raw, "Deployment"),
            revision=(metadata.get("annotations") or {}).get(REVISION) or "",
            replicas=int(raw["spec"].get("replicas") or 0),
            ready_replicas=int(status.get("readyReplicas") or 0),
            created=parse_time(metadata["creationTimestamp"]),
        )


def pod(raw: Raw) -> Pod:
    with reading("Pod", raw):
        metadata, status = raw["metadata"], raw.get("status") or {}
        conditions = _conditions(status)
        return Pod(
            name=metadata["name"],
            uid=text(metadata["uid"]),
            phase=text(status.get("phase") or "Pending"),
            labels=dict(metadata.get("labels") or {}),
            created=parse_time(metadata["creationTimestamp"]),
            owner_uid=_owner(raw, "ReplicaSet"),
            ip=text(status.get("podIP") or ""),
            node=text(raw["spec"].get("nodeName") or ""),
            ready=any(condition.type == "Ready" and condition.status == "True" for condition in conditions),
            deleted=_time(metadata.get("deletionTimestamp")),
            reason=status.get("reason") or "",
            conditions=conditions,
            containers=tuple(
                _container_status(entry, init=field == "initContainerStatuses")
                for field in ("initContainerStatuses", "containerStatuses")
                for entry in status.get(field) or []
            ),
            specs=tuple(_container(entry, raw["spec"]) for entry in raw["spec"].get("containers") or []),
            resources=tuple(resources(entry) for entry in raw["spec"].get("containers") or []),
        )


def container_usages(raw: Raw) -> tuple[ContainerUsage, ...]:
    """The containers of a PodMetrics."""
    with reading("PodMetrics", raw):
        pod, taken = raw["metadata"]["name"], parse_time(raw["timestamp"])
        return tuple(
            ContainerUsage(pod, entry["name"], taken, int(quantity(entry["usage"]["cpu"]) * 10**9), int(quantity(entry["usage"]["memory"])))
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
        started=_time((state.get("running") or state.get("terminated") or {}).get("startedAt")),
        terminated=_termination(state["terminated"]) if kind == "terminated" else None,
        last_termination=_termination(last) if last else None,
        image_id=raw.get("imageID") or "",
        init=init,
    )


def _termination(raw: Raw) -> Termination:
    return Termination(raw.get("reason") or "", int(raw["exitCode"]), _time(raw.get("finishedAt")), _time(raw.get("startedAt")))


def service(raw: Raw) -> Service:
    with reading("Service", raw):
        metadata, spec = raw["metadata"], raw["spec"]
        return Service(
            name=metadata["name"],
            namespace=metadata["namespace"],
            selector=dict(spec.get("selector") or {}),
            labels=dict(metadata.get("labels") or {}),
            ports=tuple(
                ServicePort(
                    port.get("name") or "", int(port["port"]), port.get("targetPort") or int(port["port"]), port.get("protocol") or "TCP"
                )
                for port in spec.get("ports") or []
            ),
            addresses=tuple(ip for ip in spec.get("clusterIPs") or [spec.get("clusterIP")] if ip and ip != "None"),
        )


def endpoint_slice(raw: Raw) -> EndpointSlice:
    with reading("EndpointSlice", raw):
        metadata = raw["metadata"]
        endpoints = []
        for entry in raw.get("endpoints") or []:
            reference = entry.get("targetRef") or {}
            is_pod = reference.get("kind") == "Pod"
            ready = (entry.get("conditions") or {}).get("ready")
            endpoints.append(
                Endpoint(
                    addresses=tuple(entry["addresses"]),
                    ready=ready is None or bool(ready),  # "nil should be interpreted as true" (discovery.k8s.io/v1)
                    pod=reference.get("name") or "" if is_pod else "",
                    pod_uid=reference.get("uid") or "" if is_pod else "",
                )
            )
        return EndpointSlice(
            name=metadata["name"],
            service=(metadata.get("labels") or {}).get("kubernetes.io/service-name") or "",
            endpoints=tuple(endpoints),
            ports=tuple((port.get("name") or "", port.get("port")) for port in raw.get("ports") or []),
        )


def cron_job(raw: Raw) -> CronJob:
    with reading("CronJob", raw):
        metadata, spec, status = raw["metadata"], raw["spec"], raw.get("status") or {}
        return CronJob(
            name=metadata["name"],
            namespace=metadata["namespace"],
            uid=text(metadata["uid"]),
            created=parse_time(metadata["creationTimestamp"]),
            schedule=spec["schedule"],
            suspended=bool(spec.get("suspend")),
            last_success=_time(status.get("lastSuccessfulTime")),
            template=template(spec["jobTemplate"]["spec"]["template"]),
            # One that is removed some time after its end is not kept, either.
            keeps_jobs=spec.get("successfulJobsHistoryLimit") != 0 and spec["jobTemplate"]["spec"].get("ttlSecondsAfterFinished") is None,
        )


def job(raw: Raw) -> Job:
    with reading("Job", raw):
        metadata, status = raw["metadata"], raw.get("status") or {}
        done = {condition.type: condition for condition in _conditions(status) if condition.status == "True"}
        failed, complete = done.get("Failed"), done.get("Complete")
        return Job(
            name=metadata["name"],
            owner_uid=_owner(raw, "CronJob"),
            created=parse_time(metadata["creationTimestamp"]),
            finished=_time(status.get("completionTime")) or (failed.changed if failed else None),
            failed=failed is not None,
            succeeded=complete is not None,
            message=failed.message if failed else "",
        )


def volume_claim(raw: Raw) -> VolumeClaim:
    with reading("PersistentVolumeClaim", raw):
        return VolumeClaim(raw["metadata"]["name"], (raw.get("status") or {}).get("phase") or "Pending")
