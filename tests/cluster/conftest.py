"""One control plane for the session; each layout installed once, in a namespace of its own."""

from collections.abc import Iterator

import pytest

from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.layouts import Install, installed
from tests.cluster.plane.podnetwork import PodNetwork


@pytest.fixture(scope="session")
def network() -> Iterator[PodNetwork]:
    with PodNetwork() as network:
        yield network


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory, network: PodNetwork) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("plane"), pod_cidr=network.cidr) as plane:
        yield plane


@pytest.fixture(scope="session")
def guide(plane: ControlPlane, network: PodNetwork) -> Iterator[Install]:
    """The guide's layout, healthy."""
    with installed(plane, network, layout="guide", namespace="monitoring") as install:
        yield install


@pytest.fixture(scope="session")
def chart(plane: ControlPlane, network: PodNetwork) -> Iterator[Install]:
    """The chart's layout, healthy."""
    with installed(plane, network, layout="chart", namespace="kubecano") as install:
        yield install
