"""The checks on a real control plane: healthy and broken, in both layouts, under the shipped Role, less of it, and without any right."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.checks.inner import by_control, results
from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.layouts import Install, minimal
from tests.cluster.plane.objects import objects
from tests.cluster.plane.releases import write_repository
from tests.cluster.plane.runs import ABSENT, for_the_measurer, permitted
from tests.cluster.programs import program
from upkeep.__main__ import main
from upkeep.adapters.cluster.configuration import keys_of
from upkeep.adapters.cluster.identity.kubeconfig import load
from upkeep.adapters.cluster.kube import Kube
from upkeep.clock import Clock
from upkeep.commands import suite
from upkeep.commands.rbac import document
from upkeep.commands.roles import ALL
from upkeep.judges.attestations.signoffs import WHAT
from upkeep.meter import Meter
from upkeep.settings.targets import TargetSettings

NOT_APPLICABLE = {
    "fallback-notification",
    "maintenance-alerts-quiet",
    "maintenance-alerts-loaded",
    "metrics-scraped",
}
# An install that is seconds old has no past to compare with, and without Prometheus none of its use; test_capacity.py gives them one.
NO_PAST = {"latency-stable": "too-early", "capacity-ahead": "too-early", "right-sized": "absent"}
# Who measures, who is on call, and whose backups hold the Secrets.
READERS = [
    "--secret-reader=User measurer",
    "--secret-reader=User oncall",
    "--secret-reader=ServiceAccount kubecano/backup",
]


def run(
    plane: ControlPlane,
    install: Install,
    folder: Path,
    *arguments: str,
    identity: str = "measurer",
    cadence: str = " or ".join(ALL),
) -> dict[str, dict[str, Any]]:
    """The results on an install, by control."""
    kubeconfig = plane.kubeconfig(identity, namespace=install.namespace)
    # The install is seconds old: the time until its containers started is a large part of its life.
    young = "--limit=log_coverage=10%"
    # kwok runs df on this machine, whatever its disk holds; metrics-server measured once.
    disk, usage = "--limit=resource_usage=100%", "--limit=usage_age=1h"
    backups = saved(plane, install)
    acting = "--acting-context=acting"
    folders = [
        f"--backups={backups}",
        f"--exports={exported(plane, install)}",
        f"--attestations={confirmed(plane)}",
    ]
    folders.append(f"--chart-repository={offered(plane, install)}")
    folders.append(
        f"--emergency-config={minimal(plane.folder / f'emergency-{install.layout}', install.layout)}"
    )
    words = [f"--kubeconfig={kubeconfig}", *folders, acting, young, disk, usage, *ABSENT, *READERS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{helm_folder(plane)}:{os.environ['PATH']}")
        return results(cadence, *words, *arguments, out=folder / "out")


def offered(plane: ControlPlane, install: Install) -> Path:
    """The repository with a newer chart of what is installed, made where it is not there yet."""
    folder = plane.folder / f"charts-{install.namespace}"
    if not folder.exists():
        folder.mkdir()
        write_repository(folder, objects(install.layout, install.namespace, replicas=2))
    return folder


def helm_folder(plane: ControlPlane) -> Path:
    """A folder for the PATH, with a real helm in it."""
    folder = plane.folder / "bin"
    if not folder.exists():
        folder.mkdir()
        (folder / "helm").symlink_to(program("helm3"))
    return folder


def saved(plane: ControlPlane, install: Install) -> Path:
    """The folder of the install's backup, made where it is not there yet."""
    folder = plane.folder / f"backups-{install.namespace}"
    if not folder.exists():
        kubeconfig = plane.kubeconfig("admin", namespace=install.namespace)
        assert main(["backup", f"--kubeconfig={kubeconfig}", f"--backups={folder}"]) == 0
    return folder


def exported(plane: ControlPlane, install: Install) -> Path:
    """The folder of the install's export, made where it is not there yet."""
    folder = plane.folder / f"exports-{install.namespace}"
    if not folder.exists():
        assert (
            main(
                [
                    "export",
                    f"--kubeconfig={plane.kubeconfig('admin', namespace=install.namespace)}",
                    f"--exports={folder}",
                ]
            )
            == 0
        )
    return folder


def confirmed(plane: ControlPlane) -> Path:
    """The file of what people confirmed, made where it is not there yet."""
    path = plane.folder / "attestations.yaml"
    if not path.exists():
        for control in WHAT.keys() - {"config-fresh"}:
            words = [
                "--by=Ada",
                "--reviewed-by=Grace",
                "--explanation=for the tests",
                f"--attestations={path}",
            ]
            assert main(["attest", control, *words]) == 0
    return path


