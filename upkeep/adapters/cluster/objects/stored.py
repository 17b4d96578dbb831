"""ConfigMaps and Secrets by their metadata: who wrote which of their keys, and when; no value.

Source: Kubernetes API reference v1.36 (core/v1, meta/v1).
"""

from upkeep.adapters.cluster.fields import Raw, instant, labels_of, reading
from upkeep.adapters.formats import exposure
from upkeep.model import parse_time
from upkeep.records.configuration import FieldOwner, StoredObject

# Operators that write a Secret from a source of their own: the kind of the object that owns it, and the name under which they write.
WRITERS = {
    "ExternalSecret": "external-secrets",
    "SealedSecret": "sealed-secrets",
    "VaultStaticSecret": "vault-secrets-operator",
    "Certificate": "cert-manager",
}


def stored(raw: Raw, *, kind: str, keys: tuple[str, ...] | None = None) -> StoredObject:
    """A ConfigMap or Secret by its metadata (PartialObjectMetadata, or the object itself): annotations and values end here.

    :param keys: its data keys, where they were read from the object itself.
    """
    with reading(kind, raw):
        metadata = raw["metadata"]
        owners = field_owners(metadata)
        kinds = {str(owner["kind"]) for owner in metadata.get("ownerReferences") or []}
        return StoredObject(
            kind=kind,
            name=metadata["name"],
            created=parse_time(metadata["creationTimestamp"]),
            keys=tuple(sorted(_owned_keys(metadata) if keys is None else keys)),
            owners=owners,
            written_by=_writers(kinds, owners),
            labels=labels_of(metadata),
            last_applied=exposure.LAST_APPLIED in (metadata.get("annotations") or {}),
        )


def field_owners(metadata: Raw) -> tuple[FieldOwner, ...]:
    """The entries of managedFields.

    :raises ValueError, AttributeError: one is not as the API describes it.
    """
    return tuple(_field_owner(entry) for entry in metadata.get("managedFields") or [] if entry)


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
