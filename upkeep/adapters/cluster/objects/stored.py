"""ConfigMaps and Secrets by their metadata: the managers of their keys and the times; no value.

Source: Kubernetes API reference v1.36 (core/v1, meta/v1).
"""

from upkeep.adapters.cluster.fields import Raw, instant, labels_of, reading
from upkeep.adapters.formats import exposure
from upkeep.model import parse_time
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


def stored(raw: Raw, *, kind: str, keys: tuple[str, ...] | None = None) -> StoredObject:
    """Return a ConfigMap or Secret by its metadata, without annotations and values.

    :param raw: a PartialObjectMetadata, or the object itself.
    :param keys: its data keys, where the object itself was read.
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
    """Return the entries of managedFields.

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
    found += [name for mark, name in MARKS.items() if mark in marked]
    return tuple(dict.fromkeys(found))


def _is_foreign(version: str) -> bool:
    """Return whether an apiVersion is that of a custom resource."""
    group = version.rpartition("/")[0]
    return group not in BUILT_IN and not group.endswith(".k8s.io")


def _owned_keys(metadata: Raw) -> set[str]:
    """Return the data keys that a manager owns. The API server takes a removed key from its owners.

    It does not so for ``stringData``: a key that is owned as that alone may be gone.
    """
    entries = [entry.get("fieldsV1") or {} for entry in metadata.get("managedFields") or []]
    owned = [
        name
        for fields in entries
        for part in ("f:data", "f:binaryData")
        for name in fields.get(part) or {}
    ]
    return {name.removeprefix("f:") for name in owned if name.startswith("f:")}


def _field_owner(entry: Raw) -> FieldOwner:
    """Return the keys of an entry. A server-side apply with ``stringData`` records ``f:stringData``, not ``f:data``."""
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
