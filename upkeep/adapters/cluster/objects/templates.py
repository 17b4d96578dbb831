"""Read pod templates: containers, what they reference, and volumes.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

from collections.abc import Iterator

import msgspec

from upkeep.adapters.cluster.fields import Impossible, reads, resources
from upkeep.adapters.cluster.placement import placement
from upkeep.adapters.wire import pods as wire
from upkeep.adapters.wire import volumes
from upkeep.domain.versions import named
from upkeep.records.containers import Probe, SecurityContext
from upkeep.records.workload import ContainerSpec, PodTemplate, Volume

_NO_SECURITY = wire.SecurityContext()
_NO_CAPABILITIES = wire.Capabilities()


@reads(wire.PodTemplate)
def template(raw: wire.PodTemplate) -> PodTemplate:
    """Return a pod template (core/v1 PodTemplateSpec)."""
    spec, labels = raw.spec, raw.metadata.labels
    return PodTemplate(
        labels=labels,
        containers=tuple(container(entry, spec) for entry in spec.containers),
        volumes=tuple(volume for entry in spec.volumes for volume in _volumes(entry)),
        service_account=spec.serviceAccountName or "default",
        pull_secrets=tuple(entry.name for entry in spec.imagePullSecrets),
        volume_secrets=tuple(
            (name, entry.name) for entry in spec.volumes if (name := _plugin_secret(entry))
        ),
        init_containers=tuple(container(entry, spec) for entry in spec.initContainers),
        host_namespaces=host_namespaces(spec),
        placement=placement(spec, labels),
        resources=resources("", spec.resources) if spec.resources else None,
        automount=spec.automountServiceAccountToken,
    )


def host_namespaces(spec: wire.PodSpec) -> tuple[str, ...]:
    """Return the fields by which a pod shares the namespaces of its node."""
    shared = {"hostNetwork": spec.hostNetwork, "hostPID": spec.hostPID, "hostIPC": spec.hostIPC}
    return tuple(field for field, there in shared.items() if there)


def _security(raw: wire.Container, pod: wire.PodSpec) -> SecurityContext:
    """Return the container's security settings; its own value overrides the pod's."""
    own, shared = raw.securityContext or _NO_SECURITY, pod.securityContext or _NO_SECURITY
    return SecurityContext(
        run_as_non_root=shared.runAsNonRoot if own.runAsNonRoot is None else own.runAsNonRoot,
        run_as_user=shared.runAsUser if own.runAsUser is None else own.runAsUser,
        privileged=bool(own.privileged),
        allow_privilege_escalation=own.allowPrivilegeEscalation,
        added=(own.capabilities or _NO_CAPABILITIES).add,
    )


def container(raw: wire.Container, pod: wire.PodSpec) -> ContainerSpec:
    """Return a container; ``pod`` is the pod's spec, whose settings apply to all containers."""
    # A volume may be read-only itself, whatever its mounts say.
    locked = {volume.name for volume in pod.volumes if _read_only(volume)}
    tokens = {volume.name for volume in pod.volumes if _holds_token(volume)}
    probes = (
        ("startup", raw.startupProbe),
        ("liveness", raw.livenessProbe),
        ("readiness", raw.readinessProbe),
    )
    if not {mount.name for mount in raw.volumeMounts} <= {volume.name for volume in pod.volumes}:
        raise Impossible("a volumeMount names no volume of the pod")
    hooks = raw.lifecycle or wire.Lifecycle()
    return ContainerSpec(
        name=raw.name,
        image=raw.image,
        ports=tuple((port.name, port.containerPort) for port in raw.ports),
        probes=tuple(
            _probe(kind, probe.httpGet) for kind, probe in probes if probe and probe.httpGet
        ),
        mounts=tuple((mount.name, mount.mountPath, mount.subPath) for mount in raw.volumeMounts),
        env_from=tuple(_env_from(raw)),
        env_prefixes=tuple(
            entry.prefix
            for entry in raw.envFrom
            for one in (entry.secretRef, entry.configMapRef)
            if one
        ),
        env_keys=tuple(_env_keys(raw)),
        env_names=tuple(entry.name for entry in raw.env),
        command=(*raw.command, *raw.args),
        probe_kinds=tuple(kind for kind, probe in probes if probe),
        hooks=tuple(
            name
            for name, hook in (("postStart", hooks.postStart), ("preStop", hooks.preStop))
            if hook
        ),
        resources=resources(raw.name, raw.resources),
        security=_security(raw, pod),
        # A value that is no version may be a secret: it is not kept.
        app_version=next((named(one.value) for one in raw.env if one.name == "APP_VERSION"), ""),
        restarts=raw.restartPolicy == "Always",
        read_only=tuple(
            mount.mountPath for mount in raw.volumeMounts if mount.readOnly or mount.name in locked
        ),
        token_mounts=tuple(mount.mountPath for mount in raw.volumeMounts if mount.name in tokens),
    )


