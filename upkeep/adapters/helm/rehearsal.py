"""The objects of an upgrade, one by one: rights, and the API server's dry run.

Helm 3 sends a patch of what differs, and creates what is missing. Helm 4 applies on the server
where the release was made so. A deletion is only asked for as a right.
Source: helm.sh/helm/v3, pkg/kube/client.go.
"""

from typing import TYPE_CHECKING, Any

from upkeep.adapters.cluster.rehearsals.rehearsal import MERGE
from upkeep.adapters.helm.manifests import changes, manifest, merge_patch, owned
from upkeep.adapters.helm.storage import STORAGE, ReleasePayload
from upkeep.deadline import concurrently
from upkeep.errors import Absent
from upkeep.records.access import AccessAnswer, DryRun
from upkeep.records.releases import HelmRelease, ObjectChange

if TYPE_CHECKING:
    from upkeep.adapters.cluster.rehearsals.rehearsal import Rehearsal
    from upkeep.adapters.helm.manifests import Key, Manifest
    from upkeep.adapters.helm.program import Rendering

# Helm keeps ten revisions by default; with the next one it deletes the oldest.
KEPT_REVISIONS = 10


def storage_rights(identity: "Rehearsal", release: HelmRelease) -> list[AccessAnswer]:
    """Ask whether the identity may store the new revision, mark the old, and delete the oldest."""
    verbs = ["create", "update", *(["delete"] if release.revision >= KEPT_REVISIONS else [])]
    return [
        identity.may(verb, STORAGE[release.storage], namespace=release.namespace) for verb in verbs
    ]


def rehearse(
    identity: "Rehearsal", release: HelmRelease, payload: ReleasePayload, rendered: "Rendering"
) -> tuple[tuple[ObjectChange, ...], list[AccessAnswer], tuple[DryRun, ...]]:
    """Return the changes of an upgrade, the rights it needs, and their dry runs.

    :raises Malformed: the stored manifest holds something that is no object.
    """
    live = manifest(
        payload.manifest,
        name=f"the manifest of Helm release {release.name}",
        namespace=release.namespace,
    )
    found = changes(live, rendered.manifest, namespace=release.namespace)
    done = concurrently(lambda one: _object(identity, *one, release, live, rendered), found, most=8)
    return (
        tuple(change for _, change in found),
        [answer for answers, _ in done for answer in answers],
        tuple(run for _, runs in done for run in runs),
    )


def _object(
    identity: "Rehearsal",
    key: "Key",
    change: ObjectChange,
    release: HelmRelease,
    live: "Manifest",
    rendered: "Rendering",
) -> tuple[list[AccessAnswer], list[DryRun]]:
    if change.action == "left":
        return [], []
    old, new = live.objects.get(key), rendered.manifest.objects.get(key)
    sent = owned(new, release=release.name, namespace=release.namespace) if new is not None else {}
    _, kind, own, name = key
    resource = identity.resource((new or old or {})["apiVersion"], kind, namespace=own)
    path, plural = f"{resource.path}/{name}", resource.plural

    def may(verb: str) -> AccessAnswer:
        named = "" if verb == "create" else name
        return identity.may(
            verb, plural, namespace=resource.namespace, name=named, group=resource.group
        )

    if change.action == "removed":
        return [may("delete")], []
    access = [may("get")]
    if not access[0].allowed:
        return access, []
    current = _live(identity, path)
    access.append(may("create" if current is None else "patch"))
    if not access[-1].allowed:
        return access, []
    if rendered.server_side:
        return access, [identity.apply(path, sent, what=change.object, manager="helm")]
    if current is None:
        return access, [identity.create(resource.path, sent, what=change.object)]
    return access, [
        identity.patch(
            path, merge_patch(old or {}, sent, current), what=change.object, content_type=MERGE
        )
    ]


def _live(identity: "Rehearsal", path: str) -> dict[str, Any] | None:
    """Return the live object, secrets included, for the patch alone; ``None`` for none."""
    try:
        return identity.get(path)
    except Absent:
        return None
