"""What was measured: frozen records that adapters make and judges read.

Times are aware and in UTC, durations in ``_seconds``, sizes in ``_bytes``. A field that Kubernetes may leave out is ``None`` here; nothing is
defaulted to what would be fine. Secret values never come this far.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Probe:
    """An HTTP probe of a container. ``kind`` is startup, liveness or readiness; ``port`` a number or the name of a container port."""

    kind: str
    path: str
    port: int | str
    timeout_seconds: float


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
    ``mounts`` are (volume, mount path, sub path); ``env_from`` are (kind, object, optional);
    ``env_keys`` are (variable, kind, object, key, optional), kind ConfigMap or Secret; ``probe_kinds`` are startup, liveness and readiness,
    whatever they ask; ``hooks`` are preStop and postStart."""

    name: str
    image: str
    ports: tuple[tuple[str, int], ...] = ()
    probes: tuple[Probe, ...] = ()
    mounts: tuple[tuple[str, str, str], ...] = ()
    env_from: tuple[tuple[str, str, bool], ...] = ()
    env_keys: tuple[tuple[str, str, str, str, bool], ...] = ()
    env_names: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    probe_kinds: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    resources: ContainerResources | None = None
    security: SecurityContext = SecurityContext()


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of a pod template: ``kind`` is ConfigMap, Secret, PersistentVolumeClaim or the API's own name for the rest;
    ``keys`` are those that it names, none where it takes all."""

    name: str
    kind: str
    object: str
    optional: bool = False
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PodTemplate:
    labels: Mapping[str, str]
    containers: tuple[ContainerSpec, ...]
    volumes: tuple[Volume, ...] = ()
    service_account: str = "default"
    pull_secrets: tuple[str, ...] = ()
    init_containers: tuple[ContainerSpec, ...] = ()
    host_namespaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    type: str
    status: str
    reason: str = ""
    message: str = ""
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A Deployment (apps/v1). ``replicas`` is the desired number, ``ready_replicas`` … those of its status."""

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


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    name: str
    uid: str
    owner_uid: str
    revision: str
    template_hash: str
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
    """A pod of the collector. ``owner_uid`` is its ReplicaSet's; ``deleted`` is set while it terminates."""

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


@dataclass(frozen=True, slots=True)
class ContainerUsage:
    """What a container used, on average over some seconds that ended at ``taken`` (metrics.k8s.io)."""

    pod: str
    container: str
    taken: datetime
    cpu_nanocores: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Filesystem:
    """A filesystem that a pod uses: ``used_ratio`` is 1 where nothing is left."""

    pod: str
    name: str
    used_ratio: float


@dataclass(frozen=True, slots=True)
class Filesystems:
    """The filesystems of the pods; ``way`` says how they were looked at, and what stood in the way of a better look."""

    way: str
    found: tuple[Filesystem, ...]


@dataclass(frozen=True, slots=True)
class Connections:
    """What a pod's process holds open, and the most that it may: each connection is a descriptor. ``way`` as for ``Filesystems``."""

    pod: str
    way: str
    open: int
    most: int


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """``expressions`` are (key, operator, values); empty, it selects everything."""

    labels: Mapping[str, str]
    expressions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class DisruptionBudget:
    """A PodDisruptionBudget. ``selector`` is ``None`` where it has none, and selects nothing then; the numbers are its status'.

    :ivar current: whether its controller has seen the present specification.
    """

    name: str
    selector: LabelSelector | None
    allowed: int
    desired_healthy: int
    expected: int
    current: bool


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """A NetworkPolicy: ``types`` are those in force, defaults included; ``from_everywhere`` says which ingress rules anybody passes."""

    name: str
    selector: LabelSelector
    types: tuple[str, ...]
    from_everywhere: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Workload:
    """The collector as Kubernetes runs it: the Deployment, its ReplicaSets and its pods."""

    deployment: Deployment
    replica_sets: tuple[ReplicaSet, ...]
    pods: tuple[Pod, ...]


