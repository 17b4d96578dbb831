"""The collector's Helm release in the cluster: which tool made it, where it is stored, is it live?

Source: https://helm.sh/docs/topics/advanced/#storage-backends;
https://fluxcd.io/flux/components/helm/helmreleases/#storage-namespace;
https://argo-cd.readthedocs.io/en/stable/user-guide/helm/ (it renders with ``helm template``).
"""

from typing import TYPE_CHECKING, Any

from upkeep.adapters.cluster.reviews import may
from upkeep.adapters.helm import storage
from upkeep.adapters.wire.meta import PartialObjectMetadata
from upkeep.deadline import concurrently
from upkeep.errors import Absent, Forbidden, Malformed
from upkeep.records.releases import HelmRelease
from upkeep.records.workload import Deployment
from upkeep.shell import shell

if TYPE_CHECKING:
    from upkeep.adapters.cluster.kube import Kube

CHART_LABEL = "helm.sh/chart"
DECLARE = "--absent=helm=REASON"
# Tools that apply rendered charts, or no charts, and never store a Helm release.
_STORE_NONE = ("Argo CD", "Flux Kustomization")


def newest_revision(kube: "Kube", collector: Deployment) -> dict[str, Any]:
    """Return the object that stores the newest revision, values included: for adapters alone.

    :raises Absent: no tool says that it installed a release, or none is stored.
    :raises Forbidden: this identity may not list the storage; it is asked before the list.
    """
    installer = collector.installer
    if installer.tool in _STORE_NONE:
        raise Absent(
            f"{installer.tool} {installer.name} applies Deployment/{collector.name} and stores no "
            "Helm release.",
            next_step=DECLARE,
        )
    name = collector.release
    if not name:
        raise Absent(
            f"No Helm release is known: Deployment/{collector.name} has no annotation "
            "meta.helm.sh/release-name.",
            next_step=DECLARE,
        )
    places = storage_namespaces(collector)
    for namespace in places:
        newest = _newest(kube, name, namespace)
        if newest is not None:
            return _whole(kube, newest, namespace)
    raise Absent(
        f"No revision of Helm release {name} is stored in {' or '.join(places)}. "
        "helm template, Argo CD and kubectl store none.",
        next_step=DECLARE,
    )


def is_stored(collector: Deployment) -> bool:
    """Return whether a release must be stored: its annotations name one, and its tool stores them.

    Helm writes ``meta.helm.sh/release-name`` when it installs, and so do none of the tools that only render.
    """
    return bool(collector.release) and collector.installer.tool not in _STORE_NONE


def storage_namespaces(collector: Deployment) -> list[str]:
    """Return the namespaces that may store the release, the likeliest first.

    Flux stores it in the namespace of its HelmRelease, unless ``spec.storageNamespace`` differs.
    """
    installer = collector.installer
    own = [installer.namespace] if installer.tool == "Flux" else []
    return [one for one in dict.fromkeys([*own, collector.release_namespace]) if one]


def require_helm(release: HelmRelease | Exception, collector: Deployment) -> None:
    """Demand that helm finds the release: in the release's own namespace.

    :raises Absent: Flux stores it elsewhere, so that only Flux can upgrade it.
    """
    place = (
        release.storage_namespace
        if isinstance(release, HelmRelease)
        else next(iter(storage_namespaces(collector)), "")
    )
    if place not in ("", collector.release_namespace):
        raise Absent(
            f"{collector.installer.tool or 'Another tool'} stores Helm release "
            f"{collector.release} in {place}. helm looks for it in "
            f"{collector.release_namespace} only.",
            source=place,
            next_step=DECLARE,
        )


def _newest(kube: "Kube", name: str, namespace: str) -> storage.StoredRevision | None:
    for kind, plural in storage.STORAGE.items():
        if not may(kube, "list", plural, namespace=namespace).allowed:
            raise Forbidden(
                f"This identity may not list {plural} in {namespace}, where Helm releases are "
                f"stored as {kind}s.",
                source=f"list {plural}",
                next_step=shell(
                    "upkeep rbac --helm --namespace={} | kubectl apply -f -", namespace
                ),
            )

    def stored(kind: str) -> list[storage.StoredRevision]:
        found = kube.items(
            _path(kind, namespace),
            {"labelSelector": storage.selector(name)},
            type=PartialObjectMetadata,
        )
        return [storage.stored_revision(raw, kind=kind) for raw in found]

    return storage.latest(
        one for those in concurrently(stored, list(storage.STORAGE)) for one in those
    )


def _whole(kube: "Kube", newest: storage.StoredRevision, namespace: str) -> dict[str, Any]:
    # By a list too, so that the right to list suffices.
    found = kube.items(
        _path(newest.kind, namespace), {"fieldSelector": f"metadata.name={newest.name}"}
    )
    if len(found) != 1:
        raise Absent(
            f"{newest.kind}/{newest.name} was deleted while it was read.",
            source=newest.name,
            next_step="run again",
        )
    return found[0] | {"kind": newest.kind}


def _path(kind: str, namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/{storage.STORAGE[kind]}"


def live_release(raw: dict[str, Any], collector: Deployment) -> HelmRelease:
    """Return the release of a stored revision; the live Deployment must be of it.

    An object that another tool has taken over keeps its old release in the storage.

    :raises Malformed: it holds no release, or another one than its labels say.
    :raises Absent: the live Deployment is not of this revision.
    """
    found, name = storage.release(raw), f"{raw['kind']}/{raw['metadata']['name']}"
    if (found.name, found.namespace) != (collector.release, collector.release_namespace):
        raise Malformed(
            f"{name} is labelled as Helm release {collector.release} and holds another one.",
            source=name,
        )
    own = next(
        (
            one
            for one in found.objects
            if (one.kind, one.name) == ("Deployment", collector.name)
            and one.namespace in ("", collector.namespace)
        ),
        None,
    )
    look = shell(
        "kubectl -n {} get deployment {} --show-labels", collector.namespace, collector.name
    )
    if own is None:
        raise Absent(
            f"Revision {found.revision} of Helm release {found.name} has no "
            f"Deployment/{collector.name}: it is not what runs.",
            source=name,
            next_step=look,
        )
    live = collector.labels.get(CHART_LABEL, "")
    # A failed or pending revision may not have reached the Deployment.
    if found.status == "deployed" and own.chart and live and own.chart != live:
        raise Absent(
            f"Revision {found.revision} of Helm release {found.name} rendered {own.chart}; the "
            f"live Deployment is {live}. Another tool has changed it.",
            source=name,
            next_step=look,
        )
    return found
