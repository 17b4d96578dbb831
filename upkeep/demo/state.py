"""What a demo cluster holds: stored objects, the collector's processes, and what Prometheus and Alertmanager know.

A scenario changes one of these before the server starts; afterwards nothing writes, so threads read without locks.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

# Part of every secret value, token, webhook URL and Authorization header of the demo: tests search all outputs for it.
CANARY = "canary-7f3a"

Object = dict[str, Any]
Clock = Callable[[], datetime]

# plural -> (group/version, kind, namespaced). The store and the discovery documents are keyed by the plural.
RESOURCES: dict[str, tuple[str, str, bool]] = {
    "namespaces": ("v1", "Namespace", False),
    "pods": ("v1", "Pod", True),
    "services": ("v1", "Service", True),
    "endpoints": ("v1", "Endpoints", True),  # made of the slices
    "configmaps": ("v1", "ConfigMap", True),
    "secrets": ("v1", "Secret", True),
    "persistentvolumeclaims": ("v1", "PersistentVolumeClaim", True),
    "serviceaccounts": ("v1", "ServiceAccount", True),
    "events": ("v1", "Event", True),
    "deployments": ("apps/v1", "Deployment", True),
    "replicasets": ("apps/v1", "ReplicaSet", True),
    "cronjobs": ("batch/v1", "CronJob", True),
    "jobs": ("batch/v1", "Job", True),
    "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice", True),
    "poddisruptionbudgets": ("policy/v1", "PodDisruptionBudget", True),
    "nodes": ("v1", "Node", False),
    "resourcequotas": ("v1", "ResourceQuota", True),
    "limitranges": ("v1", "LimitRange", True),
    "roles": ("rbac.authorization.k8s.io/v1", "Role", True),
    "rolebindings": ("rbac.authorization.k8s.io/v1", "RoleBinding", True),
    "clusterroles": ("rbac.authorization.k8s.io/v1", "ClusterRole", False),
    "clusterrolebindings": ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", False),
    "horizontalpodautoscalers": ("autoscaling/v2", "HorizontalPodAutoscaler", True),
    "networkpolicies": ("networking.k8s.io/v1", "NetworkPolicy", True),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A canned HTTP answer of a collector's pod, given after ``delay_seconds``."""

    status: int
    body: str
    content_type: str = "application/json; charset=utf-8"
    delay_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stream:
    """Groups of alerts of one kind, spread evenly over the lifetime of a process (from ``since``, up to ``until``).

    Counters are derived from streams, never set one by one, so received − processed − errors is 0 unless
    ``outcome`` says otherwise: processed, no_team_resolved, no_destinations, team_resolution_failed, conversion_failed,
    dispatch_failed, lost (received, then a crash of the handler), refused (a 400, which no alert counter sees).
    ``sends`` are (destination, messages for each group), ``failures`` the same for messages that failed.
    ``took_seconds`` is how long each group took where that is not the usual, ``send_seconds`` how long each message took.
    """

    alert: str
    groups: int
    outcome: str = "processed"
    severity: str = "warning"
    status: str = "firing"
    sends: tuple[tuple[str, int], ...] = ()
    failures: tuple[tuple[str, int], ...] = ()
    took_seconds: float | None = None
    send_seconds: float | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True)
class Process:
    """One run of the collector in a pod: its log, its traffic, its answers by path; ``ended`` when it is over."""

    pod: str
    started: datetime
    ended: datetime | None = None
    streams: list[Stream] = field(default_factory=list)
    log: list[tuple[datetime, str]] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    listening: bool = True