def role(install: Install, cadences: Sequence[str] = ALL) -> list[dict[str, Any]]:
    """The Role that is printed for the cadences."""
    return for_the_measurer(
        document(
            cadences, install.namespace, install.namespace, "upkeep", exec_too=True, helm_too=True
        )
    )


def roles(objects: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The Roles among them, by kind, namespace and name."""
    return {
        f"{one['kind']}/{one['metadata'].get('namespace', '')}/{one['metadata']['name']}": one
        for one in objects
        if one["kind"].endswith("Role")
    }


@pytest.fixture(params=["guide", "chart"])
def install(request: pytest.FixtureRequest, plane: ControlPlane) -> Iterator[Install]:
    """Each layout, with the shipped Role bound."""
    install = request.getfixturevalue(request.param)
    with permitted(plane, install, role(install)):
        yield install


def test_healthy_is_green(plane: ControlPlane, install: Install, tmp_path: Path) -> None:
    """Under exactly the shipped Role everything that is there passes, nothing was forbidden, and nothing was written.

    The API server's audit log says so of a whole run of all cadences: beside reading, the measuring identity asked for access reviews, and the acting one
    rehearsed.
    """
    before = len(list(plane.audited()))
    results = run(plane, install, tmp_path)
    outcomes = {control: result["outcome"] for control, result in results.items()}
    early = {control: results.pop(control) for control in NO_PAST}
    assert {
        control: (result["outcome"], result["reason"]) for control, result in early.items()
    } == {control: ("unknown", reason) for control, reason in NO_PAST.items()}
    # There is one node here; the budget is judged by what the real disruption controller wrote.
    assert [finding["code"] for finding in results.pop("survives-node-loss")["findings"]] == [
        "one-node"
    ]
    summaries = [
        f"{control}: {result['summary']}"
        for control, result in results.items()
        if result["outcome"] in ("fail", "unknown")
    ]
    assert summaries == []
    assert {
        control for control, outcome in outcomes.items() if outcome == "not-applicable"
    } == NOT_APPLICABLE
    assert set(outcomes) == set(suite.declared(ALL))
    events = list(plane.audited())[before:]
    assert wrote(events, "measurer") == {
        "create localsubjectaccessreviews",
        "create selfsubjectaccessreviews",
    }
    rehearsed = [
        event
        for event in events
        if event["user"]["username"] == "oncall" and event["verb"] not in ("get", "list")
    ]
    assert {event["verb"] for event in rehearsed} == {"create", "patch"}
    stored = [one for one in rehearsed if "dryRun=All" not in one["requestURI"]]
    assert wrote(stored, "oncall") == {"create selfsubjectaccessreviews"}
    by_us = [event for event in events if event["user"]["username"] in ("measurer", "oncall")]
    assert len([event for event in by_us if event["verb"] in ("get", "list")]) > 40
    refused = [
        event["requestURI"] for event in by_us if event.get("responseStatus", {}).get("code") == 403
    ]
    assert refused == []


@pytest.mark.parametrize("cadence", [*ALL, "emergency"])
def test_a_cadence_runs_under_the_role_that_is_printed_for_it_alone(
    plane: ControlPlane, chart: Install, cadence: str, tmp_path: Path
) -> None:
    """Nothing that it reads is forbidden, and everything of it is judged."""
    before = len(list(plane.audited()))
    with permitted(plane, chart, role(chart, [cadence])):
        told = run(plane, chart, tmp_path, cadence=cadence)
    assert set(told) == set(suite.declared([cadence]))
    assert [
        f"{control}: {one['summary']}"
        for control, one in told.items()
        if one["reason"] == "forbidden"
    ] == []
    refused = [
        event["requestURI"]
        for event in list(plane.audited())[before:]
        if event.get("userAgent") == "cano-upkeep"
        and event.get("responseStatus", {}).get("code") == 403
    ]
    assert refused == []


def wrote(events: list[dict[str, Any]], identity: str) -> set[str]:
    """What an identity did beside reading: verb and resource."""
    done = [
        event
        for event in events
        if event["user"]["username"] == identity and event["verb"] not in ("get", "list")
    ]
    return {
        f"{event['verb']} "
        + "/".join(
            filter(None, (event["objectRef"]["resource"], event["objectRef"].get("subresource")))
        )
        for event in done
    }


def test_an_identity_without_rights_measures_nothing(
    plane: ControlPlane, guide: Install, tmp_path: Path
) -> None:
    """Where nothing may be read nothing passes, fails or is skipped but what was declared absent."""
    results = run(plane, guide, tmp_path, identity="nobody")
    assert {
        result["outcome"] for control, result in results.items() if control not in NOT_APPLICABLE
    } == {"unknown"}
    assert {
        result["reason"] for control, result in results.items() if control not in NOT_APPLICABLE
    } == {"forbidden"}


def test_every_rule_of_the_role_is_needed(
    plane: ControlPlane, guide: Install, chart: Install, tmp_path: Path
) -> None:
    """Taking any one rule away makes at least one control *could not measure*, in the layout that needs it; none passes wrongly."""
    unneeded = []

    def missed(install: Install, name: str, number: int, rule: dict[str, Any]) -> list[str]:
        objects = role(install)
        # The ClusterRole repeats one of the Role, for those who do without the ClusterRole: together they are one right.
        for other_name, one in roles(objects).items():
            if other_name == name or name.startswith("Role/"):
                one["rules"] = [other for other in one["rules"] if other != rule]
        folder = tmp_path / f"{name.replace('/', '-')}-{number}-{install.layout}"
        with permitted(plane, install, objects):
            told = run(plane, install, folder)
        if rule["resources"] == ["namespaces"]:  # no control needs it, and the run says so
            facts = json.loads((folder / "out" / "run.json").read_text(encoding="utf-8"))
            return [one["target"] for one in facts["looked_at"] if one["uid_unread"] == "forbidden"]
        return [
            control
            for control, result in told.items()
            if result["outcome"] == "unknown" and control not in NO_PAST
        ]

    rules = [
        (name, number, rule)
        for name, one in roles(role(guide)).items()
        for number, rule in enumerate(one["rules"])
    ]
    for name, number, rule in rules:
        # Rules for Prometheus and Alertmanager lead to programs that these installs declare absent.
        if rule["resources"] == ["services/proxy"]:
            continue
        # The template decides where the account cannot be read.
        if rule["resources"] == ["serviceaccounts"]:
            continue
        # The chart's is asked only where the guide's could do without.
        if not (missed(guide, name, number, rule) or missed(chart, name, number, rule)):
            unneeded.append(rule)
    assert unneeded == []


def test_a_bundle_is_judged_again_without_the_cluster(
    plane: ControlPlane, install: Install, tmp_path: Path
) -> None:
    """With the same results, and with the UID that the API server gave kube-system."""
    bundle, out = tmp_path / "bundle.gz", tmp_path / "again"
    told = run(plane, install, tmp_path, f"--save-bundle={bundle}")
    suite.run(["-m", " or ".join(ALL), "-q", f"--bundle={bundle}", f"--out={out}"])
    found = by_control(out)
    for one in (*told.values(), *found.values()):
        del one["run"], one["duration_seconds"]
    assert found == told
    facts = json.loads((out / "run.json").read_text(encoding="utf-8"))
    stored = json.loads(plane.request("GET", "/api/v1/namespaces/kube-system").data)
    assert [one["uid"] for one in facts["looked_at"]] == [stored["metadata"]["uid"]]


def test_the_keys_of_a_secret_are_told_by_its_metadata_alone(
    plane: ControlPlane, guide: Install
) -> None:
    """managedFields name the keys that several managers wrote, and no value is requested."""
    kube = Kube(
        load(
            TargetSettings("", kubeconfig=str(plane.kubeconfig("admin"))), environ={}
        ).configuration,
        clock=Clock(),
        meter=Meter(),
        deadline_seconds=60,
    )
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys", "namespace": guide.namespace},
        "data": {"A": "eA=="},
    }
    plane.apply(secret)
    plane.patch(f"/api/v1/namespaces/{guide.namespace}/secrets/keys", {"data": {"B": "eQ=="}})
    assert keys_of(kube, guide.namespace, "Secret", "keys") == {"A", "B"}


def test_broken_health_and_lost_alerts_are_found(
    plane: ControlPlane, install: Install, tmp_path: Path
) -> None:
    """A pod that answers 503, and one that crashes in its handler, are seen through the real pod proxy."""
    first, second = sorted(install.addresses)
    install.post(first, "/_fault", {"health": 503})
    install.post(second, "/_fault", {"panic": True})
    install.alert(second, count=2)
    try:
        results = run(plane, install, tmp_path, "--limit=settle_time=100ms")
    finally:
        for pod in (first, second):
            install.post(pod, "/_fault", {})
    failed = {control for control, result in results.items() if result["outcome"] == "fail"}
    assert {"health-ok", "alerts-accounted-for"} <= failed
    assert {
        finding["object"].split("/")[1].split(" ")[0]
        for finding in results["health-ok"]["findings"]
    } == {first}
    lost = results["alerts-accounted-for"]["findings"]
    assert [(finding["object"], finding["observed"]) for finding in lost] == [(f"Pod/{second}", 2)]
