"""The upgrade controls end to end: by the release, by the label, by neither; what is declared absent, and what the user names."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.checks.inner import run
from upkeep.demo.objects import helm
from upkeep.demo.scenarios import SCENARIOS, Scenario
from upkeep.demo.state import State

CHOSEN = "(control(id='version-known') or control(id='up-to-date') or control(id='apis-served'))"
INDEX = (
    "apiVersion: v1\nentries:\n  cano-collector:\n  - version: {version}\n"
    "    created: 2025-12-01T00:00:00Z\ngenerated: 2025-12-01T00:00:00Z\n"
)


def results(
    folder: Path, *scenarios: str, words: tuple[str, ...] = ()
) -> dict[tuple[str, str], dict[str, Any]]:
    return run(scenarios, folder, *words, cadence=CHOSEN).results


def test_a_release_that_is_not_seen_is_unknown(tmp_path: Path) -> None:
    """Its annotations say that Helm installed it, so an empty list is no proof of anything."""
    found = results(tmp_path, "forbidden@releases", "chart/empty@releases", "kubectl-installed")
    for target in ("forbidden@releases", "chart/empty@releases"):
        assert found[target, "apis-served"]["outcome"] == "unknown"
    # A release that is annotated and not stored, or may not be read, may have failed.
    assert (
        found["chart/empty@releases", "up-to-date"]["outcome"],
        found["chart/empty@releases", "up-to-date"]["reason"],
    ) == ("unknown", "absent")
    assert (
        found["forbidden@releases", "up-to-date"]["outcome"],
        found["forbidden@releases", "up-to-date"]["reason"],
    ) == ("unknown", "forbidden")
    assert (
        found["forbidden@releases", "apis-served"]["next"]
        == "upkeep rbac --cadence=quarterly --helm --namespace=monitoring | kubectl apply -f -"
    )
    assert (
        "No revision of Helm release cano-collector is stored in kubecano"
        in found["chart/empty@releases", "apis-served"]["summary"]
    )
    for control in ("up-to-date", "apis-served"):
        assert (
            found["kubectl-installed", control]["outcome"],
            found["kubectl-installed", control]["next"],
        ) == (
            *("unknown",),
            'absent.helm = "REASON" under [targets.kubectl-installed] of upkeep.toml',
        )
    assert found["kubectl-installed", "version-known"]["outcome"] == "pass"


def test_declared_absent_is_not_applicable(tmp_path: Path) -> None:
    """Also where there is a release: the user's word is taken."""
    (tmp_path / "upkeep.toml").write_text("")
    found = results(tmp_path, "healthy", words=("--absent=helm=Argo CD applies it",))
    outcomes = {
        control: (result["outcome"], result["summary"]) for (_, control), result in found.items()
    }
    assert outcomes.pop("version-known")[0] == "pass"
    assert outcomes == dict.fromkeys(
        ("up-to-date", "apis-served"), ("not-applicable", "Argo CD applies it")
    )


@pytest.mark.parametrize(
    ("version", "outcome"),
    [("1.4.2", "pass"), ("1.4.1", "unknown"), ("1.5.0", "pass"), ("2.0.0", "pass")],
)
def test_the_repository_is_the_users(version: str, outcome: str, tmp_path: Path) -> None:
    """2.0.0 is a month old here."""
    path = tmp_path / "index.yaml"
    path.write_text(INDEX.format(version=version))
    result = results(tmp_path, "healthy", words=(f"--chart-repository={path}",))[
        "healthy", "up-to-date"
    ]
    assert result["outcome"] == outcome
    assert str(path) in result["summary"] + result["basis"]


def test_nobody_runs_a_program_that_is_silent_for_a_version(tmp_path: Path) -> None:
    """What ended with another exit code than 0 is a reason in the basis, or the reason why nothing is known."""
    result = results(tmp_path, "version-unknown")["version-unknown", "version-known"]
    assert (result["outcome"], result["reason"]) == ("unknown", "absent")


def another(state: State) -> None:
    """The newest revision, by its labels, is a release of another name."""
    body = helm.stored(state) | {"name": "x; touch y"}
    packed = base64.b64encode(gzip.compress(json.dumps(body).encode()))
    for plural in ("secrets", "configmaps"):
        for item in state.objects[plural]:
            if item["metadata"]["labels"].get("owner") == "helm":
                item["data"]["release"] = (
                    base64.b64encode(packed) if plural == "secrets" else packed
                ).decode()


def without_the_collector(state: State) -> None:
    """The release is somebody else's: the collector's Deployment is not in its manifest."""
    body = helm.stored(state)
    body["manifest"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    packed = base64.b64encode(gzip.compress(json.dumps(body).encode()))
    for plural in ("secrets", "configmaps"):
        for item in state.objects[plural]:
            if item["metadata"]["labels"].get("owner") == "helm":
                item["data"]["release"] = (
                    base64.b64encode(packed) if plural == "secrets" else packed
                ).decode()


@pytest.mark.parametrize("layout", ["guide", "chart"])
def test_a_release_that_is_not_the_collectors_is_no_proof(
    layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote it: its objects, its values and its name are not taken for the collector's."""
    for name, change in (("another", another), ("foreign", without_the_collector)):
        monkeypatch.setitem(SCENARIOS, name, Scenario(name, layout, name, change))
    found = run(
        ["another", "foreign"], tmp_path, cadence=f"{CHOSEN} or control(id='upgrade-rehearsed')"
    ).results
    assert (
        found["another", "apis-served"]["outcome"],
        found["another", "apis-served"]["reason"],
    ) == ("unknown", "malformed")
    assert "holds another one" in found["another", "upgrade-rehearsed"]["summary"]
    assert (
        found["foreign", "upgrade-rehearsed"]["outcome"],
        found["foreign", "upgrade-rehearsed"]["reason"],
    ) == ("unknown", "absent")
