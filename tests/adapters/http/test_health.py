"""Health answers: the collector's own, and those of programs that answer in its place."""

import pytest

from tests.adapters.scripted import JSON, Reply, Server, kube
from tests.judges.samples import pod
from upkeep.adapters.http import health
from upkeep.adapters.http.collector import ProxiedHttp
from upkeep.records.serving import HealthAnswer, Unanswered

TEXT, HTML = {"Content-Type": "text/plain; charset=utf-8"}, {"Content-Type": "text/html"}
PATH = "/api/v1/namespaces/monitoring/pods/cano-collector-a:8080/proxy/livez"


def answered(server: Server, reply: Reply) -> HealthAnswer | Unanswered:
    server.on(PATH, reply)
    http = ProxiedHttp(kube(server.url), namespace="monitoring", port=8080, scheme="HTTP")
    return health.answer_of(http, pod("a"), "/livez")


@pytest.mark.parametrize(
    ("reply", "status", "ok"),
    [
        ((200, JSON, b'{"status":"ok"}'), 200, True),
        ((200, JSON, b'{"status":"OK","component":{"name":"c"}}'), 200, True),
        ((200, JSON, b'{"status":"starting"}'), 200, False),
        ((200, TEXT, b'{"status":"ok"}'), 200, True),
        ((503, JSON, b'{"status":"Service Unavailable"}'), 503, False),
        ((404, TEXT, b"404 page not found"), 404, False),
        ((404, TEXT, b"404 page not found\n"), 404, False),
        ((500, {}, b""), 500, False),
    ],
)
def test_the_collectors_own_answer_is_a_fact(server: Server, reply: Reply, status: int, ok: bool):
    found = answered(server, reply)
    assert isinstance(found, HealthAnswer)
    assert (found.pod, found.path, found.status, found.ok) == (
        "cano-collector-a",
        "/livez",
        status,
        ok,
    )


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        ((403, TEXT, b"RBAC: access denied"), "Malformed", "(RBAC: access denied)"),  # Istio
        ((403, {}, b""), "Malformed", "403 with 0 bytes"),  # Linkerd
        ((403, JSON, b'{"status":"ok"}'), "Malformed", "403 with 15 bytes"),
        ((401, JSON, b'{"status":"unauthorized"}'), "Malformed", "401"),
        ((404, {}, b""), "Malformed", "404 with 0 bytes of no content type"),  # Envoy, no route
        ((404, JSON, b'{"message":"no Route matched"}'), "Malformed", "404"),  # Kong
        ((404, TEXT, b"default backend - 404"), "Malformed", "(default backend - 404)"),
        ((503, TEXT, b"no healthy upstream"), "Malformed", "(no healthy upstream)"),  # Envoy
        ((503, JSON, b'{"message":"Service Unavailable"}'), "Malformed", "503"),
        ((500, TEXT, b"fault filter abort"), "Malformed", "(fault filter abort)"),  # Istio
        ((302, {"Location": "https://login.example/"}, b""), "Malformed", "302"),
        ((200, TEXT, b"ok"), "Malformed", "200 with 2 bytes of text/plain"),
        ((200, JSON, b"[]"), "Malformed", "200 with 2 bytes of application/json"),
        ((200, JSON, b'{"message":"hello"}'), "Malformed", "200 with 19 bytes"),
        ((200, JSON, b"[" * 100_000), "Malformed", "200 with 100000 bytes"),
        ((200, HTML, b"<html>"), "Malformed", "200 with 6 bytes of text/html"),
        ((503, HTML, b"<html>"), "Malformed", "503 with 6 bytes of text/html"),
        ((502, TEXT, b"bad gateway"), "Unavailable", "a gateway on the way answered 502"),
        ((504, {}, b""), "Unavailable", "a gateway on the way answered 504"),
    ],
)
def test_an_answer_of_another_program_says_nothing_about_the_collector(
    server: Server, reply: Reply, kind: str, words: str
):
    found = answered(server, reply)
    assert isinstance(found, Unanswered)
    assert (found.kind, words in found.message) == (kind, True), found.message
    assert found.next_step.startswith("--collector=URL")


def test_no_secret_of_another_programs_text_is_shown(server: Server):
    found = answered(server, (403, TEXT, b"denied: Authorization: Bearer hunter2hunter2hunter2"))
    assert isinstance(found, Unanswered)
    assert "hunter2" not in found.message
