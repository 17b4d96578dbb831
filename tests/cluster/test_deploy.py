"""deploy/ on the real API server: admitted without a warning where the restricted policy is enforced, and run as pods would run it."""

import os
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyrage import x25519

from tests import ROOT
from tests.cluster.plane.controlplane import NODE, ControlPlane, wait_for
from tests.cluster.plane.kubelet import Kubelet
from tests.cluster.plane.layouts import Install, installed
from tests.cluster.plane.podnetwork import PodNetwork
from tests.cluster.plane.runs import by_control, results
from tests.cluster.programs import program

DEPLOY = ROOT / "deploy"
NAMESPACE = "upkeep-deploy"
RESTRICTED = "pod-security.kubernetes.io"
# Of the Prometheus operator: any object is accepted, the schema is the operator's.
OPERATOR = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "prometheusrules.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "scope": "Namespaced",
        "names": {"plural": "prometheusrules", "kind": "PrometheusRule"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}


@dataclass
class Deployed:
    """A user's own overlay, applied beside a collector in a namespace that enforces the restricted policy."""

    plane: ControlPlane
    install: Install
    kubelet: Kubelet
    folder: Path

    @property
    def namespace(self) -> str:
        return self.install.namespace

    def kubectl(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        kubeconfig = self.plane.kubeconfig("admin", namespace=self.namespace)
        return subprocess.run(
            [program("kubectl"), *words],
            env=os.environ | {"KUBECONFIG": str(kubeconfig), "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    def apply(self, document: dict[str, Any], *, name: str = "overlay") -> None:
        """Apply a kustomization; it is accepted, and the server warns of nothing."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(document))
        done = self.kubectl("apply", "-k", folder)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr

    def start(self, cron_job: str) -> dict[str, Any]:
        """Return the pod of a Job that is made from a CronJob now, with a node."""
        job = f"{cron_job}-{os.urandom(3).hex()}"
        done = self.kubectl("create", "job", job, f"--from=cronjob/{cron_job}")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        pods = f"/api/v1/namespaces/{self.namespace}/pods?labelSelector=job-name={job}"
        (pod,) = wait_for(lambda: self.plane.get(pods)["items"], what=f"the pod of {job}", seconds=30)
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}"
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod["metadata"]["name"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
        }
        assert self.plane.request("POST", f"{path}/binding", binding).status == 201
        return pod | {"apiVersion": "v1", "kind": "Pod"}

    def volume(self, name: str) -> Path:
        return self.kubelet.folder / name


def relative(folder: Path, path: Path) -> str:
    return os.path.relpath(path, folder)


@pytest.fixture(scope="module")
def deployed(
    plane: ControlPlane, network: PodNetwork, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("deploy")
    with installed(plane, network, layout="guide", namespace=NAMESPACE) as install:
        labels = {f"{RESTRICTED}/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
        plane.patch(f"/api/v1/namespaces/{NAMESPACE}", {"metadata": {"labels": labels}})
        plane.apply(OPERATOR)
        _without_a_backup(plane)
        rules = f"/apis/monitoring.coreos.com/v1/namespaces/{NAMESPACE}/prometheusrules"
        wait_for(lambda: plane.request("GET", rules).status == 200, what="PrometheusRules")
        plane.apply({**_service(), "metadata": {"name": "upkeep", "namespace": NAMESPACE}})
        found = Deployed(plane, install, Kubelet(plane, folder), folder)
        found.apply(overlay(found))
        bound = {"status": {"phase": "Bound"}}
        plane.patch(f"/api/v1/namespaces/{NAMESPACE}/persistentvolumeclaims/upkeep/status", bound)
        yield found


def _without_a_backup(plane: ControlPlane) -> None:
    """Remove the backup that the layout brings along."""
    batch, core = f"/apis/batch/v1/namespaces/{NAMESPACE}", f"/api/v1/namespaces/{NAMESPACE}"
    claim = f"{core}/persistentvolumeclaims/backup-pvc"
    for path in (f"{batch}/cronjobs/cano-collector-backup", claim):
        assert plane.request("DELETE", path).status == 200
    # The controller that removes the finalizer is not started.
    plane.patch(claim, {"metadata": {"finalizers": None}})


def _service() -> dict[str, Any]:
    """A Service whose name makes variables that look like settings of upkeep."""
    return {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}}


def overlay(deployed: Deployed) -> dict[str, Any]:
    """Return a user's overlay: another namespace, a key for the backups, the rehearsals."""
    folder = deployed.folder / "overlay"
    folder.mkdir()
    identity = x25519.Identity.generate()
    (deployed.folder / "identity").write_text(f"{identity}\n")
    settings = (DEPLOY / "jobs" / "upkeep.toml").read_text()
    patient = 'request_deadline = "1m"\nsweep_deadline = "2m"\nhealth_latency = "30s"\n'
    (folder / "upkeep.toml").write_text(f"{settings}{patient}")
    acting = (DEPLOY / "components" / "acting" / "kubeconfig.yaml").read_text()

    return {
        "namespace": NAMESPACE,
        "resources": [relative(folder, DEPLOY / "overlays" / "operator")],
        "components": [relative(folder, DEPLOY / "components" / "acting")],
        "configMapGenerator": [
            {"name": "upkeep-settings", "behavior": "replace", "files": ["upkeep.toml"]},
            {
                "name": "upkeep-backup",
                "behavior": "merge",
                "literals": [f"recipient={identity.to_public()}"],
            },
        ],
        # As the file's first line says.
        "patches": [{"patch": acting.replace(":monitoring:", f":{NAMESPACE}:")}],
    }


JOBS = ("upkeep-run", "upkeep-cano-collector-backup")


def test_each_cron_jobs_pod_is_admitted(deployed: Deployed) -> None:
    """Applying alone proves nothing: a CronJob of uid 0 is accepted, and its pods are refused."""
    for name in JOBS:
        pod = deployed.start(name)
        assert pod["spec"]["enableServiceLinks"] is False
    root = deployed.plane.get(f"/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs/upkeep-run")
    template = root["spec"]["jobTemplate"]["spec"]["template"]
    template["spec"]["securityContext"] = {"runAsUser": 0}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "as-root", "namespace": NAMESPACE},
        "spec": {"template": template},
    }
    deployed.plane.apply(job)
    events = f"/api/v1/namespaces/{NAMESPACE}/events?fieldSelector=involvedObject.name=as-root"
    (event, *_) = wait_for(lambda: deployed.plane.get(events)["items"], what="the refusal")
    assert 'violates PodSecurity "restricted' in event["message"]
    deployed.plane.request("DELETE", f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/as-root")


@pytest.mark.parametrize("name", ["plain", "operator", "fleet", "chart"])
def test_each_overlay_is_admitted_without_a_warning(deployed: Deployed, name: str) -> None:
    folder = deployed.folder / f"dry-{name}"
    folder.mkdir()
    resources = [relative(folder, DEPLOY / "overlays" / name)]
    document = {"namespace": NAMESPACE, "resources": resources}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(document))
    done = deployed.kubectl("apply", "--dry-run=server", "-k", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "cronjob.batch/upkeep-run " in done.stdout


def test_the_backups_pod_saves_and_the_run_measures(deployed: Deployed) -> None:
    pod = deployed.start("upkeep-cano-collector-backup")
    for name in ("backup", "export"):
        done = deployed.kubelet.run(pod, name)
        assert done.returncode == 0, done.stderr
    data = deployed.volume("upkeep-data")
    assert [one.suffix for one in (data / "backups").glob("*-2*.yaml*")] == [".age", ".age"]
    assert list((data / "exports").iterdir())
    run = deployed.start("upkeep-run")
    done = deployed.kubelet.run(run, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    judged = by_control(data / "reports")
    expected = ("pods-ready", "health-ok", "restart-rehearsed", "scale-rehearsed", "limits-rehearsed")
    assert {name: judged[name]["outcome"] for name in expected} == dict.fromkeys(expected, "pass")
    again = deployed.kubelet.run(run, "run")
    assert again.returncode == 0
    assert "nothing is due" in again.stdout


def test_a_service_named_upkeep_breaks_nothing(deployed: Deployed) -> None:
    """Not where the pod has no links to Services, and not where an overlay gives it some."""
    pod = deployed.start("upkeep-cano-collector-backup")
    assert deployed.kubelet.run(pod, "export").returncode == 0
    pod["spec"]["enableServiceLinks"] = True
    done = deployed.kubelet.run(pod, "export")
    assert done.returncode == 0, done.stderr


def printed() -> dict[str, Any]:
    """Return the backup CronJob as the guide prints it, in the namespace of this test."""
    text = (ROOT / "docs" / "guide.rst").read_text(encoding="utf-8")
    begin = text.index("    apiVersion: batch/v1")
    block = text[begin : text.index("\nMonitoring Alerts", begin)]
    return dict(yaml.safe_load(textwrap.dedent(block).replace("monitoring", NAMESPACE)))


def judged(deployed: Deployed, out: Path) -> dict[str, Any]:
    kubeconfig = deployed.plane.kubeconfig("admin", namespace=NAMESPACE)
    (found,) = results(
        "control(id='backup-job-healthy')", f"--kubeconfig={kubeconfig}", out=out
    ).values()
    return found


def test_the_guides_mended_backup_is_healthy_and_the_printed_one_is_not(
    deployed: Deployed, tmp_path: Path
) -> None:
    plane, batch = deployed.plane, f"/apis/batch/v1/namespaces/{NAMESPACE}"
    finish(deployed, deployed.start("upkeep-cano-collector-backup"))
    plane.apply(printed())
    deployed.kubectl("create", "job", "printed", "--from=cronjob/cano-collector-backup")
    events = f"/api/v1/namespaces/{NAMESPACE}/events?fieldSelector=involvedObject.name=printed"
    (event, *_) = wait_for(lambda: plane.get(events)["items"], what="the refusal")
    assert 'violates PodSecurity "restricted' in event["message"]
    found = judged(deployed, tmp_path / "printed")
    assert found["outcome"] == "fail"
    codes = {finding["code"] for finding in found["findings"]}
    assert codes == {"claim-not-bound", "volume-not-mounted", "may-not-read"}

    assert plane.request("DELETE", f"{batch}/cronjobs/cano-collector-backup").status == 200
    folder = deployed.folder / "mended"
    component = relative(folder, DEPLOY / "components" / "guide-backup")
    deployed.apply({"namespace": NAMESPACE, "components": [component]}, name="mended")
    claim = f"/api/v1/namespaces/{NAMESPACE}/persistentvolumeclaims/backup-pvc/status"
    plane.patch(claim, {"status": {"phase": "Bound"}})
    pod = deployed.start("cano-collector-backup")
    (deployed.kubelet.programs / "kubectl").symlink_to(program("kubectl"))
    done = deployed.kubelet.run(pod, "backup")
    assert done.returncode == 0, done.stderr
    saved = sorted(deployed.volume("backup-pvc-backup").iterdir())
    assert [path.name.partition("-")[0] for path in saved] == ["backup", "secrets"]
    assert [yaml.safe_load(path.read_text())["kind"] for path in saved] == ["ConfigMap", "Secret"]
    finish(deployed, pod)
    found = judged(deployed, tmp_path / "mended")
    assert (found["outcome"], found["findings"]) == ("pass", [])


def finish(deployed: Deployed, pod: dict[str, Any]) -> None:
    """Let a pod have succeeded, and wait until its Job says so."""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    path = f"/api/v1/namespaces/{namespace}/pods/{name}"
    # kwok starts it in its own time, and would start it again.
    wait_for(lambda: deployed.plane.get(path)["status"]["phase"] == "Running", what=name)
    deployed.plane.patch(f"{path}/status", {"status": {"phase": "Succeeded"}})
    (owner,) = pod["metadata"]["ownerReferences"]
    job = f"/apis/batch/v1/namespaces/{namespace}/jobs/{owner['name']}"
    wait_for(lambda: deployed.plane.get(job)["status"].get("succeeded"), what=job)
