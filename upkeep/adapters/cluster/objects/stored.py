"""ConfigMaps and Secrets by their metadata: who wrote which of their keys, and when; no value.

Source: Kubernetes API reference v1.36 (core/v1, meta/v1).
"""

from upkeep.adapters.cluster.fields import Raw, instant, labels_of, reading
from upkeep.adapters.formats import exposure
from upkeep.model import parse_time
from upkeep.records.configuration import FieldOwner, StoredObject

# Labels and annotations that a controller leaves on what it writes, also where managedFields were stripped.
# Source: external-secrets.io/latest/guides/ownership-deletion-policy; argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking;
# fluxcd.io/flux/components/kustomize/kustomizations.
MARKS = {
    "reconcile.external-secrets.io/managed": "external-secrets",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux kustomize-controller",
}
# Velero sets it on every object that it restores: velero.io/docs/main/restore-reference.
RESTORED = "velero.io/restore-name"


def stored(raw: Raw, *, kind: str, keys: tuple[str, ...] | None = None) -> StoredObject:
    """A ConfigMap or Secret by its metadata (PartialObjectMetadata, or the object itself): annotations and values end here.

    :param keys: its data keys, where they were read from the object itself.
    """
    with reading(kind, raw):
        metadata = raw["metadata"]
        owners = field_owners(metadata)
        return StoredObject(
            kind=kind,
            name=metadata["name"],
            created=parse_time(metadata["creationTimestamp"]),
            keys=tuple(sorted(_owned_keys(metadata) if keys is None else keys)),
            owners=owners,
            controlled_by=_controllers(metadata),
            restored=RESTORED in (metadata.get("labels") or {}),
            labels=labels_of(metadata),
            last_applied=exposure.LAST_APPLIED in (metadata.get("annotations") or {}),
        )


def field_owners(metadata: Raw) -> tuple[FieldOwner, ...]:
    """The entries of managedFields.

    :raises ValueError, AttributeError: one is not as the API describes it.
    """
    return tuple(_field_owner(entry) for entry in metadata.get("managedFields") or [] if entry)


def _controllers(metadata: Raw) -> tuple[str, ...]:
    """Return the owners that write the object, and the controllers that marked it.

    An owner of another group than Kubernetes' own counts without ``controller: true``, too: some operators set only
    the reference that garbage collection needs (hashicorp/vault-secrets-operator#1044).
    """
    owners = metadata.get("ownerReferences") or []
    found = [
        f"{owner['kind']}/{owner['name']}"
        for owner in owners
        if owner.get("controller") or _is_foreign(str(owner.get("apiVersion") or ""))
    ]
    marked = {*(metadata.get("labels") or {}), *(metadata.get("annotations") or {})}
    return (*dict.fromkeys(found), *(name for mark, name in MARKS.items() if mark in marked))


def _is_foreign(version: str) -> bool:
    group = version.rpartition("/")[0]
    return "." in group and not group.endswith(".k8s.io")


def _owned_keys(metadata: Raw) -> set[str]:
    """The data keys that some manager owns: the API server takes a key from its owners when it is removed. Of ``stringData`` it does not,
    so what is owned as that alone may be gone."""
    entries = [entry.get("fieldsV1") or {} for entry in metadata.get("managedFields") or []]
    owned = [
        name
        for fields in entries
        for part in ("f:data", "f:binaryData")
        for name in fields.get(part) or {}
    ]
    return {name.removeprefix("f:") for name in owned if name.startswith("f:")}


def _field_owner(entry: Raw) -> FieldOwner:
    """What a manager owns. A server-side apply with ``stringData`` records that instead of ``data`` (collector.md)."""
    fields = entry.get("fieldsV1") or {}
    keys, others = set(), False
    for part, owned in fields.items():
        if part in ("f:data", "f:binaryData", "f:stringData"):
            names = [name.removeprefix("f:") for name in owned if name.startswith("f:")]
            keys.update(names)
            others = others or len(names) < len(owned)  # the dot: the map itself
        else:
            others = True
    return FieldOwner(
        str(entry.get("manager") or ""), instant(entry.get("time")), tuple(sorted(keys)), others
    )
