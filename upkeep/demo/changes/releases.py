"""The installed release, newer charts, and the served APIs."""

from datetime import timedelta

from upkeep.demo.changes.catalogue import scenario
from upkeep.demo.objects import releases
from upkeep.demo.objects.releases import Chart
from upkeep.demo.state import CANARY, Object, State

GONE = ("apis-served", "upgrade-rehearsed")


@scenario(
    "version-label-stale",
    "the pods' version label is older than their image",
    "version-known",
)
def version_label_stale(state: State) -> None:
    for pod in state.pods:
        pod["metadata"]["labels"] = pod["metadata"]["labels"] | {
            "app.kubernetes.io/version": "0.0.19"
        }


@scenario("version-unknown", "the image has a digest and no tag; no label and no APP_VERSION")
def version_unknown(state: State) -> None:
    digest = f"@sha256:{'ab' * 32}"
    state.container["image"] = state.container["image"].partition(":")[0] + digest
    state.container["env"] = [one for one in state.container["env"] if one["name"] != "APP_VERSION"]
    for item in (state.deployment, *state.pods):
        item["metadata"]["labels"].pop("app.kubernetes.io/version", None)
    state.deployment["spec"]["template"]["metadata"]["labels"].pop(
        "app.kubernetes.io/version", None
    )
    state.silent_program = True


@scenario(
    "outdated",
    "the chart has been three minors behind for more than a quarter",
    "up-to-date",
)
def outdated(state: State) -> None:
    major, minor, _ = (int(part) for part in releases.CHARTS[state.layout][1].split("."))
    releases.offer(
        state,
        *(
            Chart(f"{major}.{minor + ahead}.0", timedelta(days=days))
            for ahead, days in ((3, 9), (2, 140), (1, 300))
        ),
    )


@scenario("upgrade-failed", "the last helm upgrade failed", "up-to-date")
def upgrade_failed(state: State) -> None:
    releases.store(state, revision=2, status="failed", deployed=state.ago(days=3))


def budget(state: State) -> Object:
    """Return a PodDisruptionBudget of an API version that Kubernetes 1.25 removed."""
    head = {"name": f"{state.fullname}-old", "namespace": state.namespace}
    return {
        "apiVersion": "policy/v1beta1",
        "kind": "PodDisruptionBudget",
        "metadata": head,
        "spec": {"maxUnavailable": 1},
    }


@scenario(
    "api-gone",
    "the release has a PodDisruptionBudget of policy/v1beta1, which is no longer served",
    *GONE,
)
def api_gone(state: State) -> None:
    releases.store(state, more=(budget(state),))
    # helm cannot even compute a difference.
    state.helm_refusal = (
        "unable to build kubernetes objects from current release manifest: resource mapping not found for name: "
        f'"{state.fullname}-old" namespace: "{state.namespace}" from "": no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"'
    )


@scenario(
    "api-goes",
    "the API server is 1.24; the release uses an API that 1.25 removes",
    "apis-served",
)
def api_goes(state: State) -> None:
    state.minor = 24
    state.served = [("policy/v1beta1", "PodDisruptionBudget")]
    releases.store(state, more=(budget(state),))


@scenario(
    "kubectl-installed",
    "kubectl installed the collector, without any mark of a chart",
)
def kubectl_installed(state: State) -> None:
    for plural in ("configmaps", "secrets"):
        state.objects[plural] = [
            item
            for item in state.objects[plural]
            if item["metadata"]["labels"].get("owner") != "helm"
        ]
    head = state.deployment["metadata"]
    for name in releases.annotations(state):
        del head["annotations"][name]
    for name in ("helm.sh/chart", "app.kubernetes.io/managed-by"):
        head["labels"].pop(name, None)


HIT = "upgrade-rehearsed"


@scenario(
    "upgrade-immutable",
    "the newest chart changes the Deployment's selector, which is immutable",
    HIT,
)
def upgrade_immutable(state: State) -> None:
    key, value = next(iter(state.deployment["spec"]["selector"]["matchLabels"].items()))
    state.upgrade.append(
        (
            f"    matchLabels:\n      {key}: {value}\n",
            f"    matchLabels:\n      {key}: {value}\n      part: collector\n",
        )
    )


@scenario(
    "upgrade-renames",
    "the newest chart renames everything: it removes the collector and adds another",
    HIT,
)
def upgrade_renames(state: State) -> None:
    state.upgrade.append(
        (f"  name: {state.fullname}\n  namespace:", f"  name: {state.fullname}-main\n  namespace:")
    )


@scenario(
    "upgrade-unrenderable",
    "a template of the newest chart refuses the live values and quotes a secret",
    HIT,
)
def upgrade_unrenderable(state: State) -> None:
    state.helm_refusal = (
        "execution error at (cano-collector/templates/deployment.yaml:12:4): destinations.slack must be a map now, got "
        f"[map[api_key:xoxb-{CANARY}-oncall name:oncall]]"
    )


@scenario(
    "upgrade-forbidden",
    "the upgrading identity may not list Secrets and ConfigMaps, Helm's storage",
    HIT,
)
def upgrade_forbidden(state: State) -> None:
    state.denied |= {("acting", "list secrets"), ("acting", "list configmaps")}


@scenario("no-helm", "no program helm is on the PATH")
def no_helm(state: State) -> None:
    state.helm_refusal = None


def stored(state: State) -> list[Object]:
    """Return the objects that store the release."""
    return [
        item
        for plural in ("configmaps", "secrets")
        for item in state.objects[plural]
        if item["metadata"]["labels"].get("owner") == "helm"
    ]


@scenario(
    "flux-installed",
    "Flux installed the release, and stores it in the namespace of its HelmRelease",
)
def flux_installed(state: State) -> None:
    for item in stored(state):
        item["metadata"]["namespace"] = "flux-system"
    state.deployment["metadata"]["labels"] |= {
        "helm.toolkit.fluxcd.io/name": "cano",
        "helm.toolkit.fluxcd.io/namespace": "flux-system",
    }


@scenario(
    "argo-took-over",
    "Argo CD applies the Deployment now, and the release that helm once stored is still there",
)
def argo_took_over(state: State) -> None:
    state.deployment["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = (
        f"cano:apps/Deployment:{state.namespace}/{state.fullname}"
    )


@scenario(
    "release-not-live",
    "the live Deployment is of another chart version than the stored release rendered",
)
def release_not_live(state: State) -> None:
    head = state.deployment["metadata"]
    head["labels"] = head["labels"] | {"helm.sh/chart": "cano-collector-0.0.1"}
