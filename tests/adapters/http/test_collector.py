"""The collector's HTTP through the pod proxy: which path is asked, and what an answer is worth."""

import pytest

from fixtures.workload import health_answers
from tests.adapters.scripted import JSON, Reply, Server, kube
from tests.judges.samples import install, pod, workload
from upkeep.adapters.http.collector import ProxiedHttp
from upkeep.errors import Malformed, Unavailable, Unmeasured
from upkeep.records.serving import HealthAnswer

OK = 200, JSON, b'{"status":"ok"}'
PROXY = "/api/v1/namespaces/monitoring/pods/{}cano-collector-a:8080/proxy"


def proxied(server: Server, *, scheme: str = "HTTP") -> ProxiedHttp:
    return ProxiedHttp(kube(server.url), namespace="monitoring", port=8080, scheme=scheme)


def answered(server: Server, reply: Reply) -> HealthAnswer:
    server.on(f"{PROXY.format('')}/livez", reply)
    (found,) = vars(health_answers)["measurement"].take(
        proxied(server), install(health_paths=("/livez",)), workload(pod("a"))
    )
    return found


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


def test_what_the_pod_says_is_its_answer(server: Server):
    assert answered(server, OK).ok
    ill = answered(server, (503, JSON, b'{"status":"Service Unavailable"}'))
    assert (ill.status, ill.ok) == (503, False)
    assert (
        answered(server, (404, {"Content-Type": "text/plain"}, b"404 page not found")).status == 404
    )


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (
            (503, {"Content-Type": "text/html"}, b"<html>"),
            Malformed,
            "a page of HTML with status 503 came",
        ),
        (
            (200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>"),
            Malformed,
            "a page of HTML with status 200 came",
        ),
        (
            (502, {"Content-Type": "text/plain"}, b"bad gateway"),
            Unavailable,
            "a gateway on the way answered 502",
        ),
        ((504, {}, b""), Unavailable, "a gateway on the way answered 504"),
        ((200, {"Content-Type": "text/plain"}, b"ok"), Malformed, "no JSON object"),
    ],
)
def test_what_answers_in_the_pods_place_is_no_finding(
    server: Server, reply: Reply, kind: type[Unmeasured], words: str
):
    with pytest.raises(kind, match=words) as stopped:
        answered(server, reply)
    assert stopped.value.next_step.startswith("--collector=URL")


def test_a_pod_that_has_finished_or_terminates_is_not_asked(server: Server):
    server.on(f"{PROXY.format('')}/livez", OK)
    pods = workload(pod("a"), pod("b", phase="Failed"), pod("c", phase="Succeeded"))
    found = vars(health_answers)["measurement"].take(
        proxied(server), install(health_paths=("/livez",)), pods
    )
    assert [one.pod for one in found] == ["cano-collector-a"]
