"""The alerting rules: by promtool with their real times, and on real programs, fed by real runs."""

import subprocess
from pathlib import Path

import pytest
import requests
import yaml

from reports import metrics
from tests import ROOT
from tests.programs import QUICK, program
from tests.programs.monitoring import Monitoring, monitoring, pushgateway, wait_for
from upkeep.__main__ import main
from upkeep.commands import suite


def run(scenario: str, url: str, out: Path, *arguments: str) -> int:
    """Run the daily checks on the embedded cluster, and publish their outcomes."""
    chosen = ["-m", "daily", "-q", *QUICK, f"--demo={scenario}", f"--out={out}"]
    return suite.run([*chosen, f"--pushgateway={url}", *arguments])


def test_the_rules_by_promtool() -> None:
    done = subprocess.run(
        [program("promtool"), "test", "rules", "rules_test.yaml"],
        cwd=ROOT / "tests" / "programs",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_operators_object_holds_the_same_rules() -> None:
    folder = ROOT / "deploy" / "monitoring"
    plain = yaml.safe_load((folder / "rules.yaml").read_text(encoding="utf-8"))
    operators = yaml.safe_load((folder / "prometheusrule.yaml").read_text(encoding="utf-8"))
    assert operators["kind"] == "PrometheusRule"
    assert operators["spec"] == plain


def test_outcomes_are_put_and_the_guides_times_are_kept(tmp_path: Path) -> None:
    with pushgateway(tmp_path) as url:
        assert run("healthy", url, tmp_path / "out") == 0
        first = requests.get(f"{url}/metrics", timeout=5).text
        assert (
            'cano_backup_last_success_timestamp{instance="",job="cano-upkeep",target="default"}'
            in first
        )
        assert 'control="pods-ready",instance="",job="cano-upkeep",outcome="pass"' in first
        assert run("crash-looping", url, tmp_path / "out") == 1
        second = requests.get(f"{url}/metrics", timeout=5).text
    failed = [
        line
        for line in second.splitlines()
        if 'control="pods-ready"' in line and line.endswith(" 1")
    ]
    assert len(failed) == 1
    assert 'outcome="fail"' in failed[0]
    assert "cano_backup_last_success_timestamp{" in second


def test_a_backup_renews_its_time_and_erases_no_outcome(tmp_path: Path) -> None:
    name = "cano_backup_last_success_timestamp"
    with pushgateway(tmp_path) as url:
        assert run("healthy", url, tmp_path / "out") == 0
        before = series(url)
        folder = f"--backups={tmp_path / 'backups'}"
        assert main(["backup", "--demo", folder, f"--pushgateway={url}"]) == 0
        after = series(url)
    changed = {line for line in after if after[line] != before.get(line)}
    # The second time is that of the embedded cluster, which is made anew for each command.
    named = {line.partition("{")[0] for line in changed if line.startswith("cano")}
    assert named <= set(metrics.GUIDE)
    (line,) = (line for line in changed if line.startswith(name))
    assert float(after[line]) > float(before[line])
    assert before.keys() <= after.keys()


def series(url: str) -> dict[str, str]:
    """Return the value of each series of a Pushgateway."""
    lines = requests.get(f"{url}/metrics", timeout=5).text.splitlines()
    return {
        line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in lines if line[:1] not in "#"
    }


def test_a_part_of_a_cadence_publishes_nothing(tmp_path: Path) -> None:
    with pushgateway(tmp_path) as url:
        run("healthy", url, tmp_path / "out", "-k", "pods")
        assert "cano_upkeep" not in requests.get(f"{url}/metrics", timeout=5).text


@pytest.fixture
def programs(tmp_path: Path):
    with monitoring(tmp_path) as running:
        yield running


def test_alerts_fire_on_real_faults_and_resolve(programs: Monitoring, tmp_path: Path) -> None:
    always = {"CanoUpkeepWatchdog"}
    assert wait_for(lambda: {"CanoUpkeepNoReports", *always} <= programs.firing())
    assert run("alert-errors", programs.pushgateway, tmp_path / "out", "--gate") == 10
    wanted = {"CanoUpkeepControlFailed", "CanoUpkeepGateClosed", *always}
    assert wait_for(lambda: programs.firing() == wanted), programs.firing()
    assert programs.query('cano_upkeep_control_outcome{control="error-rate-low",outcome="fail"}==1')
    assert run("healthy", programs.pushgateway, tmp_path / "out", "--gate") == 0
    assert wait_for(lambda: programs.firing() == always), programs.firing()
    assert run("forbidden@metrics", programs.pushgateway, tmp_path / "out", "--gate") == 12
    wanted = {"CanoUpkeepControlNotMeasured", "CanoUpkeepGateClosed", *always}
    assert wait_for(lambda: programs.firing() == wanted), programs.firing()
