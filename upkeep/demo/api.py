"""The part of the Kubernetes API that the suite uses, from request to response: no sockets here, no faults.

Wording, codes and reasons of every Status are those of a real kube-apiserver. Nothing can be changed: a write with
``dryRun=All`` gets a canned verdict, any other is forbidden.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from upkeep.demo import logs, monitoring, telemetry
from upkeep.demo.state import RESOURCES, Answer, Object, Process, State, stamp

USER = "demo"
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
# Field selectors beside metadata.name and metadata.namespace that a kind supports.
FIELDS = {
    "pods": ("status.phase", "spec.nodeName"),
    "events": ("involvedObject.name", "involvedObject.kind", "reason", "type"),
    "secrets": ("type",),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the API server sees it; ``query`` keeps the last value of each parameter, ``pairs`` all of them; ``subject`` is whose token it
    carries, as access reviews name it: ``self`` or ``acting``."""

    method: str
    path: str
    query: dict[str, str]
    accept: str = ""
    body: bytes = b""
    pairs: tuple[tuple[str, str], ...] = ()
    subject: str = "self"


@dataclass(frozen=True, slots=True)
class Response:
    """``stream`` sends the body in chunks, as logs are sent; ``delay_seconds`` is how long the answer takes."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    stream: bool = False
    delay_seconds: float = 0.0


class Refused(Exception):
    """The API server answers with a Status of failure."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def as_json(data: object, code: int = 200) -> Response:
    return Response(code, json.dumps(data, separators=(",", ":")).encode() + b"\n")


def status(code: int, reason: str, message: str, /, **details: object) -> Response:
    """A Status of failure."""
    body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    body |= ({"reason": reason} if reason else {}) | ({"details": details} if details else {}) | {"code": code}
    return as_json(body, code)


def group_of(plural: str) -> str:
    if plural.endswith("accessreviews"):  # posted, never stored
        return "authorization.k8s.io"
    version = RESOURCES[plural][0]
    return version.rpartition("/")[0]


def qualified(plural: str) -> str:
    """The resource with its group, as messages name it: ``deployments.apps``, ``pods``."""
    return ".".join(filter(None, (plural, group_of(plural))))


def not_found(plural: str, name: str) -> Refused:
    details = {"name": name} | ({"group": group_of(plural)} if group_of(plural) else {}) | {"kind": plural}
    return Refused(status(404, "NotFound", f'{qualified(plural)} "{name}" not found', **details))


def forbidden(verb: str, plural: str, name: str, namespace: str, subresource: str = "") -> Response:
    """The 403 of the RBAC authoriser."""
    group = group_of(plural)
    details = ({"name": name} if name else {}) | ({"group": group} if group else {}) | {"kind": plural}
    resource = "/".join(filter(None, (plural, subresource)))
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    subject = f'{qualified(plural)} "{name}"' if name else qualified(plural)
    message = f'{subject} is forbidden: User "{USER}" cannot {verb} resource "{resource}" in API group "{group}" {where}'
    return status(403, "Forbidden", message, **details)


def bad_request(message: str) -> Refused:
    return Refused(status(400, "BadRequest", message))


# --- selectors and lists ---


def selects(selector: str, labels: dict[str, str]) -> bool:
    """Whether a label selector, equality-based or set-based, matches."""
    for term in filter(None, re.split(r",(?![^(]*\))", selector)):
        words = term.strip()
        if found := re.fullmatch(r"([\w./-]+)\s+(in|notin)\s+\(([^()]*)\)", words):
            chosen = {value.strip() for value in found[3].split(",")}
            verdict = (labels.get(found[1]) in chosen) is (found[2] == "in")
        elif found := re.fullmatch(r"([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)", words):
            verdict = (labels.get(found[1]) == found[3]) is (found[2] != "!=")
        elif found := re.fullmatch(r"(!?)\s*([\w./-]+)", words):
            verdict = (found[2] in labels) is not bool(found[1])
        else:
            raise bad_request(f"unable to parse requirement: found '{words}', expected: in, notin, =, ==, !=")
        if not verdict:
            return False
    return True


