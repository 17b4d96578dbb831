"""Pods and pod templates: containers, volumes, status.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (v1.36; k8s.io/api core/v1 types.go)
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import (
    Condition,
    Count,
    Labels,
    Nothing,
    ObjectMeta,
    Port,
    Quantities,
    StoredMeta,
    TemplateMeta,
    Text,
    Time,
)
from upkeep.adapters.wire.scheduling import Affinity, SpreadConstraint, Toleration
from upkeep.adapters.wire.volumes import LocalReference, Volume

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
UserId = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Resources(Wire, frozen=True):
    """core/v1 ResourceRequirements."""

    requests: Quantities = field(default_factory=dict)
    limits: Quantities = field(default_factory=dict)


class HttpGet(Wire, frozen=True):
    """core/v1 HTTPGetAction."""

    port: Port | str
    path: str = ""
    scheme: Literal["", "HTTP", "HTTPS"] = ""


class Probe(Wire, frozen=True):
    """core/v1 Probe."""

    httpGet: HttpGet | None = None


class KeySelector(Wire, frozen=True):
    """core/v1 SecretKeySelector and ConfigMapKeySelector.

    The name is omitempty, and validation requires it.
    Source: https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/apis/core/validation/validation.go
    """

    key: Text
    name: Text
    optional: bool | None = None


class ValueFrom(Wire, frozen=True):
    """core/v1 EnvVarSource, what of it names Secrets and ConfigMaps."""

    secretKeyRef: KeySelector | None = None
    configMapKeyRef: KeySelector | None = None


class EnvVar(Wire, frozen=True):
    """core/v1 EnvVar."""

    name: Text
    value: str = ""
    valueFrom: ValueFrom | None = None


class EnvReference(Wire, frozen=True):
    """core/v1 SecretEnvSource and ConfigMapEnvSource, which validation requires to be named."""

    name: Text
    optional: bool | None = None


class EnvFrom(Wire, frozen=True):
    """core/v1 EnvFromSource."""

    prefix: str = ""
    secretRef: EnvReference | None = None
    configMapRef: EnvReference | None = None


class VolumeMount(Wire, frozen=True):
    """core/v1 VolumeMount."""

    name: Text
    mountPath: Text
    subPath: str = ""
    readOnly: bool = False


class Lifecycle(Wire, frozen=True):
    """core/v1 Lifecycle."""

    postStart: Nothing | None = None
    preStop: Nothing | None = None


class Capabilities(Wire, frozen=True):
    """core/v1 Capabilities."""

    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class SecurityContext(Wire, frozen=True):
    """core/v1 SecurityContext, and what PodSecurityContext has of it; all are pointers, absent where nothing is said."""

    runAsNonRoot: bool | None = None
    runAsUser: UserId | None = None
    privileged: bool | None = None
    allowPrivilegeEscalation: bool | None = None
    capabilities: Capabilities | None = None


class ContainerPort(Wire, frozen=True):
    """core/v1 ContainerPort."""

    containerPort: Port
    name: str = ""
    hostPort: Port = 0


class Container(Wire, frozen=True):
    """core/v1 Container. The image may be empty in a template, where something else sets it."""

    name: Text
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    env: tuple[EnvVar, ...] = ()
    envFrom: tuple[EnvFrom, ...] = ()
    resources: Resources = Resources()
    volumeMounts: tuple[VolumeMount, ...] = ()
    startupProbe: Probe | None = None
    livenessProbe: Probe | None = None
    readinessProbe: Probe | None = None
    lifecycle: Lifecycle | None = None
    securityContext: SecurityContext | None = None
    restartPolicy: Literal["Always", "OnFailure", "Never"] | None = None


class PodSpec(Wire, frozen=True):
    """core/v1 PodSpec: its containers have no omitempty."""

    containers: tuple[Container, ...]
    initContainers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    serviceAccountName: str = ""
    automountServiceAccountToken: bool | None = None
    imagePullSecrets: tuple[LocalReference, ...] = ()
    hostNetwork: bool = False
    hostPID: bool = False
    hostIPC: bool = False
    securityContext: SecurityContext | None = None
    resources: Resources | None = None
    overhead: Quantities = field(default_factory=dict)
    nodeName: str = ""
    nodeSelector: Labels = field(default_factory=dict)
    affinity: Affinity | None = None
    tolerations: tuple[Toleration, ...] = ()
    topologySpreadConstraints: tuple[SpreadConstraint, ...] = ()
    schedulerName: str = ""
    runtimeClassName: str | None = None
    resourceClaims: tuple[Nothing, ...] = ()
    ephemeralContainers: tuple[Container, ...] = ()
    priorityClassName: str = ""


class PodTemplate(Wire, frozen=True):
    """core/v1 PodTemplateSpec."""

    spec: PodSpec
    metadata: TemplateMeta = TemplateMeta()


class Waiting(Wire, frozen=True):
    """core/v1 ContainerStateWaiting."""

    reason: str = ""
    message: str = ""


class Running(Wire, frozen=True):
    """core/v1 ContainerStateRunning; its time is written null where it is zero."""

    startedAt: Time | None = None


class Terminated(Wire, frozen=True):
    """core/v1 ContainerStateTerminated."""

    exitCode: Int32
    reason: str = ""
    startedAt: Time | None = None
    finishedAt: Time | None = None


class ContainerState(Wire, frozen=True):
    """core/v1 ContainerState: one of them; none is waiting."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire, frozen=True):
    """core/v1 ContainerStatus: what has no omitempty is required."""

    name: Text
    ready: bool
    restartCount: Count
    image: str = ""
    imageID: str = ""
    state: ContainerState = ContainerState()
    lastState: ContainerState = ContainerState()
    resources: Resources | None = None
    allocatedResources: Quantities = field(default_factory=dict)


class Placed(Wire, frozen=True):
    """core/v1 PodStatus, what of it tells what a pod takes: a resize in place changes it."""

    conditions: tuple[Condition, ...] = ()
    initContainerStatuses: tuple[ContainerStatus, ...] = ()
    containerStatuses: tuple[ContainerStatus, ...] = ()
    resources: Resources | None = None
    allocatedResources: Quantities = field(default_factory=dict)


class PodStatus(Placed, frozen=True, kw_only=True):
    """core/v1 PodStatus. The API server gives every pod the phase Pending when it is made (pkg/registry/core/pod, PrepareForCreate)."""

    phase: Literal["Pending", "Running", "Succeeded", "Failed", "Unknown"]
    podIP: str = ""
    reason: str = ""
    ephemeralContainerStatuses: tuple[ContainerStatus, ...] = ()


class PlacedPod(Wire, frozen=True):
    """core/v1 Pod, what of it others have to leave room for."""

    KIND: ClassVar = "Pod"
    metadata: ObjectMeta
    spec: PodSpec
    status: Placed = Placed()
    kind: str = ""


class Pod(PlacedPod, frozen=True, kw_only=True):
    """core/v1 Pod."""

    metadata: StoredMeta
    status: PodStatus
