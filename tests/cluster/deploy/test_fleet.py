"""The overlay of a fleet: one pod measures several clusters by their contexts, with no account of its own."""

import json

from tests.cluster.deploy.deployed import DEPLOY, NAMESPACE, Deployed, relative
from tests.cluster.plane.controlplane import wait_for

HUB = "upkeep-fleet"
TARGETS = """
ledger = "/var/lib/upkeep/ledger"
out = "/var/lib/upkeep/reports"
[targets.one]
context = "test"
[targets.two]
context = "acting"
"""


def test_one_pod_measures_every_target(deployed: Deployed) -> None:
    plane, folder = deployed.plane, deployed.folder / "fleet"
    enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
    head = {"name": HUB, "labels": enforced}
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": head})
    account = f"/api/v1/namespaces/{HUB}/serviceaccounts/default"
    wait_for(lambda: plane.request("GET", account).status == 200, what="the default account")
    config = plane.kubeconfig("admin", namespace=NAMESPACE).read_text()
    stored = {"config": config.replace(str(plane.folder), "/etc/kubeconfig")}
    stored["apiserver.crt"] = (plane.folder / "apiserver.crt").read_text()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "upkeep-kubeconfig", "namespace": HUB},
    }
    plane.apply(secret | {"stringData": stored})
    folder.mkdir()
    (folder / "upkeep.toml").write_text(TARGETS)
    settings = {"name": "upkeep-settings", "behavior": "replace", "files": ["upkeep.toml"]}
    deployed.apply(
        {
            "namespace": HUB,
            "resources": [relative(folder, DEPLOY / "overlays" / "fleet")],
            "configMapGenerator": [settings],
        },
        name="fleet",
    )
    pod = deployed.start("upkeep-run", namespace=HUB)
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert [one["name"] for one in pod["spec"]["volumes"]] == [
        "settings",
        "data",
        "tmp",
        "kubeconfig",
    ]
    done = deployed.kubelet.run(pod, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    reports = deployed.kubelet.volume(pod, "data") / "reports"
    lines = map(json.loads, (reports / "results.jsonl").read_text().splitlines())
    ready = {one["target"]: one["outcome"] for one in lines if one["control"] == "pods-ready"}
    # Who is on call may not list Deployments, and the other target is measured all the same.
    assert ready == {"one": "pass", "two": "unknown"}
