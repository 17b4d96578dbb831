"""The volumes of the pods as Prometheus stores them."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.adapters.http.canned import CannedApi
from tests.judges.samples import NOW
from upkeep.adapters.http.cadvisor import filesystems
from upkeep.adapters.http.prometheus import Prometheus
from upkeep.errors import Absent
from upkeep.records.usage import Filesystem

POD = "cano-collector-a"
LAYER = {"pod": POD, "container": "cano-collector", "device": "/dev/sda"}


class Kubelets(CannedApi):
    """A Prometheus with a layer of the pod, and these volumes: (cluster, bytes used, capacity)."""

    where, namespace = "http://prometheus", ""

    def __init__(self, *volumes: tuple[str, int, int]) -> None:
        self.volumes = volumes

    def answer(self, path: str, query: Mapping[str, str]) -> Any:
        name = query["query"].partition("{")[0]
        if name.startswith("container_fs"):
            series = [(LAYER, 10 if "usage" in name else 100)]
        else:
            series = [
                ({"persistentvolumeclaim": "data", "cluster": cluster}, used if "used" in name else most)
                for cluster, used, most in self.volumes
            ]  # fmt: skip
        result = [
            {"metric": {"__name__": name, **labels}, "value": [NOW.timestamp(), str(value)]}
            for labels, value in series
        ]
        return {"status": "success", "data": {"resultType": "vector", "result": result}}


def volumes(*those: tuple[str, int, int]) -> list[Filesystem]:
    found = filesystems(
        Prometheus(Kubelets(*those)),
        namespace="monitoring",
        pods=[POD],
        claims=["data"],
        now=NOW,
        why="no shell",
    )
    return [one for one in found.found if one.name.startswith("claim")]


def test_used_and_capacity_are_of_the_same_volume():
    """kubernetes-sigs/kubernetes-mixin#581: a store of two clusters has a claim of that name in each."""
    assert [(one.name, one.used_ratio) for one in volumes(("a", 90, 100), ("b", 90, 1000))] == [
        ("claim data (cluster=a)", 0.9),
        ("claim data (cluster=b)", 0.09),
    ]
    assert [(one.name, one.used_ratio) for one in volumes(("a", 90, 100))] == [("claim data", 0.9)]


@pytest.mark.parametrize("those", [(), (("a", 90, 0),), (("a", 1, 10), ("b", 1, 0))])
def test_a_volume_without_its_capacity_is_not_known(those: tuple[tuple[str, int, int], ...]):
    with pytest.raises(Absent, match="of claim data"):
        volumes(*those)
