"""Kubernetes objects as records, one file a subject.

A field that the API always gives and that is not there makes the answer malformed; a field that it may leave out gets the API's own default.
"""

from upkeep.adapters.cluster.objects.events import event
from upkeep.adapters.cluster.objects.jobs import cron_job, job, volume_claim
from upkeep.adapters.cluster.objects.network import endpoint_slice, network_policy, service
from upkeep.adapters.cluster.objects.scaling import autoscaler, disruption_budget
from upkeep.adapters.cluster.objects.stored import field_owners, stored
from upkeep.adapters.cluster.objects.templates import template
from upkeep.adapters.cluster.objects.workload import container_usages, deployment, pod, replica_set

__all__ = [
    "autoscaler",
    "container_usages",
    "cron_job",
    "deployment",
    "disruption_budget",
    "endpoint_slice",
    "event",
    "field_owners",
    "job",
    "network_policy",
    "pod",
    "replica_set",
    "service",
    "stored",
    "template",
    "volume_claim",
]
