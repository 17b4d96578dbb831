"""Read the collector's documents and variables from the cluster, reduced to facts at once.

Imported inside measurements alone: pydantic is loaded only by runs that read configuration.
"""

import base64
from collections.abc import Iterable

from upkeep.adapters.cluster import objects
from upkeep.adapters.cluster.kube import Kube
from upkeep.adapters.formats import configuration
from upkeep.domain.mounted_configuration import key_of
from upkeep.errors import Absent, Malformed, Unmeasured
from upkeep.records.configuration import ConfigurationDocument, Environment
from upkeep.records.workload import Deployment, Install


def documents(
    kube: Kube, install: Install, kind: str, name: str, *, only: str = ""
) -> list[ConfigurationDocument]:
    """Return the documents that the container sees of an object, as facts.

    :param only: one document by its file; empty for all.
    :raises Malformed: its data are not as the API describes them.
    """
    raw = kube.configuration_object(kind, name, namespace=install.namespace)
    found = []
    for file, document in configuration.KINDS.items():
        key = key_of(install, kind, name, file)
        value = raw.get("data", {}).get(key)
        if value is not None and only in ("", file):
            found.append(
                configuration.parse(
                    _text(value, kind, name, key), kind=document, where=f"{kind}/{name} key {key}"
                )
            )
    return found


def _text(value: str, kind: str, name: str, key: str) -> str:
    if kind == "ConfigMap":
        return value
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:  # of base64, too: a letter beyond ASCII is one
        raise Malformed(f"{kind}/{name} key {key} is not base64 of a text") from None


def keys_of(kube: Kube, namespace: str, kind: str, name: str) -> set[str]:
    """Return the data keys of an object, of a Secret by its metadata alone.

    :raises Absent: a Secret has no managedFields, which name its keys.
    """
    if kind == "ConfigMap":
        return set(kube.configuration_object(kind, name, namespace=namespace).get("data", {}))
    stored = objects.stored(
        kube.metadata(f"/api/v1/namespaces/{namespace}/secrets/{name}"), kind=kind
    )
    if not stored.owners:
        raise Absent(f"Secret/{name} has no managedFields, which name its keys")
    return {*stored.keys, *(key for owner in stored.owners for key in owner.keys)}


def environment_of(
    kube: Kube, collector: Deployment, install: Install, needed: Iterable[str]
) -> Environment:
    """Return the variable names of the collector's container.

    Objects of ``envFrom`` are read only where ``env`` lacks a needed one.
    """
    container = next(one for one in collector.template.containers if one.name == install.container)
    names = set(container.env_names)
    if names.issuperset(needed):
        return Environment(tuple(sorted(names)))
    unread: list[str] = []
    prefixes = [*container.env_prefixes, *[""] * len(container.env_from)]
    for (kind, name, optional), prefix in zip(container.env_from, prefixes, strict=False):
        try:
            names |= {prefix + key for key in keys_of(kube, install.namespace, kind, name)}
        except Absent as error:
            if not optional:
                unread.append(f"envFrom {kind}/{name}: {error.message}")
        except Unmeasured as error:
            unread.append(f"envFrom {kind}/{name}: {error.message}")
    return Environment(tuple(sorted(names)), tuple(unread))
