"""What runs: the collector's Deployment, its pods and what they may have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from upkeep.records.access import Exposure
from upkeep.records.placement import Placement


@dataclass(frozen=True, slots=True)
class Probe:
    """An HTTP probe of a container. ``kind`` is startup, liveness or readiness; ``port`` a number or the name of a container port."""

    kind: str
    path: str
    port: int | str
    scheme: str = "HTTP"


@dataclass(frozen=True, slots=True)
class SecurityContext:
    """What a container may do, the container's own word before the pod's; ``None`` where neither says.

    ``added`` are the capabilities that it gets beyond the runtime's own.
    """

    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    privileged: bool = False
    allow_privilege_escalation: bool | None = None
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerResources:
    """What a container of a pod may have; ``None`` where the pod does not say. CPU in nanocores, the smallest that Kubernetes counts."""

    name: str
    cpu_request_nanocores: int | None = None
    cpu_limit_nanocores: int | None = None
    memory_request_bytes: int | None = None
    memory_limit_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container of a pod template. ``ports`` maps names (``""`` for a port without one) to numbers, in the template's order;
    ``mounts`` are (volume, mount path, sub path); ``env_from`` are (kind, object, optional), ``env_prefixes`` their prefixes, in the same order;
    ``env_keys`` are (variable, kind, object, key, optional), kind ConfigMap or Secret; ``probe_kinds`` are startup, liveness and readiness,
    whatever they ask; ``hooks`` are preStop and postStart; ``app_version`` is what the variable APP_VERSION says in so many words; ``restarts`` marks an
    init container that runs on and on (a sidecar); ``read_only`` are the mount paths that it cannot write to."""

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
    security: SecurityContext = SecurityContext()
    app_version: str = ""
    restarts: bool = False
    read_only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of a pod template: ``kind`` is ConfigMap, Secret, PersistentVolumeClaim or the API's own name for the rest;
    ``object`` is what it names, of ``csi`` the driver; ``keys`` are those that it names, none where it takes all."""

    name: str
    kind: str
    object: str
    optional: bool = False
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """``resources`` are the pod's own, beside its containers'; ``None`` where it has none. ``volume_secrets`` are
    (Secret, volume) that a volume's plugin reads to mount it."""

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


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of an object. ``changed`` is when its status last changed; ``updated``, of a Deployment's alone, when anything of it did."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    changed: datetime | None = None
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A Deployment (apps/v1). ``replicas`` is the desired number, ``ready_replicas`` … those of its status; ``release`` and ``release_namespace`` are
    of the Helm release that it is part of by its annotations or labels, empty where they name none; ``max_unavailable`` is how many replicas a rollout
    may do without; ``exposures`` are what looks like a credential in its pod template and annotations."""

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


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    name: str
    uid: str
    owner_uid: str
    revision: str
    replicas: int
    ready_replicas: int
    created: datetime


@dataclass(frozen=True, slots=True)
class Termination:
    """How a container ended. ``reason`` is the runtime's (OOMKilled, Error, Completed …)."""

    reason: str
    exit_code: int
    finished: datetime | None
    started: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """A container of a pod as the kubelet reports it. ``state`` is waiting, running, terminated, or ``""`` when nothing is reported yet;
    ``waiting_reason`` is CrashLoopBackOff, ImagePullBackOff, ContainerCreating …; ``init`` marks an init container; ``image_id`` is what really runs, a digest where the runtime knows one."""

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


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of the collector. ``owner_uid`` is its ReplicaSet's; ``deleted`` is set while it terminates; ``specs`` are its containers as it was
    made with them."""

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

    @property
    def works(self) -> bool:
        """It neither terminates nor has finished: an evicted pod stays in the list, as Failed, and nothing of it runs."""
        return self.deleted is None and self.phase not in ("Failed", "Succeeded")

    def never_ran(self, container: str) -> bool:
        """The kubelet says that the container of this name waits for its first start, or says nothing of a pod that is pending."""
        status = next(
            (one for one in self.containers if one.name == container and not one.init), None
        )
        if status is None:
            return self.phase == "Pending"
        return status.state == "waiting" and not status.restarts and status.last_termination is None


@dataclass(frozen=True, slots=True)
class Workload:
    """The collector as Kubernetes runs it: the Deployment, its ReplicaSets and its pods."""

    deployment: Deployment
    replica_sets: tuple[ReplicaSet, ...]
    pods: tuple[Pod, ...]


@dataclass(frozen=True, slots=True)
class Install:
    """What is installed here, derived from the Deployment's pod template (collector.md, "Do not key on names").

    :ivar container: the collector's container.
    :ivar port: the number of its HTTP port.
    :ivar health_paths: the paths of the HTTP probes of that port, each once; ``/health`` where there is none.
    :ivar layout: ``chart`` or ``guide``, for words only; no judge depends on it.
    :ivar configuration: (kind, object, mount path) of the objects that the template mounts, kind ConfigMap or Secret.
    :ivar secrets: names of the Secrets that the template references.
    :ivar scheme: ``HTTP``, or ``HTTPS`` where its probes say so.
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

    def proxy(self, pod: str) -> str:
        """The path of the API server under which it hands on to the pod's HTTP port."""
        return proxy_path(self.namespace, pod, self.port, self.scheme)


def proxy_path(namespace: str, pod: str, port: int, scheme: str) -> str:
    """The path of a pod's proxy; the API server speaks TLS to the pod where its name is led by ``https:``."""
    return f"/api/v1/namespaces/{namespace}/pods/{'https:' if scheme == 'HTTPS' else ''}{pod}:{port}/proxy"


@dataclass(frozen=True, slots=True)
class KubernetesEvent:
    """An Event: what happened to an object, ``kind`` and ``name``, last at ``last``, ``count`` times."""

    kind: str
    name: str
    type: str
    reason: str
    message: str
    last: datetime
    count: int = 1
