"""An API server whose answers are scripted, over real HTTP; and a client of it."""

import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from upkeep.adapters.cluster.identity.connection import Configuration
from upkeep.adapters.cluster.kube import Kube
from upkeep.clock import HeldClock
from upkeep.meter import Meter

SECRET = "canary-bearer-17"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
Reply = tuple[int, dict[str, str], bytes]
JSON = {"Content-Type": "application/json"}


class Server:
    """Answers each path with the next of its replies; the last one is given for ever. ``asked`` are the requests, in order; ``date`` is when it says that it answers."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply | float]] = {}
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self.date = format_datetime(NOW, usegmt=True)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                outer.asked.append((self.command, parts.path, parse_qs(parts.query)))
                replies = outer.replies[parts.path]
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                if isinstance(reply, float):
                    time.sleep(reply)
                    self.close_connection = True
                    return
                status, headers, body = reply
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = "Content-Length" in headers

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            do_PATCH = do_PUT = do_POST  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                pass

            def date_time_string(self, timestamp: float | None = None) -> str:
                return outer.date

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def on(self, path: str, *replies: Reply | float) -> None:
        self.replies[path] = list(replies)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def kube(
    url: str, *, deadline: float = 10, meter: Meter | None = None, namespace: str = ""
) -> Kube:
    configuration = Configuration(url, authorization=lambda: f"Bearer {SECRET}")
    clock = HeldClock(NOW)
    return Kube(
        configuration,
        clock=clock,
        meter=meter or Meter(),
        deadline_seconds=deadline,
        namespace=namespace,
    )
