"""Somebody edits the configuration, and no pod comes up any more: the emergency run names the change, the log line, the backup and the commands, and
these, pasted into a shell by whoever is on call, bring the objects back. All of it on a real API server, with the real kubectl.
"""

import base64
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.checks.inner import PATIENT, by_control
from tests.cluster.plane.controlplane import ControlPlane, path_of, wait_for
from tests.cluster.plane.layouts import Install, installed
from tests.cluster.plane.objects import SECRET
from tests.cluster.plane.podnetwork import PodNetwork
from tests.cluster.plane.runs import ABSENT, for_the_measurer, permitted
from tests.cluster.programs import program
from tests.cluster.test_backups import content, objects_in
from upkeep.__main__ import main
from upkeep.commands.rbac import document

FATAL = "team default names destination ops, which does not exist"
# layout -> (kind, name, what the editor replaces, by what): a destination that the teams go on naming, a variable that there is not.
EDITS = {
    "chart": ("Secret", "cano-collector-destination-secrets", "name: ops", "name: opps"),
    "guide": ("ConfigMap", "cano-collector-config", "${SLACK_WEBHOOK}", "${SLACK_WEBHOK}"),
}


@pytest.fixture(params=["chart", "guide"])
def install(
    request: pytest.FixtureRequest, plane: ControlPlane, network: PodNetwork
) -> Iterator[Install]:
    """An install of the story's own, of which nothing needs to be mended afterwards."""
    with installed(
        plane, network, layout=request.param, namespace=f"story-{request.param}"
    ) as install:
        yield install
    plane.previous_pod_log.write_text("")


def rights(install: Install, *without: str) -> list[dict[str, Any]]:
    """Exactly the Role that ``upkeep rbac --cadence=emergency`` prints, less some resources."""
    objects = for_the_measurer(
        document(["emergency"], install.namespace, install.namespace, "upkeep")
    )
    for one in objects:
        if one["kind"].endswith("Role"):
            one["rules"] = [rule for rule in one["rules"] if rule["resources"][0] not in without]
    return objects


def edit(plane: ControlPlane, install: Install, folder: Path) -> tuple[str, str]:
    """``kubectl edit`` with an editor that replaces one text; the kind and the name of the object."""
    kind, name, old, new = EDITS[install.layout]
    path = f"/api/v1/namespaces/{install.namespace}/{kind.lower()}s/{name}"
    value = plane.get(path)["data"]["destinations.yaml"]
    text = value if kind == "ConfigMap" else base64.b64decode(value).decode()
    assert old in text
    changed = text.replace(old, new)
    words = (
        (old, new) if kind == "ConfigMap" else (value, base64.b64encode(changed.encode()).decode())
    )
    editor = folder / "editor.py"
    editor.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\npath = pathlib.Path(sys.argv[1])\npath.write_text(path.read_text().replace(*{words!r}))\n"
    )
    editor.chmod(0o700)
    environment = os.environ | {
        "KUBECONFIG": str(plane.kubeconfig("admin", namespace=install.namespace)),
        "KUBE_EDITOR": str(editor),
    }
    subprocess.run(
        [program("kubectl"), "edit", kind.lower(), name],
        env=environment,
        check=True,
        capture_output=True,
        timeout=300,
    )
    assert plane.get(path)["data"]["destinations.yaml"] != value
    return kind, name


