"""The part of the Kubernetes API that the suite uses, from request to response: no sockets here, no faults.

Wording, codes and reasons of every Status are those of a real kube-apiserver. Nothing can be changed: a write with
``dryRun=All`` gets a canned verdict, any other is forbidden.
"""

import base64
import binascii
import json
import re
from typing import Any

from upkeep.demo.objects import kubelet
from upkeep.demo.server import monitoring, pod_logs, proxies, reviews, writes
from upkeep.demo.server.discovery import discovery
from upkeep.demo.server.responses import (
    Refused,
    Request,
    Response,
    as_json,
    bad_request,
    forbidden,
    not_found,
    partial,
    status,
    wants_metadata,
)
from upkeep.demo.server.selectors import chosen_by_fields, selects
from upkeep.demo.state import RESOURCES, Object, State, stamp

EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
VERSION = {
    "gitCommit": "demo", "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.26.0", "compiler": "gc", "platform": "linux/amd64",
}  # fmt: skip


class Api:
    """Answers requests from a state; ``clock`` is asked where a request's own time matters, as in ``sinceSeconds``."""

    def __init__(self, state: State, clock: Any) -> None:
        self.state = state
        self.clock = clock
        self.spent: set[tuple[str, str]] = set()  # continue tokens that were answered 410 once

    @property
    def version(self) -> str:
        """The resourceVersion of the whole store."""
        return str(5000 + sum(map(len, self.state.objects.values())))

    def answer(self, request: Request) -> Response:
        """The response to a request; every refusal becomes a Status."""
        try:
            return self.route(request)
        except Refused as refusal:
            return refusal.response

    def route(self, request: Request) -> Response:
        path = request.path
        if path in ("/readyz", "/livez", "/healthz"):
            return Response(200, b"ok", "text/plain; charset=utf-8")
        if path.rstrip("/") == "/version":
            return as_json(
                {
                    "major": "1",
                    "minor": str(self.state.minor),
                    "gitVersion": f"v1.{self.state.minor}.3",
                }
                | VERSION
            )
        for prefix, play in (
            ("/prometheus", monitoring.prometheus),
            ("/alertmanager", monitoring.alertmanager),
        ):
            if path.startswith(prefix + "/"):
                return proxies.played(
                    self.state, self.clock, play, path.removeprefix(prefix), request
                )
        if path.startswith("/collector/"):
            return proxies.collector(
                self.state, self.state.process(), "", path.removeprefix("/collector")
            )
        if (
            review := re.fullmatch(
                r"/apis/authorization\.k8s\.io/v1(?:/namespaces/([^/]+))?/(\w+reviews)", path
            )
        ) is not None:
            return reviews.review(self.state, request, review[2])
        if (document := discovery(path, self.state.served)) is not None:
            return as_json(document)
        if (
            metered := re.fullmatch(r"/apis/metrics\.k8s\.io/v1beta1/namespaces/([^/]+)/pods", path)
        ) is not None:
            return self.usage(request, metered[1])
        found = re.fullmatch(
            r"/(api/v1|apis/[^/]+/v[12])(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+)(?:/(.+))?)?/?",
            path,
        )
        if (
            found is None
            and (namespace := re.fullmatch(r"/api/v1/namespaces(?:/([^/]+))?", path)) is not None
        ):
            return self.objects(request, "namespaces", "", namespace[1])
        if (
            found is None
            or found[3] not in RESOURCES
            or RESOURCES[found[3]][0] != found[1].partition("/")[2]
        ):
            return Response(404, b"404 page not found\n", "text/plain; charset=utf-8")
        _, namespace_, plural, name, rest = found.groups()
        if rest:
            return self.subresource(request, plural, namespace_ or "", name, rest)
        return self.objects(request, plural, namespace_ or "", name)

    def objects(self, request: Request, plural: str, namespace: str, name: str | None) -> Response:
        if request.method != "GET":
            return writes.verdict(self.state, request, plural, namespace, name)
        if name is None:
            return self.listing(request, plural, namespace)
        item = self.state.find(plural, name, namespace)
        if item is None:
            raise not_found(plural, name)
        return as_json(partial(item) if wants_metadata(request) else item)

    def listing(self, request: Request, plural: str, namespace: str) -> Response:
        """A list, by name, in pages where ``limit`` asks for them."""
        labels, fields = (
            request.query.get("labelSelector", ""),
            request.query.get("fieldSelector", ""),
        )
        stored = sorted(
            self.state.objects[plural],
            key=lambda item: (item["metadata"].get("namespace", ""), item["metadata"]["name"]),
        )
        items = [
            item for item in stored
            if (not namespace or item["metadata"].get("namespace") == namespace)
            and selects(labels, item["metadata"].get("labels", {})) and chosen_by_fields(fields, plural, item)
        ]  # fmt: skip
        limit, first = int(request.query.get("limit", "0") or 0), self.resumed(request)
        meta: Object = {"resourceVersion": self.version}
        page = items[first : first + limit] if limit else items[first:]
        if (remaining := len(items) - first - len(page)) > 0:
            token = json.dumps(
                {"v": "meta.k8s.io/v1", "rv": int(self.version), "start": first + len(page)}
            )
            meta["continue"] = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
            if (
                not labels and not fields
            ):  # the real server cannot count what a selector leaves either
                meta["remainingItemCount"] = remaining
        version, kind, _ = RESOURCES[plural]
        if wants_metadata(request):
            return as_json(
                {
                    "kind": "PartialObjectMetadataList",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": meta,
                    "items": [partial(item) for item in page],
                }
            )
        bare = [
            {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
            for item in page
        ]
        return as_json(
            {"kind": f"{kind}List", "apiVersion": version, "metadata": meta, "items": bare}
        )

    def usage(self, request: Request, namespace: str) -> Response:
        """What metrics-server says of the pods: those of which it knows nothing are left out."""
        instant = stamp(self.state.ago(seconds=20))
        items = []
        for pod in self.state.objects["pods"]:
            head = pod["metadata"]
            if (
                head.get("namespace") != namespace
                or head["name"] in self.state.unmeasured
                or pod["status"].get("phase") != "Running"
            ):
                continue
            if selects(request.query.get("labelSelector", ""), head.get("labels", {})):
                cpu, memory = self.state.usage.get(
                    head["name"], (f"{self.state.cores:.9f}", f"{self.state.memory_mib}Mi")
                )
                containers = [
                    {"name": one["name"], "usage": {"cpu": cpu, "memory": memory}}
                    for one in pod["spec"]["containers"]
                ]
                for name in kubelet.sidecars(self.state, head["name"]):
                    cpu, memory = self.state.usage.get(f"{head['name']}/{name}", ("20m", "30Mi"))
                    containers.append({"name": name, "usage": {"cpu": cpu, "memory": memory}})
                own = {
                    "name": head["name"],
                    "namespace": namespace,
                    "creationTimestamp": stamp(self.state.now),
                    "labels": head.get("labels", {}),
                }
                items.append(
                    {
                        "metadata": own,
                        "timestamp": instant,
                        "window": "15.2s",
                        "containers": containers,
                    }
                )
        return as_json(
            {
                "kind": "PodMetricsList",
                "apiVersion": "metrics.k8s.io/v1beta1",
                "metadata": {},
                "items": items,
            }
        )

    def resumed(self, request: Request) -> int:
        """Where the list goes on: 0 without a token, a 410 for one of another state of the store."""
        token = request.query.get("continue", "")
        if not token:
            return 0
        try:
            decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            version, first = str(decoded["rv"]), int(decoded["start"])
        except (binascii.Error, ValueError, TypeError, KeyError) as error:
            raise bad_request(f"continue key is not valid: {error}") from error
        expired = version != self.version
        if self.state.expire_continue and (request.path, token) not in self.spent:
            self.spent.add((request.path, token))
            expired = True
        if expired:
            raise Refused(status(410, "Expired", EXPIRED))
        return first

    def subresource(
        self, request: Request, plural: str, namespace: str, name: str, rest: str
    ) -> Response:
        part, _, tail = rest.partition("/")
        if (plural, part, request.method) == ("deployments", "scale", "PATCH"):
            return writes.verdict(self.state, request, plural, namespace, name)
        if part not in {"pods": ("log", "proxy", "exec"), "services": ("proxy",)}.get(plural, ()):
            return Response(404, b"404 page not found\n", "text/plain; charset=utf-8")
        if part == "exec":
            raise bad_request("Upgrade request required")
        if request.method != "GET":
            return forbidden(
                {"POST": "create"}.get(request.method, "update"), plural, name, namespace, part
            )
        if part == "log":
            return pod_logs.log(self.state, self.clock, request, namespace, name)
        if plural == "pods":
            return proxies.pod_proxy(self.state, request, namespace, name, "/" + tail)
        return proxies.service_proxy(self.state, self.clock, request, namespace, name, "/" + tail)
