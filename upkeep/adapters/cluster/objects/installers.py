"""The tool that keeps an object as it is: Helm, Flux or Argo CD.

Each mark is one that the tool writes, and by which it knows its own objects again.
Source: https://helm.sh/docs/chart_best_practices/labels/ and pkg/action/validate.go;
https://fluxcd.io/flux/components/helm/helmreleases/#origin-labels;
https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/.
"""

from upkeep.adapters.cluster.fields import reads
from upkeep.adapters.wire.meta import ObjectMeta
from upkeep.records.releases import Installer

_FLUX = {"helm": "Flux", "kustomize": "Flux Kustomization"}
_ARGO = "argocd.argoproj.io"


@reads(ObjectMeta)
def installer(metadata: ObjectMeta, *, group: str = "apps", kind: str = "Deployment") -> Installer:
    """Return the tool that keeps the object. GitOps tools come before Helm, which they may use."""
    annotations, labels = metadata.annotations, metadata.labels
    # Argo CD ignores a tracking id that was copied from another object, and so does this.
    application, _, tracked = annotations.get(f"{_ARGO}/tracking-id", "").partition(":")
    own = f"{group}/{kind}:{metadata.namespace}/{metadata.name}"
    if application and tracked == own:
        namespace, _, name = application.rpartition("_")
        return Installer("Argo CD", name, namespace)
    if labels.get(f"{_ARGO}/instance"):
        return Installer("Argo CD", labels[f"{_ARGO}/instance"])
    for part, tool in _FLUX.items():
        if labels.get(f"{part}.toolkit.fluxcd.io/name"):
            return Installer(
                tool,
                labels[f"{part}.toolkit.fluxcd.io/name"],
                labels.get(f"{part}.toolkit.fluxcd.io/namespace", ""),
            )
    if annotations.get("meta.helm.sh/release-name"):
        return Installer(
            "Helm",
            annotations["meta.helm.sh/release-name"],
            annotations.get("meta.helm.sh/release-namespace") or metadata.namespace,
        )
    return Installer()
