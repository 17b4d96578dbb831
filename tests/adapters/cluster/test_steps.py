"""What a person types next after an answer that cannot be used: it shows or ends what is wrong."""

import pytest

from tests.adapters.scripted import JSON, Reply, Server, kube
from upkeep.adapters.wire.serving import Service
from upkeep.errors import Malformed, Unavailable, Unmeasured

PATH = "/api/v1/namespaces/monitoring/services"
QUEUES = "kubectl get --raw /debug/api_priority_and_fairness/dump_priority_levels"
SHOWN = f"kubectl get --raw {PATH}"
BUSY = b'{"kind":"Status","apiVersion":"v1","message":"try again later","code":429}'
ITEM = b'{"kind":"ServiceList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":7}}]}'


@pytest.mark.parametrize(
    ("reply", "step"),
    [
        ((200, JSON, b"{"), SHOWN),
        ((200, JSON, b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}'), SHOWN),
        ((200, JSON, ITEM), SHOWN),
        ((404, {"Content-Type": "text/plain"}, b"404 page not found\n"), "kubectl api-versions"),
        ((429, JSON, BUSY), f"--limit=request_deadline=30s, or {QUEUES}"),
    ],
)
def test_a_list_that_cannot_be_read_has_a_step(server: Server, reply: Reply, step: str) -> None:
    server.on(PATH, *[reply] * 40)
    with pytest.raises(Unmeasured) as caught:
        kube(server.url).items(PATH, type=Service)
    assert caught.value.next_step == step


def test_a_server_that_is_ill_is_asked_how_it_is(server: Server) -> None:
    server.on(PATH, *[(503, JSON, BUSY)] * 40)
    with pytest.raises(Unavailable) as caught:
        kube(server.url).items(PATH, type=Service)
    assert caught.value.next_step == f"curl -k {server.url}/readyz"


def test_no_step_shows_a_secret_or_repeats_a_post(server: Server) -> None:
    server.on("/api/v1/namespaces/a/secrets/b", (200, JSON, b"{"))
    server.on("/apis/authorization.k8s.io/v1/x", (200, JSON, b"{"))
    for ask in (
        lambda: kube(server.url).configuration_object("Secret", "b", namespace="a"),
        lambda: kube(server.url).review("/apis/authorization.k8s.io/v1/x", {}),
    ):
        with pytest.raises(Malformed) as caught:
            ask()
        assert caught.value.next_step == "run again"
