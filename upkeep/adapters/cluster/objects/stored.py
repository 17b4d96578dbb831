"""ConfigMaps and Secrets by their metadata: the managers of their keys and the times; no value.

Source: Kubernetes API reference v1.36 (core/v1, meta/v1).
"""

from datetime import UTC

from upkeep.adapters.cluster.fields import Impossible, instant, reads
from upkeep.adapters.formats import exposure
from upkeep.adapters.wire.meta import ManagedFields, ObjectMeta, PartialObjectMetadata
from upkeep.records.configuration import FieldOwner, StoredObject

# Labels and annotations that a controller leaves on what it writes, also where managedFields were stripped.
# Source: external-secrets.io/latest/guides/ownership-deletion-policy; bitnami/sealed-secrets#1259; argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking;
# fluxcd.io/flux/components/kustomize/kustomizations.
MARKS = {
    "reconcile.external-secrets.io/managed": "external-secrets",
    "sealedsecrets.bitnami.com/managed": "sealed-secrets",
    "sealedsecrets.bitnami.com/patch": "sealed-secrets",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux kustomize-controller",
}
# Groups without a dot are Kubernetes' own, as are those that end in .k8s.io.
BUILT_IN = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})
# Velero sets it on every object that it restores: velero.io/docs/main/restore-reference.
RESTORED = "velero.io/restore-name"
_DATA = ("f:data", "f:binaryData", "f:stringData")


@reads(PartialObjectMetadata)
def stored(
    raw: PartialObjectMetadata, *, kind: str, keys: tuple[str, ...] | None = None
) -> StoredObject:
    """Return a ConfigMap or Secret by its metadata, without annotations and values.

    :param raw: a PartialObjectMetadata, or the object itself.
    :param keys: its data keys, where the object itself was read.
    """
    metadata = raw.metadata
    owners = field_owners(metadata)
    return StoredObject(
        kind=kind,
        name=metadata.name,
        created=metadata.creationTimestamp.astimezone(UTC),
        keys=tuple(sorted(_owned_keys(metadata) if keys is None else keys)),
        owners=owners,
        controlled_by=_controllers(metadata),
        restored=RESTORED in metadata.labels,
        labels=metadata.labels,
        last_applied=exposure.LAST_APPLIED in metadata.annotations,
    )


@reads(ObjectMeta)
def field_owners(metadata: ObjectMeta) -> tuple[FieldOwner, ...]:
    """Return the entries of managedFields."""
    empty = ManagedFields()
    return tuple(_field_owner(entry) for entry in metadata.managedFields if entry != empty)


def _controllers(metadata: ObjectMeta) -> tuple[str, ...]:
    """Return the owners that write the object, and the controllers that marked it.

    An owner of another group than Kubernetes' own counts without ``controller: true``, too: some operators set only
    the reference that garbage collection needs (hashicorp/vault-secrets-operator#1044).
    """
    found = [
        f"{owner.kind}/{owner.name}"
        for owner in metadata.ownerReferences
        if owner.controller or _is_foreign(owner.apiVersion)
    ]
    marked = {*metadata.labels, *metadata.annotations}
    found += [name for mark, name in MARKS.items() if mark in marked]
    return tuple(dict.fromkeys(found))


def _is_foreign(version: str) -> bool:
    """Return whether an apiVersion is that of a custom resource."""
    group = version.rpartition("/")[0]
    return group not in BUILT_IN and not group.endswith(".k8s.io")


def _owned(entry: ManagedFields, part: str) -> list[str]:
    """The names that an entry owns of a part of the object; FieldsV1 is a set of sets, without lists or values.

    :raises ValueError: it is none.
    """
    owned = (entry.fieldsV1 or {}).get(part, {})
    if not isinstance(owned, dict):
        raise Impossible(f"managedFields: {part} is no set of fields")
    return list(owned)


def _owned_keys(metadata: ObjectMeta) -> set[str]:
    """The data keys that some manager owns: the API server takes a key from its owners when it is removed. Of ``stringData`` it does not,
    so what is owned as that alone may be gone."""
    owned = [
        name
        for entry in metadata.managedFields
        for part in ("f:data", "f:binaryData")
        for name in _owned(entry, part)
    ]
    return {name.removeprefix("f:") for name in owned if name.startswith("f:")}


def _field_owner(entry: ManagedFields) -> FieldOwner:
    """Return the keys of an entry. A server-side apply with ``stringData`` records ``f:stringData``, not ``f:data``."""
    keys, others = set(), False
    for part in entry.fieldsV1 or {}:
        if part in _DATA:
            owned = _owned(entry, part)
            names = [name.removeprefix("f:") for name in owned if name.startswith("f:")]
            keys.update(names)
            others = others or len(names) < len(owned)  # the dot: the map itself
        else:
            others = True
    return FieldOwner(entry.manager, instant(entry.time), tuple(sorted(keys)), others)
