"""The story of a fault: the CronJob's pods publish, and a real Prometheus and Alertmanager tell it and take it back."""

import json
import shutil
import subprocess
from pathlib import Path

import requests

from tests import ROOT
from tests.cluster.deploy.deployed import Deployed
from tests.cluster.plane.controlplane import wait_for
from tests.cluster.plane.layouts import answers
from tests.programs.monitoring import Monitoring, monitoring

FAULT = {"alertname": "CanoUpkeepControlFailed", "control": "health-ok"}


def measure(deployed: Deployed) -> None:
    """Run the pod of the CronJob on the next day: the ledger knows of no earlier one."""
    data = deployed.volume("upkeep")
    shutil.rmtree(data / "ledger", ignore_errors=True)
    done = deployed.kubelet.run(deployed.start("upkeep-run"), "run")
    assert done.returncode == 0, done.stdout + done.stderr


def fires(programs: Monitoring) -> bool:
    answer = requests.get(f"{programs.alertmanager}/api/v2/alerts", timeout=5).json()
    return any(FAULT.items() <= alert["labels"].items() for alert in answer)


def test_a_fault_becomes_an_alert_and_is_taken_back(deployed: Deployed, tmp_path: Path) -> None:
    dashboard = json.loads((ROOT / "deploy" / "monitoring" / "dashboard.json").read_text())
    with monitoring(tmp_path) as programs:
        deployed.publish(programs.pushgateway)
        backup = deployed.kubelet.run(deployed.start("upkeep-cano-collector-backup"), "backup")
        assert backup.returncode == 0, backup.stderr
        measure(deployed)
        (gate, *_) = dashboard["panels"][0]["targets"]
        gate_open = gate["expr"].replace("$target", ".*")
        assert wait_for(lambda: programs.query(gate_open), what="the dashboard's gate")
        assert programs.query("cano_backup_last_success_timestamp")
        assert not fires(programs)
        process = deployed.install.processes[0]
        process.terminate()
        process.wait(60)
        measure(deployed)
        wait_for(lambda: fires(programs), what="the alert at Alertmanager", seconds=60)
        deployed.install.processes[0] = subprocess.Popen(process.args, start_new_session=True)
        (pod, *_) = deployed.install.addresses
        wait_for(lambda: answers(deployed.install, pod), what="the collector's process")
        measure(deployed)
        wait_for(lambda: not fires(programs), what="the alert to be resolved", seconds=60)
