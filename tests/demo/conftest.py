"""A cluster for each module, and the two ways of asking it: the official client, and bare HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import urllib3
import yaml
from kubernetes import client, config

from upkeep import demo

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
Ask = Callable[..., urllib3.BaseHTTPResponse]


def asker(cluster: demo.Cluster) -> Ask:
    """A function that sends a request with the kubeconfig's token, on a connection of its own, and never retries."""
    token = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]["token"]

    def ask(
        path: str,
        *,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        timeout: float = 60,
        **rest: object,
    ) -> urllib3.BaseHTTPResponse:
        sent = {"Authorization": f"Bearer {token}"} | (headers or {})
        with urllib3.PoolManager() as pool:
            return pool.request(
                method, cluster.url + path, headers=sent, retries=False, timeout=timeout, **rest
            )

    return ask


@contextmanager
def official(cluster: demo.Cluster) -> Iterator[client.ApiClient]:
    """The official client, configured by the kubeconfig; it leaves its connections open unless told."""
    api = config.new_client_from_config(str(cluster.kubeconfig), context="demo")
    yield api
    api.rest_client.pool_manager.clear()


@pytest.fixture(scope="module", params=["healthy", "chart"])
def cluster(request: pytest.FixtureRequest) -> Iterator[demo.Cluster]:
    """A healthy cluster in each of the layouts, at a fixed time."""
    with demo.start(request.param, now=lambda: NOW) as running:
        yield running


@pytest.fixture
def ask(cluster: demo.Cluster) -> Ask:
    return asker(cluster)


@pytest.fixture
def pod(cluster: demo.Cluster) -> str:
    """The path of the collector's first pod."""
    return (
        f"/api/v1/namespaces/{cluster.namespace}/pods/{cluster.state.pods[0]['metadata']['name']}"
    )
