"""Prometheus and Alertmanager, directly and through the service proxy; the collector's counters over time."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.demo.conftest import NOW, Ask, asker
from upkeep import demo
from upkeep.demo.objects import telemetry

DAY = 86400


def query(
    ask: Ask, text: str, base: str = "/prometheus", **rest: object
) -> list[dict[str, object]]:
    answer = ask(f"{base}/api/v1/query", fields={"query": text, **rest})
    assert answer.status == 200, answer.data
    return list(answer.json()["data"]["result"])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("up", 3), ('up{pod=~"cano-.*"}', 2), ('up{pod!=""}', 2), ('{__name__="up",job="prometheus"}', 1), ('up{pod=~"cano"}', 0),
        ('{__name__=~"up|process_start_time_seconds"}', 5), ("up{job!~'prom.*'}", 2), ("nothing", 0),
        ("cano_backup_last_success_timestamp", 1),
        ('count by (__name__) ({__name__=~"up|nothing"})', 1),
    ],
)  # fmt: skip
def test_selectors(ask: Ask, text: str, count: int) -> None:
    assert len(query(ask, text)) == count


@pytest.mark.parametrize(
    "text",
    [
        "rate(up[5m])",
        "sum(up)",
        "up{",
        "",
        "{}",
        '{pod=~".*"}',
        "up > 0",
        'up{pod=~"("}',
        "up offset 1d",
    ],
)
def test_what_is_no_plain_selector_is_refused(ask: Ask, text: str) -> None:
    answer = ask("/prometheus/api/v1/query", fields={"query": text})
    assert (answer.status, answer.json()["errorType"]) == (400, "bad_data")


def test_the_services_lead_to_the_same_programs(ask: Ask, cluster: demo.Cluster) -> None:
    guide = cluster.state.layout == "guide"
    services = f"/api/v1/namespaces/{cluster.namespace}/services"
    prometheus = (
        f"{services}/{'prometheus:9090' if guide else 'prometheus-operated:http-web'}/proxy"
    )
    assert query(ask, "up", prometheus, time="1772600000") == query(ask, "up", time="1772600000")
    assert (
        ask(
            f"{services}/{'alertmanager' if guide else 'alertmanager-operated'}:9093/proxy/-/ready"
        ).data
        == b"OK"
    )
    assert ask(f"{prometheus}/-/ready").status == 200


def test_counters_grow_from_the_start_of_the_process_to_what_the_pod_shows_now(
    ask: Ask, cluster: demo.Cluster, pod: str
) -> None:
    name = telemetry.NAMES[cluster.state.layout]["received"]
    answer = ask(
        "/prometheus/api/v1/query_range",
        fields={
            "query": name,
            "start": NOW.timestamp() - 9 * DAY,
            "end": NOW.timestamp(),
            "step": "6h",
        },
    )
    rows = [
        row
        for row in answer.json()["data"]["result"]
        if row["metric"]["pod"] == pod.rpartition("/")[2]
    ]
    for row in rows:
        values = [float(value) for _, value in row["values"]]
        assert values == sorted(values)
        assert 31 <= len(values) <= 32  # a day of nothing before the process started
        assert values[-1] - values[-5] == pytest.approx(values[-1] / 8, abs=2)
    exposed = {
        tuple(sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(ask(f"{pod}:8080/proxy/metrics").data.decode())
        for sample in family.samples
        if sample.name == name
    }
    assert sum(exposed.values()) == 8 * 300
    assert sum(float(row["values"][-1][1]) for row in rows) == 8 * 300


@pytest.mark.parametrize("offset", [0, 3600, DAY, 2 * DAY + 17])
@pytest.mark.parametrize(
    ("scenario", "balanced"),
    [("healthy", True), ("chart", True), ("alert-errors", True), ("alerts-lost", False)],
)
def test_the_books_balance_at_every_instant_unless_alerts_are_lost(
    scenario: str, balanced: bool, offset: int
) -> None:
    state = demo.parse(scenario).state(NOW)
    totals: dict[str, float] = {}
    for (name, _), value in telemetry.samples(
        state.process(), state, state.ago(seconds=offset)
    ).items():
        totals[name] = totals.get(name, 0) + value
    received = totals[telemetry.NAMES[state.layout]["received"]]
    assert received > 100
    assert (
        received - totals["cano_alerts_processed_total"] - totals.get("cano_alerts_errors_total", 0)
        == 0
    ) is balanced


def test_the_exposition_parses_and_has_no_series_twice(ask: Ask, pod: str) -> None:
    text = ask(f"{pod}:8080/proxy/metrics").data.decode()
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series)) > 40
    families = {family.name: family.type for family in text_string_to_metric_families(text)}
    assert families["cano_alerts_processing_duration_seconds"] == "histogram"
    assert families["process_start_time_seconds"] == "gauge"


def test_a_fresh_process_exposes_no_family_of_the_collectors() -> None:
    state = demo.parse("chart-defaults").state(NOW)
    names = {name for name, _ in telemetry.samples(state.process(), state, NOW)}
    assert not {
        name
        for name in names
        if name.startswith(("cano_alerts", "cano_destination", "alertmanager_"))
    }
    assert "process_start_time_seconds" in names


def test_rules_targets_and_alerts() -> None:
    with demo.start("guide-alert-firing", now=lambda: NOW) as cluster:
        ask = asker(cluster)
        rules = ask("/prometheus/api/v1/rules", fields={"type": "alert"}).json()["data"]["groups"][
            0
        ]["rules"]
        assert {rule["name"]: rule["state"] for rule in rules} == {
            "CanoCollectorBackupFailed": "inactive",
            "CanoCollectorConfigOld": "firing",
        }
        assert [
            target["health"]
            for target in ask("/prometheus/api/v1/targets").json()["data"]["activeTargets"]
        ] == ["up"] * 3
        alerts = ask("/alertmanager/api/v2/alerts", fields={"receiver": "cano-.*"}).json()
        assert {alert["labels"]["alertname"] for alert in alerts} == {
            "Watchdog",
            "KubePodCrashLooping",
            "CanoCollectorConfigOld",
        }
        assert ask("/alertmanager/api/v2/alerts", fields={"receiver": "cano"}).json() == []


def test_alertmanager_shows_its_webhook_in_the_guide_layout_and_hides_it_in_the_chart_layout(
    ask: Ask, cluster: demo.Cluster
) -> None:
    original = ask("/alertmanager/api/v2/status").json()["config"]["original"]
    shown = "http://cano-collector.monitoring.svc.cluster.local:8080/api/alerts" in original
    assert (shown, "url: <secret>" in original) == (
        (True, False) if cluster.state.layout == "guide" else (False, True)
    )


def test_the_kubelet_counts_what_the_containers_use(ask: Ask, cluster: demo.Cluster) -> None:
    """The busiest hour of a day is the one around noon, and a day's mean is three quarters of it; a container that starts again has another id."""
    noon = NOW.replace(hour=12, minute=30, second=0).timestamp() - DAY
    fields = {
        "query": "container_cpu_usage_seconds_total",
        "start": noon - DAY,
        "end": noon,
        "step": "1h",
    }
    rows = ask("/prometheus/api/v1/query_range", fields=fields).json()["data"]["result"]
    assert {row["metric"]["container"] for row in rows} == {"cano-collector"}
    assert len(rows) == 2
    for row in rows:
        values = [float(value) for _, value in row["values"]]
        assert (values[-1] - values[-2]) / 3600 == pytest.approx(cluster.state.cores, rel=0.01)
        assert (values[-1] - values[0]) / DAY == pytest.approx(0.75 * cluster.state.cores, rel=0.01)
    used = [
        float(row["value"][1]) / 1048576
        for row in query(ask, "container_memory_working_set_bytes", time=str(noon))
    ]
    assert used == pytest.approx([cluster.state.memory_mib] * 2, rel=0.01)


def test_a_container_that_restarts_is_counted_anew() -> None:
    with demo.start("restarted-recently", now=lambda: NOW) as cluster:
        fields = {
            "query": "container_cpu_usage_seconds_total",
            "start": NOW.timestamp() - DAY,
            "end": NOW.timestamp(),
            "step": "15m",
        }
        rows = asker(cluster)("/prometheus/api/v1/query_range", fields=fields).json()["data"][
            "result"
        ]
    assert (
        len({row["metric"]["pod"] for row in rows})
        < len(rows)
        == len({row["metric"]["id"] for row in rows})
    )
    assert min(float(row["values"][0][1]) for row in rows) < 900 * 0.08
