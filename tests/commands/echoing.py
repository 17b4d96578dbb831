"""A server that repeats the credentials that it was sent: in statuses, headers, names and broken answers."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent, in the way of its server."""

    protocol_version = "HTTP/1.1"
    how = ""

    def log_message(self, *_: Any) -> None:
        pass

    def sent(self) -> str:
        """The credentials that came, also the password of basic authentication in clear."""
        value = self.headers.get("Authorization", "") or self.headers.get("X-Scope-Key", "")
        if value.startswith("Basic "):
            value += " " + base64.b64decode(value[6:]).decode(errors="replace")
        return f"{value} {value.rpartition(' ')[2]} {self.headers.get('X-Scope-Key', '')}"

    def answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(size)
        said, how = self.sent(), self.how
        word = said.split(" ")[1] if " " in said else said
        status = {"kind": "Status", "status": "Failure", "message": said, "reason": said}
        if how == "monitor" and "/api/v1/namespaces" in self.path:
            how = "404"
        if how.isdigit():
            self.give(int(how), json.dumps(status | {"code": int(how)}), "application/json")
        elif how == "monitor":
            self.give(400, json.dumps({"status": "error", "errorType": said, "error": said}))
        elif how == "html":
            self.give(200, f"<html><title>{said}</title>{said}</html>", "text/html")
        elif how == "text":
            self.give(503, said, "text/plain")
        elif how == "reason":
            self.wfile.write(f"HTTP/1.1 403 {said}\r\nContent-Length: 0\r\n\r\n".encode())
        elif how == "header":
            self.give(429, "{}", **{"Retry-After": said, "Warning": f'299 - "{said}"'})
        elif how == "location":
            self.give(302, "", Location=f"http://127.0.0.1:9/{word}?token={word}")
        elif how == "names":
            item = {"metadata": {"name": word, "namespace": word, "uid": word}, "spec": {}}
            self.give(200, json.dumps({"kind": "DeploymentList", "items": [item], "metadata": {}}))
        elif how == "kind":
            self.give(200, json.dumps({"kind": word, "apiVersion": word, "items": word}))
        elif how == "type":
            self.give(200, json.dumps({"items": []}), content=f"application/{word}")
        elif how == "chunk":
            head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            self.wfile.write(f"{head}{word}\r\n{said}\r\n".encode())
            self.close_connection = True
        elif how == "cut":
            self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{said}".encode())
            self.close_connection = True
        elif how == "status-line":
            self.wfile.write(f"HTTP/{word} {said}\r\n\r\n".encode())
            self.close_connection = True
        elif how == "many-headers":
            lines = "".join(f"X-{number}: {said}\r\n" for number in range(200))
            self.wfile.write(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode())
            self.close_connection = True
        else:
            self.wfile.write(f"{said}\r\n{said}\r\n".encode())
            self.close_connection = True

    def give(self, code: int, text: str, content: str = "application/json", **more: str) -> None:
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", content)
        self.send_header("Content-Length", str(len(body)))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815 - http.server's names


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Print nothing: a command that has ended reads no answer, and the traceback would look like its own."""


@contextmanager
def served(how: str) -> Iterator[str]:
    """The URL of a server that answers in that way; one where nothing listens for no way."""
    if not how:
        yield "http://127.0.0.1:9"
        return
    server = _Server(("127.0.0.1", 0), type("Echo", (_Echo,), {"how": how}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
