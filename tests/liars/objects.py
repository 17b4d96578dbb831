"""Lies of the Kubernetes API: lists of objects, their usage, and what Helm stored in them."""

from typing import Any

from tests.liars.changes import (
    OTHER_UID,
    doubled,
    of_a_list,
    of_items,
    of_json,
    older,
)
from tests.liars.playing import Liar, Lie

STALE = Lie("stale", "the answer from before the fault", older)


def emptied(document: Any) -> None:
    """Drop the objects, and say nothing of it."""
    document["items"] = []


EMPTY = Lie("empty", "no object", of_json(emptied))


def without_troubled(document: Any) -> None:
    """Leave out the pods that restarted."""
    document["items"] = [
        pod
        for pod in document["items"]
        if not any(one["restartCount"] for one in pod["status"].get("containerStatuses", ()))
    ]


def without_last(document: Any) -> None:
    """Leave out the last object."""
    document["items"] = document["items"][:-1]


def orphaned(item: dict[str, Any]) -> None:
    """Take the owner away."""
    item["metadata"].pop("ownerReferences", None)


def adopted(item: dict[str, Any]) -> None:
    """Give the object to an owner of another identity."""
    for owner in item["metadata"].get("ownerReferences", ()):
        owner["uid"] = OTHER_UID


def unobserved(item: dict[str, Any]) -> None:
    """Let the controller not have seen the newest specification."""
    item["metadata"]["generation"] = item["metadata"].get("generation", 1) + 1


def stateless(item: dict[str, Any]) -> None:
    """Drop the status."""
    item.pop("status", None)


def unstated_containers(item: dict[str, Any]) -> None:
    """Leave out what the kubelet says of the containers."""
    item["status"]["containerStatuses"] = []


def hour_old(item: dict[str, Any]) -> None:
    """Let a usage be of a day ago."""
    item["timestamp"] = "2026-01-01T12:00:00Z"


def usage_of(cpu: str, memory: str) -> Any:
    """Return the change that gives every container this usage."""

    def change(item: dict[str, Any]) -> None:
        for container in item["containers"]:
            container["usage"] = {"cpu": cpu, "memory": memory}

    return change


def renamed(item: dict[str, Any]) -> None:
    """Let the object be of another name."""
    item["metadata"]["name"] = f"another-{item['metadata']['name']}"


def uncontained(item: dict[str, Any]) -> None:
    """Leave out the containers of a usage."""
    item["containers"] = []


def unconditioned(item: dict[str, Any]) -> None:
    """Leave out the conditions of a status."""
    item["status"]["conditions"] = []


def ruleless(item: dict[str, Any]) -> None:
    """Leave out the rules of a Role."""
    item["rules"] = None