def _probe(kind: str, get: wire.HttpGet) -> Probe:
    # The kubelet accepts a path without its leading slash.
    return Probe(kind, f"/{get.path.removeprefix('/')}", get.port, get.scheme or "HTTP")


def _env_keys(raw: wire.Container) -> Iterator[tuple[str, str, str, str, bool]]:
    for entry in raw.env:
        source = entry.valueFrom or wire.ValueFrom()
        for kind, one in (("Secret", source.secretKeyRef), ("ConfigMap", source.configMapKeyRef)):
            if one:
                yield entry.name, kind, one.name, one.key, bool(one.optional)


def _env_from(raw: wire.Container) -> Iterator[tuple[str, str, bool]]:
    for entry in raw.envFrom:
        for kind, one in (("Secret", entry.secretRef), ("ConfigMap", entry.configMapRef)):
            if one:
                yield kind, one.name, bool(one.optional)


def _sources(volume: volumes.Volume) -> dict[str, msgspec.Struct]:
    """The sources that a volume names, by the API's names."""
    found = {name: getattr(volume, name) for name in volume.__struct_fields__ if name != "name"}
    return {name: source for name, source in found.items() if source is not None}


def _read_only(volume: volumes.Volume) -> bool:
    return any(getattr(source, "readOnly", False) for source in _sources(volume).values())


def _holds_token(volume: volumes.Volume) -> bool:
    """Return whether a volume holds a token for the API server.

    Webhooks of cloud identities and meshes add tokens with another audience: the API server refuses
    those. Its own audience is its issuer, by default ``https://kubernetes.default.svc``.
    """
    parts = (volume.projected.sources or ()) if volume.projected else ()
    tokens = [part.serviceAccountToken for part in parts if part.serviceAccountToken]
    return any(not one.audience or "kubernetes.default" in one.audience for one in tokens)


def _volumes(raw: volumes.Volume) -> list[Volume]:
    """The volume, or one for each ConfigMap and Secret of a projected one."""
    if raw.configMap:
        return [_object_volume(raw.name, "ConfigMap", raw.configMap.name, raw.configMap)]
    if raw.secret:
        return [_object_volume(raw.name, "Secret", raw.secret.secretName, raw.secret)]
    if raw.persistentVolumeClaim:
        claim = raw.persistentVolumeClaim.claimName
        return [Volume(raw.name, "PersistentVolumeClaim", claim)]
    if raw.projected:
        return [
            _object_volume(raw.name, kind, source.name, source)
            for part in raw.projected.sources or ()
            for kind, source in (("ConfigMap", part.configMap), ("Secret", part.secret))
            if source
        ]
    if raw.csi:
        return [Volume(raw.name, "csi", raw.csi.driver)]
    if raw.image:
        return [Volume(raw.name, "image", raw.image.reference)]
    return [Volume(raw.name, next(iter(_sources(raw)), "emptyDir"), "")]


def _plugin_secret(raw: volumes.Volume) -> str:
    """Return the Secret that a volume's plugin reads to mount it; empty for none.

    Of core/v1 these are azureFile, cephfs, cinder, csi, flexVolume, iscsi, rbd, scaleIO and storageos: each names a Secret
    of the pod's own namespace.
    """
    for source in _sources(raw).values():
        if isinstance(source, volumes.OtherSource):
            reference = source.nodePublishSecretRef or source.secretRef
            if found := reference.name if reference else source.secretName:
                return found
    return ""


def _object_volume(
    name: str, kind: str, named: str, source: volumes.ObjectSource | volumes.SecretSource
) -> Volume:
    items = tuple((item.key, item.path) for item in source.items)
    return Volume(name, kind, named, bool(source.optional), items)
