"""ConfigMaps and Secrets by their metadata: who wrote which of their keys, and when; no value.

Source: Kubernetes API reference v1.36 (core/v1, meta/v1).
"""

from datetime import UTC

from upkeep.adapters.cluster.fields import Impossible, instant, reads
from upkeep.adapters.formats import exposure
from upkeep.adapters.wire.meta import ManagedFields, ObjectMeta, PartialObjectMetadata
from upkeep.records.configuration import FieldOwner, StoredObject

# Operators that write a Secret from a source of their own: the kind of the object that owns it, and the name under which they write.
WRITERS = {
    "ExternalSecret": "external-secrets",
    "SealedSecret": "sealed-secrets",
    "VaultStaticSecret": "vault-secrets-operator",
    "Certificate": "cert-manager",
}
_DATA = ("f:data", "f:binaryData", "f:stringData")


@reads(PartialObjectMetadata)
def stored(
    raw: PartialObjectMetadata, *, kind: str, keys: tuple[str, ...] | None = None
) -> StoredObject:
    """A ConfigMap or Secret by its metadata (PartialObjectMetadata, or the object itself): annotations and values end here.

    :param keys: its data keys, where they were read from the object itself.
    """
    metadata = raw.metadata
    owners = field_owners(metadata)
    kinds = {owner.kind for owner in metadata.ownerReferences}
    return StoredObject(
        kind=kind,
        name=metadata.name,
        created=metadata.creationTimestamp.astimezone(UTC),
        keys=tuple(sorted(_owned_keys(metadata) if keys is None else keys)),
        owners=owners,
        written_by=_writers(kinds, owners),
        labels=metadata.labels,
        last_applied=exposure.LAST_APPLIED in metadata.annotations,
    )


@reads(ObjectMeta)
def field_owners(metadata: ObjectMeta) -> tuple[FieldOwner, ...]:
    """The entries of managedFields."""
    empty = ManagedFields()
    return tuple(_field_owner(entry) for entry in metadata.managedFields if entry != empty)


def _writers(kinds: set[str], owners: tuple[FieldOwner, ...]) -> tuple[str, ...]:
    found = {WRITERS[kind] for kind in kinds if kind in WRITERS}
    found |= {
        name
        for owner in owners
        if owner.keys
        for name in WRITERS.values()
        if owner.manager.startswith(name)
    }
    return tuple(sorted(found))


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
    """What a manager owns. A server-side apply with ``stringData`` records that instead of ``data`` (collector.md)."""
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