@dataclass(slots=True)
class State:
    """Everything that one demo cluster serves.

    :ivar processes: runs of the collector by pod, oldest first; the last one is the present one.
    :ivar former: processes in pods that are gone, which Prometheus alone remembers.
    :ivar unscraped: pods that Prometheus has no target for.
    :ivar unreachable: pods that Prometheus has not been able to scrape for ten minutes (``up`` is 0).
    :ivar series: further series of Prometheus, (labels, value), constant over time.
    :ivar rules: the alerting rules that Prometheus has loaded.
    :ivar alerts: the alerts that Alertmanager holds; ``silences`` are its silences.
    :ivar evaluates_rules: Prometheus itself, and not a ruler beside it, evaluates rules.
    :ivar marks: what Prometheus says of each answer beside its data: ``isPartial``, ``warnings``.
    :ivar alertmanager_started: when Alertmanager started; nine days ago where that is not set.
    :ivar notifications: Alertmanager's configuration, as it is written.
    :ivar notifications_named: the user says where it is stored (``--alertmanager-config``), where its API hides URLs.
    :ivar denied: (subject, plural of the resource or ``*``) that access reviews deny; the caller is ``self``, or ``acting``.
    :ivar refusals: plural -> (code, reason, message) with which a dry run of a write of that resource is refused.
    :ivar backups: age in days -> (file name -> content) of the folder of backups; empty for none, ``None`` before the first backup.
    :ivar exports: file name -> content of the folder of exports; ``None`` before the first export.
    :ivar attestations: the entries of the file of attestations.
    :ivar charts: (version, age) of the collector's chart in the repository's index; none for no index.
    :ivar minor: the Kubernetes 1.MINOR that the API server is; ``served`` are (apiVersion, kind) that it serves beside what it stores.
    :ivar quiet: names of containers that log nothing.
    :ivar silent_program: the collector's program does not know --version.
    :ivar upgrade: (text, other text) that the newest chart's manifest has in the place of the installed one's.
    :ivar helm_refusal: why helm would not upgrade; empty where it would, and ``None`` where there is no helm.
    :ivar cores: what each container uses in its busiest hour of a day, and ``memory_mib`` then.
    :ivar usage: what a pod's container uses at present where metrics-server says otherwise: (CPU, memory); ``unmeasured`` are pods of which it says
        nothing.
    :ivar emergency: file name -> content of the folder with the minimal configuration; ``None`` without one.
    :ivar disk_used: how full every filesystem is, in percent. ``connections``, ``open_files`` and ``most_files`` are those of each process.
    :ivar expire_continue: every continue token is answered 410 the first time that it is used.
    :ivar clock_ahead: by how much the API server's clock is ahead of the client's.
    """

    layout: str
    namespace: str
    fullname: str
    now: datetime
    objects: dict[str, list[Object]] = field(
        default_factory=lambda: {plural: [] for plural in RESOURCES}
    )
    processes: dict[str, list[Process]] = field(default_factory=dict)
    former: list[Process] = field(default_factory=list)
    unscraped: set[str] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    series: list[tuple[dict[str, str], float]] = field(default_factory=list)
    rules: list[Object] = field(default_factory=list)
    alerts: list[Object] = field(default_factory=list)
    silences: list[Object] = field(default_factory=list)
    marks: Object = field(default_factory=dict)
    evaluates_rules: bool = True
    alertmanager_started: datetime | None = None
    notifications: Object = field(default_factory=dict)
    notifications_named: bool = True
    denied: set[tuple[str, str]] = field(default_factory=set)
    refusals: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    backups: dict[int, dict[str, str]] | None = None
    exports: dict[str, str] | None = None
    attestations: list[Object] = field(default_factory=list)
    charts: list[tuple[str, timedelta]] = field(default_factory=list)
    minor: int = 36
    served: list[tuple[str, str]] = field(default_factory=list)
    quiet: set[str] = field(default_factory=set)
    silent_program: bool = False
    upgrade: list[tuple[str, str]] = field(default_factory=list)
    helm_refusal: str | None = ""
    cores: float = 0.08
    memory_mib: int = 400
    emergency: dict[str, str] | None = None
    usage: dict[str, tuple[str, str]] = field(default_factory=dict)
    unmeasured: set[str] = field(default_factory=set)
    disk_used: int = 36
    connections: int = 12
    open_files: int = 19
    most_files: int = 1048576
    expire_continue: bool = False
    clock_ahead: timedelta = timedelta()

    def add(self, *objects: Object) -> None:
        """Store objects, each under the plural of its kind."""
        for item in objects:
            plural = next(
                plural for plural, (_, kind, _) in RESOURCES.items() if kind == item["kind"]
            )
            self.objects[plural].append(item)

    def get(self, plural: str, name: str) -> Object:
        return next(item for item in self.objects[plural] if item["metadata"]["name"] == name)

    def find(self, plural: str, name: str, namespace: str) -> Object | None:
        """The stored object, or None where there is none."""
        for item in self.objects[plural]:
            if (
                item["metadata"]["name"] == name
                and item["metadata"].get("namespace", "") == namespace
            ):
                return item
        return None

    def drop(self, plural: str, *names: str) -> None:
        """Forget the named objects, or all of a kind where no name is given."""
        self.objects[plural] = [
            item for item in self.objects[plural] if names and item["metadata"]["name"] not in names
        ]

    def ago(self, **offset: float) -> datetime:
        return self.now - timedelta(**offset)

    @property
    def deployment(self) -> Object:
        return self.get("deployments", self.fullname)

    @property
    def container(self) -> Object:
        """The collector's container of the Deployment's pod template."""
        found: Object = self.deployment["spec"]["template"]["spec"]["containers"][0]
        return found

    @property
    def pods(self) -> list[Object]:
        """The collector's pods, oldest first."""
        return [
            pod
            for pod in self.objects["pods"]
            if pod["metadata"]["name"].startswith(self.fullname + "-")
        ]

    def process(self, index: int = 0) -> Process:
        """The present process of a collector's pod."""
        return self.processes[self.pods[index]["metadata"]["name"]][-1]


def stamp(instant: datetime) -> str:
    """A time as the API server writes it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def uid(*parts: str) -> str:
    """A UID that is the same in every run, so that outputs of two runs can be compared."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))
