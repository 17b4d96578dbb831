"""The discovery documents."""

from upkeep.demo.state import RESOURCES, Object


def discovery(path: str, more: list[tuple[str, str]]) -> Object | None:
    """The discovery documents of what is stored and of ``more``, as far as kubectl needs them to look around."""
    served = [
        *RESOURCES.items(),
        *((f"{kind.lower()}s", (version, kind, True)) for version, kind in more),
    ]
    groups: dict[str, None] = dict.fromkeys(
        version for _, (version, _, _) in served if "/" in version
    )
    if path.rstrip("/") == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path.rstrip("/") == "/apis":
        names: dict[str, list[str]] = {}
        for version in [*groups, "authorization.k8s.io/v1"]:
            names.setdefault(version.partition("/")[0], []).append(version)
        return {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [group_entry(name, versions) for name, versions in names.items()],
        }
    for version in ("v1", *groups):
        if path.rstrip("/") == ("/api/" if version == "v1" else "/apis/") + version:
            resources = [
                resource(plural, kind, namespaced)
                for plural, (other, kind, namespaced) in served
                if other == version
            ]
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": version,
                "resources": resources,
            }
    return None


def group_entry(name: str, versions: list[str]) -> Object:
    entries = [
        {"groupVersion": version, "version": version.partition("/")[2]} for version in versions
    ]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def resource(plural: str, kind: str, namespaced: bool) -> Object:
    return {
        "name": plural,
        "singularName": kind.lower(),
        "namespaced": namespaced,
        "kind": kind,
        "verbs": ["get", "list"],
    }
