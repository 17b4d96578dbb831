"""Faults of the connection: what a request meets instead of its answer, named ``KIND@SOURCE``.

A fault is one of the API server, its proxy, or the wire; the collector's own failures are scenarios of their own.
"""

import json
import re
from dataclasses import dataclass, replace

from upkeep.demo.server.audit import attributes
from upkeep.demo.server.responses import Request, Response, forbidden, status

SOURCES = (
    "deployments", "replicasets", "pods", "services", "endpointslices", "logs", "previous-logs", "health", "metrics",
    "configuration", "rehearsals", "usage", "exec", "cronjobs", "jobs", "persistentvolumeclaims", "accessreviews", "events",
    "poddisruptionbudgets", "networkpolicies", "horizontalpodautoscalers", "nodes", "resourcequotas", "limitranges", "rbac", "serviceaccounts", "releases", "discovery", "prometheus-query", "prometheus-rules", "alertmanager-alerts", "alertmanager-silences", "alertmanager-status", "all",
)  # fmt: skip
# What each kind does, for the scenario's sentence.
MEANINGS = {
    "forbidden": "answers 403 Forbidden",
    "refused": "closes the connection without an answer",
    "hang": "never answers",
    "cut": "breaks off in the middle of the body",
    "throttled": "answers 429 with Retry-After, for ever",
    "flaky-throttled": "answers 429 with Retry-After once for each path, then well",
    "server-error": "answers 500",
    "unavailable": "answers 503",
    "expired": "answers 401 Unauthorized",
    "malformed": "answers broken JSON",
    "empty": "answers an empty list or an empty body",
    "wrong-type": "answers an HTML page",
}
KINDS = tuple(MEANINGS)
# The right that a source needs, as access reviews name it.
RIGHTS = {
    **dict.fromkeys(("logs", "previous-logs"), "pods/log"),
    **dict.fromkeys(("health", "metrics"), "pods/proxy"),
    **dict.fromkeys(SOURCES[-6:-1], "services/proxy"),
    "accessreviews": "localsubjectaccessreviews",
    "rehearsals": "rehearsals",  # of another identity
    "usage": "pods.metrics.k8s.io",
    "releases": "list secrets",
    "rbac": "clusterrolebindings",
    "exec": "pods/exec",
    "all": "*",
}
PLAYED = (
    (re.compile(r"/api/v1/query(_range)?$"), "prometheus-query"),
    (re.compile(r"/api/v1/rules$"), "prometheus-rules"),
    (re.compile(r"/api/v2/alerts(/groups)?$"), "alertmanager-alerts"),
    (re.compile(r"/api/v2/silences$"), "alertmanager-silences"),
    (re.compile(r"/api/v2/(status|receivers)$"), "alertmanager-status"),
)
HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>\n"


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    source: str

    def hits(self, source: str) -> bool:
        """Whether the fault meets a request that reads the source."""
        return self.source in ("all", source)


def right(source: str, layout: str) -> str:
    """The resource that access reviews know a source by."""
    return RIGHTS.get(
        source,
        ("configmaps" if layout == "guide" else "secrets") if source == "configuration" else source,
    )


def source_of(request: Request, layout: str) -> str:
    """Which of the sources a request reads; empty for anything else."""
    path = request.path
    if re.match(
        r"/(prometheus|alertmanager)/|/api/v1/namespaces/[^/]+/services/[^/]+/proxy/", path
    ):
        return next((source for pattern, source in PLAYED if pattern.search(path)), "")
    if (
        proxied := re.match(r"(?:/api/v1/namespaces/[^/]+/pods/[^/]+/proxy|/collector)(/.*)", path)
    ) is not None:
        return "metrics" if proxied[1] == "/metrics" else "health"
    if re.fullmatch(r"/api/v1/namespaces/[^/]+/pods/[^/]+/log", path):
        return "previous-logs" if request.query.get("previous") in ("true", "1") else "logs"
    if path.endswith("/exec"):
        return "exec"
    if path.startswith("/apis/metrics.k8s.io/"):
        return "usage"
    if path.startswith("/apis/authorization.k8s.io/"):
        return "rehearsals" if "/self" in path else "accessreviews"
    if re.fullmatch(r"/version|/apis?(/v1)?|/apis/[^/]+/v[^/]+", path):
        return "discovery"
    found = re.fullmatch(
        r"/(?:api|apis/[^/]+)/v[12](?:/namespaces/[^/]+)?/([a-z]+)(?:/[^/]+)?(?:/scale)?", path
    )
    plural = found[1] if found else ""
    if request.method != "GET":
        return "rehearsals" if plural in ("configmaps", "secrets", "deployments", "pods") else ""
    if plural in ("configmaps", "secrets"):
        chosen = request.query.get("labelSelector", "") + request.query.get("fieldSelector", "")
        return (
            "releases" if "owner=helm" in chosen or "sh.helm.release" in chosen else "configuration"
        )
    if path.startswith("/apis/rbac.authorization.k8s.io/"):
        return "rbac"
    return plural if plural in SOURCES else ""


def refusal(request: Request) -> Response:
    """Return the 403 that RBAC gives for the request."""
    asked = next(iter(attributes(request)), None)
    if asked is None:
        return status(403, "Forbidden", f'forbidden: User "demo" cannot get path "{request.path}"')
    plural, _, part = asked.resource.partition("/")
    name = asked.name.partition(":")[0]
    return forbidden(asked.verb, plural, name, asked.namespace, part)


def instead(fault: Fault, request: Request, good: Response) -> Response:
    """What is answered in place of ``good``, for the kinds that answer at all."""
    match fault.kind:
        case "forbidden":
            return refusal(request)
        case "throttled" | "flaky-throttled":
            message = (
                "The server has received too many requests and has asked us to try again later"
            )
            return replace(
                status(429, "TooManyRequests", message, retryAfterSeconds=1),
                headers={"Retry-After": "1"},
            )
        case "server-error":
            why = "etcdserver: request timed out"
            message = f"Internal error occurred: {why}"
            return status(500, "InternalError", message, causes=[{"message": why}])
        case "unavailable":
            message = "the server is currently unable to handle the request"
            return status(503, "ServiceUnavailable", message)
        case "expired":
            return status(401, "Unauthorized", "Unauthorized")
        case "malformed":
            return Response(
                200, b'{"kind":"List","apiVersion":"v1","items":[{"metadata":{"name":"cano-coll\n'
            )
        case "wrong-type":
            return Response(200, HTML, "text/html; charset=utf-8")
        case "empty":
            return emptied(good)
    return good


def emptied(good: Response) -> Response:
    """The same kind of answer with nothing in it: an empty list, an empty vector, else an empty body."""
    try:
        document = json.loads(good.body)
    except ValueError:
        return Response(200, b"", good.content_type)
    for key in ("items", "rows"):
        if isinstance(document, dict) and key in document:
            version = document["metadata"].get("resourceVersion")
            document |= {"metadata": {"resourceVersion": version} if version else {}, key: []}
            return Response(200, json.dumps(document).encode(), good.content_type)
    if isinstance(document, dict) and "result" in (document.get("data") or {}):
        document["data"]["result"] = []
        return Response(200, json.dumps(document).encode(), good.content_type)
    return Response(200, b"", good.content_type)
