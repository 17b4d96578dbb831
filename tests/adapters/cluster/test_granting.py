"""The command after a 403: it grants the right that the request lacked to whom the API server refused."""

import pytest

from tests.adapters.cluster.test_kube import status
from tests.adapters.scripted import Server, kube
from upkeep.errors import Forbidden


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("/api/v1/namespaces/m/secrets/s", "--namespace=m --secret=s"),
        ("/api/v1/namespaces/m/configmaps/c", "--namespace=m --configmap=c"),
        (
            "/api/v1/namespaces/o/services/prom:9090/proxy/api/v1/query",
            "--namespace=m --service=o/prom:9090",
        ),
        ("/api/v1/namespaces/o/secrets/s", "--namespace=m"),
        ("/api/v1/namespaces/m/secrets", "--namespace=m"),
        ("/api/v1/namespaces/m/pods/p:8080/proxy/metrics", "--namespace=m"),
    ],
)
def test_a_refused_request_names_the_object_of_the_role(
    server: Server, path: str, options: str
) -> None:
    server.on(path, status(403, "no"))
    asking = kube(server.url, namespace="m")
    with pytest.raises(Forbidden) as caught:
        asking.proxied(path) if "/proxy/" in path else asking.get(path)
    assert caught.value.next_step == f"upkeep rbac {options} | kubectl apply -f -"


@pytest.mark.parametrize(
    ("user", "option"),
    [
        ("demo", " --user=demo"),
        ("ada o'neill", """ --user='ada o'"'"'neill'"""),
        ("system:serviceaccount:monitoring:upkeep", ""),
        ("system:serviceaccount:monitoring:ci", " --service-account=ci"),
        ("system:serviceaccount:ci:upkeep", " --user=system:serviceaccount:ci:upkeep"),
        ("xoxb-1234567890-abcdefghijkl", ""),  # looks like a credential: it is not printed
    ],
)
def test_the_step_after_a_403_grants_the_right_to_whom_it_refuses(
    server: Server, user: str, option: str
) -> None:
    server.on("/x", status(403, f'pods is forbidden: User "{user}" cannot list resource "pods"'))
    with pytest.raises(Forbidden) as refused:
        kube(server.url, namespace="monitoring").get("/x")
    command = f"upkeep rbac --namespace=monitoring{option} | kubectl apply -f -"
    assert refused.value.next_step == command
