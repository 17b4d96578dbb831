"""Writes that are only rehearsed: the API server's dry run, as the acting identity. Beside access reviews, the only requests that are no GET.

``dryRun=All`` goes through authentication, authorisation, admission and validation, and stores nothing. Every request carries it, and one
without it is refused here before it is sent; the verb's right is the real write's, so an access review is asked first.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from upkeep.adapters.cluster.answers import Answer, document
from upkeep.adapters.cluster.kube import METADATA_ALONE, Kube
from upkeep.adapters.cluster.rehearsals.refusals import (
    RBAC,
    failure,
    fields,
    pod_security,
    without_message,
    without_values,
)
from upkeep.adapters.cluster.reviews import may
from upkeep.adapters.wire.discovery import PlacedResources
from upkeep.adapters.wire.meta import Written
from upkeep.domain.access.granting import granting_request
from upkeep.errors import Absent, Malformed, Unavailable
from upkeep.records.access import AccessAnswer, DryRun
from upkeep.shell import Command, shell

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
_FORWARDED = re.compile(r"/(proxy|exec|attach|portforward|ephemeralcontainers)(/|$)")


class Resource(Struct, frozen=True):
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
            f"The API server has no {kind} of {api_version}",
            source=f"GET {base}",
            next_step=shell("kubectl api-resources | grep -w -e {}", kind),
        )

    def _right_step(self, source: str, user: str) -> Command:
        """Return no Role of ``upkeep rbac``: that is for whoever measures, not for people who change things."""
        return granting_request(source, user)

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
            warnings = pod_security(answer)
            return DryRun(action, what, True, answer.status, warnings=warnings)
        status = failure(answer)
        message = str(status.get("message") or "")
        if (
            not status
            or answer.status in (401, 408, 429)
            or answer.status >= 500
            or (answer.status == 403 and RBAC.search(message))
        ):
            # Of the message too little is known here to show it: it may quote what was sent.
            self._refuse(
                Answer(
                    answer.status,
                    answer.content_type,
                    without_message(answer, message),
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
            without_values(message, body),
            fields(status),
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
                f"The server of {found[2]} does not declare dryRun, so no request is sent that it could write.",
                source=f"GET {said}",
                next_step=shell("kubectl get apiservices | grep -F {}", found[2]),
            )

    def _permit(self, method: str, path: str, query: Mapping[str, str]) -> None:
        # What is forwarded to a pod or a Service is beyond the API server's dry run.
        if method in _VERBS and query.get("dryRun") == "All" and not _FORWARDED.search(path):
            return
        super()._permit(method, path, query)
