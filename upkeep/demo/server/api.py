"""The part of the Kubernetes API that the suite and kubectl use, from request to response: no sockets here, no faults.

Wording, codes and reasons of every Status are those of a real kube-apiserver. Nothing can be changed: a write with
``dryRun=All`` gets a canned verdict, any other is forbidden.
"""

import base64
import binascii
import json
import re
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from upkeep.demo.objects.services import endpoints
from upkeep.demo.server import monitoring, pod_logs, proxies, reviews, usage, writes
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
    wants,
)
from upkeep.demo.server.selectors import chosen_by_fields, selects
from upkeep.demo.server.tables import table
from upkeep.demo.state import RESOURCES, Object, State

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
PLAYED = {"prometheus": monitoring.prometheus, "alertmanager": monitoring.alertmanager}
NOWHERE = Response(404, b"404 page not found\n", "text/plain; charset=utf-8")
# A served story begins anew after a silence, and at this age in any case: at ten minutes recent-logs-clean is unknown on restarted-recently.
SILENCE, OLD = timedelta(minutes=1), timedelta(minutes=5)


class Api:
    """Answers requests from a state.

    :param clock: asked where a request's own time matters, as in ``sinceSeconds``.
    :param tell: makes the state of an instant, so that a served story does not grow old. ``None`` keeps the first.
    """

    def __init__(
        self, state: State, clock: Any, tell: Callable[[datetime], State] | None = None
    ) -> None:
        self.state = state
        self.clock = clock
        self.tell = tell
        self.asked = state.now
        self.lock = threading.Lock()
        self.spent: set[tuple[str, str]] = set()  # continue tokens that were answered 410 once

    def refresh(self) -> None:
        """Begin an old story anew, after a silence where possible: the times of one run belong together."""
        now = self.clock().replace(microsecond=0)
        with self.lock:
            if self.tell and (now - self.asked > SILENCE or now - self.state.now > OLD):
                self.state = self.tell(now)
            self.asked = now

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
        path = request.path.rstrip("/") or "/"
        if path in ("/readyz", "/livez", "/healthz"):
            return Response(200, b"ok", "text/plain; charset=utf-8")
        if path == "/version":
            minor = str(self.state.minor)
            own = {"major": "1", "minor": minor, "gitVersion": f"v1.{minor}.3"}
            return as_json(own | VERSION)
        first, _, rest = request.path.lstrip("/").partition("/")
        if first in PLAYED:
            return proxies.played(self.state, self.clock, PLAYED[first], f"/{rest}", request)
        if first == "collector":
            return proxies.collector(self.state, self.state.process(), "", f"/{rest}")
        review = re.fullmatch(
            r"/apis/(?:authorization|authentication)\.k8s\.io/v1(?:/namespaces/[^/]+)?/(\w+reviews)", path
        )  # fmt: skip
        if review is not None:
            return reviews.review(self.state, request, review[1])
        if (document := discovery(path, self.state.served)) is not None:
            return as_json(document)
        found = re.fullmatch(
            r"/(api/v1|apis/[^/]+/v[12](?:beta1)?)(?:/namespaces/([^/]+)(?=/))?/([a-z]+)(?:/([^/]+)(?:/(.+))?)?", path
        )  # fmt: skip
        if found is None:
            return NOWHERE
        group, namespace, plural, name, part = found.groups()
        if (group, plural, part) == ("apis/metrics.k8s.io/v1beta1", "pods", None):
            return usage.usage(self.state, self.clock(), request, namespace, name)
        if plural not in RESOURCES or RESOURCES[plural][0] != group.partition("/")[2]:
            return NOWHERE
        if part:
            return self.subresource(request, plural, namespace or "", name, part)
        return self.objects(request, plural, namespace or "", name)

    def objects(self, request: Request, plural: str, namespace: str, name: str | None) -> Response:
        if request.method != "GET":
            return writes.verdict(self.state, request, plural, namespace, name)
        if name is None:
            return self.listing(request, plural, namespace)
        heads = ((one["metadata"], one) for one in self.stored(plural))
        found = (one for head, one in heads if head["name"] == name and head.get("namespace", "") == namespace)  # fmt: skip
        item = next(found, None)
        if item is None:
            raise not_found(plural, name)
        return as_json(self.shown(request, plural, item))

    def stored(self, plural: str) -> list[Object]:
        """Return the objects of a resource; Endpoints are those of the slices."""
        if plural == "endpoints":
            return list(map(endpoints, self.state.objects["endpointslices"]))
        return self.state.objects[plural]

    def shown(self, request: Request, plural: str, item: Object) -> Object:
        """Return an object as the request wants it."""
        if wants(request, "Table"):
            return self.table(request, plural, [item], {})
        return partial(item) if wants(request, "PartialObjectMetadata") else item

    def table(self, request: Request, plural: str, items: Iterable[Object], meta: Object) -> Object:
        whole = request.query.get("includeObject") == "Object"
        return table(plural, items, meta, self.clock(), whole=whole)

    def listing(self, request: Request, plural: str, namespace: str) -> Response:
        """A list, by name, in pages where ``limit`` asks for them; or what has changed since, which is nothing."""
        labels, fields = (request.query.get(f"{kind}Selector", "") for kind in ("label", "field"))
        items = [
            item for item in sorted(self.stored(plural), key=lambda one: (one["metadata"].get("namespace", ""), one["metadata"]["name"]))
            if (not namespace or item["metadata"].get("namespace") == namespace)
            and selects(labels, item["metadata"].get("labels", {})) and chosen_by_fields(fields, plural, item)
        ]  # fmt: skip
        version, kind, _ = RESOURCES[plural]
        if request.query.get("watch") in ("true", "1"):
            return self.watch(request, plural, items)
        limit, first = int(request.query.get("limit", "0") or 0), self.resumed(request)
        meta: Object = {"resourceVersion": self.version}
        page = items[first : first + limit] if limit else items[first:]
        if (remaining := len(items) - first - len(page)) > 0:
            token = {"v": "meta.k8s.io/v1", "rv": int(self.version), "start": first + len(page)}
            text = base64.urlsafe_b64encode(json.dumps(token).encode())
            meta["continue"] = text.decode().rstrip("=")
            # The real server cannot count what a selector leaves either.
            if not labels and not fields:
                meta["remainingItemCount"] = remaining
        if wants(request, "Table"):
            return as_json(self.table(request, plural, page, meta))
        own = ("kind", "apiVersion")
        bare = [{key: one[key] for key in one if key not in own} for one in page]
        if wants(request, "PartialObjectMetadataList"):
            kind, version = "PartialObjectMetadata", "meta.k8s.io/v1"
            bare = [partial(item) for item in page]
        head = {"kind": f"{kind}List", "apiVersion": version, "metadata": meta}
        return as_json(head | {"items": bare})

    def watch(self, request: Request, plural: str, items: Iterable[Object]) -> Response:
        """Return the events of a watch that stays open: the objects there are, where they are asked for."""
        complete = request.query.get("sendInitialEvents") in ("true", "1")
        known = request.query.get("resourceVersion", "0") != "0" and not complete
        events = [
            {"type": "ADDED", "object": self.shown(request, plural, item)}
            for item in ([] if known else items)
        ]
        if complete:
            head = {"annotations": {"k8s.io/initial-events-end": "true"}, "resourceVersion": self.version}  # fmt: skip
            version, kind, _ = RESOURCES[plural]
            mark = {"kind": kind, "apiVersion": version, "metadata": head}
            events.append({"type": "BOOKMARK", "object": mark})
        lines = b"".join(json.dumps(event).encode() + b"\n" for event in events)
        seconds = float(request.query.get("timeoutSeconds", "1800"))
        return Response(200, lines, stream=True, open_seconds=seconds)

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
            return writes.verdict(self.state, request, plural, namespace, name, part)
        if part not in {"pods": ("log", "proxy", "exec"), "services": ("proxy",)}.get(plural, ()):
            return NOWHERE if request.method == "GET" else writes.refused(plural, name, part)
        if part == "exec":
            raise bad_request("Upgrade request required")
        if request.method != "GET":
            verb = "create" if request.method == "POST" else "update"
            return forbidden(verb, plural, name, namespace, part)
        if part == "log":
            return pod_logs.log(self.state, self.clock, request, namespace, name)
        if plural == "pods":
            return proxies.pod_proxy(self.state, request, namespace, name, "/" + tail)
        return proxies.service_proxy(self.state, self.clock, request, namespace, name, "/" + tail)
