"""The demo cluster on the wire: HTTP/1.1 with keep-alive on a local port, with or without TLS, and the faults of the connection."""

import contextlib
import math
import select
import socket
import ssl
import threading
import time
from collections import deque
from datetime import UTC
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from upkeep.demo.server import execution
from upkeep.demo.server.api import Api
from upkeep.demo.server.audit import Event, attributes
from upkeep.demo.server.faults import Fault, instead, source_of
from upkeep.demo.server.responses import Request, Response, status

# Paths that are served without a token: they stand for programs beside the API server, or are public on a real one.
OPEN = ("/prometheus/", "/alertmanager/", "/collector/", "/readyz", "/livez", "/healthz", "/version")  # fmt: skip


class Server(ThreadingHTTPServer):
    """The listening socket, and every open connection, so that stopping ends them all."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], api: Api, fault: Fault | None, tokens: dict[str, str], tls: ssl.SSLContext | None = None
    ) -> None:  # fmt: skip
        super().__init__(address, Handler)
        self.tls = tls
        self.api = api
        self.fault = fault
        self.tokens = {f"Bearer {token}": subject for token, subject in tokens.items()}
        self.requests: deque[Event] = deque()
        self.stopping = threading.Event()
        self.connections: set[socket.socket] = set()
        self.seen: set[str] = set()
        self.lock = threading.Lock()

    def get_request(self) -> tuple[socket.socket, object]:
        """Accept a connection; its own thread shakes hands, so that a silent client delays no other."""
        accepted, address = super().get_request()
        if self.tls is not None:
            accepted = self.tls.wrap_socket(
                accepted, server_side=True, do_handshake_on_connect=False
            )
        return accepted, address

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        if isinstance(request, socket.socket):
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news; anything else is a mistake here and keeps its traceback."""
        import sys

        if not isinstance(sys.exception(), (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # http.server hands on what it was given

    def first_time(self, path: str) -> bool:
        """Return whether the path is asked for the first time."""
        with self.lock:
            new = path not in self.seen
            self.seen.add(path)
            return new

    def end(self) -> None:
        """Stop at once, whatever is in flight."""
        self.stopping.set()
        # Wakes the accepting thread up, which would sleep to the end of its interval; not everywhere.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.shutdown()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):  # the client was quicker
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "upkeep-demo"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """The demo is silent; ``Cluster.requests`` says what was asked."""

    def serve(self) -> None:
        self.server.api.refresh()
        parts = urlsplit(self.path)
        pairs = tuple(parse_qsl(parts.query, keep_blank_values=True))
        accept, kind, token, user = (
            self.headers.get(name, "") for name in ("Accept", "Content-Type", "Authorization", "Impersonate-User")
        )  # fmt: skip
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = (
            parse_qsl(body.decode()) if kind.startswith("application/x-www-form-urlencoded") else []
        )
        subject = self.server.tokens.get(token, "")
        subject = (subject and user) or subject
        query, path = dict([*pairs, *form]), unquote(parts.path)
        request = Request(self.command, path, query, accept, body, pairs, subject, kind)
        source = source_of(request, self.server.api.state.layout)
        event = Event(subject, self.command, self.path, source, attributes(request))
        self.server.requests.append(event)
        fault = self.server.fault
        if fault is not None and fault.hits(source) and self.faulty(fault, request):
            return
        if not request.path.startswith(OPEN) and not subject:
            self.send(status(401, "Unauthorized", "Unauthorized"))
        elif path.endswith("/exec") and self.headers.get("Upgrade", "").lower() == "websocket":
            self.close_connection = True
            headers = [(key.encode(), value.encode()) for key, value in self.headers.items()]
            state = self.server.api.state
            execution.serve(self.connection, self.path, headers, request, state)
        else:
            self.send(self.server.api.answer(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815 - http.server's names

    def faulty(self, fault: Fault, request: Request) -> bool:
        """Meet the request with the fault; False where it is spent."""
        if fault.kind == "flaky-throttled" and not self.server.first_time(request.path):
            return False
        if fault.kind in ("refused", "hang"):
            if fault.kind == "hang":
                self.wait()
            self.close_connection = True
            with contextlib.suppress(OSError):  # the client was quicker
                self.connection.shutdown(socket.SHUT_RDWR)
            return True
        good = self.server.api.answer(request)
        if fault.kind == "cut":
            self.cut(good)
        else:
            self.send(instead(fault, request, good))
        return True

    def wait(self, seconds: float = math.inf) -> None:
        """Say nothing until the client goes, the time is over or the cluster stops."""
        ends = time.monotonic() + seconds
        # select knows no descriptor beyond 1023, and dozens of clusters at once have more.
        waiting = select.poll()
        waiting.register(self.connection, select.POLLIN)
        while not self.server.stopping.is_set() and time.monotonic() < ends:
            if waiting.poll(100) and not self.connection.recv(1):
                return

    def head(self, response: Response, framing: str) -> bytes:
        try:
            phrase = HTTPStatus(response.status).phrase
        except ValueError:
            phrase = ""
        api = self.server.api
        date = format_datetime(api.clock().astimezone(UTC) + api.state.clock_ahead, usegmt=True)
        lines = [f"HTTP/1.1 {response.status} {phrase}", f"Content-Type: {response.content_type}"]
        lines += [framing, f"Date: {date}"]
        lines += [f"{key}: {value}" for key, value in response.headers.items()]
        if self.close_connection:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def send(self, response: Response) -> None:
        """The whole response; head and body in one write, so that a small answer is one packet."""
        if response.delay_seconds:
            self.server.stopping.wait(response.delay_seconds)
        if response.status == HTTPStatus.NO_CONTENT:
            self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        elif response.stream:
            self.wfile.write(self.head(response, "Transfer-Encoding: chunked"))
            for start in range(0, len(response.body), 65536):
                block = response.body[start : start + 65536]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
            if response.open_seconds:
                self.wait(response.open_seconds)
            self.wfile.write(b"0\r\n\r\n")
        else:
            head = self.head(response, f"Content-Length: {len(response.body)}")
            self.wfile.write(head + response.body)

    def cut(self, response: Response) -> None:
        """Half of the body, then the end of the connection."""
        self.close_connection = True
        half = response.body[: len(response.body) // 2]
        framing = f"Content-Length: {max(2, len(response.body))}"
        if response.stream:
            framing, half = "Transfer-Encoding: chunked", b"%x\r\n%b\r\n" % (len(half), half)
        self.wfile.write(self.head(response, framing) + half)
