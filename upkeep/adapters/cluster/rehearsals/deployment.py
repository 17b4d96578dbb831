"""Rehearse a patch of the collector's Deployment, and one of the pods that would follow it.

Admission of a Deployment says little about its pods: Pod Security, quotas, a missing service account
or PriorityClass and policies about pods refuse the pods alone. The command succeeds, and no pod starts.

Source: https://kubernetes.io/docs/concepts/security/pod-security-admission/#workload-resources-and-pod-templates
"""

from collections.abc import Mapping
from typing import Any

from upkeep.adapters.cluster.rehearsals.rehearsal import Rehearsal
from upkeep.adapters.wire.decoding import convert
from upkeep.adapters.wire.workloads import Deployment
from upkeep.records.access import ActionRehearsal
from upkeep.records.workload import Install

# A pod's name is a DNS name of at most 253 characters.
MOST_NAME = 240


def patched(identity: Rehearsal, install: Install, body: Mapping[str, Any]) -> ActionRehearsal:
    """Rehearse a patch of the Deployment, where the identity may send it."""
    access = identity.may(
        "patch", "deployments", namespace=install.namespace, name=install.deployment, group="apps"
    )
    if not access.allowed:
        return ActionRehearsal((access,))
    run = identity.patch(_path(install), body, what=f"Deployment/{install.deployment}")
    return ActionRehearsal((access,), (run,))


def new_pod(identity: Rehearsal, install: Install) -> ActionRehearsal:
    """Rehearse the creation of a pod of the Deployment's template, where the identity may create pods.

    It names the Deployment as its owner: policies refuse pods that no controller made.

    :raises Unmeasured: there is no verdict.
    """
    access = identity.may("create", "pods", namespace=install.namespace)
    if not access.allowed:
        return ActionRehearsal((access,))
    raw = identity.get(_path(install))
    stored = convert(raw, Deployment, source=f"GET {_path(install)}")
    # The template is sent as it is stored: the declared type holds a part of it.
    template = raw["spec"]["template"]
    head = template.get("metadata", {})
    owner = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": install.deployment,
        "uid": stored.metadata.uid,
        "controller": True,
    }
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{install.deployment[:MOST_NAME]}-rehearsed",
            "namespace": install.namespace,
            "labels": head.get("labels", {}),
            "annotations": head.get("annotations", {}),
            "ownerReferences": [owner],
        },
        "spec": template["spec"],
    }
    path = f"/api/v1/namespaces/{install.namespace}/pods"
    run = identity.create(path, body, what=f"new pod of Deployment/{install.deployment}")
    return ActionRehearsal((access,), (run,))


def _path(install: Install) -> str:
    return f"/apis/apps/v1/namespaces/{install.namespace}/deployments/{install.deployment}"
