"""Foreign documents in declared types: what does not fit is named by its path, and nothing of it is repeated."""

import subprocess
import sys
from typing import Any

import pytest

from tests import ROOT
from upkeep.adapters.wire.decoding import convert, decode
from upkeep.adapters.wire.pods import Pod
from upkeep.adapters.wire.serving import EndpointSlice, PodDisruptionBudget
from upkeep.adapters.wire.workloads import CronJob, Deployment, Event
from upkeep.errors import Malformed

HEAD: dict[str, Any] = {
    "name": "x",
    "namespace": "n",
    "uid": "u",
    "creationTimestamp": "2026-01-01T00:00:00Z",
}
STATUS = {"name": "c", "ready": True, "restartCount": 1}


def pod(**changes: Any) -> dict[str, Any]:
    return {
        "metadata": HEAD,
        "spec": {"containers": [{"name": "c"}]},
        "status": {"phase": "Running", "containerStatuses": [STATUS]},
    } | changes


def status(**changes: Any) -> dict[str, Any]:
    return pod(status={"phase": "Running"} | changes)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (pod(metadata=HEAD | {"uid": None}), "metadata.uid is not of its type"),
        (pod(metadata={"name": "x"}), "metadata.uid is missing"),
        (pod(metadata=HEAD | {"creationTimestamp": "2026-01-01T00:00:00"}), "metadata.creationTimestamp"),
        (pod(metadata=HEAD | {"labels": {"canary-17": 7}}), r"metadata.labels\[...\] is not of its type"),
        (status(phase="canary-17"), "status.phase is not of its type"),
        (status(phase=None), "status.phase is not of its type"),
        (pod(status={}), "status.phase is missing"),
        (status(conditions={}), "status.conditions is not of its type"),
        (status(conditions=[{"type": "Ready", "status": ["canary-17"]}]), r"status.conditions\[0\].status"),
        (status(conditions=[{"type": "Ready", "status": "canary-17"}]), r"status.conditions\[0\].status"),
        (status(containerStatuses=[STATUS | {"ready": "yes"}]), r"status.containerStatuses\[0\].ready"),
        (status(containerStatuses=[STATUS | {"restartCount": True}]), r"restartCount is not of its type"),
        (status(containerStatuses=[STATUS | {"restartCount": -1}]), r"restartCount is not of its type"),
        (status(containerStatuses=[STATUS | {"restartCount": 1.5}]), r"restartCount is not of its type"),
        (status(containerStatuses=[{"name": "c", "ready": True}]), r"restartCount is missing"),
        (pod(spec={"containers": None}), "spec.containers is not of its type"),
        (pod(spec={"containers": [{"name": "c", "env": [{"name": []}]}]}), r"env\[0\].name"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_path(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(
        Malformed, match=f"^Pod/x is not as the API describes it: .*{said}"
    ) as caught:
        convert(raw, Pod)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("type", "raw"),
    [
        (EndpointSlice, {"metadata": HEAD, "addressType": "IPv4", "endpoints": None, "ports": None}),
        (Deployment, {"metadata": HEAD, "spec": {"selector": {}, "template": {"metadata": {"creationTimestamp": None}, "spec": {"containers": []}}}}),
        (Event, {"metadata": HEAD, "involvedObject": {"kind": "Pod", "name": "x"}, "lastTimestamp": None, "eventTime": None}),
        (Event, {"metadata": HEAD, "involvedObject": {"kind": "Pod", "name": "x"}, "eventTime": "2026-01-01T00:00:00.000001Z"}),
    ],
)  # fmt: skip
def test_null_is_taken_where_go_sends_it(type: Any, raw: dict[str, Any]) -> None:
    assert convert(raw, type).metadata.name == "x"


@pytest.mark.parametrize(
    ("type", "raw"),
    [
        (CronJob, {"metadata": HEAD, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": []}}}}, "suspend": []}}),
        (Deployment, {"metadata": HEAD, "spec": {"selector": {}, "replicas": True, "template": {"spec": {"containers": []}}}}),
        (PodDisruptionBudget, {"metadata": HEAD, "spec": {}, "status": {"disruptionsAllowed": 1, "currentHealthy": 1, "desiredHealthy": 1}}),
        (EndpointSlice, {"metadata": HEAD, "addressType": "IPv4", "endpoints": [], "ports": False}),
    ],
)  # fmt: skip
def test_a_wrong_type_is_no_default(type: Any, raw: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        convert(raw, type)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"metadata":', "no whole JSON"),
        (b"\xff", "no whole JSON"),
        (b'{"ignored":' + b"[" * 100_000, "nested too deep"),
        (b"\xef\xbb\xbf{}", "no whole JSON"),
    ],
)
def test_what_is_no_json_is_malformed(body: bytes, said: str) -> None:
    with pytest.raises(Malformed, match=f"Pod is {said}"):
        decode(body, Pod)


RACE = """
import sys, threading
sys.setswitchinterval(1e-6)
from upkeep.adapters.wire import pods, workloads
from upkeep.adapters.wire.decoding import decode
from upkeep.errors import Malformed
begin = threading.Barrier(8)
def look(type):
    begin.wait()
    try:
        decode(b'{"metadata":{"name":"x"}}', type)
    except Malformed:
        pass
types = [pods.Pod, pods.PlacedPod, pods.PodTemplate, pods.PodSpec, workloads.Deployment, workloads.ReplicaSet,
         workloads.CronJob, workloads.AppliedDeployment]
threads = [threading.Thread(target=look, args=(type,)) for type in types]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_threads_that_meet_a_type_for_the_first_time_do_not_crash() -> None:
    """Without the lock more than half of these ended in a segmentation fault."""
    ended = [subprocess.run([sys.executable, "-c", RACE], cwd=ROOT).returncode for _ in range(8)]
    assert ended == [0] * 8
