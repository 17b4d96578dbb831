"""The mounted objects that hold the collector's documents. No other Secret is ever opened.

A volume gives its files other names than the keys (``items``), and a mount one file another name than
the volume (``subPath``). So the mount decides which key is which document.

Source: https://kubernetes.io/docs/concepts/storage/volumes/#configmap;
https://kubernetes.io/docs/concepts/storage/volumes/#using-subpath
"""

from collections.abc import Iterator

from upkeep.records.workload import ContainerSpec, Install, PodTemplate

ALL = ("", "")  # every key, under its own name


def mounted_files(
    template: PodTemplate, container: ContainerSpec
) -> Iterator[tuple[str, str, str, str]]:
    """Yield (kind, object, file, key) of a container's ConfigMaps and Secrets.

    File and key are empty for all keys under their own names.
    """
    for name, path, part in container.mounts:
        for volume in template.volumes:
            if volume.name != name or volume.kind not in ("ConfigMap", "Secret"):
                continue
            found = [(_last(file), key) for key, file in volume.items] or [ALL]
            if part:
                keys = [key for key, file in volume.items if file == part]
                keys = keys or ([] if volume.items else [part])
                found = [(_last(path), key) for key in keys]
            yield from ((volume.kind, volume.object, *one) for one in found)


def key_of(install: Install, kind: str, name: str, file: str) -> str:
    """Return the key of an object that the container sees as this file; empty for none."""
    mine = [(one, key) for of, named, one, key in install.files if (of, named) == (kind, name)]
    return dict(mine).get(file) or (file if not mine or ALL in mine else "")


def configuration_objects(install: Install) -> list[tuple[str, str]]:
    """Return (kind, name) of every mounted ConfigMap, and of Secrets whose name or mount path says configuration."""
    words = ("destinations", "teams", "workflows")
    found = [
        (kind, name)
        for kind, name, path in install.configuration
        if kind == "ConfigMap" or any(word in path or word in name for word in words)
    ]
    return list(dict.fromkeys(found))


def destination_objects(install: Install) -> list[tuple[str, str]]:
    """Return (kind, name) of the objects whose name or mount path says destinations, else of every ConfigMap."""
    named = [
        (kind, name)
        for kind, name, path in install.configuration
        if "destinations" in path or "destination" in name
    ]
    return named or [(kind, name) for kind, name, _ in install.configuration if kind == "ConfigMap"]


def _last(path: str) -> str:
    return path.rpartition("/")[2]
