"""Writes that are only rehearsed: the API server's dry run, as the acting identity. Beside access reviews, the only requests that are no GET.

``dryRun=All`` goes through authentication, authorisation, admission and validation, and stores nothing. Every request carries it, and one
without it is refused here before it is sent; the verb's right is the real write's, so an access review is asked first.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

import base64
import binascii
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from upkeep.adapters.cluster.answers import Answer, document
from upkeep.adapters.cluster.kube import METADATA_ALONE, Kube
from upkeep.adapters.cluster.reviews import may
from upkeep.adapters.wire.discovery import PlacedResources
from upkeep.adapters.wire.meta import Written
from upkeep.adapters.wire.text import printable_json
from upkeep.errors import Absent, Malformed, Unavailable
from upkeep.masking import MASK, mask, sensitive
from upkeep.records.access import AccessAnswer, DryRun

# What client-side kubectl apply sends over an object that is there.
STRATEGIC_MERGE = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
DRY = {"dryRun": "All", "fieldManager": "upkeep"}
_VERBS = {"POST": "create", "PATCH": "patch"}
# Groups that kube-apiserver itself serves beside those without a dot (k8s.io/api). Behind any other a program of somebody else's may stand.
OWN_GROUPS = frozenset(
    f"{name}.k8s.io"
    for name in (
        "admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization", "certificates", "coordination", "discovery",
        "events", "flowcontrol.apiserver", "internal.apiserver", "networking", "node", "rbac.authorization", "resource", "scheduling", "storage",
        "storagemigration",
    )
)  # fmt: skip
_GROUP_VERSION = re.compile(r"/apis/(([^/]+)/[^/]+)/")
# RBAC's own words: the review said yes, and the server says no. Everything else that answers 403 is admission, and a verdict.
_RBAC = re.compile(r"\bcannot \w+ resource\b")
_FORWARDED = re.compile(r"/(proxy|exec|attach|portforward|ephemeralcontainers)(/|$)")
_QUOTED = re.compile(r"(?:Invalid|Unsupported|Duplicate) value: ")
_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*\"?|[^\"]")


@dataclass(frozen=True, slots=True)
class Resource:
    """What the API server calls the objects of a kind: their plural, and the path of their collection."""

    group: str
    plural: str
    path: str
    namespace: str


class Rehearsal(Kube):
    """The acting identity at an API server; made as ``Kube`` is."""

    def resource(self, api_version: str, kind: str, *, namespace: str) -> Resource:
        """The resource of a kind, by discovery; its ``namespace`` is empty where the kind is the cluster's.

        :raises Unmeasured: as ``get``; Absent where the server has no such kind.
        """
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        for one in self.get(base, type=PlacedResources).resources:
            if one.kind == kind and "/" not in one.name:
                own = namespace if one.namespaced else ""
                place = f"/namespaces/{own}" if own else ""
                group = api_version.rpartition("/")[0]
                return Resource(group, one.name, f"{base}{place}/{one.name}", own)
        raise Absent(
            f"the API server has no {kind} of {api_version}",
            source=f"GET {base}",
            next_step=f"kubectl api-resources | grep -w -e {shlex.quote(kind)}",
        )

    def _right_step(
        self,
    ) -> str:  # upkeep rbac is for whoever measures, and makes no Role for people who change things
        return "kubectl auth can-i --list, as the identity of --acting-context"

    def may(
        self,
        verb: str,
        resource: str,
        *,
        namespace: str,
        name: str = "",
        group: str = "",
        subresource: str = "",
    ) -> AccessAnswer:
        """Whether this identity may do something, by the API server's own answer.

        :raises Unmeasured: as ``reviews.may``.
        """
        answer = may(
            self,
            verb,
            resource,
            namespace=namespace,
            name=name,
            group=group,
            subresource=subresource,
        )
        return replace(answer, subject="the acting identity")

    def patch(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        what: str,
        content_type: str = STRATEGIC_MERGE,
        metadata_alone: bool = False,
    ) -> DryRun:
        """What would become of a patch of the object (or subresource) at a path.

        :param what: the object, ``ConfigMap/x``.
        :param metadata_alone: the answer need not hold the object's content, where that is secret.
        :raises Unmeasured: there is no verdict: no answer, not authenticated, a webhook that knows no dry run …
        """
        accept = METADATA_ALONE if metadata_alone else "application/json"
        return self._rehearse(
            "PATCH", path, body, what=what, content_type=content_type, accept=accept
        )

    def create(self, path: str, body: Mapping[str, Any], *, what: str) -> DryRun:
        """What would become of a new object; ``path`` is that of its collection.

        :raises Unmeasured: as ``patch``.
        """
        return self._rehearse("POST", path, body, what=what, content_type="application/json")

    def apply(self, path: str, body: Mapping[str, Any], *, what: str, manager: str) -> DryRun:
        """What would become of a server-side apply by a field manager, who takes no field from another.

        :raises Unmeasured: as ``patch``.
        """
        return self._rehearse("PATCH", path, body, what=what, content_type=APPLY, manager=manager)

    def _rehearse(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any],
        *,
        what: str,
        content_type: str,
        accept: str = "application/json",
        manager: str = DRY["fieldManager"],
    ) -> DryRun:
        source, action = f"{method} {path}?dryRun=All", _VERBS[method]
        self._require_dry_run(path)
        query = DRY | {"fieldManager": manager}
        answer = self.fetch(
            method,
            path,
            query,
            body=json.dumps(body).encode(),
            accept=accept,
            content_type=content_type,
        )
        if answer.status in (200, 201):
            stored = document(answer, source=source, server=self.server, type=Written)
            asked = path.removesuffix("/scale").rpartition("/")[2]
            if stored.kind == "Status" or (method == "PATCH" and stored.metadata.name != asked):
                raise Malformed(f"{source}: the answer is not the object", source=source)
            return DryRun(action, what, True, answer.status)
        status = _failure(answer)
        message = str(status.get("message") or "")
        if (
            not status
            or answer.status in (401, 408, 429)
            or answer.status >= 500
            or (answer.status == 403 and _RBAC.search(message))
        ):
            # Of the message too little is known here to show it: it may quote what was sent.
            self._refuse(
                Answer(
                    answer.status,
                    answer.content_type,
                    _without_message(answer, message),
                    answer.seconds,
                ),
                source,
            )
            raise Malformed(f"{source}: unexpected answer {answer.status}", source=source)
        if "does not support dry run" in message:
            raise Unavailable(
                f"{source}: a webhook in the way knows no dry run, so the server refuses every one",
                source=source,
                next_step="kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
            )
        return DryRun(
            action,
            what,
            False,
            answer.status,
            str(status.get("reason") or ""),
            _shown(message, body),
            _fields(status),
        )

    def _require_dry_run(self, path: str) -> None:
        """Whoever serves the path's group says that it knows dryRun, as kubectl finds out: an aggregated API server need not, and would write.

        Source: k8s.io/cli-runtime, pkg/resource, QueryParamVerifier; https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run

        :raises Unavailable: it does not say so. :raises Unmeasured: as ``get``.
        """
        found = _GROUP_VERSION.match(path)
        if found is None or "." not in found[2] or found[2] in OWN_GROUPS:
            return
        said = f"/openapi/v3/apis/{found[1]}"
        paths = self.get(said).get("paths")
        operations = (
            [one.get("patch") for one in paths.values() if isinstance(one, Mapping)]
            if isinstance(paths, Mapping)
            else []
        )
        parameters = [one.get("parameters") for one in operations if isinstance(one, Mapping)]
        names = [
            one.get("name")
            for some in parameters
            if isinstance(some, list)
            for one in some
            if isinstance(one, Mapping)
        ]
        if "dryRun" not in names:
            raise Unavailable(
                f"who serves {found[2]} does not say that dryRun is known there, so nothing is sent that could be written",
                source=f"GET {said}",
                next_step=f"kubectl get apiservices | grep -F {shlex.quote(found[2])}",
            )

    def _permit(self, method: str, path: str, query: Mapping[str, str]) -> None:
        # What is forwarded to a pod or a Service is beyond the API server's dry run.
        if method in _VERBS and query.get("dryRun") == "All" and not _FORWARDED.search(path):
            return
        super()._permit(method, path, query)


def _failure(answer: Answer) -> dict[str, Any]:
    """The Status of a refusal; empty where the answer is none."""
    if answer.status < 400 or "json" not in answer.content_type:
        return {}
    try:
        body = msgspec.json.decode(printable_json(answer.body))
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) and body.get("kind") == "Status" else {}


def _without_message(answer: Answer, message: str) -> bytes:
    """The body that ``Kube`` may quote: RBAC's message names the right that is missing, any other could hold what was sent."""
    kept = message if _RBAC.search(message) else f"HTTP {answer.status}"
    return json.dumps(
        {"kind": "Status", "apiVersion": "v1", "code": answer.status, "message": kept}
    ).encode()


