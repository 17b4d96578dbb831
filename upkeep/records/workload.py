"""Records of what runs: the collector's Deployment, its ReplicaSets and pods.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from upkeep.records.access import Exposure
from upkeep.records.containers import Probe, SecurityContext
from upkeep.records.placement import Demand, Placement
from upkeep.records.releases import Installer
from upkeep.records.selectors import LabelSelector
from upkeep.records.serving import proxy_path


class ContainerResources(Struct, frozen=True):
    """Requests and limits of a container, or of a pod as a whole; ``None`` where not set."""

    name: str
    cpu_request_nanocores: int | None = None
    cpu_limit_nanocores: int | None = None
    memory_request_bytes: int | None = None
    memory_limit_bytes: int | None = None


class ContainerSpec(Struct, frozen=True):
    """A container of a pod or of a pod template.

    :ivar ports: (name, number) in the object's order; the name may be empty.
    :ivar mounts: (volume, mount path, sub path).
    :ivar env_from: (kind, object, optional), kind ConfigMap or Secret.
    :ivar env_prefixes: those of ``env_from``, in the same order.
    :ivar env_keys: (variable, kind, object, key, optional).
    :ivar probe_kinds: startup, liveness and readiness, whatever protocol they use.
    :ivar hooks: preStop and postStart.
    :ivar app_version: the version in the literal value of the variable APP_VERSION.
    :ivar restarts: an init container with ``restartPolicy: Always`` (a native sidecar).
    :ivar read_only: mount paths that the container cannot write to.
    :ivar token_mounts: mount paths of tokens for the API server.
    """

    name: str
    image: str
    ports: tuple[tuple[str, int], ...] = ()
    probes: tuple[Probe, ...] = ()
    mounts: tuple[tuple[str, str, str], ...] = ()
    env_from: tuple[tuple[str, str, bool], ...] = ()
    env_prefixes: tuple[str, ...] = ()
    env_keys: tuple[tuple[str, str, str, str, bool], ...] = ()
    env_names: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    probe_kinds: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    resources: ContainerResources | None = None
    security: SecurityContext = field(default_factory=SecurityContext)
    app_version: str = ""
    restarts: bool = False
    read_only: tuple[str, ...] = ()
    token_mounts: tuple[str, ...] = ()


class Volume(Struct, frozen=True):
    """A volume of a pod template.

    :ivar kind: ConfigMap, Secret, PersistentVolumeClaim, or the API's own name of another source;
        ``object`` is what it names, of ``csi`` the driver, of ``image`` the reference.
    :ivar items: (key, path) of the keys that it selects; empty where it takes all.
    """

    name: str
    kind: str
    object: str
    optional: bool = False
    items: tuple[tuple[str, str], ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys that it selects; empty where it takes all."""
        return tuple(key for key, _ in self.items)


class PodTemplate(Struct, frozen=True):
    """A pod template.

    :ivar resources: those of the pod as a whole (KEP-2837); ``None`` where it has none.
    :ivar volume_secrets: (Secret, volume) that a volume's plugin reads to mount it.
    :ivar automount: ``None`` where the service account decides.
    """

    labels: Mapping[str, str]
    containers: tuple[ContainerSpec, ...]
    volumes: tuple[Volume, ...] = ()
    service_account: str = "default"
    pull_secrets: tuple[str, ...] = ()
    volume_secrets: tuple[tuple[str, str], ...] = ()
    init_containers: tuple[ContainerSpec, ...] = ()
    host_namespaces: tuple[str, ...] = ()
    placement: Placement = field(default_factory=Placement)
    resources: ContainerResources | None = None
    automount: bool | None = None


