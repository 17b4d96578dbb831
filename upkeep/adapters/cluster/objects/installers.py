"""The tool that keeps an object as it is: Helm, Flux or Argo CD.

Each mark is one that the tool writes, and by which it knows its own objects again.
Source: https://helm.sh/docs/chart_best_practices/labels/ and pkg/action/validate.go;
https://fluxcd.io/flux/components/helm/helmreleases/#origin-labels;
https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/.
"""

from upkeep.adapters.cluster.fields import Raw, text
from upkeep.records.releases import Installer

_FLUX = {"helm": "Flux", "kustomize": "Flux Kustomization"}
_ARGO = "argocd.argoproj.io"


def installer(metadata: Raw, *, group: str = "apps", kind: str = "Deployment") -> Installer:
    """Return the tool that keeps the object. GitOps tools come before Helm, which they may use."""
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    # Argo CD ignores a tracking id that was copied from another object, and so does this.
    application, _, tracked = text(annotations.get(f"{_ARGO}/tracking-id") or "").partition(":")
    own = f"{group}/{kind}:{metadata.get('namespace', '')}/{metadata['name']}"
    if application and tracked == own:
        namespace, _, name = application.rpartition("_")
        return Installer("Argo CD", name, namespace)
    if labels.get(f"{_ARGO}/instance"):
        return Installer("Argo CD", text(labels[f"{_ARGO}/instance"]))
    for part, tool in _FLUX.items():
        if labels.get(f"{part}.toolkit.fluxcd.io/name"):
            return Installer(
                tool,
                text(labels[f"{part}.toolkit.fluxcd.io/name"]),
                text(labels.get(f"{part}.toolkit.fluxcd.io/namespace") or ""),
            )
    if annotations.get("meta.helm.sh/release-name"):
        return Installer(
            "Helm",
            text(annotations["meta.helm.sh/release-name"]),
            text(annotations.get("meta.helm.sh/release-namespace") or metadata["namespace"]),
        )
    return Installer()