def _fields(status: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that a refusal is about."""
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, Mapping) else None
    named = (
        [str(cause.get("field") or "") for cause in causes if isinstance(cause, Mapping)]
        if isinstance(causes, list)
        else []
    )
    return tuple(dict.fromkeys(mask(field) for field in named if field))


def _unquoted(message: str) -> str:
    """A message without what the server quotes as invalid: a text in quotes, or an object up to where it ends (a whole pod template may stand there)."""
    parts, position = [], 0
    while found := _QUOTED.search(message, position):
        parts += [message[position : found.end()], MASK]
        position = _value_end(message, found.end())
    return "".join(parts) + message[position:]


def _value_end(message: str, start: int) -> int:
    """Where a quoted value ends: before the colon, comma or bracket that is not inside of it; with the message where it never closes."""
    depth, position = 0, start
    while token := _TOKEN.match(message, position):
        text = token[0]
        if depth == 0 and (
            text in ",])}" or (text == ":" and message[token.end() : token.end() + 1] in ("", " "))
        ):
            return position
        depth += (text in "[{(") - (text in "]})")
        position = token.end()
    return position


def _shown(message: str, body: Mapping[str, Any]) -> str:
    """A refusal's first line (a diff may follow it) without any value that was sent: neither what the server quotes as invalid, nor a text of the
    body's data, nor of a variable with a telling name.
    """
    text = _unquoted(message.partition("\n")[0])
    for value in sorted(set(_values(body)), key=len, reverse=True):
        text = text.replace(value, MASK)
    return mask(text)[:300]


def _values(body: Mapping[str, Any]) -> Iterator[str]:
    """The texts of the data, as sent, decoded, and line by line."""
    for part in ("data", "stringData", "binaryData"):
        entries = body.get(part)
        for value in entries.values() if isinstance(entries, Mapping) else ():
            for text in (str(value), _decoded(str(value))):
                yield from (
                    piece.strip() for piece in (text, *text.splitlines()) if len(piece.strip()) >= 4
                )
    yield from _variables(body)


def _variables(part: object) -> Iterator[str]:
    """The values of the variables whose names are telling, of every container."""
    if isinstance(part, Mapping):
        if (
            isinstance(part.get("value"), str)
            and len(part["value"]) >= 4
            and sensitive(str(part.get("name") or ""))
        ):
            yield part["value"]
        part = list(part.values())
    for entry in part if isinstance(part, list) else ():
        yield from _variables(entry)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
