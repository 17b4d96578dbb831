"""Pushgateway, Prometheus and Alertmanager on loopback, with the rules of deploy/monitoring."""

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml

from tests import ROOT
from tests.programs import program

RULES = ROOT / "deploy" / "monitoring" / "rules.yaml"
DASHBOARD = ROOT / "deploy" / "monitoring" / "dashboard.json"
DEADLINE_SECONDS = 60


def dashboard_queries() -> dict[str, str]:
    """Return the queries of the dashboard for all targets, by panel."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return {
        f"{panel['title']} {target['refId']}": target["expr"].replace("$target", ".*")
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(look: Callable[[], Any], *, seconds: float = DEADLINE_SECONDS) -> Any:
    """Return the first true answer; the last one where the deadline passes."""
    ends = time.monotonic() + seconds
    while True:
        with contextlib.suppress(requests.RequestException):
            if found := look():
                return found
        if time.monotonic() > ends:
            return look()
        time.sleep(0.2)


@contextlib.contextmanager
def started(*command: str, ready: str) -> Iterator[None]:
    """Run a program until it answers at a URL, and end it afterwards."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert wait_for(lambda: requests.get(ready, timeout=5).ok), f"{command[0]} is not ready"
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextlib.contextmanager
def pushgateway(folder: Path) -> Iterator[str]:
    """Yield the URL of a Pushgateway that keeps its groups in the folder."""
    url = f"http://127.0.0.1:{free_port()}"
    with started(
        program("prometheus-pushgateway"),
        f"--web.listen-address={url.removeprefix('http://')}",
        f"--persistence.file={folder / 'pushgateway'}",
        ready=f"{url}/-/ready",
    ):
        yield url


@dataclass(frozen=True)
class Monitoring:
    """The three programs, by their URLs."""

    pushgateway: str
    prometheus: str
    alertmanager: str

    def firing(self) -> set[str]:
        """Return the names of the alerts that Alertmanager holds."""
        answer = requests.get(f"{self.alertmanager}/api/v2/alerts", timeout=5)
        return {alert["labels"]["alertname"] for alert in answer.json()}

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the result of an instant query."""
        answer = requests.get(
            f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=5
        ).json()
        assert answer["status"] == "success", answer
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


@contextlib.contextmanager
def monitoring(folder: Path) -> Iterator[Monitoring]:
    """Yield the three programs, connected; every alert fires at once (``for: 0s``)."""
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    for group in rules["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            if "alert" in rule:
                rule["for"] = "0s"
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    alertmanager = f"http://127.0.0.1:{free_port()}"
    prometheus = f"http://127.0.0.1:{free_port()}"
    (folder / "alertmanager.yaml").write_text(
        "route: {receiver: none}\nreceivers: [{name: none}]\n"
    )
    with pushgateway(folder) as gateway:
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(folder / "rules.yaml")],
            "alerting": {"alertmanagers": [_at(alertmanager)]},
            "scrape_configs": [{"job_name": "pushgateway", "honor_labels": True, **_at(gateway)}],
        }
        (folder / "prometheus.json").write_text(json.dumps(settings))
        with (
            started(
                program("prometheus-alertmanager"),
                f"--config.file={folder / 'alertmanager.yaml'}",
                f"--storage.path={folder / 'alertmanager'}",
                f"--web.listen-address={alertmanager.removeprefix('http://')}",
                "--cluster.listen-address=",
                ready=f"{alertmanager}/-/ready",
            ),
            started(
                program("prometheus"),
                f"--config.file={folder / 'prometheus.json'}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address={prometheus.removeprefix('http://')}",
                "--rules.alert.resend-delay=1s",
                ready=f"{prometheus}/-/ready",
            ),
        ):
            yield Monitoring(gateway, prometheus, alertmanager)


def _at(url: str) -> dict[str, Any]:
    return {"static_configs": [{"targets": [url.removeprefix("http://")]}]}
