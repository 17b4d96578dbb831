"""Exec goes as whom every other request goes, the same way, and ends with its deadline."""

import socket
import threading
import time
from pathlib import Path

import pytest
import yaml

from tests.adapters.cluster.identity.test_kubeconfig_fields import b64
from tests.adapters.cluster.identity.tls_server import TlsServer, proxy
from upkeep import deadline
from upkeep.adapters.cluster.execution.shell import container_host
from upkeep.adapters.cluster.identity.connection import Configuration, Impersonation
from upkeep.adapters.cluster.identity.kubeconfig import load
from upkeep.clock import Clock
from upkeep.errors import Malformed, TimedOut, Truncated, Unauthenticated
from upkeep.settings.targets import TargetSettings

SECRET = "canary-token-17-of-exec"


def serving(*replies: bytes, pause_seconds: float = 0.0) -> tuple[str, list[bytes]]:
    """The URL of a server that reads a request and sends the replies, one after a pause each."""
    listening = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, listening:
            asked.append(connection.recv(65536))
            try:
                for reply in replies:
                    connection.sendall(reply)
                    time.sleep(pause_seconds)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}", asked


def run(configuration: Configuration, *, seconds: float = 5.0) -> None:
    container_host(
        configuration, "monitoring", "pod-1", "cano-collector", deadline_seconds=seconds
    ).run("df -P")


def test_exec_acts_as_whom_the_kubeconfig_says() -> None:
    url, asked = serving(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
    acting = Impersonation("oncall", "7", ("sre", "ops"), (("k", ("v",)),))
    configuration = Configuration(
        url, authorization=lambda: f"Bearer {SECRET}", impersonation=acting
    )
    with pytest.raises(Unauthenticated):
        run(configuration)
    lines = asked[0].decode().lower().split("\r\n")
    for line in (
        f"authorization: bearer {SECRET}",
        "impersonate-user: oncall",
        "impersonate-uid: 7",
        "impersonate-group: sre",
        "impersonate-group: ops",
        "impersonate-extra-k: v",
    ):
        assert line in lines


@pytest.mark.parametrize("kind", ["socks5", "http", ""])
def test_exec_goes_through_proxy_and_tls(kind: str, tmp_path: Path) -> None:
    """This server knows no WebSocket: its 200 is an answer all the same, so it was reached."""
    with TlsServer("kubernetes.default", "127.0.0.1") as server, proxy(kind or "http") as (port, _):
        cluster = {
            "server": f"https://{'kubernetes.default' if kind else '127.0.0.1'}:{server.port}/prefix",
            "certificate-authority-data": b64(server.authority),
        } | ({"proxy-url": f"{kind}://127.0.0.1:{port}"} if kind else {})
        body = {
            "current-context": "x",
            "clusters": [{"name": "c", "cluster": cluster}],
            "contexts": [{"name": "x", "context": {"cluster": "c"}}],
        }
        file = tmp_path / "kubeconfig"
        file.write_text(yaml.safe_dump(body))
        found = load(TargetSettings("", kubeconfig=str(file)), environ={})
        with pytest.raises(Malformed, match="answered 200 to a WebSocket's handshake"):
            run(found.configuration)
        assert server.asked[0]["path"].startswith(
            "/prefix/api/v1/namespaces/monitoring/pods/pod-1/exec?container=cano-collector"
        )


def test_a_byte_now_and_then_is_no_way_around_the_deadline() -> None:
    url, _ = serving(*[b"H"] * 200, pause_seconds=0.05)
    began = time.monotonic()
    with pytest.raises(TimedOut):
        run(Configuration(url), seconds=0.4)
    assert time.monotonic() - began < 3


def test_the_deadline_of_all_requests_is_exec_s_too() -> None:
    url, _ = serving(*[b"H"] * 200, pause_seconds=0.05)
    began = time.monotonic()
    with deadline.ending(Clock().monotonic() + 0.3), pytest.raises(TimedOut):
        run(Configuration(url), seconds=60)
    assert time.monotonic() - began < 3


def test_a_connection_that_ends_early_is_no_result() -> None:
    url, _ = serving(b"HTTP/1.1 ")
    with pytest.raises(Truncated):
        run(Configuration(url))
