"""The request log: what RBAC decides each request by, as the API server's audit log names it."""

import pytest

from upkeep.demo.server.audit import Attributes, attributes
from upkeep.demo.server.responses import Request


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/nodes", [("list", "", "nodes", "", "")]),
        ("GET", "/api/v1/namespaces/a/pods/p", [("get", "", "pods", "a", "p")]),
        ("GET", "/api/v1/namespaces/a/pods/p/log", [("get", "", "pods/log", "a", "p")]),
        ("GET", "/api/v1/namespaces/a/services/s:9090/proxy/api/v1/query", [("get", "", "services/proxy", "a", "s:9090")]),
        ("GET", "/api/v1/namespaces/a/pods/p/exec", [("get", "", "pods/exec", "a", "p"), ("create", "", "pods/exec", "a", "p")]),
        ("PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale", [("patch", "apps", "deployments/scale", "a", "d")]),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", [("create", "authorization.k8s.io", "selfsubjectaccessreviews", "", "")]),
        ("GET", "/apis/autoscaling/v2/namespaces/a/horizontalpodautoscalers", [("list", "autoscaling", "horizontalpodautoscalers", "a", "")]),
        ("GET", "/apis/apps/v1", []),
        ("GET", "/version", []),
    ],
)  # fmt: skip
def test_a_request_is_authorised_as_by_a_real_server(
    method: str, path: str, expected: list[tuple[str, str, str, str, str]]
) -> None:
    assert attributes(Request(method, path, {})) == tuple(Attributes(*one) for one in expected)
