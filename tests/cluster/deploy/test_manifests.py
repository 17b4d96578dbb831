"""deploy/ on the real API server: admitted without a warning where the restricted policy is enforced, and run as pods would run it."""

import json
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ROOT
from tests.checks.inner import by_control, results
from tests.cluster.deploy.deployed import DEPLOY, NAMESPACE, Deployed, finish
from tests.cluster.plane.controlplane import wait_for
from tests.cluster.programs import program
from upkeep.commands.rbac import document
from upkeep.commands.roles import ALL

# By the acting identity of the component, whose Role is for these alone.
REHEARSED = (
    *("restart-rehearsed", "scale-rehearsed", "limits-rehearsed"),
    *("backup-restores", "secrets-rotatable", "triage-possible"),
)
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
    folder = deployed.folder / "deploy" / "overlays" / name
    done = deployed.kubectl("apply", "--dry-run=server", "-k", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "cronjob.batch/upkeep-run " in done.stdout


def test_the_backups_pod_saves_and_the_run_measures(deployed: Deployed) -> None:
    pod = deployed.start("upkeep-cano-collector-backup")
    for name in ("backup", "export"):
        done = deployed.kubelet.run(pod, name)
        assert done.returncode == 0, done.stderr
    data = deployed.volume("upkeep")
    assert {one.suffix for one in (data / "backups").glob("*-2*.yaml*")} == {".age"}
    assert list((data / "exports").iterdir())
    run = deployed.measure()
    judged = by_control(data / "reports")
    expected = ("pods-ready", "health-ok", "config-backed-up", *REHEARSED)
    said = {name: (judged[name]["outcome"], judged[name]["summary"]) for name in expected}
    # The collector itself does not meet the policy: its running pods are older than the labels, and the
    # acting account may rehearse no pod. That a restart would be refused is warned of, and not known.
    warned = {"restart-rehearsed", "limits-rehearsed"}
    assert {name for name in said if said[name][0] != "pass"} == warned, said
    assert all("The API server warns of new pods" in said[name][1] for name in warned)
    again = deployed.kubelet.run(run, "run")
    assert again.returncode == 0
    assert "nothing is due" in again.stdout


def test_a_service_named_upkeep_breaks_nothing(deployed: Deployed) -> None:
    """Not where the pod has no links to Services, and not where an overlay gives it some."""
    pod = deployed.start("upkeep-cano-collector-backup")
    assert deployed.kubelet.run(pod, "export").returncode == 0
    pod["spec"]["enableServiceLinks"] = True
    time.sleep(1)  # The name of a further export of the day ends in its second.
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
    deployed.apply({"components": ["../deploy/components/guide-backup"]}, name="mended")
    claim = f"/api/v1/namespaces/{NAMESPACE}/persistentvolumeclaims/backup-pvc/status"
    plane.patch(claim, {"status": {"phase": "Bound"}})
    pod = deployed.start("cano-collector-backup")
    (deployed.kubelet.programs / "kubectl").symlink_to(program("kubectl"))
    done = deployed.kubelet.run(pod, "backup")
    assert done.returncode == 0, done.stderr
    saved = sorted(deployed.volume("backup-pvc").iterdir())
    assert [path.name.partition("-")[0] for path in saved] == ["backup", "secrets"]
    assert [yaml.safe_load(path.read_text())["kind"] for path in saved] == ["ConfigMap", "Secret"]
    finish(deployed, pod)
    found = judged(deployed, tmp_path / "mended")
    assert (found["outcome"], found["findings"]) == ("pass", [])


def test_the_manifests_of_argo_are_accepted_and_the_gate_runs(deployed: Deployed) -> None:
    recipes = {
        name: (ROOT / "docs" / "ci" / name).read_text().replace("monitoring", NAMESPACE)
        for name in ("argo-cd-presync.yaml", "argo-rollouts.yaml")
    }
    for name, text in recipes.items():
        path = deployed.folder / name
        path.write_text(text)
        done = deployed.kubectl("apply", "-f", path)
        assert (done.returncode, done.stderr) == (0, "")
    done = deployed.kubelet.run(deployed.bound("cano-collector-gate"), "gate")
    assert done.returncode in (0, 10, 12), done.stdout + done.stderr
    assert f"(code {done.returncode}; " in done.stdout


@pytest.mark.parametrize(
    ("overlay", "namespace"),
    [("plain", "monitoring"), ("operator", "monitoring"), ("chart", "kubecano")],
)
def test_the_roles_are_those_that_upkeep_prints(
    deployed: Deployed, overlay: str, namespace: str
) -> None:
    shipped = deployed.kubectl("kustomize", DEPLOY / "overlays" / overlay).stdout
    printed = document(ALL, namespace, "monitoring", "upkeep")
    rights = [
        sorted(
            json.dumps(one, sort_keys=True)
            for one in yaml.safe_load_all(text)
            if one["apiVersion"].startswith("rbac.") or one["kind"] == "ServiceAccount"
        )
        for text in (shipped, printed)
    ]
    assert rights[0] == rights[1]


@pytest.mark.parametrize(("components", "encrypted"), [((), True), (("unencrypted",), False)])
def test_backups_are_encrypted_unless_a_component_says_otherwise(
    deployed: Deployed, components: tuple[str, ...], encrypted: bool
) -> None:
    folder = deployed.folder / f"encrypted-{encrypted}"
    folder.mkdir()
    document = {
        "resources": ["../deploy/base"],
        "components": [f"../deploy/components/{name}" for name in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(document))
    made = yaml.safe_load_all(deployed.kubectl("kustomize", folder).stdout)
    (job,) = (one for one in made if one["metadata"]["name"] == "upkeep-cano-collector-backup")
    words = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert ("--recipient=$(RECIPIENT)" in words) is encrypted
