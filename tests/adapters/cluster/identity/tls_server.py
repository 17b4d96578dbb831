"""An API server over TLS on loopback that says who asked it, and proxies that count."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from upkeep.adapters.cluster.identity.kubeconfig import Access
from upkeep.adapters.cluster.kube import Kube
from upkeep.clock import Clock
from upkeep.meter import Meter


class TlsServer:
    """Answers every request with the headers that came; ``asked`` keeps them.

    :ivar port: on 127.0.0.1. :ivar authority: the PEM of who signed its certificate.
    """

    def __init__(self, *names: str, client_authority: trustme.CA | None = None) -> None:
        self.ca = trustme.CA()
        self.authority = self.ca.cert_pem.bytes().decode()
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                sent: dict[str, Any] = {}
                for name, value in self.headers.items():
                    sent.setdefault(name.lower(), []).append(value)
                peer = self.connection.getpeercert() if client_authority else None
                sent["path"], sent["certificate"] = self.path, bool(peer)
                outer.asked.append(sent)
                body = json.dumps({"kind": "Status", "metadata": {}}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            do_PATCH = do_POST  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
        if client_authority is not None:
            client_authority.configure_trust(context)
            context.verify_mode = ssl.CERT_OPTIONAL
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self.server.server_port
        self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> "TlsServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def kube(access: Access, *, deadline_seconds: float = 5) -> Kube:
    """Return the client of an access."""
    return Kube(
        access.configuration, clock=Clock(), meter=Meter(), deadline_seconds=deadline_seconds
    )


def ask(access: Access) -> None:
    """Send one request."""
    kube(access).get("/api")


def _join(one: socket.socket, other: socket.socket) -> None:
    def copy(source: socket.socket, sink: socket.socket) -> None:
        while data := _received(source):
            sink.sendall(data)
        sink.close()

    for pair in ((one, other), (other, one)):
        threading.Thread(target=copy, args=pair, daemon=True).start()


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""


@contextmanager
def proxy(kind: str) -> Iterator[tuple[int, list[str]]]:
    """Give the port of a proxy, ``socks5`` or ``http``, and the targets that it was asked for.

    It leads every name to loopback, so that a name that only the proxy knows can be resolved.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    targets: list[str] = []

    def socks(client: socket.socket) -> tuple[str, int]:
        client.recv(1)
        client.recv(client.recv(1)[0])
        client.sendall(b"\x05\x00")
        _, _, _, form = client.recv(4)
        size = client.recv(1)[0] if form == 3 else 4
        raw = client.recv(size)
        port = int.from_bytes(client.recv(2), "big")
        client.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        return (raw.decode() if form == 3 else socket.inet_ntoa(raw)), port

    def connect(client: socket.socket) -> tuple[str, int]:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(1)
        host, _, port = head.split()[1].decode().rpartition(":")
        targets.extend(
            line
            for line in head.decode().split("\r\n")
            if line.lower().startswith("proxy-authorization")
        )
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        return host, int(port)

    def serve() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            host, port = (socks if kind == "socks5" else connect)(client)
            targets.append(f"{host}:{port}")
            _join(client, socket.create_connection(("127.0.0.1", port)))

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1], targets
    finally:
        # Wakes the thread that accepts: one that sleeps on would keep the port.
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def pem(folder: Path, name: str, text: str) -> str:
    """Return the name of a file in a folder that holds a text."""
    (folder / name).write_text(text)
    return name
