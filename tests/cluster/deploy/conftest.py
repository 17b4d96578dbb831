"""One overlay of deploy/ for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.cluster.deploy.deployed import Deployed, deployment
from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.podnetwork import PodNetwork


@pytest.fixture(scope="session")
def deployed(
    plane: ControlPlane, network: PodNetwork, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """An overlay of deploy/ beside the guide's layout."""
    with deployment(plane, network, tmp_path_factory.mktemp("deploy")) as deployed:
        yield deployed
