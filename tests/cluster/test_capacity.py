"""right-sized and capacity-ahead over a real Prometheus: its storage, its range queries, its lookback and its numbers."""

import math
import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.checks.inner import results
from tests.cluster.plane import prometheus
from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.layouts import Install
from tests.cluster.programs import program
from upkeep import demo
from upkeep.demo.objects import telemetry

CONTROLS = "control(id='right-sized') or control(id='capacity-ahead')"
HOUR, DAY = 3600, 86400


def remembered(state: demo.State) -> Iterator[prometheus.Sample]:
    """What Prometheus would have scraped of a demo cluster: every hour of nine days, and every day of a quarter."""
    instants = sorted(
        {state.ago(hours=number) for number in range(9 * 24)}
        | {state.ago(days=number) for number in range(92)}
    )
    wanted = (
        "container_cpu",
        "container_memory",
        "cano_alerts_received",
        "alertmanager_alerts",
        "process_start",
    )
    effort = (
        "cano_alerts_processing_duration_seconds_sum",
        "cano_alerts_processing_duration_seconds_count",
    )
    for labels, values in telemetry.scraped(state, instants):
        name = labels["__name__"]
        if name.startswith(wanted) or name in effort:
            own = {label: text for label, text in labels.items() if label != "__name__"}
            yield from (
                (name, own, instant.timestamp(), value)
                for instant, value in zip(instants, values, strict=True)
                if value is not None
            )


@pytest.mark.parametrize(
    ("scenario", "outcomes"),
    [
        ("healthy", ("pass", "pass")),
        ("chart/traffic-growing", ("pass", "fail")),
        ("requests-too-large", ("fail", "pass")),
        ("monitoring-young", ("pass", "unknown")),
    ],
)
def test_the_real_prometheus_tells_what_the_embedded_one_does(
    scenario: str, outcomes: tuple[str, str], tmp_path: Path
) -> None:
    """The same past in both; the rest of the cluster is the embedded one."""
    with (
        demo.start(scenario) as cluster,
        prometheus.running(tmp_path / "prometheus", remembered(cluster.state)) as url,
    ):
        reached = [f"--kubeconfig={cluster.kubeconfig}"]
        real = results(CONTROLS, *reached, f"--prometheus={url}", out=tmp_path / "real")
        played = results(CONTROLS, *reached, out=tmp_path / "played")
    assert (real["right-sized"]["outcome"], real["capacity-ahead"]["outcome"]) == outcomes
    for control, result in real.items():
        told = played[control]
        assert (result["outcome"], result["reason"]) == (told["outcome"], told["reason"])
        assert [finding["code"] for finding in result["findings"]] == [
            finding["code"] for finding in told["findings"]
        ]
        # The embedded one answers for the very instant, the real one with what it scraped some seconds before.
        for mine, other in zip(result["findings"], told["findings"], strict=True):
            assert mine["observed"] == pytest.approx(other["observed"], rel=0.05)
    if outcomes[1] != "unknown":
        assert real["capacity-ahead"]["basis"].startswith(
            ("volume: 28 complete days", "volume: 27 complete days")
        )