@dataclass(frozen=True, slots=True)
class ServicePort:
    """``target`` is a number or the name of a container port; ``0`` is never used: an absent targetPort equals ``port``."""

    name: str
    port: int
    target: int | str
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    namespace: str
    selector: Mapping[str, str]
    labels: Mapping[str, str]
    ports: tuple[ServicePort, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint of a slice; ``ready`` follows the API's rule that an absent condition means ready."""

    addresses: tuple[str, ...]
    ready: bool
    pod: str
    pod_uid: str = ""


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """``ports`` are (name, number); a number that did not resolve is ``None``."""

    name: str
    service: str
    endpoints: tuple[Endpoint, ...]
    ports: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True)
class Install:
    """What is installed here, derived from the Deployment's pod template (collector.md, "Do not key on names").

    :ivar container: the collector's container.
    :ivar port: the number of its HTTP port.
    :ivar health_paths: the paths of its HTTP probes, each once; ``/health`` where there is none.
    :ivar layout: ``chart`` or ``guide``, for words only; no judge depends on it.
    :ivar configuration: (kind, object, mount path) of the objects that the template mounts, kind ConfigMap or Secret.
    :ivar secrets: names of the Secrets that the template references.
    """

    namespace: str
    deployment: str
    container: str
    port: int
    health_paths: tuple[str, ...]
    layout: str
    configuration: tuple[tuple[str, str, str], ...]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HealthAnswer:
    """What a pod answered on a health path. ``status`` 0 means that the pod refused the connection; ``ok`` tells whether the body says ok;
    ``body`` is a masked excerpt."""

    pod: str
    path: str
    status: int
    ok: bool
    seconds: float
    body: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of the exposition format or of Prometheus."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counters of one process at one instant, from a pod's /metrics, from Prometheus or from a saved exposition.

    :ivar process_start: when the process started; a counter that is absent here, in an exposition that is otherwise whole, is zero.
    :ivar source: ``metrics``, ``prometheus`` or ``export``.
    """

    pod: str
    taken: datetime
    process_start: datetime
    samples: tuple[Sample, ...]
    source: str


@dataclass(frozen=True, slots=True, eq=False)  # one is itself: what was read of it is remembered by it
class CounterHistory:
    """What is known of the collector's counters.

    :ivar latest: one snapshot for each pod there is now, read from the pod itself.
    :ivar settled: later snapshots of the same processes, oldest first, taken where the books did not balance at first (work in flight).
    :ivar earlier: snapshots of earlier moments, of these pods and of pods that are gone, in no order.
    :ivar sources: where earlier moments were looked for and what came of it, for the basis: ``Prometheus``, ``no export older than 24 h`` …
    """

    latest: tuple[Snapshot, ...]
    earlier: tuple[Snapshot, ...] = ()
    settled: tuple[Snapshot, ...] = ()
    sources: tuple[str, ...] = ()


ExportFaultCode = Literal[
    "export-not-regular", "export-unreadable", "export-too-large", "export-unusable", "export-cut", "export-from-the-future",
    "families-not-exported",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExportFault:
    """What is wrong with a saved export."""

    code: ExportFaultCode
    message: str


@dataclass(frozen=True, slots=True)
class MetricsExport:
    """A ``metrics-YYYYMMDD.txt``.

    :ivar taken: when it was made; ``taken_from`` tells who says so: the ``export`` itself, the ``file``'s own time where it agrees with the name,
        or the ``name``, which is then taken for the beginning of its day.
    :ivar snapshots: (namespace, snapshot) of each exposition in it; both names are empty in the guide's file, which does not tell them.
    """

    file: str
    taken: datetime
    taken_from: str
    snapshots: tuple[tuple[str, Snapshot], ...] = ()
    faults: tuple[ExportFault, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """The monthly exports of a folder, newest first."""

    folder: str
    exports: tuple[MetricsExport, ...]


@dataclass(frozen=True, slots=True)
class LogPattern:
    """Lines that are alike once identifiers, numbers, addresses and times are folded. ``example`` is masked."""

    pattern: str
    count: int
    level: str
    first: datetime
    last: datetime
    example: str


@dataclass(frozen=True, slots=True)
class SendFailures:
    """Lines that say that a message could not be sent. ``destination`` is empty where they name none; ``example`` is masked."""

    destination: str
    count: int
    first: datetime
    last: datetime
    example: str


@dataclass(frozen=True, slots=True)
class SlowWork:
    """A line that tells for how long the collector worked: ``what`` is ``request`` (the access line of a POST of alerts) or ``alert``."""

    what: str
    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True)
class LogSurvey:
    """What one container's log said in the window.

    :ivar previous: the log is that of the container before its last restart.
    :ivar lines: lines read in the window, and at least the last hundred where there are as many.
    :ivar covered_from: the instant from which on every line of this container instance is still there.
    :ivar covered_until: the end of what is covered: now for a running container, its end for a previous one.
    :ivar patterns: bad lines only (error level and above, panics), most frequent first.
    :ivar bad_lines: how many bad lines in all, also when the table of patterns was full.
    :ivar cut_lines: lines that were longer than the cap.
    :ivar send_failures: of level warn and above, most frequent first; a line may be a bad line as well.
    :ivar timed_lines: lines that tell how long the collector worked; ``slow_lines`` of them beyond the limit, ``slowest`` the worst.
    """

    pod: str
    container: str
    previous: bool
    lines: int
    covered_from: datetime
    covered_until: datetime
    bad_lines: int
    patterns: tuple[LogPattern, ...] = ()
    cut_lines: int = 0
    tail: tuple[str, ...] = ()
    send_failures: tuple[SendFailures, ...] = ()
    timed_lines: int = 0
    slow_lines: int = 0
    slowest: tuple[SlowWork, ...] = ()


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination of the collector's configuration: never its key or URL."""

    name: str
    type: str


