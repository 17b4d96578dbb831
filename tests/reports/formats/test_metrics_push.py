"""A Pushgateway that answers badly: the run goes on within the deadline, with one sentence."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from reports import metrics

GROUP = metrics.Published(
    "default",
    "daily",
    metrics.outcome_registry(
        [], ended=datetime(2026, 1, 5, tzinfo=UTC), maximum_age_seconds=None, verdict=None,
        target="default", digest="",
    ),
)  # fmt: skip


@pytest.fixture
def gateway(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that sends these bytes, the last of them again and again."""
    listener = socket.create_server(("127.0.0.1", 0))
    ends = threading.Event()

    def serve() -> None:
        try:
            client, _ = listener.accept()
            client.recv(65536)
            client.sendall(request.param)
            while not ends.wait(0.05) and not request.param.endswith(b"\n"):
                client.sendall(request.param[-1:])
            client.close()
        except OSError:
            return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    ends.set()
    thread.join(5)
    listener.close()


@pytest.mark.parametrize("gateway", [b"HTTP/1.1 202 OK\r\nX", b"nonsense\n"], indirect=True)
def test_a_gateway_that_answers_badly_holds_nothing(
    gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "PUSH_DEADLINE_SECONDS", 1)
    began = time.monotonic()
    with pytest.raises(OSError, match=r"within 1 s|BadStatusLine"):
        metrics.push(gateway, [GROUP])
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999999", "http://x y/"])
def test_a_bad_address_is_an_error_of_writing(url: str) -> None:
    with pytest.raises(OSError):
        metrics.push(url, [GROUP])
