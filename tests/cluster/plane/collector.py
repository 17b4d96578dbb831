"""A program that speaks the collector's HTTP, with real counters of prometheus-client, for both layouts (facts: collector.md).

``POST /_fault`` with a JSON object changes what it does from then on: ``{"health": 503}``, ``{"panic": true}``, ``{"destination": true}``.
"""

import argparse
import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import REGISTRY, Counter, Histogram, generate_latest

NAMES = {
    "chart": {
        "received": "alertmanager_alerts",
        "sent": "cano_destination_messages_sent",
        "send_seconds": "cano_destination_send_duration_seconds",
        "http": "http_requests",
    },
    "guide": {
        "received": "cano_alerts_received",
        "sent": "cano_destination_sent",
        "send_seconds": "cano_destination_duration_seconds",
        "http": "cano_http_requests",
    },
}


class Collector:
    """What the process counts, and the faults that it has been told."""

    def __init__(self, layout: str) -> None:
        names = NAMES[layout]
        self.layout = layout
        self.fault: dict[str, Any] = {}
        self.received = Counter(names["received"], "groups received", ["receiver", "status"])
        self.processed = Counter(
            "cano_alerts_processed", "groups processed", ["alert_name", "severity", "source"]
        )
        self.errors = Counter(
            "cano_alerts_errors", "groups that failed", ["alert_name", "error_type"]
        )
        self.sent = Counter(
            names["sent"], "messages sent", ["destination_name", "destination_type", "status"]
        )
        self.failed = Counter(
            "cano_destination_errors",
            "messages that failed",
            ["destination_name", "destination_type", "error_type"],
        )
        self.processing = Histogram(
            "cano_alerts_processing_duration_seconds", "seconds", ["alert_name", "workflow_count"]
        )
        self.sending = Histogram(
            names["send_seconds"], "seconds", ["destination_name", "destination_type"]
        )
        self.http = Counter(names["http"], "requests", ["method", "path", "status"])

    def health(self, path: str) -> tuple[int, dict[str, Any]]:
        """Status and body of a health path."""
        if "health" in self.fault:
            return int(self.fault["health"]), {"status": "Service Unavailable"}
        if self.layout == "guide":
            return (200, {"status": "ok"}) if path == "/health" else (404, {})
        if path == "/livez":
            return 200, {"status": "ok"}
        if path in ("/healthz", "/readyz"):
            return 200, {
                "status": "OK",
                "component": {"name": "cano-collector", "version": "0.0.24"},
            }
        return 404, {}

    def alerts(self, body: bytes) -> int:
        """Takes one group of alerts, as Alertmanager posts it; the status to answer."""
        try:
            group = json.loads(body)
            name = group["alerts"][0]["labels"]["alertname"]
        except (ValueError, KeyError, IndexError):
            self.http.labels("POST", "/api/alerts", "Bad Request").inc()
            return 400
        self.received.labels(group.get("receiver", ""), group.get("status", "firing")).inc()
        if self.fault.get("panic"):
            return 500  # and nothing else is counted: that is the trap
        if self.fault.get("destination"):
            self.failed.labels("ops", "unknown", "send_failed").inc()
            self.errors.labels(name, "dispatch_failed").inc()
            self.http.labels("POST", "/api/alerts", "Internal Server Error").inc()
            return 500
        self.processed.labels(name, "warning", "processed").inc()
        self.processing.labels(name, "0").observe(0.03)
        self.sending.labels("ops", "unknown").observe(0.02)
        self.sent.labels("ops", "unknown", "success").inc(len(group["alerts"]))
        self.http.labels("POST", "/api/alerts", "OK").inc()
        return 200


def handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    """The request handler of a collector."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/metrics":
                self.answer(
                    200, generate_latest(REGISTRY), "text/plain; version=0.0.4; charset=utf-8"
                )
            else:
                status, body = collector.health(self.path)
                if status == 404:
                    self.answer(404, b"404 page not found", "text/plain")  # gin's own words
                else:
                    self.answer(status, json.dumps(body).encode(), "application/json")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/_fault":
                collector.fault = json.loads(body)
                self.answer(200, b"{}", "application/json")
            else:
                self.answer(collector.alerts(body), b"{}", "application/json")

        def answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class Server(ThreadingHTTPServer):
    """On any address family."""

    address_family = socket.AF_INET


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layout", choices=sorted(NAMES), required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    Server((options.address, options.port), handler(Collector(options.layout))).serve_forever()


if __name__ == "__main__":
    main()
