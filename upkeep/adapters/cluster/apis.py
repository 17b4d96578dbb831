"""What the API server serves, by its discovery documents.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api. Everybody who is authenticated may read them (system:discovery).
"""

import re
from collections.abc import Iterable

from upkeep.adapters.cluster.kube import Kube
from upkeep.adapters.wire.discovery import CoreVersions, Groups, Resources, Version
from upkeep.errors import Absent, Forbidden, Malformed
from upkeep.records.releases import ServedApis
from upkeep.shell import shell

OPEN_AGAIN = "kubectl create clusterrolebinding discovery --clusterrole=system:discovery --group=system:authenticated"


def served(kube: Kube, api_versions: Iterable[str]) -> ServedApis:
    """The API server's version, its API versions, and the kinds of those that are asked for.

    :param api_versions: ``apps/v1``, ``v1`` …; one that is not served has no kinds.
    :raises Unmeasured: a document could not be read, or says nothing at all.
    """
    try:
        version = kube.get("/version", type=Version)
        groups = kube.get("/apis", type=Groups).groups
        core = kube.get("/api", type=CoreVersions).versions
        known = (*core, *(one.groupVersion for group in groups for one in group.versions))
        if not core or not groups:
            raise Absent(
                "GET /apis: the API server names no API group",
                source="GET /apis",
                next_step="kubectl api-versions",
            )
        kinds = [
            (one, kind)
            for one in sorted(set(api_versions))
            if one in known
            for kind in _kinds(kube, one)
        ]
    except Forbidden as error:
        raise Forbidden(error.message, source=error.source, next_step=OPEN_AGAIN) from None
    major, minor = (re.match(r"[0-9]{1,6}", part) for part in (version.major, version.minor))
    if major is None or minor is None:  # some builds write the minor 34+
        raise Malformed(
            "GET /version: the API server's version is no number",
            source="GET /version",
            next_step="kubectl version",
        )
    named = re.match(r"v?([0-9]{1,6})\.([0-9]{1,6})\b", version.gitVersion)
    if named and (int(named[1]), int(named[2])) != (int(major[0]), int(minor[0])):
        raise Malformed(
            f"GET /version: gitVersion is {version.gitVersion[:40]}, but the minor is {version.minor[:10]}",
            source="GET /version",
            next_step="kubectl version",
        )
    return ServedApis(
        version.gitVersion or f"v{major[0]}.{minor[0]}",
        int(major[0]),
        int(minor[0]),
        known,
        tuple(kinds),
    )


def _kinds(kube: Kube, api_version: str) -> list[str]:
    """The kinds of an API version, subresources apart."""
    path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    try:
        resources = kube.get(path, type=Resources).resources
    except Absent as error:  # the list of groups and a group's own document are not written at one moment: a definition comes or goes
        sentence = (
            f"GET {path}: the API server names the version and does not serve it yet, or no longer"
        )
        raise Absent(
            sentence, source=error.source, next_step=shell("kubectl get --raw {}", path)
        ) from None
    found = sorted({one.kind for one in resources if "/" not in one.name})
    if not found:
        raise Absent(
            f"GET {path}: the API server serves the version and names no kind of it",
            source=f"GET {path}",
        )
    return found
