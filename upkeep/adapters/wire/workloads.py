"""What makes pods: Deployments, ReplicaSets, CronJobs, Jobs, and the claims they mount; what happened to them: Events.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/ v1.36 (apps/v1, batch/v1, core/v1)
"""

from typing import ClassVar, Literal

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import (
    Condition,
    Count,
    CreatedMeta,
    Generation,
    IntOrString,
    LabelSelector,
    Nothing,
    ObjectMeta,
    StoredMeta,
    Text,
    Time,
)
from upkeep.adapters.wire.pods import PodTemplate


class RollingUpdate(Wire, frozen=True):
    """apps/v1 RollingUpdateDeployment: 25 % each where it says nothing."""

    maxSurge: IntOrString | None = None
    maxUnavailable: IntOrString | None = None


class Strategy(Wire, frozen=True):
    """apps/v1 DeploymentStrategy."""

    type: Literal["", "Recreate", "RollingUpdate"] = ""
    rollingUpdate: RollingUpdate | None = None


class DeploymentSpec(Wire, frozen=True):
    """apps/v1 DeploymentSpec: 1 replica and 600 seconds where it says nothing."""

    selector: LabelSelector
    template: PodTemplate
    replicas: Count = 1
    strategy: Strategy = Strategy()
    progressDeadlineSeconds: Count = 600
    paused: bool = False


class DeploymentStatus(Wire, frozen=True):
    """apps/v1 DeploymentStatus: all of it is omitempty, and absent at zero."""

    observedGeneration: Generation = 0
    replicas: Count = 0
    readyReplicas: Count = 0
    updatedReplicas: Count = 0
    availableReplicas: Count = 0
    conditions: tuple[Condition, ...] = ()


class Deployment(Wire, frozen=True):
    """apps/v1 Deployment."""

    metadata: StoredMeta
    spec: DeploymentSpec
    status: DeploymentStatus = DeploymentStatus()
    kind: str = ""


class TemplateSpec(Wire, frozen=True):
    """The part of a spec that holds a pod template."""

    template: PodTemplate


class AppliedDeployment(Wire, frozen=True):
    """A Deployment as it was applied: what only the API server writes is not there."""

    KIND: ClassVar = "Deployment"
    metadata: ObjectMeta
    spec: TemplateSpec


class ReplicaSetSpec(Wire, frozen=True):
    """apps/v1 ReplicaSetSpec: 1 where it says nothing."""

    replicas: Count = 1
    selector: LabelSelector | None = None


class ReplicaSetStatus(Wire, frozen=True):
    """apps/v1 ReplicaSetStatus: ``replicas`` has no omitempty."""

    replicas: Count
    readyReplicas: Count = 0


class ReplicaSet(Wire, frozen=True):
    """apps/v1 ReplicaSet."""

    metadata: StoredMeta
    spec: ReplicaSetSpec
    status: ReplicaSetStatus
    kind: str = ""


class JobTemplateSpec(Wire, frozen=True):
    """batch/v1 JobSpec of a CronJob's template."""

    template: PodTemplate
    ttlSecondsAfterFinished: Count | None = None


class JobTemplate(Wire, frozen=True):
    """batch/v1 JobTemplateSpec."""

    spec: JobTemplateSpec


class CronJobSpec(Wire, frozen=True):
    """batch/v1 CronJobSpec: not suspended, and 3 successful Jobs kept, where it says nothing."""

    schedule: Text
    jobTemplate: JobTemplate
    suspend: bool = False
    successfulJobsHistoryLimit: Count = 3


class CronJobStatus(Wire, frozen=True):
    """batch/v1 CronJobStatus: empty until it has run."""

    lastScheduleTime: Time | None = None
    lastSuccessfulTime: Time | None = None
    active: tuple[Nothing, ...] = ()


class CronJob(Wire, frozen=True):
    """batch/v1 CronJob."""

    metadata: StoredMeta
    spec: CronJobSpec
    status: CronJobStatus = CronJobStatus()
    kind: str = ""


class JobStatus(Wire, frozen=True):
    """batch/v1 JobStatus: empty until its controller has seen it."""

    conditions: tuple[Condition, ...] = ()
    completionTime: Time | None = None


class Job(Wire, frozen=True):
    """batch/v1 Job."""

    metadata: CreatedMeta
    status: JobStatus = JobStatus()
    kind: str = ""


class ClaimStatus(Wire, frozen=True):
    """core/v1 PersistentVolumeClaimStatus. The API server gives every claim the phase Pending when it is made."""

    phase: Literal["Pending", "Bound", "Lost"]


class PersistentVolumeClaim(Wire, frozen=True):
    """core/v1 PersistentVolumeClaim."""

    metadata: ObjectMeta
    status: ClaimStatus
    kind: str = ""


class EventSeries(Wire, frozen=True):
    """core/v1 EventSeries."""

    count: Count = 0
    lastObservedTime: Time | None = None


class Involved(Wire, frozen=True):
    """core/v1 ObjectReference of an Event; without kind and name it is about no object."""

    kind: str
    name: str
    uid: str = ""


class Event(Wire, frozen=True):
    """core/v1 Event; its times are no pointers, and written null where they are zero."""

    metadata: CreatedMeta
    involvedObject: Involved
    type: str = ""
    reason: str = ""
    message: str = ""
    count: Count = 0
    series: EventSeries | None = None
    lastTimestamp: Time | None = None
    eventTime: Time | None = None
    kind: str = ""
