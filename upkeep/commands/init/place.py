"""Place: in which namespace does the collector run?"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from upkeep.errors import Absent, Ambiguous, Forbidden, Unmeasured
from upkeep.model import listed
from upkeep.shell import shell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from upkeep.commands.connection import Reached
    from upkeep.records.workload import Deployment

# The guide's namespace, read where the account may not list the whole cluster.
USUAL = "monitoring"


class Place(Struct, frozen=True):
    """The collector's Deployment, with the sentence that says how it was found."""

    collector: Deployment
    how: str

    @property
    def how_deployment(self) -> str:
        """Return how the Deployment was found in its namespace."""
        from upkeep.domain.discovery import COLLECTOR, runs_collector

        if runs_collector(self.collector):
            return f"its image is {COLLECTOR}."
        return f"its labels, its container or an option say {COLLECTOR}."


def find(reached: Reached, *, given: str | None) -> Place:
    """Return the collector's Deployment.

    Without a namespace every namespace is searched; where this is forbidden, that of the context and
    ``monitoring``.

    :param given: the namespace that the user named.
    :raises Absent: no collector found.
    :raises Ambiguous: several namespaces have one, or one namespace has several.
    :raises Unmeasured: an error of the API server.
    """
    name = reached.target.deployment
    if given is not None:
        return Place(_one(_listed(reached, given), given, name), "named by an option")
    try:
        everywhere = _listed(reached, "")
    except Forbidden:
        own = reached.access.namespace
        two = {one: _listed(reached, one) for one in dict.fromkeys([own, USUAL])}
        return _choose(two, name, own, "this account may not list other namespaces")
    places: dict[str, list[Deployment]] = defaultdict(list)
    for deployment in everywhere:
        places[deployment.namespace].append(deployment)
    return _choose(places, name, reached.access.namespace, "no other namespace has a collector")


def exists(reached: Reached, namespace: str) -> bool:
    """Return whether the cluster has a namespace; also where this account may not ask."""
    try:
        reached.kube.metadata(f"/api/v1/namespaces/{namespace}")
    except Absent:
        return False
    except Unmeasured:
        return True
    return True


def _listed(reached: Reached, namespace: str) -> list[Deployment]:
    from upkeep.adapters.cluster import objects
    from upkeep.adapters.wire import workloads as wire

    part = f"/namespaces/{namespace}" if namespace else ""
    found = reached.kube.items(f"/apis/apps/v1{part}/deployments", type=wire.Deployment)
    return [objects.deployment(raw) for raw in found]


def _one(deployments: Sequence[Deployment], namespace: str, name: str | None) -> Deployment:
    from upkeep.domain.discovery import find_collector

    return find_collector(deployments, namespace=namespace, name=name)


def _choose(
    places: Mapping[str, Sequence[Deployment]], name: str | None, own: str, how: str
) -> Place:
    from upkeep.domain.discovery import COLLECTOR, runs_collector

    found: dict[str, Deployment] = {}
    several: list[Ambiguous] = []
    for namespace, deployments in places.items():
        try:
            found[namespace] = _one(deployments, namespace, name)
        except Absent:
            continue
        except Ambiguous as error:
            several.append(error)
    # A label or a container's name may be a copy; the image is the program.
    running = {where: one for where, one in found.items() if runs_collector(one)}
    found = running or found
    if several:
        raise several[0]
    if len(found) == 1:
        return Place(next(iter(found.values())), how)
    if found:
        first = own if own in found else next(iter(found))
        raise Ambiguous(
            f"{len(found)} namespaces have a collector: {listed(sorted(found))}. "
            "Add --namespace=NAME.",
            next_step=shell("--namespace={}", first),
        )
    raise Absent(
        f"No collector found in {listed(sorted(places)) or 'any namespace'}. No Deployment has an "
        f"image, label or container named {COLLECTOR}.",
        next_step="--namespace=NAME --deployment=NAME",
    )
