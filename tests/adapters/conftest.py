"""A scripted server for each test that asks for one."""

from collections.abc import Iterator

import pytest

from tests.adapters.scripted import Server


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()
