"""Which tool applies the collector, and is the stored release the live one?"""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.adapters.helm.test_storage import body, stored
from tests.judges.samples import deployment
from upkeep.adapters.cluster.objects.installers import installer
from upkeep.adapters.helm import lookup
from upkeep.errors import Absent, Forbidden, Malformed
from upkeep.records.releases import Installer
from upkeep.records.workload import Deployment

MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: cano-collector
  namespace: %s
  labels: {helm.sh/chart: "cano-collector-0.0.25"}
"""
TRACKED = "argocd.argoproj.io/tracking-id"


@pytest.mark.parametrize(
    ("marks", "found"),
    [
        ({}, Installer()),
        (
            {"annotations": {"meta.helm.sh/release-name": "x"}},
            Installer("Helm", "x", "monitoring"),
        ),
        # https://fluxcd.io/flux/components/helm/helmreleases/: Flux uses Helm, whose marks stay.
        (
            {
                "annotations": {"meta.helm.sh/release-name": "x"},
                "labels": {
                    "helm.toolkit.fluxcd.io/name": "cano",
                    "helm.toolkit.fluxcd.io/namespace": "flux-system",
                },
            },
            Installer("Flux", "cano", "flux-system"),
        ),
        (
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}},
            Installer("Flux Kustomization", "apps", ""),
        ),
        # https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
        (
            {"annotations": {TRACKED: "cano:apps/Deployment:monitoring/cano-collector"}},
            Installer("Argo CD", "cano", ""),
        ),
        (
            {"annotations": {TRACKED: "team_cano:apps/Deployment:monitoring/cano-collector"}},
            Installer("Argo CD", "cano", "team"),
        ),
        # A copied mark names the other object; Argo CD ignores it too.
        ({"annotations": {TRACKED: "cano:apps/Deployment:staging/cano-collector"}}, Installer()),
        ({"labels": {"argocd.argoproj.io/instance": "cano"}}, Installer("Argo CD", "cano")),
        # The default label of Argo CD 2 is the one that charts write themselves.
        ({"labels": {"app.kubernetes.io/instance": "cano"}}, Installer()),
    ],
)
def test_the_tool_is_known_by_its_own_marks(marks: dict[str, Any], found: Installer) -> None:
    metadata = {"name": "cano-collector", "namespace": "monitoring"} | marks
    assert installer(metadata) == found


def collector(chart: str = "cano-collector-0.0.25", **changes: Any) -> Deployment:
    return replace(
        deployment(namespace="kubecano", labels={"helm.sh/chart": chart}),
        release="cano",
        release_namespace="kubecano",
        **changes,
    )


def revision(namespace: str = "kubecano", **changes: Any) -> dict[str, Any]:
    return stored(body(manifest=MANIFEST % namespace, **changes))


def test_a_release_that_rendered_what_runs_is_the_live_one() -> None:
    assert lookup.live_release(revision(), collector()).chart_version == "0.0.25"
    umbrella = {"metadata": {"name": "platform", "version": "7.0.0"}}
    assert lookup.live_release(revision(chart=umbrella), collector()).chart_name == "platform"
    # Without a label there is nothing to compare with.
    assert lookup.live_release(revision(), replace(collector(), labels={}))


@pytest.mark.parametrize(
    ("raw", "live", "words"),
    [
        (
            revision(),
            collector("cano-collector-0.0.26"),
            "rendered cano-collector-0.0.25; the live",
        ),
        (revision("elsewhere"), collector(), "has no Deployment/cano-collector"),
        (stored(body()), collector(), "has no Deployment/cano-collector"),
    ],
)
def test_a_release_that_another_tool_took_over_proves_nothing(
    raw: dict[str, Any], live: Deployment, words: str
) -> None:
    """argoproj/argo-cd#1672: whoever takes over leaves the stored release as it was."""
    with pytest.raises(Absent, match=words):
        lookup.live_release(raw, live)


@pytest.mark.parametrize("status", ["failed", "pending-upgrade"])
def test_a_revision_that_did_not_finish_may_differ_from_what_runs(status: str) -> None:
    info = {"status": status, "last_deployed": "2026-01-02T12:00:00Z"}
    found = lookup.live_release(revision(info=info), collector("cano-collector-0.0.24"))
    assert found.status == status


def test_another_release_in_its_place_is_malformed() -> None:
    with pytest.raises(Malformed, match="and holds another one"):
        lookup.live_release(revision(name="other"), collector())


@pytest.mark.parametrize(
    ("tool", "places"),
    [
        (Installer("Helm", "cano", "kubecano"), ["kubecano"]),
        (Installer("Flux", "cano", "flux-system"), ["flux-system", "kubecano"]),
        (Installer("Flux", "cano", "kubecano"), ["kubecano"]),
        (Installer(), ["kubecano"]),
    ],
)
def test_flux_stores_releases_beside_its_helm_release(tool: Installer, places: list[str]) -> None:
    """fluxcd/flux2#4574, fluxcd/helm-controller#439, #679."""
    assert lookup.storage_namespaces(collector(installer=tool)) == places


@pytest.mark.parametrize("tool", ["Argo CD", "Flux Kustomization"])
def test_a_tool_without_a_release_is_named(tool: str) -> None:
    """What helm once stored is not looked for: it is not what runs."""
    kube: Any = None  # no request is sent
    with pytest.raises(Absent, match=f"{tool} apps applies Deployment/cano-collector") as caught:
        lookup.newest_revision(kube, collector(installer=Installer(tool, "apps")))
    assert caught.value.next_step == "--absent=helm=REASON"


def test_helm_cannot_upgrade_what_flux_stores_elsewhere() -> None:
    """helm uses one namespace for both: ``helm upgrade -n`` would install a second release."""
    flux = collector(installer=Installer("Flux", "cano", "flux-system"))
    with pytest.raises(Absent, match="Flux stores Helm release cano in flux-system"):
        lookup.require_helm(Forbidden("no"), flux)
    found = lookup.live_release(revision(), collector())
    lookup.require_helm(found, flux)  # spec.storageNamespace may name the release's own
    with pytest.raises(Absent, match="stores Helm release cano in other"):
        lookup.require_helm(replace(found, storage_namespace="other"), collector())
