"""The collector's HTTP through the pod proxy: which pod and which path it asks."""

import pytest

from fixtures.workload import health_answers
from tests.adapters.scripted import JSON, Server, kube
from tests.judges.samples import install, pod, workload
from upkeep.adapters.http.collector import ProxiedHttp

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
