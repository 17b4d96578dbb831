"""Alertmanager's configuration in a Secret of a real API server, under the Role that ``upkeep rbac --alertmanager-config`` prints."""

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checks.inner import PATIENT
from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.layouts import Install
from tests.cluster.plane.objects import SECRET
from tests.cluster.plane.runs import for_the_measurer, permitted
from upkeep.__main__ import main
from upkeep.commands.rbac import document

NAME = "alertmanager-main-generated"
STORED = ("Secret", "monitoring", NAME)


def configuration(url: str) -> dict[str, Any]:
    """Everything goes to the collector, and by mail, too."""
    mail = {"to": "a@example.org", "auth_password": SECRET}
    routes = [{"receiver": "mail", "continue": True}, {"receiver": "cano"}]
    receivers = [
        {"name": "cano", "webhook_configs": [{"url": url}]},
        {"name": "mail", "email_configs": [mail]},
    ]
    return {"route": {"receiver": "cano", "routes": routes}, "receivers": receivers}


class Shows(BaseHTTPRequestHandler):
    """What Alertmanager 0.28 answers: its configuration, without URLs."""

    def do_GET(self) -> None:
        status = {"config": {"original": yaml.safe_dump(configuration("<secret>"))}}
        body = json.dumps([] if self.path.endswith("/silences") else status).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Shows) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("posts_to", "may_read", "outcome", "said"),
    [
        (
            "http://cano-collector.monitoring.svc:8080/api/alerts",
            True,
            "pass",
            "to the collector: cano (every alert); to others: mail (email;",
        ),
        (
            "http://cano-collector.monitoring.svc/api/alerts",
            True,
            "fail",
            "posts to port 80 of Service cano-collector. The Service leads by 8080",
        ),
        (
            "http://cano-collector.monitoring.svc:8080/api/alerts",
            False,
            "unknown",
            f"secrets/{NAME}",
        ),
    ],
)
def test_a_named_secret_tells_where_hidden_webhooks_lead(
    posts_to: str,
    may_read: bool,
    outcome: str,
    said: str,
    plane: ControlPlane,
    guide: Install,
    url: str,
    tmp_path: Path,
) -> None:
    """One named Secret is read, and the right to read that one is all that it takes."""
    packed = base64.b64encode(
        gzip.compress(yaml.safe_dump(configuration(posts_to)).encode())
    ).decode()
    metadata = {"name": NAME, "namespace": guide.namespace}
    plane.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "data": {"alertmanager.yaml.gz": packed},
        }
    )
    printed = document(
        ["quarterly"],
        guide.namespace,
        "monitoring",
        "upkeep",
        named=[(STORED[0].lower(), *STORED[1:])] if may_read else [],
    )
    objects = for_the_measurer(printed)
    named = [
        rule
        for one in objects
        for rule in one.get("rules", [])
        if NAME in rule.get("resourceNames", [])
    ]
    assert [(rule["resources"], rule["verbs"]) for rule in named] == (
        [(["secrets"], ["get"])] if may_read else []
    )
    words = [
        f"--kubeconfig={plane.kubeconfig('measurer', namespace=guide.namespace)}",
        f"--out={tmp_path}",
        f"--alertmanager={url}",
    ]
    try:
        with permitted(plane, guide, objects):
            main(
                [
                    "run",
                    "-m",
                    "control(id='fallback-notification')",
                    "-q",
                    *PATIENT,
                    *words,
                    f"--alertmanager-config={'/'.join(STORED)}",
                ]
            )
    finally:
        plane.request("DELETE", f"/api/v1/namespaces/{guide.namespace}/secrets/{NAME}")
    ledger = (tmp_path / "results.jsonl").read_text()
    (result,) = map(json.loads, ledger.splitlines())
    assert (result["outcome"], said in f"{result['summary']} {result['basis']}") == (
        outcome,
        True,
    ), result
    assert SECRET not in ledger