FaultCode = Literal[
    "not-yaml", "empty", "required", "wrong-type", "wrong-value", "misspelt", "name-twice", "unknown-destination", "unset-variable"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConfigurationFault:
    """What is wrong in a configuration document: never its values.

    :ivar document: what it stands in, ``Secret/x key destinations.yaml`` or a file; ``line`` from 1.
    :ivar path: ``destinations.slack[0].name``; empty for the whole document.
    """

    document: str
    line: int
    path: str
    code: FaultCode
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class ConfiguredName:
    """A destination, team or workflow of a configuration document.

    :ivar type: of a destination: ``slack``, ``msteams`` …
    :ivar uses: of a team: the destinations that it names.
    :ivar variables: of a destination: the environment variables that its values stand for.
    """

    name: str
    type: str
    document: str
    line: int
    path: str
    uses: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfigurationDocument:
    """A document of the collector's configuration. ``kind`` is ``destinations``, ``teams`` or ``workflows``."""

    kind: str
    where: str
    faults: tuple[ConfigurationFault, ...] = ()
    names: tuple[ConfiguredName, ...] = ()


@dataclass(frozen=True, slots=True)
class Environment:
    """The names of the variables of the collector's container; ``unread`` tells whose keys could not be seen, and why."""

    names: tuple[str, ...]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CronJob:
    """``keeps_jobs`` tells whether its history limits keep successful Jobs."""

    name: str
    namespace: str
    uid: str
    created: datetime
    schedule: str
    suspended: bool
    last_success: datetime | None
    last_schedule: datetime | None
    template: PodTemplate
    keeps_jobs: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """``owner_uid`` is that of the CronJob that made it, or empty."""

    name: str
    owner_uid: str
    created: datetime
    finished: datetime | None
    failed: bool
    succeeded: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class VolumeClaim:
    name: str
    phase: str


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """The API server's own answer to "may this subject do that" (authorization.k8s.io)."""

    subject: str
    verb: str
    group: str
    resource: str
    name: str
    namespace: str
    allowed: bool
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class BackupJobs:
    """The CronJobs that back the collector up, with what they need."""

    cron_jobs: tuple[CronJob, ...]
    jobs: tuple[Job, ...]
    claims: tuple[VolumeClaim, ...]
    access: Mapping[str, tuple[AccessAnswer, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConfigurationReference:
    """A ConfigMap or Secret that the collector's pod template mounts or takes variables from; ``optional`` where the template says so."""

    kind: str
    name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A place in the pod template that needs a Secret.

    :ivar keys: the data keys that it needs; empty where it takes all there are.
    :ivar place: where it stands, as a person says it: ``env SLACK_API_KEY_ONCALL of container cano-collector``.
    """

    name: str
    keys: tuple[str, ...]
    optional: bool
    place: str


@dataclass(frozen=True, slots=True)
class FieldOwner:
    """An entry of an object's managedFields.

    :ivar changed: when the manager's entry last changed, whichever of its fields it was; ``None`` where it does not say.
    :ivar keys: the data keys that it owns; ``others`` tells that it owns more than these.
    """

    manager: str
    changed: datetime | None
    keys: tuple[str, ...]
    others: bool


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A ConfigMap or Secret by its metadata: never a value, nor an annotation that could hold one.

    :ivar keys: its data keys, where they are known: from managedFields, or from the object itself where these do not tell.
    :ivar written_by: operators that write it from a source of their own: what is patched they undo.
    :ivar last_applied: it has kubectl's annotation, which repeats the values.
    """

    kind: str
    name: str
    created: datetime
    keys: tuple[str, ...]
    owners: tuple[FieldOwner, ...]
    written_by: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    last_applied: bool = False


@dataclass(frozen=True, slots=True)
class SecretInventory:
    """The Secrets that the collector references, and what else there is.

    :ivar missing: names that do not exist.
    :ivar unreferenced: names of the collector's Secrets that nothing references; ``None`` where they were not looked for, ``unlooked`` says why.
    """

    references: tuple[SecretReference, ...]
    found: tuple[StoredObject, ...]
    missing: tuple[str, ...]
    unreferenced: tuple[str, ...] | None
    unlooked: str = ""


@dataclass(frozen=True, slots=True)
class ConfigurationObject:
    """A ConfigMap or Secret, live or in a backup: never a value of it.

    :ivar keys: each data key with a keyed digest of its value. The key of the digest is random and of this run alone: equal values can be told
        from different ones, and nothing can be told about any of them.
    :ivar type: of a Secret: ``Opaque`` …
    :ivar data_bytes: the values' size together, decoded.
    :ivar file: of a backup: the file's name.
    :ivar server_fields: fields in it that the API server owns: ``metadata.resourceVersion`` …
    :ivar last_applied: it has kubectl's annotation, which repeats the values.
    :ivar missing: it is live nowhere (404).
    """

    kind: str
    namespace: str
    name: str
    keys: Mapping[str, str]
    type: str = ""
    data_bytes: int = 0
    file: str = ""
    server_fields: tuple[str, ...] = ()
    last_applied: bool = False
    missing: bool = False


BackupFaultCode = Literal[
    "file-empty", "file-too-large", "file-not-text", "file-not-yaml", "file-truncated", "file-not-regular", "file-name-unknown",
    "file-from-the-future", "manifest-unusable", "manifest-differs", "object-unusable", "object-twice", "documents-run-together",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class BackupFault:
    """What is wrong with a file of a backup: never its values. ``file`` is its name."""

    file: str
    code: BackupFaultCode
    message: str


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file of a backup. ``mode`` are its permission bits."""

    name: str
    size_bytes: int
    mode: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class BackupSet:
    """The files of one backup.

    :ivar stamp: what their names share: ``20260102``, or ``20260102-150405`` for a further one of the day.
    :ivar day: ``2026-01-02``.
    :ivar taken: when it was made; ``taken_from`` tells who says so: the ``manifest``, the ``file``'s own time where it agrees with its name, or
        the ``name`` alone, which is then taken for the beginning of its day.
    """

    stamp: str
    day: str
    taken: datetime
    taken_from: str
    files: tuple[BackupFile, ...]
    objects: tuple[ConfigurationObject, ...] = ()
    faults: tuple[BackupFault, ...] = ()


@dataclass(frozen=True, slots=True)
class BackupFolder:
    """A folder of backups.

    :ivar open_to_others: everybody may go into it, so that the files' own modes decide who reads them.
    :ivar sets: newest first; those of the window that was asked for, and the newest in any case.
    :ivar older: how many sets there are before these.
    :ivar faults: of files that belong to no set.
    """

    folder: str
    open_to_others: bool
    sets: tuple[BackupSet, ...]
    older: int = 0
    faults: tuple[BackupFault, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the API server would do with a write: its own answer to the dry run.

    :ivar action: ``patch``, ``create`` …, the verb of the right that it needs.
    :ivar object: ``ConfigMap/x``.
    :ivar reason: of a refusal, the API's word: ``Conflict``, ``Invalid`` …; ``message`` is masked, and without any value that was sent.
    """

    action: str
    object: str
    accepted: bool
    status: int
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class RestoreRehearsal:
    """A restore of one set, rehearsed: what the acting identity may do, and what became of each object over the live one and where it is gone."""

    stamp: str
    access: tuple[AccessAnswer, ...]
    dry_runs: tuple[DryRun, ...]


@dataclass(frozen=True, slots=True)
class ActionRehearsal:
    """What the acting identity may do, and what became of it when it was rehearsed."""

    access: tuple[AccessAnswer, ...]
    dry_runs: tuple[DryRun, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule of a Role or ClusterRole; ``resources`` hold subresources (``pods/exec``), ``names`` narrow it, ``urls`` are no resources."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a binding gives to a subject.

    :ivar binding: ``RoleBinding/NAMESPACE/NAME`` or ``ClusterRoleBinding/NAME``; ``role`` likewise.
    :ivar subject: as whom: the service account itself, or a group that it is in.
    :ivar namespace: where; ``""`` is everywhere.
    """

    binding: str
    role: str
    subject: str
    namespace: str
    rules: tuple[PolicyRule, ...]


@dataclass(frozen=True, slots=True)
class Quota:
    """A ResourceQuota that counts the collector's pods: what may be had and what is had, by the API's names (``requests.cpu`` …), in thousandths
    of the API's unit: millicores, a thousandth of a byte."""

    name: str
    hard: Mapping[str, int]
    used: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NodeRoom:
    """What requests leave free on a node that takes pods."""

    name: str
    cpu_nanocores: int
    memory_bytes: int
    pods: int


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """A HorizontalPodAutoscaler of the collector's Deployment; ``desired`` is what it wants now, within ``least`` and ``most``."""

    name: str
    least: int
    most: int
    current: int
    desired: int
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alerting rule as Prometheus has loaded it. ``state`` is firing, pending or inactive; ``health`` ok, err or unknown;
    ``metrics`` are the metrics that its expression names, with whether each exists."""

    name: str
    state: str
    health: str
    query: str
    metrics: tuple[tuple[str, bool], ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class ScrapeState:
    """What Prometheus says of ``up`` for one pod: ``None`` when it has no such series."""

    pod: str
    up: float | None


@dataclass(frozen=True, slots=True)
class RoutedAlerts:
    """What Alertmanager now routes to the collector. ``receivers`` post to it; ``active`` counts alerts routed there now,
    ``oldest`` is when the oldest of them started."""

    receivers: tuple[str, ...]
    active: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class AttestedFile:
    """A file of an attestation's evidence: whether it is there and the ``same`` as when it was attested."""

    file: str
    state: Literal["same", "missing", "differs"]


@dataclass(frozen=True, slots=True)
class Attestation:
    """What one person confirmed and another reviewed.

    :ivar object: what it is about, where the control is about several: ``Secret/x key y``.
    :ivar where: file and line of the entry.
    """

    control: str
    target: str
    object: str
    satisfied: bool
    explanation: str
    by: str
    reviewed_by: str
    at: datetime
    valid_for_seconds: float
    evidence: tuple[AttestedFile, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class AttestationFile:
    """The attestations of a run and where they lie."""

    file: str
    entries: tuple[Attestation, ...]
