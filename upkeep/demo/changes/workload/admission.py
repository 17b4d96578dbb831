"""Change the pods and not the template, as admission does; and lists that are incomplete."""

from copy import deepcopy
from typing import Any

from upkeep.demo.changes.catalogue import rebuild, scenario
from upkeep.demo.changes.workload.outage import event
from upkeep.demo.state import Object, State

LONG = "observability-platform-eu-central-1-prod-cano-collector"


def admit(state: State, **fields: Any) -> None:
    """Set fields of the collector's container in each pod, and leave the template as it is."""
    for item in state.pods:
        item["spec"] = deepcopy(item["spec"])
        item["spec"]["containers"][0] |= fields


@scenario(
    "user-set-by-admission",
    "the template sets no user; OpenShift's SecurityContextConstraint gives each pod one",
)
def user_set_by_admission(state: State) -> None:
    security = {
        "runAsUser": 1000690000,
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    admit(state, securityContext=security)
    state.container.pop("securityContext")


@scenario(
    "debug-container-privileged",
    "a privileged debug container runs in one pod, and the template has none",
    "runs-hardened",
)
def debug_container_privileged(state: State) -> None:
    item = state.pods[0]
    name, image = "debugger-x7k2p", "registry.example/tools:1"
    item["spec"] = item["spec"] | {
        "ephemeralContainers": [
            {"name": name, "image": image, "securityContext": {"privileged": True}}
        ]
    }
    status: Object = {
        "name": name, "ready": False, "restartCount": 0, "image": image, "lastState": {},
        "imageID": f"registry.example/tools@sha256:{'9' * 64}",
        "state": {"running": {"startedAt": item["metadata"]["creationTimestamp"]}},
    }  # fmt: skip
    item["status"]["ephemeralContainerStatuses"] = [status]


@scenario(
    "image-ids-in-two-forms",
    "one node reports the image by its registry digest, the other by its local id",
)
def image_ids_in_two_forms(state: State) -> None:
    state.pods[1]["status"]["containerStatuses"][0]["imageID"] = f"sha256:{'cd' * 32}"


@scenario(
    "long-name-warned",
    "the pods' names are cut at 58 characters, and a Warning is about one of them",
    "warning-events",
)
def long_name_warned(state: State) -> None:
    rebuild(state, fullname=LONG)
    message = "Back-off restarting failed container cano-collector"
    state.add(event(state, state.pods[0], "BackOff", message, minutes=5, count=42))


@scenario("pod-unlisted", "a ReplicaSet counts two pods, and the API server lists one of them")
def pod_unlisted(state: State) -> None:
    state.drop("pods", state.pods[0]["metadata"]["name"])


@scenario("pod-without-owner", "a pod has its ReplicaSet's labels and no owner reference")
def pod_without_owner(state: State) -> None:
    del state.pods[0]["metadata"]["ownerReferences"]
