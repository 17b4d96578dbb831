"""The collector's HTTP through the pod proxy: which pod and which path it asks."""

from datetime import datetime, timedelta

import pytest

from fixtures.workload import health_answers
from tests.adapters.scripted import JSON, Server, kube
from tests.judges.samples import NOW, ago, container, install, pod, workload
from upkeep.adapters.formats import exposition
from upkeep.adapters.http.collector import ProxiedHttp, identified
from upkeep.errors import Malformed

OK = 200, JSON, b'{"status":"ok"}'
PROXY = "/api/v1/namespaces/monitoring/pods/{}cano-collector-a:8080/proxy"


def proxied(server: Server, *, scheme: str = "HTTP") -> ProxiedHttp:
    return ProxiedHttp(kube(server.url), namespace="monitoring", port=8080, scheme=scheme)


@pytest.mark.parametrize(("scheme", "prefix"), [("HTTP", ""), ("HTTPS", "https:")])
def test_a_path_is_asked_with_its_query_and_the_scheme_of_the_probes(
    server: Server, scheme: str, prefix: str
):
    path = f"{PROXY.format(prefix)}/livez"
    server.on(path, OK)
    assert proxied(server, scheme=scheme).get(pod("a"), "/livez?full=1&empty=").status == 200
    assert server.asked == [
        ("GET", path, {"full": ["1"]})
    ]  # what is empty is sent, and not shown by the server


def test_a_pod_that_has_finished_or_terminates_is_not_asked(server: Server):
    server.on(f"{PROXY.format('')}/livez", OK)
    pods = workload(pod("a"), pod("b", phase="Failed"), pod("c", phase="Succeeded"))
    found = vars(health_answers)["measurement"].take(
        proxied(server), install(health_paths=("/livez",)), pods
    )
    assert [one.pod for one in found] == ["cano-collector-a"]


# --- whose exposition it is ---

START = ago(hours=5)
PROCESS = f"process_start_time_seconds {START.timestamp():.0f}\n".encode()
GO = b"# TYPE go_goroutines gauge\ngo_goroutines 7\n" + PROCESS
OWN = b"# TYPE cano_slack_channel_resolution_duration_seconds histogram\n" + PROCESS


def whose(body: bytes, *, created: datetime, started: datetime | None) -> str:
    asked = pod("a", created=created, containers=(container(started=started),))
    found = exposition.parse(body, pod="a", taken=NOW)
    return identified(body, found, asked, container="cano-collector")


@pytest.mark.parametrize(
    ("body", "started", "proof"),
    [
        (OWN, START, "family cano_slack_channel_resolution_duration_seconds"),
        (b'cano_alerts_processed_total{source="processed"} 1\n' + GO, START, "family cano_alerts_processed_total"),
        (OWN, ago(hours=1), "family cano_slack_channel_resolution_duration_seconds"),  # it restarted within its container
        (GO, START, "process start of its container, no alert yet"),
        (GO, START - timedelta(minutes=4), "process start of its container, no alert yet"),
    ],
)  # fmt: skip
def test_an_exposition_is_the_collectors_by_a_family_or_its_process(
    body: bytes, started: datetime, proof: str
):
    assert whose(body, created=ago(hours=5), started=started) == proof


@pytest.mark.parametrize(
    ("body", "created", "started", "words"),
    [
        # Another program behind the address: its process is years older than the pod.
        (GO, ago(hours=1), ago(hours=1), "before the pod was made"),
        (OWN, ago(hours=1), ago(hours=1), "before the pod was made"),
        # A sidecar that restarted, or a proxy of the node.
        (GO, ago(days=4), ago(days=4), "but the container at 2025-12-29 12:00 UTC"),
        (GO, ago(days=4), None, "but the container at an unknown time"),
        # A program of another language with nothing but its process.
        (PROCESS, START, START, "none of a Go process"),
        (b"node_cpu_seconds_total 3\nprocess_cpu_seconds_total 3\n" + PROCESS, START, START, "no family of the collector"),
        (b"# HELP http_requests_total of cano_collector\nhttp_requests_total 3\n" + PROCESS, START, START, "no family of the collector"),
    ],
)  # fmt: skip
def test_an_exposition_of_another_program_is_malformed(
    body: bytes, created: datetime, started: datetime | None, words: str
):
    with pytest.raises(Malformed, match=words):
        whose(body, created=created, started=started)
