"""Compare two manifests of a Helm release, and make the patch that Helm would send.

Objects hold secrets: a record that leaves here has names and paths of fields alone.

Source: https://github.com/helm/helm/blob/main/pkg/kube/client.go. Group, kind, namespace and name
identify an object. Helm deletes what is no longer rendered, unless its annotation
``helm.sh/resource-policy`` is ``keep``. A client-side patch merges three: the old manifest, the
new one, and the live object.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from upkeep.adapters.formats import yaml_text
from upkeep.adapters.helm.storage import MOST_MANIFEST_BYTES
from upkeep.errors import Malformed
from upkeep.masking import mask
from upkeep.records.releases import ObjectChange

Raw = Mapping[str, Any]
Key = tuple[str, str, str, str]
_KEEP = "helm.sh/resource-policy"
_PLAIN = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Objects by group, kind, namespace and name; ``name`` is for messages. They never show."""

    name: str
    objects: Mapping[Key, Raw] = field(repr=False)


def manifest(text: str, *, name: str, namespace: str) -> Manifest:
    """Parse a rendered text into objects.

    :param namespace: the release's, for objects that name none.
    :raises Malformed: it is no YAML, or holds something else. The message holds nothing of it.
    """
    if len(text) > MOST_MANIFEST_BYTES:
        raise Malformed(f"{name} is larger than {MOST_MANIFEST_BYTES} bytes.", source=name)
    found: dict[Key, Raw] = {}
    for part in yaml_text.split(text):
        for raw in _objects(yaml_text.as_go(part, name=name, most_bytes=MOST_MANIFEST_BYTES), name):
            found[_key(raw, name, namespace)] = raw
    return Manifest(name, found)


def described(key: Key, *, namespace: str) -> str:
    """Return ``Deployment/x``; ``Role/other/x`` in another namespace than the release's."""
    _, kind, own, name = key
    return f"{kind}/{name}" if own == namespace else f"{kind}/{own}/{name}"


def changes(
    old: Manifest, new: Manifest, *, namespace: str
) -> tuple[tuple[Key, ObjectChange], ...]:
    """Return the change of each object that differs, sorted by name."""
    found = []
    for key in sorted(old.objects.keys() | new.objects.keys()):
        before, after, what = (
            old.objects.get(key),
            new.objects.get(key),
            described(key, namespace=namespace),
        )
        if before is None:
            found.append((key, ObjectChange("added", what)))
        elif after is None:
            annotations = before["metadata"].get("annotations")
            kept = isinstance(annotations, Mapping) and annotations.get(_KEEP) == "keep"
            found.append((key, ObjectChange("left" if kept else "removed", what)))
        elif fields := tuple(
            dict.fromkeys(mask(path)[:200] for path in _differences(before, after, ""))
        ):
            found.append((key, ObjectChange("changed", what, fields)))
    return tuple(found)


def merge_patch(original: Raw, modified: Raw, current: Raw) -> dict[str, Any]:
    """Return the JSON merge patch from the live object to the new manifest.

    It removes what only the old manifest had. Helm's strategic merge differs in lists, which are
    replaced whole here; the server's verdict on the object is the same.
    """
    patch: dict[str, Any] = {
        key: None for key in original if key not in modified and key in current
    }
    for key, value in modified.items():
        live, before = current.get(key), original.get(key)
        if isinstance(value, Mapping) and isinstance(live, Mapping):
            if inner := merge_patch(before if isinstance(before, Mapping) else {}, value, live):
                patch[key] = inner
        elif value != live:  # null in a manifest means absent
            patch[key] = value
    return patch


def owned(raw: Raw, *, release: str, namespace: str) -> dict[str, Any]:
    """Return the object as Helm sends it, with Helm's ownership marks.

    :raises Malformed: its labels or annotations are no mapping.
    """
    metadata = dict(raw["metadata"])
    if not all(
        isinstance(metadata.get(field) or {}, Mapping) for field in ("labels", "annotations")
    ):
        raise Malformed(
            f"{raw['kind']}/{metadata['name']} has labels or annotations that are no mapping.",
            source="the manifest that helm rendered",
        )
    metadata["labels"] = {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
    marks = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **marks}
    return {**raw, "metadata": metadata}


def _objects(document: Any, name: str) -> Iterator[Raw]:
    """Yield the objects of a document: none of comments alone, several of a List."""
    if document is None:
        return
    if not isinstance(document, dict):
        raise Malformed(f"{name} holds something that is no object.", source=name)
    items = document.get("items")
    if str(document.get("kind") or "").endswith("List") and isinstance(items, list):
        for item in items:
            yield from _objects(item, name)
        return
    try:
        yield json.loads(json.dumps(document))  # keys become text, as on the wire
    except (TypeError, ValueError):
        raise Malformed(f"{name} holds an object that is no JSON.", source=name) from None


def _key(raw: Raw, name: str, namespace: str) -> Key:
    version, kind, metadata = raw.get("apiVersion"), raw.get("kind"), raw.get("metadata")
    own = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not all(
        isinstance(word, str) and word for word in (version, kind, own)
    ):
        raise Malformed(f"{name} holds an object without apiVersion, kind or name.", source=name)
    group = str(version).rpartition("/")[0]
    return group, str(kind), str(metadata.get("namespace") or namespace), str(own)


def _differences(old: Any, new: Any, path: str) -> Iterator[str]:
    """Yield the paths at which two values differ, as deep as both have them."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(key), new.get(key), _below(path, key))
    elif isinstance(old, list) and isinstance(new, list) and (old or new):
        if _named(old) and _named(new):
            mine, other = ({one["name"]: one for one in side} for side in (old, new))
            for name in dict.fromkeys((*mine, *other)):
                yield from _differences(mine.get(name), other.get(name), f"{path}[{name}]")
            if [*mine] != [*other] and mine.keys() == other.keys():
                yield path
        else:
            for position in range(max(len(old), len(new))):
                before, after = (
                    side[position] if position < len(side) else None for side in (old, new)
                )
                yield from _differences(before, after, f"{path}[{position}]")
    elif old != new or isinstance(old, bool) is not isinstance(new, bool):  # in Python true is 1
        yield path


def _below(path: str, key: str) -> str:
    if not _PLAIN.fullmatch(key):
        return f"{path}['{key}']"
    return f"{path}.{key}" if path else key


def _named(things: Sequence[Any]) -> bool:
    """Tell whether unique names identify the items, as those of containers."""
    names = [one.get("name") if isinstance(one, Mapping) else None for one in things]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
