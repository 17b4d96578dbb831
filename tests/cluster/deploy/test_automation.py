"""The story of a fault: the CronJob's pods publish, and a real Prometheus and Alertmanager tell it and take it back."""

import subprocess
from pathlib import Path

import requests
import yaml

from tests import ROOT
from tests.cluster.deploy.deployed import Deployed
from tests.cluster.plane.controlplane import wait_for
from tests.cluster.plane.layouts import answers
from tests.programs.monitoring import Monitoring, dashboard_queries, monitoring

FAULT = {"alertname": "CanoUpkeepControlFailed", "control": "health-ok"}


def analysis() -> str:
    """Return the query of the AnalysisTemplate for the Jobs' target."""
    document = yaml.safe_load((ROOT / "docs" / "ci" / "argo-rollouts.yaml").read_text())
    (metric,) = document["spec"]["metrics"]
    query: str = metric["provider"]["prometheus"]["query"]
    return query.replace("{{args.target}}", document["spec"]["args"][0]["value"])


def fires(programs: Monitoring) -> bool:
    answer = requests.get(f"{programs.alertmanager}/api/v2/alerts", timeout=5).json()
    return any(FAULT.items() <= alert["labels"].items() for alert in answer)


def test_a_fault_becomes_an_alert_and_is_taken_back(deployed: Deployed, tmp_path: Path) -> None:
    with monitoring(tmp_path) as programs, deployed.publishing(programs.pushgateway):
        backup = deployed.kubelet.run(deployed.start("upkeep-cano-collector-backup"), "backup")
        assert backup.returncode == 0, backup.stderr
        deployed.measure()
        for name, query in (dashboard_queries() | {"the analysis of Argo": analysis()}).items():
            wait_for(lambda query=query: programs.query(query), what=name, seconds=15)
        assert not fires(programs)
        process = deployed.install.processes[0]
        process.terminate()
        process.wait(60)
        deployed.measure()
        wait_for(lambda: fires(programs), what="the alert at Alertmanager", seconds=60)
        deployed.install.processes[0] = subprocess.Popen(process.args, start_new_session=True)
        (pod, *_) = deployed.install.addresses
        wait_for(lambda: answers(deployed.install, pod), what="the collector's process")
        deployed.measure()
        wait_for(lambda: not fires(programs), what="the alert to be resolved", seconds=60)