def past(install: Install, *, cores: float, mib: float) -> Iterator[prometheus.Sample]:
    """A week of two pods that are gone, and a month of their alerts; of the present ones, which are seconds old, nothing."""
    now = datetime.now(UTC)
    started = now - timedelta(days=30)
    for suffix in ("c6m8q", "t5z9g"):
        labels = {"namespace": install.namespace, "pod": f"cano-collector-5c4b8d7f69-{suffix}"}
        kubelet = labels | {
            "container": "cano-collector",
            "id": f"/kubepods/{suffix}",
            "job": "kubelet",
        }
        for number in range(24 * 8):
            instant = (now - timedelta(hours=number)).timestamp()
            yield (
                "container_cpu_usage_seconds_total",
                kubelet | {"cpu": "total"},
                instant,
                cores * (instant - started.timestamp()),
            )
            yield "container_memory_working_set_bytes", kubelet, instant, mib * 1024 * 1024
            # What Prometheus has of every pod beside: its sandbox, and the sum over its containers.
            yield (
                "container_memory_working_set_bytes",
                labels | {"id": "/kubepods", "job": "kubelet"},
                instant,
                9e9,
            )
            yield (
                "container_memory_working_set_bytes",
                kubelet | {"container": "POD", "id": "/pause"},
                instant,
                9e9,
            )
        for number in range(1, 30):
            instant = (now - timedelta(days=number)).timestamp()
            target = labels | {"job": "cano-collector", "instance": f"10.9.9.{len(suffix)}:8080"}
            yield "process_start_time_seconds", target, instant, math.floor(started.timestamp())
            for status in ("firing", "resolved"):
                received = target | {"receiver": "cano", "status": status}
                yield (
                    "alertmanager_alerts_total",
                    received,
                    instant,
                    float(math.floor((instant - started.timestamp()) / DAY) * 150),
                )


@pytest.mark.parametrize("layout", ["guide", "chart"])
def test_on_a_real_control_plane_the_line_that_a_finding_gives_is_accepted(
    plane: ControlPlane, layout: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The requests of the real pods, the use as Prometheus has it: too large, and the printed command is one that the API server takes."""
    install: Install = request.getfixturevalue(layout)
    kubeconfig = plane.kubeconfig("admin", namespace=install.namespace)
    with prometheus.running(tmp_path / "prometheus", past(install, cores=0.0092, mib=93)) as url:
        told = results(
            CONTROLS, f"--kubeconfig={kubeconfig}", f"--prometheus={url}", out=tmp_path / "out"
        )
    sized, ahead = told["right-sized"], told["capacity-ahead"]
    assert [finding["code"] for finding in sized["findings"]] == [
        "cpu-request-too-large",
        "memory-request-too-large",
    ]
    assert [finding["observed"] for finding in sized["findings"]] == pytest.approx(
        [0.0368, 0.1816], abs=0.001
    )
    assert (ahead["outcome"], ahead["basis"].partition(" (")[0]) == (
        "pass",
        "volume: 29 complete days of 90",
    )
    assert ahead["observed"].startswith("600 groups a day, +0 each day")
    deployment = f"/apis/apps/v1/namespaces/{install.namespace}/deployments/cano-collector"
    before = plane.get(deployment)["metadata"]["resourceVersion"]
    lines = sized["next"].splitlines()
    assert [line.rpartition("--requests=")[2] for line in lines] == [
        "cpu=20m --dry-run=server",
        "memory=192Mi --dry-run=server",
    ]
    for line in lines:
        name, *words = shlex.split(line)
        assert name == "kubectl"
        ran = subprocess.run(
            [program("kubectl"), f"--kubeconfig={kubeconfig}", *words],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "resource requirements updated (server dry run)" in ran.stdout
    assert plane.get(deployment)["metadata"]["resourceVersion"] == before


def test_without_prometheus_neither_is_known_and_a_moment_is_told_as_one(
    plane: ControlPlane, guide: Install, tmp_path: Path
) -> None:
    kubeconfig = plane.kubeconfig("admin", namespace=guide.namespace)
    told = results(
        CONTROLS,
        f"--kubeconfig={kubeconfig}",
        "--absent=prometheus=none in this test",
        "--limit=usage_age=1h",
        out=tmp_path / "out",
    )
    sized, ahead = told["right-sized"], told["capacity-ahead"]
    assert (sized["outcome"], sized["reason"], ahead["outcome"], ahead["reason"]) == (
        "unknown",
        "absent",
        "unknown",
        "too-early",
    )
    assert sized["summary"].endswith(
        "Prometheus is declared absent. At present: cano-collector 9m and 186Mi (metrics-server)."
    )
    assert sized["next"] == "--prometheus=URL"
