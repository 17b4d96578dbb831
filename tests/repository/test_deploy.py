"""deploy/ and docs/ci against the project itself: versions, the lock, and what each Job of a schedule must have."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import ROOT

DEPLOY, RECIPES = ROOT / "deploy", ROOT / "docs" / "ci"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


CRON_JOBS = {
    one["metadata"]["name"]: one["spec"]
    for path in sorted(DEPLOY.rglob("*.yaml"))
    for one in documents(path)
    if one.get("kind") == "CronJob"
}


def test_every_dependency_is_locked_in_its_range_with_hashes() -> None:
    text = (DEPLOY / "image" / "requirements.txt").read_text(encoding="utf-8")
    locked = {}
    for entry in re.split(r"\n(?=\S)", text):
        found = re.match(r"([\w.-]+)==([^\s;]+)", entry)
        if found is not None:
            locked[canonicalize_name(found[1])] = found[2]
            assert "--hash=sha256:" in entry, found[1]
    for one in map(Requirement, PROJECT["dependencies"]):
        assert locked[canonicalize_name(one.name)] in one.specifier, one.name


def test_recipes_and_images_name_this_version() -> None:
    version = PROJECT["version"]
    images = yaml.safe_load((DEPLOY / "jobs" / "kustomization.yaml").read_text())["images"]
    assert [one["newTag"] for one in images] == [version]
    for name in ("github-actions.yml", "gitlab-ci.yml", "Jenkinsfile"):
        assert f"cano-upkeep=={version}" in (RECIPES / name).read_text(), name
    assert f"cano-upkeep:{version}\n" in (RECIPES / "argo-cd-presync.yaml").read_text()


def test_a_lasting_workspace_archives_no_reports_of_the_last_build() -> None:
    shell = (RECIPES / "Jenkinsfile").read_text().partition("sh '''")[2]
    assert shell.split("\n")[1].strip() == "rm -rf upkeep-reports"


@pytest.mark.parametrize("name", CRON_JOBS)
def test_each_schedule_has_its_deadlines_and_starts_no_second_run(name: str) -> None:
    spec = CRON_JOBS[name]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["timeZone"] == "Etc/UTC"
    assert spec["startingDeadlineSeconds"] > 100  # more than 100 missed starts stop a CronJob
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] > 0
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["enableServiceLinks"] is False


def test_the_pods_of_one_volume_run_on_one_node() -> None:
    """ReadWriteOnce is a limit of nodes."""
    terms = []
    for name in ("upkeep-run", "upkeep-cano-collector-backup"):
        pod = CRON_JOBS[name]["jobTemplate"]["spec"]["template"]["spec"]
        claims = [one.get("persistentVolumeClaim", {}).get("claimName") for one in pod["volumes"]]
        assert "upkeep" in claims
        affinity = pod["affinity"]["podAffinity"]
        terms += affinity["requiredDuringSchedulingIgnoredDuringExecution"]
    labels = {"matchLabels": {"app.kubernetes.io/name": "upkeep"}}
    assert terms == [{"topologyKey": "kubernetes.io/hostname", "labelSelector": labels}] * 2