class Condition(Struct, frozen=True):
    """A condition of an object: ``changed`` is when its status last changed, ``updated`` any part."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    changed: datetime | None = None
    updated: datetime | None = None


class Deployment(Struct, frozen=True):
    """A Deployment (apps/v1).

    :ivar replicas: the desired number; ``ready_replicas`` and ``updated_replicas`` are its status.
    :ivar release: the Helm release by annotations or labels; empty where they name none.
    :ivar max_unavailable: how many replicas a rollout may take down.
    :ivar exposures: what looks like a credential in its pod template and annotations.
    :ivar deleted: set while a finalizer delays its deletion.
    """

    name: str
    namespace: str
    uid: str
    created: datetime
    generation: int
    observed_generation: int
    replicas: int
    ready_replicas: int
    updated_replicas: int
    progress_deadline_seconds: int
    selector: str
    template: PodTemplate
    revision: str = ""
    paused: bool = False
    conditions: tuple[Condition, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    release: str = ""
    release_namespace: str = ""
    max_unavailable: int = 0
    exposures: tuple[Exposure, ...] = ()
    installer: Installer = field(default_factory=Installer)
    deleted: datetime | None = None


class ReplicaSet(Struct, frozen=True):
    """A ReplicaSet (apps/v1); ``replicas`` is desired, ``ready_replicas`` is its status.

    :ivar counted_replicas: its active pods (``status.replicas``); ``selector``: ``None`` if not read.
    :ivar orphan: nothing controls it.
    """

    name: str
    uid: str
    owner_uid: str
    revision: str
    replicas: int
    ready_replicas: int
    created: datetime
    counted_replicas: int = 0
    selector: LabelSelector | None = None
    orphan: bool = False


class Termination(Struct, frozen=True):
    """The end of a container; ``reason`` is OOMKilled, Error, Completed …"""

    reason: str
    exit_code: int
    finished: datetime | None
    started: datetime | None = None


class ContainerStatus(Struct, frozen=True):
    """A container of a pod by the kubelet.

    :ivar state: waiting, running, terminated, or empty where nothing is reported yet.
    :ivar waiting_reason: CrashLoopBackOff, ImagePullBackOff, ContainerCreating …
    :ivar init: an init container; ``sidecar`` marks one with ``restartPolicy: Always``.
    :ivar image_id: the image that runs, as the runtime names it: a registry's digest or a local id.
    """

    name: str
    ready: bool
    restarts: int
    state: str
    waiting_reason: str = ""
    waiting_message: str = ""
    started: datetime | None = None
    terminated: Termination | None = None
    last_termination: Termination | None = None
    init: bool = False
    image_id: str = ""
    sidecar: bool = False

    @property
    def runs_on(self) -> bool:
        """Return whether it runs as long as its pod: no init container, or a native sidecar."""
        return self.sidecar or not self.init


class Pod(Struct, frozen=True):
    """A pod as the API server admitted it, and its status.

    :ivar owner_uid: the UID of the ReplicaSet that controls it; ``orphan`` where nothing does.
    :ivar deleted: set while the pod terminates.
    :ivar specs: its containers; ``init_specs`` its init containers, native sidecars among them.
    :ivar debug_specs: the ephemeral containers that run.
    :ivar resources: requests and limits of each container that runs as long as the pod. The
        kubelet's values (after an in-place resize) replace those of the spec.
    :ivar whole: requests and limits of the pod as a whole (KEP-2837).
    :ivar demand: what the scheduler and quotas count for it; ``None`` where it was not read.
    :ivar priority_class: its PriorityClass after admission, which sets the cluster's default.
    """

    name: str
    uid: str
    phase: str
    labels: Mapping[str, str]
    created: datetime
    owner_uid: str
    ip: str = ""
    node: str = ""
    ready: bool = False
    deleted: datetime | None = None
    reason: str = ""
    conditions: tuple[Condition, ...] = ()
    containers: tuple[ContainerStatus, ...] = ()
    resources: tuple[ContainerResources, ...] = ()
    specs: tuple[ContainerSpec, ...] = ()
    init_specs: tuple[ContainerSpec, ...] = ()
    debug_specs: tuple[ContainerSpec, ...] = ()
    whole: ContainerResources | None = None
    host_namespaces: tuple[str, ...] = ()
    orphan: bool = False
    demand: Demand | None = None
    priority_class: str = ""

    @property
    def works(self) -> bool:
        """Return whether it is active: neither terminating nor finished (evicted: Failed)."""
        return self.deleted is None and self.phase not in ("Failed", "Succeeded")

    def never_ran(self, container: str) -> bool:
        """Return whether the kubelet reports no start; a pending pod may report nothing."""
        mine = (one for one in self.containers if one.name == container and not one.init)
        status = next(mine, None)
        if status is None:
            return self.phase == "Pending"
        return status.state == "waiting" and not status.restarts and status.last_termination is None


class Workload(Struct, frozen=True):
    """The collector as Kubernetes runs it: the Deployment, its ReplicaSets and its pods."""

    deployment: Deployment
    replica_sets: tuple[ReplicaSet, ...]
    pods: tuple[Pod, ...]


class Install(Struct, frozen=True):
    """The installation, derived from the Deployment's pod template and never from names.

    :ivar container: the collector's container; ``port`` the number of its HTTP port.
    :ivar health_paths: the paths of the HTTP probes of that port; ``/health`` where there is none.
    :ivar layout: ``chart`` or ``guide``, for texts only; no judge depends on it.
    :ivar configuration: (kind, object, mount path) of the mounted ConfigMaps and Secrets.
    :ivar files: (kind, object, file, key) of their mounts; the last two are empty for all keys.
    :ivar secrets: names of the Secrets that the template references.
    :ivar scheme: ``HTTP``, or ``HTTPS`` where its probes use it.
    """

    namespace: str
    deployment: str
    container: str
    port: int
    health_paths: tuple[str, ...]
    layout: str
    configuration: tuple[tuple[str, str, str], ...]
    secrets: tuple[str, ...]
    scheme: str = "HTTP"
    files: tuple[tuple[str, str, str, str], ...] = ()

    def proxy(self, pod: str) -> str:
        """Return the path of the API server's proxy to the pod's HTTP port."""
        return proxy_path(self.namespace, pod, self.port, self.scheme)
