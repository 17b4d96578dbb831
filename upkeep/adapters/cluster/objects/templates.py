"""Read pod templates: containers, what they reference, and volumes.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from typing import Any

from upkeep.adapters.cluster.fields import Raw, labels_of, resources, text
from upkeep.adapters.cluster.placement import placement
from upkeep.domain.versions import named
from upkeep.records.containers import Probe, SecurityContext
from upkeep.records.workload import ContainerSpec, PodTemplate, Volume


def template(raw: Raw) -> PodTemplate:
    """Return a pod template (core/v1 PodTemplateSpec)."""
    spec = raw["spec"]
    labels = labels_of(raw.get("metadata") or {})
    return PodTemplate(
        labels=labels,
        containers=tuple(container(entry, spec) for entry in spec["containers"]),
        volumes=tuple(volume for entry in spec.get("volumes") or [] for volume in _volumes(entry)),
        service_account=spec.get("serviceAccountName") or "default",
        pull_secrets=tuple(entry.get("name") or "" for entry in spec.get("imagePullSecrets") or []),
        volume_secrets=tuple(
            (name, text(entry["name"]))
            for entry in spec.get("volumes") or []
            if (name := _plugin_secret(entry))
        ),
        init_containers=tuple(container(entry, spec) for entry in spec.get("initContainers") or []),
        host_namespaces=host_namespaces(spec),
        placement=placement(spec, labels),
        resources=resources({"name": "", "resources": spec["resources"]})
        if spec.get("resources")
        else None,
    )


def host_namespaces(spec: Raw) -> tuple[str, ...]:
    """Return the fields by which a pod shares the namespaces of its node."""
    return tuple(field for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field))


def _security(raw: Raw, pod: Raw) -> SecurityContext:
    """Return the container's security settings; its own value overrides the pod's."""
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


def container(raw: Raw, pod: Raw) -> ContainerSpec:
    """Return a container; ``pod`` is the pod's spec, whose settings apply to all containers."""
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
            # The kubelet accepts a path without its leading slash.
            probes.append(
                Probe(
                    kind,
                    path if path.startswith("/") else f"/{path}",
                    get["port"],
                    text(get.get("scheme") or "HTTP"),
                )
            )
    env_keys = []
    for entry in raw.get("env") or []:
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            reference = (entry.get("valueFrom") or {}).get(field)
            if reference:
                env_keys.append(
                    (
                        text(entry["name"]),
                        kind,
                        text(reference.get("name") or ""),
                        text(reference["key"]),
                        bool(reference.get("optional")),
                    )
                )
    env_from = []
    for entry in raw.get("envFrom") or []:
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if field in entry:
                env_from.append(
                    (kind, text(entry[field].get("name") or ""), bool(entry[field].get("optional")))
                )
    return ContainerSpec(
        name=text(raw["name"]),
        image=text(raw.get("image") or ""),
        ports=tuple(
            (port.get("name") or "", int(port["containerPort"])) for port in raw.get("ports") or []
        ),
        probes=tuple(probes),
        mounts=tuple(
            (text(mount["name"]), text(mount["mountPath"]), text(mount.get("subPath") or ""))
            for mount in raw.get("volumeMounts") or []
        ),
        env_from=tuple(env_from),
        env_keys=tuple(env_keys),
        env_names=tuple(text(entry["name"]) for entry in raw.get("env") or []),
        command=tuple(text(word) for part in ("command", "args") for word in raw.get(part) or []),
        probe_kinds=tuple(
            kind for kind in ("startup", "liveness", "readiness") if raw.get(f"{kind}Probe")
        ),
        hooks=tuple(
            hook for hook in ("postStart", "preStop") if (raw.get("lifecycle") or {}).get(hook)
        ),
        resources=resources(raw),
        security=_security(raw, pod),
        # A value that is no version may be a secret: it is not kept.
        app_version=next(
            (
                named(str(entry.get("value") or ""))
                for entry in raw.get("env") or []
                if entry["name"] == "APP_VERSION"
            ),
            "",
        ),
        restarts=raw.get("restartPolicy") == "Always",
        read_only=tuple(
            text(mount["mountPath"])
            for mount in raw.get("volumeMounts") or []
            if mount.get("readOnly") or text(mount["name"]) in locked
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
    if "csi" in raw:
        return [Volume(name, "csi", text(raw["csi"]["driver"]))]
    return [Volume(name, next((key for key in raw if key != "name"), "emptyDir"), "")]


def _plugin_secret(raw: Raw) -> str:
    """Return the Secret that a volume's plugin reads to mount it; empty for none.

    Of core/v1 these are azureFile, cephfs, cinder, csi, flexVolume, iscsi, rbd, scaleIO and storageos: each names a Secret
    of the pod's own namespace. The sources are not listed here, so that one of a later version counts, too.
    """
    for kind, source in raw.items():
        if isinstance(source, dict) and kind not in ("secret", "projected"):
            for field in ("nodePublishSecretRef", "secretRef"):
                if source.get(field):
                    return text(source[field].get("name") or "")
            if source.get("secretName"):
                return text(source["secretName"])
    return ""


def _object_volume(name: str, kind: str, raw: Raw, field: str) -> Volume:
    keys = tuple(item["key"] for item in raw.get("items") or [])
    return Volume(name, kind, raw.get(field) or "", bool(raw.get("optional")), keys)
