"""A user's own overlay of deploy/, applied beside a collector in a namespace that enforces the restricted policy."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pyrage import x25519

from tests import ROOT
from tests.cluster.deploy.kubelet import Kubelet
from tests.cluster.plane.controlplane import NODE, ControlPlane, wait_for
from tests.cluster.plane.layouts import Install, installed
from tests.cluster.plane.podnetwork import PodNetwork
from tests.cluster.programs import definition, program
from upkeep.commands.rbac import document
from upkeep.commands.roles import ALL

DEPLOY = ROOT / "deploy"
NAMESPACE = "upkeep-deploy"
RESTRICTED = "pod-security.kubernetes.io"
# Kinds of others, by their own definitions.
OTHERS = {
    "prometheusrules": "/apis/monitoring.coreos.com/v1",
    "analysistemplates": "/apis/argoproj.io/v1alpha1",
}


@dataclass
class Deployed:
    """A user's own overlay, applied beside a collector in a namespace that enforces the restricted policy."""

    plane: ControlPlane
    install: Install
    kubelet: Kubelet
    folder: Path

    def kubectl(
        self, *words: str | Path, namespace: str = NAMESPACE
    ) -> subprocess.CompletedProcess[str]:
        kubeconfig = self.plane.kubeconfig("admin", namespace=namespace)
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

    @contextmanager
    def publishing(self, url: str) -> Iterator[None]:
        """Have the pods publish to a Pushgateway, by the overlay's settings."""
        settings = self.folder / "overlay" / "upkeep.toml"
        before = settings.read_text()
        try:
            settings.write_text(f'pushgateway = "{url}"\n{before}')
            self.reapply()
            yield
        finally:
            settings.write_text(before)
            self.reapply()

    def reapply(self) -> None:
        done = self.kubectl("apply", "-k", self.folder / "overlay")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr

    def measure(self) -> dict[str, Any]:
        """Run the pod of the CronJob as on another day: the ledger knows of no earlier one.

        Return the pod.
        """
        shutil.rmtree(self.volume("upkeep") / "ledger", ignore_errors=True)
        pod = self.start("upkeep-run")
        done = self.kubelet.run(pod, "run")
        assert done.returncode == 0, done.stdout + done.stderr
        return pod

    def start(self, cron_job: str, *, namespace: str = NAMESPACE) -> dict[str, Any]:
        """Return the pod of a Job that is made from a CronJob now, with a node."""
        return self.bound(self.job(cron_job, namespace=namespace), namespace=namespace)

    def job(self, cron_job: str, *, namespace: str = NAMESPACE) -> str:
        """Return the name of a Job that is made from a CronJob now."""
        job = f"{cron_job}-{os.urandom(3).hex()}"
        words = ("create", "job", job, f"--from=cronjob/{cron_job}")
        done = self.kubectl(*words, namespace=namespace)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return job

    def bound(self, job: str, *, namespace: str = NAMESPACE) -> dict[str, Any]:
        """Return the pod of a Job, bound to the node."""
        (pod,) = self.pods(job, namespace=namespace)
        path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}"
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod["metadata"]["name"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
        }
        assert self.plane.request("POST", f"{path}/binding", binding).status == 201
        return pod

    def pods(self, job: str, *, namespace: str = NAMESPACE, count: int = 1) -> list[dict[str, Any]]:
        """Return the pods that the Job controller makes for a Job."""
        path = f"/api/v1/namespaces/{namespace}/pods?labelSelector=job-name={job}"

        def made() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = self.plane.get(path)["items"]
            return found if len(found) == count else []

        whole = {"apiVersion": "v1", "kind": "Pod"}
        found = wait_for(made, what=f"the pods of {job}", seconds=30)
        return [pod | whole for pod in found]

    def volume(self, claim: str) -> Path:
        """Return the folder that a claim of the collector's namespace keeps, as the pods see it."""
        (found,) = self.kubelet.folder.glob(f"{NAMESPACE}-{claim}-*")
        return found


def copied(folder: Path) -> None:
    """Copy deploy/ for another namespace, as docs/deploy.md says: replace it, and print the Roles."""
    shutil.copytree(DEPLOY, folder)
    for path in folder.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"(?m)namespace: (monitoring|kubecano)$", f"namespace: {NAMESPACE}", text)
        path.write_text(text.replace(":monitoring:", f":{NAMESPACE}:"), encoding="utf-8")
    printed = document(ALL, NAMESPACE, NAMESPACE, "upkeep")
    for place in ("rbac/role.yaml", "overlays/chart/chart-role.yaml"):
        (folder / place).write_text(printed, encoding="utf-8")


@contextmanager
def deployment(plane: ControlPlane, network: PodNetwork, folder: Path) -> Iterator[Deployed]:
    """Yield the guide's layout with the overlay beside it."""
    with installed(plane, network, layout="guide", namespace=NAMESPACE) as install:
        labels = {f"{RESTRICTED}/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
        plane.patch(f"/api/v1/namespaces/{NAMESPACE}", {"metadata": {"labels": labels}})
        plane.apply(*(yaml.safe_load(definition(kind).read_text()) for kind in OTHERS))
        _without_a_backup(plane)
        for kind, group in OTHERS.items():
            path = f"{group}/namespaces/{NAMESPACE}/{kind}"
            wait_for(lambda path=path: plane.request("GET", path).status == 200, what=kind)
        plane.apply({**_service(), "metadata": {"name": "upkeep", "namespace": NAMESPACE}})
        copied(folder / "deploy")
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
    """Return a user's overlay: a key for the backups, the rehearsals."""
    folder = deployed.folder / "overlay"
    folder.mkdir()
    identity = x25519.Identity.generate()
    secret = {"apiVersion": "v1", "kind": "Secret", "stringData": {"identity": str(identity)}}
    head = {"name": "upkeep-identity", "namespace": NAMESPACE}
    deployed.plane.apply(secret | {"metadata": head})
    settings = (DEPLOY / "jobs" / "upkeep.toml").read_text()
    patient = 'request_deadline = "1m"\nsweep_deadline = "2m"\nhealth_latency = "30s"\n'
    (folder / "upkeep.toml").write_text(f"{settings}{patient}")
    # The overlay of the documentation, at this checkout.
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(# upkeep/kustomization.yaml\n.*?)```", text, re.DOTALL)
    block = block.replace("age1…", str(identity.to_public())).replace("monitoring", NAMESPACE)
    documented: dict[str, Any] = yaml.safe_load(block)
    components = [f"../deploy/components/{name}" for name in ("acting", "identity")]
    return documented | {"resources": ["../deploy/overlays/operator"], "components": components}


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