def crash(plane: ControlPlane, install: Install) -> datetime:
    """What a kubelet reports when both pods' processes end at every start, and what they wrote before; when it was."""
    install.stop()
    now = datetime.now(UTC)
    with plane.previous_pod_log.open("w") as log:
        for level, message, error in (
            ("info", "Configuration loaded", ""),
            ("fatal", "Failed to start", FATAL),
        ):
            stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
            log.write(
                f"{stamp} stdout F {json.dumps({'level': level, 'timestamp': stamp, 'message': message, 'error': error})}\n"
            )
    stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    began = (now - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for pod in install.addresses:
        path = f"/api/v1/namespaces/{install.namespace}/pods/{pod}"
        status: dict[str, Any] = plane.get(path)["status"]
        (container,) = status["containerStatuses"]
        ended = {"exitCode": 1, "reason": "Error", "startedAt": began, "finishedAt": stamp}
        waits = {
            "reason": "CrashLoopBackOff",
            "message": f"back-off 5m0s restarting failed container=cano-collector pod={pod}",
        }
        container |= {
            "ready": False,
            "started": False,
            "restartCount": 6,
            "state": {"waiting": waits},
            "lastState": {"terminated": ended},
        }
        conditions = [
            one
            | (
                {"status": "False", "lastTransitionTime": stamp}
                if one["type"] in ("Ready", "ContainersReady")
                else {}
            )
            for one in status["conditions"]
        ]
        body = {"status": {"containerStatuses": [container], "conditions": conditions}}
        assert (
            plane.request(
                "PATCH", f"{path}/status", body, content_type="application/merge-patch+json"
            ).status
            == 200
        )
    deployment = f"/apis/apps/v1/namespaces/{install.namespace}/deployments/cano-collector"
    wait_for(
        lambda: not plane.get(deployment)["status"].get("readyReplicas"), what="no ready replica"
    )
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{install.namespace}/endpointslices"

    def unready() -> bool:
        return not any(
            one["conditions"]["ready"]
            for each in plane.get(slices)["items"]
            for one in each["endpoints"] or []
        )

    wait_for(unready, what="endpoints that are not ready")
    return now


def emergency(
    plane: ControlPlane, install: Install, backups: Path, out: Path
) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """``pytest -m emergency`` as whoever is on call runs it: what the terminal shows of controls that did not pass, and the results by control."""
    kubeconfig = plane.kubeconfig("measurer", namespace=install.namespace)
    words = [
        f"--kubeconfig={kubeconfig}",
        "--acting-context=acting",
        f"--backups={backups}",
        f"--out={out}",
        "--limit=usage_age=1h",
        *PATIENT,
        *ABSENT,
    ]
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("UPKEEP_", "PYTEST_"))
    }
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "emergency", "-q", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert SECRET not in ran.stdout + ran.stderr
    told = ran.stdout.partition("controls that did not pass")[2].splitlines()[1:]
    return told, by_control(out)