def chosen_by_fields(selector: str, plural: str, item: Object) -> bool:
    """Whether a field selector matches; a field that the kind does not index is refused."""
    for term in filter(None, selector.split(",")):
        found = re.fullmatch(r"([\w.]+)(==|=|!=)(.*)", term)
        if found is None:
            raise bad_request(f"invalid selector: '{selector}'; can't understand '{term}'")
        if found[1] not in ("metadata.name", "metadata.namespace", *FIELDS.get(plural, ())):
            raise bad_request(f"field label not supported: {found[1]}")
        value: Any = item
        for part in found[1].split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        if (value == found[3]) is (found[2] == "!="):
            return False
    return True


def partial(item: Object) -> Object:
    """The object's metadata alone, annotations included, as the real server sends it."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}


def _changes_data(item: Object, patch: Object) -> bool:
    """Whether a merge patch says another value of any key than the ConfigMap's or Secret's own."""
    said = {
        **patch.get("data", {}),
        **{key: base64.b64encode(str(text).encode()).decode() for key, text in patch.get("stringData", {}).items()},
    }
    return any(item.get("data", {}).get(key) != value for key, value in said.items())


def _other_selector(item: Object, patch: Object) -> Object:
    """The labels that a merge patch would select by instead; empty where it changes nothing of that."""
    own = item["spec"]["selector"]["matchLabels"]
    said = patch.get("spec", {}).get("selector", {}).get("matchLabels", {})
    merged = {key: value for key, value in {**own, **said}.items() if value is not None}
    return {} if merged == own else merged


def wants_metadata(request: Request) -> bool:
    return "as=PartialObjectMetadata" in request.accept.split(",")[0]


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
            return as_json({"major": "1", "minor": str(self.state.minor), "gitVersion": f"v1.{self.state.minor}.3"} | VERSION)
        for prefix, play in (("/prometheus", monitoring.prometheus), ("/alertmanager", monitoring.alertmanager)):
            if path.startswith(prefix + "/"):
                return self.played(play, path.removeprefix(prefix), request)
        if path.startswith("/collector/"):
            return self.collector(self.state.process(), "", path.removeprefix("/collector"))
        if (review := re.fullmatch(r"/apis/authorization\.k8s\.io/v1(?:/namespaces/([^/]+))?/(\w+reviews)", path)) is not None:
            return self.review(request, review[2])
        if (document := discovery(path, self.state.served)) is not None:
            return as_json(document)
        if (metered := re.fullmatch(r"/apis/metrics\.k8s\.io/v1beta1/namespaces/([^/]+)/pods", path)) is not None:
            return self.usage(request, metered[1])
        found = re.fullmatch(r"/(api/v1|apis/[^/]+/v[12])(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+)(?:/(.+))?)?/?", path)
        if found is None and (namespace := re.fullmatch(r"/api/v1/namespaces(?:/([^/]+))?", path)) is not None:
            return self.objects(request, "namespaces", "", namespace[1])
        if found is None or found[3] not in RESOURCES or RESOURCES[found[3]][0] != found[1].partition("/")[2]:
            return Response(404, b"404 page not found\n", "text/plain; charset=utf-8")
        _, namespace_, plural, name, rest = found.groups()
        if rest:
            return self.subresource(request, plural, namespace_ or "", name, rest)
        return self.objects(request, plural, namespace_ or "", name)

    def objects(self, request: Request, plural: str, namespace: str, name: str | None) -> Response:
        if request.method != "GET":
            return self.write(request, plural, namespace, name)
        if name is None:
            return self.listing(request, plural, namespace)
        item = self.state.find(plural, name, namespace)
        if item is None:
            raise not_found(plural, name)
        return as_json(partial(item) if wants_metadata(request) else item)

    def listing(self, request: Request, plural: str, namespace: str) -> Response:
        """A list, by name, in pages where ``limit`` asks for them."""
        labels, fields = request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
        stored = sorted(self.state.objects[plural], key=lambda item: (item["metadata"].get("namespace", ""), item["metadata"]["name"]))
        items = [
            item for item in stored
            if (not namespace or item["metadata"].get("namespace") == namespace)
            and selects(labels, item["metadata"].get("labels", {})) and chosen_by_fields(fields, plural, item)
        ]  # fmt: skip
        limit, first = int(request.query.get("limit", "0") or 0), self.resumed(request)
        meta: Object = {"resourceVersion": self.version}
        page = items[first : first + limit] if limit else items[first:]
        if (remaining := len(items) - first - len(page)) > 0:
            token = json.dumps({"v": "meta.k8s.io/v1", "rv": int(self.version), "start": first + len(page)})
            meta["continue"] = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
            if not labels and not fields:  # the real server cannot count what a selector leaves either
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
        bare = [{key: value for key, value in item.items() if key not in ("kind", "apiVersion")} for item in page]
        return as_json({"kind": f"{kind}List", "apiVersion": version, "metadata": meta, "items": bare})

    def usage(self, request: Request, namespace: str) -> Response:
        """What metrics-server says of the pods: those of which it knows nothing are left out."""
        instant = stamp(self.state.ago(seconds=20))
        items = []
        for pod in self.state.objects["pods"]:
            head = pod["metadata"]
            if head.get("namespace") != namespace or head["name"] in self.state.unmeasured or pod["status"].get("phase") != "Running":
                continue
            if selects(request.query.get("labelSelector", ""), head.get("labels", {})):
                cpu, memory = self.state.usage.get(head["name"], (f"{self.state.cores:.9f}", f"{self.state.memory_mib}Mi"))
                containers = [{"name": one["name"], "usage": {"cpu": cpu, "memory": memory}} for one in pod["spec"]["containers"]]
                own = {
                    "name": head["name"],
                    "namespace": namespace,
                    "creationTimestamp": stamp(self.state.now),
                    "labels": head.get("labels", {}),
                }
                items.append({"metadata": own, "timestamp": instant, "window": "15.2s", "containers": containers})
        return as_json({"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items})

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

    def write(self, request: Request, plural: str, namespace: str, name: str | None) -> Response:
        """The verdict on a write: canned for a dry run, forbidden otherwise."""
        verb = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(request.method, "")
        if not verb or (name is None) != (verb == "create"):
            return status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        if request.query.get("dryRun") != "All":
            return forbidden(verb, plural, name or "", namespace)
        try:
            body = json.loads(request.body or b"{}")
        except ValueError as error:
            raise bad_request(f"couldn't decode the body: {error}") from error
        sent = body.get("metadata", {}) if isinstance(body, dict) else {}
        group = {"group": group_of(plural)} if group_of(plural) else {}
        if plural in self.state.refusals:
            code, reason, message = self.state.refusals[plural]
            return status(code, reason, message, name=name or str(sent.get("name", "")), **group, kind=plural)
        if name is None:
            wanted = str(sent.get("name", ""))
            if self.state.find(plural, wanted, namespace) is not None:
                return status(409, "AlreadyExists", f'{qualified(plural)} "{wanted}" already exists', name=wanted, **group, kind=plural)
            return as_json(body, 201)
        item = self.state.find(plural, name, namespace)
        if item is None:
            raise not_found(plural, name)
        if item.get("immutable") and _changes_data(item, body):
            message = f'{item["kind"]} "{name}" is invalid: data: Forbidden: field is immutable when `immutable` is set'
            return status(422, "Invalid", message, name=name, **group, kind=plural)
        if plural == "deployments" and (other := _other_selector(item, body)):
            refusal = f"Invalid value: {json.dumps({'matchLabels': other}, separators=(',', ':'))}: field is immutable"
            causes = [{"reason": "FieldValueInvalid", "message": refusal, "field": "spec.selector"}]
            message = f'{qualified(plural)} "{name}" is invalid: spec.selector: {refusal}'.replace("deployments", "Deployment", 1)
            return status(422, "Invalid", message, name=name, **group, kind="Deployment", causes=causes)
        if sent.get("resourceVersion", item["metadata"]["resourceVersion"]) != item["metadata"]["resourceVersion"]:
            message = f'Operation cannot be fulfilled on {qualified(plural)} "{name}": the object has been modified; '
            message += "please apply your changes to the latest version and try again"
            return status(409, "Conflict", message, name=name, **group, kind=plural)
        return as_json(partial(item) if wants_metadata(request) else item)

    def subresource(self, request: Request, plural: str, namespace: str, name: str, rest: str) -> Response:
        part, _, tail = rest.partition("/")
        if (plural, part, request.method) == ("deployments", "scale", "PATCH"):
            return self.write(request, plural, namespace, name)
        if part not in {"pods": ("log", "proxy", "exec"), "services": ("proxy",)}.get(plural, ()):
            return Response(404, b"404 page not found\n", "text/plain; charset=utf-8")
        if part == "exec":
            raise bad_request("Upgrade request required")
        if request.method != "GET":
            return forbidden({"POST": "create"}.get(request.method, "update"), plural, name, namespace, part)
        if part == "log":
            return self.log(request, namespace, name)
        proxy = self.pod_proxy if plural == "pods" else self.service_proxy
        return proxy(request, namespace, name, "/" + tail)

    # --- logs ---

    def log(self, request: Request, namespace: str, name: str) -> Response:
        item = self.state.find("pods", name, namespace)
        if item is None:
            raise not_found("pods", name)
        names = [container["name"] for container in item["spec"]["containers"]]
        container = request.query.get("container") or (names[0] if len(names) == 1 else "")
        if not container:
            raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")
        if container not in names:
            raise bad_request(f"container {container} is not valid for pod {name}")
        if not item["spec"].get("nodeName"):
            return Response(204, b"")
        lines = self.lines(item, container, previous=request.query.get("previous") in ("true", "1"))
        try:
            since, tail, limit = (
                int(request.query[key]) if key in request.query else None for key in ("sinceSeconds", "tailLines", "limitBytes")
            )
        except ValueError as error:
            raise bad_request(f"unable to decode query: {error}") from error
        if (since is not None and since < 1) or (limit is not None and limit < 1) or (tail is not None and tail < 0):
            raise Refused(
                status(422, "Invalid", f'PodLogOptions.core "{name}" is invalid: must be greater than 0', name=name, kind="PodLogOptions")
            )
        earliest = self.clock() - timedelta(seconds=since) if since is not None else None
        body = logs.select(lines, since=earliest, tail=tail, limit=limit, timestamps=request.query.get("timestamps") in ("true", "1"))
        return Response(200, body, "text/plain", stream=True)

    def lines(self, item: Object, container: str, *, previous: bool) -> list[logs.Line]:
        """The log of the run that the kubelet would pick: while a container waits, that is the run that ended last."""
        name = item["metadata"]["name"]
        entry: Object = next((one for one in item["status"].get("containerStatuses", []) if one["name"] == container), {})
        runs = self.state.processes.get(name, [])
        if previous:
            if not entry.get("lastState"):
                raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
            return next((run.log for run in reversed(runs) if run.ended), [])
        if (waiting := entry.get("state", {}).get("waiting")) is not None and not entry.get("lastState"):
            reason = "trying and failing to pull image" if "Image" in waiting["reason"] else waiting["reason"]
            raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
        return runs[-1].log if runs else []

    # --- proxies ---

    def pod_proxy(self, request: Request, namespace: str, target: str, path: str) -> Response:
        _, name, port = split_target(target)
        item = self.state.find("pods", name, namespace)
        if item is None:
            raise not_found("pods", name)
        address = item["status"].get("podIP")
        if not address:
            raise bad_request("address not allowed")
        number = port or str(item["spec"]["containers"][0].get("ports", [{"containerPort": 80}])[0]["containerPort"])
        runs = self.state.processes.get(name, [])
        if number != "8080" or not runs or runs[-1].ended is not None or not runs[-1].listening:
            return unreachable(f"dial tcp {address}:{number}: connect: connection refused")
        return self.collector(runs[-1], address, path)

    def service_proxy(self, request: Request, namespace: str, target: str, path: str) -> Response:
        _, name, port = split_target(target)
        item = self.state.find("services", name, namespace)
        if item is None:
            raise not_found("services", name)
        ports = item["spec"]["ports"]
        if not any(port in (str(one["port"]), one["name"]) or (not port and len(ports) == 1) for one in ports):
            return status(503, "ServiceUnavailable", f'no service port "{port}" found for service "{name}"')
        if "prometheus" in item["spec"]["selector"].values():
            return self.played(monitoring.prometheus, path, request)
        if "alertmanager" in item["spec"]["selector"].values():
            return self.played(monitoring.alertmanager, path, request)
        for one in self.state.objects["endpointslices"]:
            if one["metadata"]["labels"].get("kubernetes.io/service-name") == name:
                for entry in one["endpoints"] or []:
                    if entry["conditions"]["ready"] and (runs := self.state.processes.get(entry["targetRef"]["name"])):
                        return self.collector(runs[-1], entry["addresses"][0], path)
        return status(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')

    def collector(self, process: Process, address: str, path: str) -> Response:
        """What the collector itself answers."""
        if path == "/metrics" and path not in process.answers:
            text = telemetry.exposition(process, self.state)
            return Response(200, text.encode(), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores")
        canned = process.answers.get(path, Answer(404, "404 page not found", "text/plain"))
        return Response(canned.status, canned.body.encode(), canned.content_type, delay_seconds=canned.delay_seconds)

    def played(self, play: Any, path: str, request: Request) -> Response:
        code, body, kind = play(self.state, path, request.query, self.clock())
        return Response(code, body.encode(), kind)

    # --- access reviews ---

    def review(self, request: Request, kind: str) -> Response:
        """A canned access review: allowed, unless the scenario denies the subject the resource."""
        if request.method != "POST":
            return status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        try:
            body: Object = json.loads(request.body)
            spec = body["spec"]
        except (ValueError, KeyError, TypeError) as error:
            raise bad_request(f"the body is not a review: {error}") from error
        if kind == "selfsubjectrulesreviews":
            rules = [{"verbs": ["get", "list", "watch"], "apiGroups": ["*"], "resources": ["*"]}]
            answer: Object = {"resourceRules": rules, "nonResourceRules": [], "incomplete": False}
        else:
            subject = request.subject if kind == "selfsubjectaccessreviews" else str(spec.get("user", ""))
            attributes = spec.get("resourceAttributes", {})
            resource = "/".join(filter(None, (attributes.get("resource", ""), attributes.get("subresource", ""))))
            if attributes.get("verb") == "list" and resource in ("configmaps", "secrets"):
                resource = f"list {resource}"  # where Helm keeps its releases: another source than the configuration that is read by name
            allowed = not {(subject, resource), (subject, "*")} & self.state.denied
            answer = {"allowed": allowed, "reason": 'RBAC: allowed by RoleBinding "demo"' if allowed else ""}
        return as_json(body | {"status": answer}, 201)


def split_target(target: str) -> tuple[str, str, str]:
    """Scheme, name and port of a proxy target: NAME, NAME:PORT or SCHEME:NAME:PORT."""
    parts = target.split(":")
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    return "", parts[0], parts[1] if len(parts) == 2 else ""


def unreachable(reason: str) -> Response:
    """The proxy's own answer where the connection to the target failed."""
    return status(503, "ServiceUnavailable", f"error trying to reach service: {reason}")


def discovery(path: str, more: list[tuple[str, str]]) -> Object | None:
    """The discovery documents of what is stored and of ``more``, as far as kubectl needs them to look around."""
    served = [*RESOURCES.items(), *((f"{kind.lower()}s", (version, kind, True)) for version, kind in more)]
    groups: dict[str, None] = dict.fromkeys(version for _, (version, _, _) in served if "/" in version)
    if path.rstrip("/") == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path.rstrip("/") == "/apis":
        names: dict[str, list[str]] = {}
        for version in [*groups, "authorization.k8s.io/v1"]:
            names.setdefault(version.partition("/")[0], []).append(version)
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group_entry(name, versions) for name, versions in names.items()]}
    for version in ("v1", *groups):
        if path.rstrip("/") == ("/api/" if version == "v1" else "/apis/") + version:
            resources = [resource(plural, kind, namespaced) for plural, (other, kind, namespaced) in served if other == version]
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
    return None


def group_entry(name: str, versions: list[str]) -> Object:
    entries = [{"groupVersion": version, "version": version.partition("/")[2]} for version in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def resource(plural: str, kind: str, namespaced: bool) -> Object:
    return {"name": plural, "singularName": kind.lower(), "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]}
