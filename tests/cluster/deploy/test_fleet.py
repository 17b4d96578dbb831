"""The overlay of a fleet: one pod measures several clusters by their contexts, with no account of its own."""

import json
from pathlib import Path

import pytest

from tests.cluster.deploy.deployed import NAMESPACE, RESTRICTED, Deployed
from tests.cluster.plane.controlplane import wait_for
from upkeep.__main__ import main

HUB = "upkeep-fleet"
TARGETS = """
ledger = "/var/lib/upkeep/ledger"
out = "/var/lib/upkeep/reports"
[targets.one]
context = "test"
[targets.two]
context = "acting"
"""


@pytest.fixture(scope="module")
def hub(deployed: Deployed) -> Deployed:
    """A namespace for the fleet's pods, with a kubeconfig of two identities."""
    plane = deployed.plane
    enforced = {f"{RESTRICTED}/{mode}": "restricted" for mode in ("enforce", "warn")}
    head = {"name": HUB, "labels": enforced}
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": head})
    account = f"/api/v1/namespaces/{HUB}/serviceaccounts/default"
    wait_for(lambda: plane.request("GET", account).status == 200, what="the default account")
    config = plane.kubeconfig("admin", namespace=NAMESPACE).read_text()
    stored = {"config": config.replace(str(plane.folder), "/etc/kubeconfig")}
    stored["apiserver.crt"] = (plane.folder / "apiserver.crt").read_text()
    head = {"name": "upkeep-kubeconfig", "namespace": HUB}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": head}
    plane.apply(secret | {"stringData": stored})
    return deployed


def apply(hub: Deployed, overlay: str, settings: str) -> None:
    folder = hub.folder / overlay
    folder.mkdir()
    (folder / "upkeep.toml").write_text(settings)
    replaced = {"name": "upkeep-settings", "behavior": "replace", "files": ["upkeep.toml"]}
    resources = [f"../deploy/overlays/{overlay}"]
    document = {"namespace": HUB, "resources": resources, "configMapGenerator": [replaced]}
    hub.apply(document, name=overlay)


def outcomes(reports: Path) -> dict[str, str]:
    """Return the outcome of one control on each target."""
    lines = map(json.loads, (reports / "results.jsonl").read_text().splitlines())
    return {one["target"]: one["outcome"] for one in lines if one["control"] == "pods-ready"}


def test_one_pod_measures_every_target(hub: Deployed) -> None:
    apply(hub, "fleet", TARGETS)
    pod = hub.start("upkeep-run", namespace=HUB)
    assert pod["spec"]["automountServiceAccountToken"] is False
    volumes = [one["name"] for one in pod["spec"]["volumes"]]
    assert volumes == ["settings", "data", "tmp", "kubeconfig"]
    done = hub.kubelet.run(pod, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    # Who is on call may not list Deployments, and the other target is measured all the same.
    reports = hub.kubelet.volume(pod, "data") / "reports"
    assert outcomes(reports) == {"one": "pass", "two": "unknown"}


def test_the_pods_of_an_indexed_job_divide_the_targets(hub: Deployed, tmp_path: Path) -> None:
    claim = f"/api/v1/namespaces/{HUB}/persistentvolumeclaims/upkeep"
    if hub.plane.request("DELETE", claim).status == 200:  # its access mode cannot be changed
        hub.plane.patch(claim, {"metadata": {"finalizers": None}})
    apply(hub, "fleet-indexed", f"shards = 2\n{TARGETS.replace('/ledger', '/indexed')}")
    job = hub.job("upkeep-run", namespace=HUB)
    parts = {}
    for pod in hub.pods(job, namespace=HUB, count=2):
        done = hub.kubelet.run(pod, "run")
        assert done.returncode == 0, done.stdout + done.stderr
        index = pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]
        parts[index] = hub.kubelet.volume(pod, "data") / "reports" / index
    assert {index: outcomes(part) for index, part in parts.items()} == {
        "0": {"one": "pass"},
        "1": {"two": "unknown"},
    }
    assert main(["merge", *map(str, parts.values()), f"--out={tmp_path / 'all'}"]) == 0
    assert outcomes(tmp_path / "all") == {"one": "pass", "two": "unknown"}