OBJECTS = (
    Liar(
        "Pods", "pods", "restarted-recently", "pods-stable",
        (
            *of_a_list(),
            Lie("partial", "the pod that restarted is missing", of_json(without_troubled)),
            Lie("foreign", "the pods have no owner", of_items(orphaned)),
            Lie("foreign", "the pods are owned by a ReplicaSet of another uid", of_items(adopted)),
            Lie("partial", "`containerStatuses: []`", of_items(unstated_containers)),
            Lie("partial", "one pod, twice", of_json(doubled)),
            EMPTY,
        ),
    ),
    Liar("Pods", "pods", "not-ready", "pods-ready", (STALE,)),
    Liar(
        "Deployments", "deployments", "replica-missing", "pods-ready",
        (
            *of_a_list(), STALE, EMPTY,
            Lie("stale", "`observedGeneration` is behind", of_items(unobserved)),
            Lie("foreign", "a Deployment of another uid", of_items(lambda item: item["metadata"].update(uid=OTHER_UID))),
            Lie("empty", "no `status`", of_items(stateless)),
        ),
    ),
    Liar(
        "ReplicaSets", "replicasets", "old-template", "pods-ready",
        (
            *of_a_list(), EMPTY, STALE,
            Lie("foreign", "ReplicaSets of another Deployment's uid", of_items(adopted)),
            Lie("partial", "the last ReplicaSet is missing", of_json(without_last)),
        ),
    ),
    Liar(
        "EndpointSlices", "endpointslices", "endpoint-missing", "endpoints-serving",
        (
            *of_a_list(), EMPTY,
            Lie("foreign", "slices of another Service", of_items(lambda item: item["metadata"]["labels"].update({"kubernetes.io/service-name": "another"}))),
            Lie("partial", "slices without their ports", of_items(lambda item: item.update(ports=None))),
            Lie("partial", "slices without their endpoints", of_items(lambda item: item.update(endpoints=None))),
        ),
    ),
    Liar(
        "Services", "services", "target-port-unresolved", "endpoints-serving",
        (
            *of_a_list(), EMPTY,
            Lie("foreign", "Services that select something else", of_items(lambda item: item["spec"].update(selector={"app": "another"}))),
            Lie("partial", "Services without a selector", of_items(lambda item: item["spec"].pop("selector", None))),
            Lie("partial", "Services without ports", of_items(lambda item: item["spec"].update(ports=None))),
        ),
        path=r"/namespaces/monitoring/services$",
    ),
    Liar(
        "Events", "events", "warned", "warning-events",
        (
            *of_a_list(),
            Lie("partial", "events that name no object", of_items(lambda item: item.update(involvedObject={}))),
            Lie("partial", "events without a time", of_items(lambda item: [item.pop(key, None) for key in ("firstTimestamp", "lastTimestamp", "eventTime", "series")])),
            Lie("partial", "events without a type", of_items(lambda item: item.pop("type", None))),
        ),
    ),
    Liar(
        "CronJobs", "cronjobs", "backup-job-suspended", "backup-job-healthy",
        (*of_a_list(), EMPTY, Lie("foreign", "CronJobs of other names", of_items(renamed)), Lie("empty", "no `status`", of_items(stateless))),
    ),
    Liar(
        "Jobs", "jobs", "backup-job-failed", "backup-job-healthy",
        (
            *of_a_list(), EMPTY,
            Lie("foreign", "Jobs of a CronJob of another uid", of_items(adopted)),
            Lie("foreign", "Jobs without an owner", of_items(orphaned)),
            Lie("empty", "no `status`", of_items(stateless)),
            Lie("partial", "the failed Job is missing", of_json(lambda document: document.update(items=[job for job in document["items"] if not job["status"].get("failed")]))),
        ),
    ),
    Liar(
        "PodDisruptionBudgets", "poddisruptionbudgets", "budget-blocks-drain", "survives-node-loss",
        (
            *of_a_list(), EMPTY,
            Lie("stale", "`observedGeneration` is behind", of_items(unobserved)),
            Lie("foreign", "a budget of other pods", of_items(lambda item: item["spec"].update(selector={"matchLabels": {"app": "another"}}))),
            Lie("empty", "no `status`", of_items(stateless)),
        ),
    ),
    Liar(
        "HorizontalPodAutoscalers", "horizontalpodautoscalers", "autoscaler-pinned", "scaling-sound",
        (
            *of_a_list(),
            Lie("stale", "`observedGeneration` is behind", of_items(unobserved)),
            Lie("empty", "no `status`", of_items(stateless)),
            Lie("partial", "no conditions", of_items(unconditioned)),
            Lie("partial", "no `maxReplicas`", of_items(lambda item: item["spec"].pop("maxReplicas"))),
        ),
    ),
    Liar(
        "NetworkPolicies", "networkpolicies", "network-open", "network-restricted",
        (
            *of_a_list(), EMPTY,
            Lie("foreign", "policies that select other pods", of_items(lambda item: item["spec"].update(podSelector={"matchLabels": {"app": "another"}}))),
            Lie("partial", "policies without a specification", of_items(lambda item: item.update(spec={}))),
        ),
    ),
    Liar(
        "metrics.k8s.io", "usage", "memory-nearly-used", "cpu-memory-headroom",
        (
            *of_a_list(), EMPTY,
            Lie("stale", "samples of a day ago", of_items(hour_old)),
            Lie("empty", "memory 0", of_items(usage_of("10m", "0"))),
            Lie("foreign", "samples of other pods", of_items(renamed)),
            Lie("partial", "the last pod is missing", of_json(without_last)),
            Lie("partial", "pods without containers", of_items(uncontained)),
            Lie("stale", "the answer from before the fault, with its time", of_items(lambda item: item.update(timestamp="2026-01-02T11:30:00Z", containers=[{**one, "usage": {"cpu": "10m", "memory": "50Mi"}} for one in item["containers"]]))),
        ),
    ),
    Liar(
        "RBAC", "rbac", "wildcard-rights", "rbac-least-privilege",
        (
            *of_a_list(elsewhere_too=False),
            Lie("partial", "Roles without rules", of_items(ruleless)),
        ),
    ),
    Liar(
        "RBAC: Roles", "rbac", "wildcard-rights", "rbac-least-privilege",
        (EMPTY, Lie("foreign", "Roles of other names", of_items(renamed)), Lie("partial", "the last Role is missing", of_json(without_last))),
        path=r"roles$",
    ),
    Liar(
        "Configuration", "configuration", "configuration-key-missing", "config-valid",
        (
            Lie("early end", "the body ends in its middle", lambda told: told.body[: len(told.body) // 2]),
            Lie("foreign", "an object of another name", of_items(renamed)),
            Lie("foreign", "an object of another namespace", of_items(lambda item: item["metadata"].update(namespace="another"))),
            Lie("empty", "an object without `data`", of_items(lambda item: item.pop("data", None))),
            Lie("empty", "an object whose documents are empty", of_items(lambda item: item.update(data=dict.fromkeys(item.get("data") or {}, "")))),
            Lie("early end", "documents that end in their middle", of_items(lambda item: item.update(data={key: text[: len(text) // 2] for key, text in (item.get("data") or {}).items()}))),
            Lie("foreign", "the documents of another program", of_items(lambda item: item.update(data=dict.fromkeys(item.get("data") or {}, "server:\n  port: 8080\n")))),
        ),
    ),
    Liar(
        "Secrets' metadata", "configuration", "secrets-old", "secrets-rotated",
        (
            Lie("early end", "the body ends in its middle", lambda told: told.body[: len(told.body) // 2]),
            Lie("foreign", "objects of other names", of_items(renamed)),
            Lie("foreign", "objects of another namespace", of_items(lambda item: item["metadata"].update(namespace="another"))),
            Lie("empty", "objects without managed fields and creation time", of_items(lambda item: [item["metadata"].pop(key, None) for key in ("managedFields", "creationTimestamp")])),
            Lie("empty", "an empty body with status 200", lambda told: b""),
            Lie("stale", "a creation time in the future", of_items(lambda item: item["metadata"].update(creationTimestamp="2027-01-01T00:00:00Z"))),
            Lie("partial", "no managed fields", of_items(lambda item: item["metadata"].pop("managedFields", None))),
        ),
        path="secrets",
    ),
)  # fmt: skip
