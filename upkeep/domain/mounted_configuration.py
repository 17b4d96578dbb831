"""The mounted objects that hold the collector's documents. No other Secret is ever opened."""

from upkeep.records.workload import Install


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
