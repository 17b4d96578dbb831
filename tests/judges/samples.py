"""Records of a healthy collector, one builder for each; a test changes what it is about.

Two replicas in namespace ``monitoring``, Service ``cano-collector`` with port 80 to 8080, a daily backup that succeeded
ten hours ago. Everything happens around ``NOW``.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from upkeep.records.access import AccessAnswer
from upkeep.records.backups import BackupJobs, CronJob, Job, VolumeClaim
from upkeep.records.monitoring import AlertRule
from upkeep.records.serving import Endpoint, EndpointSlice, HealthAnswer, Service, ServicePort
from upkeep.records.workload import (
    Condition,
    ContainerSpec,
    ContainerStatus,
    Deployment,
    Install,
    Pod,
    PodTemplate,
    ReplicaSet,
    Termination,
    Volume,
    Workload,
)

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
LABELS = {"app": "cano-collector"}


def ago(**span: float) -> datetime:
    """An instant before ``NOW``: ``ago(hours=3)``."""
    return NOW - timedelta(**span)


def template(**changes: Any) -> PodTemplate:
    container = ContainerSpec(
        "cano-collector", "kubecano/cano-collector:0.0.24", ports=(("http", 8080),)
    )
    return replace(PodTemplate(LABELS, (container,)), **changes)


def condition(
    kind: str = "Progressing",
    status: str = "True",
    reason: str = "NewReplicaSetAvailable",
    message: str = "",
) -> Condition:
    return Condition(kind, status, reason, message)


def deployment(**changes: Any) -> Deployment:
    healthy = Deployment(
        name="cano-collector",
        namespace="monitoring",
        uid="deployment",
        created=ago(days=30),
        generation=4,
        observed_generation=4,
        replicas=2,
        ready_replicas=2,
        updated_replicas=2,
        progress_deadline_seconds=600,
        selector="app=cano-collector",
        template=template(),
        conditions=(condition(),),
    )
    return replace(healthy, **changes)


def replica_set(revision: int = 4, **changes: Any) -> ReplicaSet:
    name = f"cano-collector-r{revision}"
    healthy = ReplicaSet(
        name, f"rs{revision}", "deployment", str(revision), 2, 2, ago(days=9 - revision)
    )
    return replace(healthy, **changes)


def termination(**changes: Any) -> Termination:
    return replace(Termination("Error", 1, finished=ago(hours=3), started=ago(days=2)), **changes)


def container(name: str = "cano-collector", **changes: Any) -> ContainerStatus:
    return replace(
        ContainerStatus(name, ready=True, restarts=0, state="running", started=ago(days=4)),
        **changes,
    )


def pod(name: str = "a", *, revision: int = 4, **changes: Any) -> Pod:
    healthy = Pod(
        name=f"cano-collector-{name}",
        uid=f"pod-{name}",
        phase="Running",
        labels=LABELS,
        created=ago(days=4),
        owner_uid=f"rs{revision}",
        ip=f"10.0.0.{ord(name[0])}",
        ready=True,
        conditions=(condition("Ready", reason=""),),
        containers=(container(),),
    )
    return replace(healthy, **changes)


def unready(name: str = "b", *, revision: int = 4, status: ContainerStatus, **changes: Any) -> Pod:
    """A pod that is not ready because of a container."""
    not_met = condition("Ready", "False", "ContainersNotReady")
    return pod(
        name,
        revision=revision,
        **({"ready": False, "containers": (status,), "conditions": (not_met,)} | changes),
    )


def waiting(reason: str, **changes: Any) -> ContainerStatus:
    return container(
        **(
            {"ready": False, "state": "waiting", "waiting_reason": reason, "started": None}
            | changes
        )
    )


def workload(
    *pods: Pod, replica_sets: tuple[ReplicaSet, ...] | None = None, **changes: Any
) -> Workload:
    """Two healthy pods unless others are given; ``changes`` are the Deployment's."""
    sets = (
        (replica_set(3, replicas=0, ready_replicas=0), replica_set(4))
        if replica_sets is None
        else replica_sets
    )
    return Workload(deployment(**changes), sets, pods or (pod("a"), pod("b")))


