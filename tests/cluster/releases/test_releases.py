"""Releases that helm itself stored, and what a real API server serves."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cluster.plane.controlplane import ControlPlane, path_of, wait_for
from tests.cluster.plane.layouts import Install
from tests.cluster.plane.objects import SECRET
from tests.cluster.plane.releases import APP_VERSION, CHART, CHART_VERSION, write_chart
from tests.cluster.programs import VERSION, program
from upkeep.adapters.cluster import apis, objects
from upkeep.adapters.cluster.identity.kubeconfig import load
from upkeep.adapters.cluster.kube import Kube
from upkeep.adapters.helm import storage
from upkeep.adapters.helm.lookup import live_release, newest_revision
from upkeep.clock import Clock
from upkeep.domain.removed_apis import REMOVALS
from upkeep.errors import Absent
from upkeep.meter import Meter
from upkeep.records.releases import ReleasedObject
from upkeep.settings.targets import TargetSettings

MINOR = int(VERSION.split(".")[1])


def admin(plane: ControlPlane) -> Kube:
    configuration = load(
        TargetSettings("", kubeconfig=str(plane.kubeconfig("admin"))), environ={}
    ).configuration
    return Kube(configuration, clock=Clock(), meter=Meter(), deadline_seconds=60)


@pytest.mark.parametrize("driver", ["secret", "configmap"])
@pytest.mark.parametrize("name", ["helm3", "helm4"])
def test_what_helm_stored_is_read_without_helm(
    name: str, driver: str, plane: ControlPlane, tmp_path: Path
) -> None:
    """The newest of its revisions, with the values and the manifest that helm itself tells; an uninstalled one is absent."""
    namespace = f"{name}-{driver}"
    environment = {
        "HELM_DRIVER": driver,
        "KUBECONFIG": str(plane.kubeconfig("admin", namespace=namespace)),
        "HOME": str(tmp_path),
    }

    def run(*words: str | Path) -> str:
        command = [str(program(name)), *map(str, words), "-n", namespace]
        return subprocess.run(
            command,
            env=os.environ | environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        ).stdout

    chart = write_chart(tmp_path)
    run("install", "cano", chart, "--create-namespace", "--set=token=first")
    run("upgrade", "cano", chart, f"--set=token={SECRET}")
    kube = admin(plane)
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/cano-collector"
    collector = objects.deployment(kube.get(path))
    assert (collector.release, collector.release_namespace) == ("cano", namespace)
    raw = newest_revision(kube, collector)
    release, payload = live_release(raw, collector), storage.payload(raw)
    assert (collector.installer.tool, collector.installer.name) == ("Helm", "cano")
    assert release.storage_namespace == namespace
    (listed,) = json.loads(run("list", "-o", "json"))
    assert (release.name, release.revision, release.status, str(release.revision)) == (
        "cano",
        2,
        listed["status"],
        listed["revision"],
    )
    assert (
        f"{release.chart_name}-{release.chart_version}"
        == listed["chart"]
        == f"{CHART}-{CHART_VERSION}"
    )
    assert release.app_version == listed["app_version"] == APP_VERSION
    assert release.storage.lower() == driver
    assert release.objects == (
        ReleasedObject("apps/v1", "Deployment", namespace, "cano-collector"),
        ReleasedObject("v1", "ConfigMap", "", "hooked"),
        ReleasedObject("v1", "Secret", "", "helmed"),
    )
    assert (
        payload.values
        == json.loads(run("get", "values", "cano", "-o", "json"))
        == {"token": SECRET}
    )
    assert payload.manifest.strip() == run("get", "manifest", "cano").strip()
    assert SECRET in payload.manifest
    assert SECRET not in repr((release, payload))
    run("uninstall", "cano")
    with pytest.raises(Absent, match=f"No revision of Helm release cano is stored in {namespace}"):
        newest_revision(kube, collector)


def test_the_table_of_removals_is_what_this_api_server_serves(plane: ControlPlane) -> None:
    """Nothing of it that is gone by now is served. Most beta versions are off by default, so this proves one direction alone."""
    kube = admin(plane)
    known = apis.served(kube, ()).api_versions
    served = apis.served(kube, known)
    assert (served.major, served.minor, served.version) == (1, MINOR, VERSION)
    assert {
        ("v1", "Service"),
        ("apps/v1", "Deployment"),
        ("policy/v1", "PodDisruptionBudget"),
    } <= set(served.kinds)
    assert [one for one in served.kinds if one in REMOVALS and REMOVALS[one].minor <= MINOR] == []


def test_a_kind_of_a_custom_resource_is_served_by_its_definition_alone(
    plane: ControlPlane, guide: Install
) -> None:
    kube = admin(plane)
    kind = ("example.com/v1", "Thing")
    assert apis.served(kube, [kind[0]]).kinds == ()
    schema = {"openAPIV3Schema": {"type": "object"}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }  # fmt: skip
    plane.apply(definition)
    try:
        wait_for(lambda: kind in apis.served(kube, [kind[0]]).kinds, what="the kind in discovery")
    finally:
        plane.request("DELETE", path_of(definition))
        wait_for(
            lambda: "example.com" not in {one["name"] for one in plane.get("/apis")["groups"]},
            what="the group to be gone",
        )
    assert apis.served(kube, ["metrics.k8s.io/v1beta1"]).kinds == (
        ("metrics.k8s.io/v1beta1", "PodMetrics"),
    )
