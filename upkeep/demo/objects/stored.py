"""Objects of the API as the API server stores them: metadata, owner references, managed fields, and what ``kubectl apply`` leaves."""

import json
from datetime import datetime
from typing import Any

import yaml

from upkeep.demo.state import RESOURCES, Object, State, stamp, uid

# libyaml's where there is one: a hundred scenarios write a week of backups each.
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def as_yaml(*documents: Any, explicit_start: bool = False) -> str:
    """The documents as YAML, their keys in their own order."""
    return str(
        yaml.dump_all(documents, Dumper=_DUMPER, explicit_start=explicit_start, sort_keys=False)
    )


def metadata(
    state: State,
    kind: str,
    name: str,
    created: datetime,
    labels: dict[str, str] | None = None,
    owner: Object | None = None,
) -> Object:
    """An object's metadata, owned by the controller of ``owner`` where one is given."""
    result: Object = {
        "name": name,
        "namespace": state.namespace,
        "uid": uid(state.layout, kind, name),
        "resourceVersion": str(1000 + sum(map(len, state.objects.values()))),
        "creationTimestamp": stamp(created),
        "labels": dict(labels or {}),
    }
    if owner is not None:
        reference = {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
        }
        result["ownerReferences"] = [reference | {"controller": True, "blockOwnerDeletion": True}]
    return result


def applied(item: Object) -> Object:
    """The object with the annotation that ``kubectl apply`` leaves, which repeats every value in it."""
    short = {
        **item,
        "metadata": {"name": item["metadata"]["name"], "namespace": item["metadata"]["namespace"]},
    }
    annotations = item["metadata"].setdefault("annotations", {})
    annotations["kubectl.kubernetes.io/last-applied-configuration"] = json.dumps(short) + "\n"
    return item


def make(
    state: State,
    kind: str,
    name: str,
    created: datetime,
    labels: dict[str, str] | None = None,
    **content: object,
) -> Object:
    """An object of one of the stored kinds."""
    version = next(version for version, other, _ in RESOURCES.values() if other == kind)
    head = metadata(state, kind, name, created, labels)
    if isinstance(data := content.get("data"), dict):
        owned: Object = {"f:data": {".": {}, **{f"f:{key}": {} for key in data}}} | (
            {"f:type": {}} if kind == "Secret" else {}
        )
        entry = {
            "manager": "helm",
            "operation": "Update",
            "apiVersion": version,
            "time": stamp(created),
            "fieldsType": "FieldsV1",
        }
        head["managedFields"] = [entry | {"fieldsV1": owned}]
    return {"apiVersion": version, "kind": kind, "metadata": head, **content}