def no_pods(**changes: Any) -> Workload:
    """No pod, and the Deployment's status agrees."""
    return replace(workload(**({"ready_replicas": 0, "updated_replicas": 0} | changes)), pods=())


def install(**changes: Any) -> Install:
    configuration = (("ConfigMap", "cano-collector-config", "/etc/cano-collector"),)
    healthy = Install(
        namespace="monitoring",
        deployment="cano-collector",
        container="cano-collector",
        port=8080,
        health_paths=("/livez", "/readyz"),
        layout="guide",
        configuration=configuration,
        secrets=("cano-collector-secrets",),
    )
    return replace(healthy, **changes)


def service(name: str = "cano-collector", **changes: Any) -> Service:
    return replace(
        Service(name, "monitoring", LABELS, LABELS, (ServicePort("http", 80, "http"),)), **changes
    )


def endpoint(of: Pod, **changes: Any) -> Endpoint:
    return replace(Endpoint((of.ip,), True, of.name, of.uid), **changes)


def endpoint_slice(
    *endpoints: Endpoint, service: str = "cano-collector", **changes: Any
) -> EndpointSlice:
    return replace(EndpointSlice(f"{service}-x", service, endpoints, (("http", 8080),)), **changes)


def answer(name: str = "a", path: str = "/livez", **changes: Any) -> HealthAnswer:
    return replace(
        HealthAnswer(f"cano-collector-{name}", path, 200, True, 0.02, '{"status":"ok"}'), **changes
    )


def cron_job(name: str = "cano-collector-backup", **changes: Any) -> CronJob:
    writer = ContainerSpec(
        "backup", "registry.k8s.io/kubectl:v1.34.0", mounts=(("backup", "/backup", ""),)
    )
    kept = Volume("backup", "PersistentVolumeClaim", "backup-pvc")
    healthy = CronJob(
        name=name,
        namespace="monitoring",
        uid=f"uid-{name}",
        created=ago(days=20),
        schedule="0 2 * * *",
        suspended=False,
        last_success=ago(hours=10),
        template=PodTemplate({}, (writer,), (kept,), service_account="backup"),
    )
    return replace(healthy, **changes)


def job(name: str = "backup-1", *, owner: str = "cano-collector-backup", **changes: Any) -> Job:
    return replace(
        Job(name, f"uid-{owner}", ago(hours=10), ago(hours=10), failed=False, succeeded=True),
        **changes,
    )


def failed_job(
    name: str = "backup-2", *, owner: str = "cano-collector-backup", **changes: Any
) -> Job:
    return job(
        name,
        owner=owner,
        **({"failed": True, "succeeded": False, "finished": ago(hours=1)} | changes),
    )


def access(**changes: Any) -> AccessAnswer:
    subject = "system:serviceaccount:monitoring:backup"
    healthy = AccessAnswer(
        subject, "get", "", "configmaps", "cano-collector-config", "monitoring", allowed=True
    )
    return replace(healthy, **changes)


def backups(*cron_jobs: CronJob, **changes: Any) -> BackupJobs:
    """One healthy CronJob unless others are given; each is asked about its rights."""
    all_of_them = cron_jobs or (cron_job(),)
    claims = (VolumeClaim("backup-pvc", "Bound"),)
    healthy = BackupJobs(
        all_of_them, (job(),), claims, {each.name: (access(),) for each in all_of_them}
    )
    return replace(healthy, **changes)


def rule(name: str = "CanoCollectorBackupFailed", **changes: Any) -> AlertRule:
    metric = {
        "CanoCollectorBackupFailed": "cano_backup_last_success_timestamp",
        "CanoCollectorConfigOld": "cano_config_last_modified_timestamp",
    }.get(name, "some_metric")
    return replace(
        AlertRule(
            name,
            "inactive",
            "ok",
            f"time() - {metric} > 86400",
            ((metric, True),),
            evaluated=NOW - timedelta(seconds=12),
            interval_seconds=30,
        ),
        **changes,
    )