def test_a_bad_change_is_found_and_taken_back(
    plane: ControlPlane, install: Install, tmp_path: Path
) -> None:
    backups, kubeconfig = (
        tmp_path / "backups",
        plane.kubeconfig("admin", namespace=install.namespace),
    )
    assert main(["backup", f"--kubeconfig={kubeconfig}", f"--backups={backups}"]) == 0
    saved = objects_in(backups)
    before = [content(plane.get(path_of(one))) for one in saved]
    kind, name = edit(plane, install, tmp_path)
    crashed = crash(plane, install)
    with permitted(plane, install, rights(install)):
        told, results = emergency(plane, install, backups, tmp_path / "out")
    cause, _, step, *others = told
    follows = list(itertools.takewhile(lambda line: line.startswith("    effect: "), others))
    # The change: which object, which key, when, by what; and the backup that holds what was there.
    assert cause.startswith("FAIL config-backed-up [default] (high), the likely cause of ")
    entry = next(one for one in plane.get(path_of({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": install.namespace}}))
                 ["metadata"]["managedFields"] if one["manager"] == "kubectl-edit")  # fmt: skip
    assert f"{kind}/{name} changed" in cause
    assert f"({entry['time'][:10]} {entry['time'][11:16]} UTC) by kubectl-edit" in cause
    assert "destinations.yaml (changed). Set " in cause
    stamp = next(backups.glob("manifest-*.json")).stem.removeprefix("manifest-")
    assert f"Set {stamp}, the newest" in cause
    # What is wrong with it, the log line, and the symptoms, under it.
    symptoms = {
        line.split()[2]: line for line in follows if line.strip().startswith("effect: FAIL")
    }
    assert set(symptoms) >= {
        "config-valid",
        "pods-ready",
        "pods-stable",
        "recent-logs-clean",
        "endpoints-serving",
        "health-ok",
    }
    assert "The collector will not start" in symptoms["config-valid"]
    assert f"logged 1 fatal line at {crashed:%Y-%m-%d}" in symptoms["recent-logs-clean"]
    assert f"Failed to start: {FATAL}" in symptoms["recent-logs-clean"]
    assert f"Failed to start: {FATAL}" in symptoms["pods-stable"]
    assert "CrashLoopBackOff" in symptoms["pods-ready"]
    assert [
        result["summary"] for result in results.values() if result["reason"] == "forbidden"
    ] == []
    # The commands, as they stand there, in the shell of whoever is on call.
    command = step.strip().removeprefix("next: ")
    environment = os.environ | {
        "KUBECONFIG": str(plane.kubeconfig("oncall", namespace="default")),
        "PATH": f"{program('kubectl').parent}:{os.environ['PATH']}",
    }
    ran = subprocess.run(
        ["bash", "-ec", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    assert [content(plane.get(path_of(one))) for one in saved] == before
    deployment = f"/apis/apps/v1/namespaces/{install.namespace}/deployments/cano-collector"

    def rolled_out() -> bool:
        found = plane.get(deployment)
        status = found["status"]
        done = status["observedGeneration"] == found["metadata"]["generation"]
        return (
            done
            and status.get("updatedReplicas")
            == status.get("readyReplicas")
            == status["replicas"]
            == 2
        )

    wait_for(rolled_out, what="the restart")
    pods = f"/api/v1/namespaces/{install.namespace}/pods"
    wait_for(
        lambda: (
            not {one["metadata"]["name"] for one in plane.get(pods)["items"]}
            & set(install.addresses)
        ),
        what="no old pod",
    )
    with permitted(plane, install, rights(install)):
        _, results = emergency(plane, install, backups, tmp_path / "after")
    good = (
        "config-valid",
        "config-backed-up",
        "backup-restores",
        "pods-ready",
        "pods-stable",
        "endpoints-serving",
    )
    assert {control: results[control]["outcome"] for control in good} == dict.fromkeys(good, "pass")


def test_what_can_be_seen_is_told_when_half_of_the_api_is_gone(
    plane: ControlPlane, chart: Install, tmp_path: Path
) -> None:
    """Without events, and without the proxy to the pods, these controls say so, once for each cause, and all others are judged as before."""
    backups, kubeconfig = tmp_path / "backups", plane.kubeconfig("admin", namespace=chart.namespace)
    assert main(["backup", f"--kubeconfig={kubeconfig}", f"--backups={backups}"]) == 0
    with permitted(plane, chart, rights(chart, "pods/proxy", "events")):
        told, results = emergency(plane, chart, backups, tmp_path / "out")
    unknown = {
        control
        for control, result in results.items()
        if result["outcome"] == "unknown" and result["reason"] == "forbidden"
    }
    assert unknown == {"health-ok", "processing-fast", "destinations-fast", "warning-events"}
    passed = {control for control, result in results.items() if result["outcome"] == "pass"}
    assert passed >= {
        "pods-ready",
        "pods-stable",
        "endpoints-serving",
        "config-valid",
        "config-backed-up",
        "backup-restores",
        "restart-rehearsed",
    }
    together = [where for line, where in pairwise(told) if line.startswith("COULD NOT MEASURE ")]
    assert [
        where for where in together if "processing-fast" in where and "destinations-fast" in where
    ]


@pytest.mark.parametrize(
    ("eventual", "series", "seen"), [(170, None, ""), (170, 4, "4 min"), (3, None, "3 min")]
)
def test_an_event_of_the_new_api_is_judged_by_its_own_time(
    eventual: int,
    series: int | None,
    seen: str,
    plane: ControlPlane,
    guide: Install,
    tmp_path: Path,
) -> None:
    """Created through events.k8s.io it has no lastTimestamp, and is found by the one read of the core API: when it happened last, and how often.

    One that was stored hours after its own time is as young as the API server says.
    """

    def ago(minutes: int) -> str:
        return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    pod = sorted(guide.addresses)[0]
    name = f"{pod}.{eventual}-{series or 0}"
    body: dict[str, Any] = {
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": name, "namespace": guide.namespace},
        "type": "Warning", "reason": "Unhealthy", "action": "Probing", "note": "Readiness probe failed", "eventTime": ago(eventual),
        "reportingController": "kubelet", "reportingInstance": "node-1",
        "regarding": {"apiVersion": "v1", "kind": "Pod", "name": pod, "namespace": guide.namespace},
    }  # fmt: skip
    if series is not None:
        body["series"] = {"count": 7, "lastObservedTime": ago(series)}
    path = f"/apis/events.k8s.io/v1/namespaces/{guide.namespace}/events"
    created = plane.request("POST", path, body)
    assert created.status == 201, created.data
    assert "lastTimestamp" not in {
        key
        for key, value in plane.get(f"/api/v1/namespaces/{guide.namespace}/events/{name}").items()
        if value
    }
    try:
        words = [
            f"--kubeconfig={plane.kubeconfig('admin', namespace=guide.namespace)}",
            f"--out={tmp_path}",
        ]
        main(["run", "-m", "control(id='warning-events')", "-q", *PATIENT, *words])
    finally:
        plane.request("DELETE", f"{path}/{name}")
    (result,) = map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())
    times = "7 times" if series is not None else "1 time"
    told = [finding["message"] for finding in result["findings"] if pod in finding["object"]]
    assert (result["outcome"], len(told)) == ("fail", 1)
    assert told[0].startswith(f"Pod/{pod}: Unhealthy, {times}, last {seen}")
    assert seen or " min ago" not in told[0], "it was stored now, so its own clock is wrong"
