"""A namespace that exists for one drill: made, written and removed by whoever opens it, and the only place that can be written.

This is the one client that stores anything, and no check has it: ``upkeep drill`` alone makes one, after it has said so.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from upkeep import deadline
from upkeep.adapters.cluster.answers import Answer
from upkeep.adapters.cluster.kube import Kube
from upkeep.errors import Unmeasured, UpkeepError
from upkeep.masking import mask
from upkeep.shell import shell

PREFIX = "upkeep-drill-"
# What kubectl apply --server-side --force-conflicts sends.
APPLY = "application/apply-patch+yaml"
_APPLIED = {"fieldManager": "upkeep-drill", "force": "true"}


class NotDone(UpkeepError):
    """A drill that could not begin, or did not clean up; ``next_step`` is the line that helps."""

    def __init__(self, message: str, *, next_step: str) -> None:
        super().__init__(message)
        self.next_step = next_step


class Scratch(Kube):
    """An identity at an API server, and a namespace of its own; made as ``Kube`` is. ``namespace`` is its name, also before it exists;
    ``may_exist`` from the request that makes it until its removal was answered."""

    def __init__(self, *arguments: Any, **words: Any) -> None:
        super().__init__(*arguments, **words)
        self.namespace = f"{PREFIX}{secrets.token_hex(4)}"
        self.may_exist = False

    @contextmanager
    def opened(self) -> Iterator[None]:
        """The namespace exists inside of the ``with``, and is removed after it, whatever happens there.

        :raises NotDone: it cannot be made, or not be removed. :raises Unmeasured: of what is done inside.
        """
        named, command = (
            f"Namespace/{self.namespace}",
            shell("kubectl delete namespace {}", self.namespace),
        )
        metadata = {"name": self.namespace, "labels": {"app.kubernetes.io/managed-by": "upkeep"}}
        body = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}).encode()
        self.may_exist = True
        try:
            # Not sent again after a 5xx: the first one may have come through.
            answer = self.fetch("POST", "/api/v1/namespaces", body=body, retry=frozenset({429}))
        except Unmeasured as error:
            raise NotDone(
                f"whether {named} was created is not known: {error}", next_step=command
            ) from None
        if answer.status != 201:
            self.may_exist = False
            raise NotDone(
                f"{named} was not created: {said(answer)}",
                next_step="kubectl auth can-i create namespaces",
            )
        try:
            yield
        finally:
            try:
                with deadline.lifted():
                    answer = self.fetch("DELETE", f"/api/v1/namespaces/{self.namespace}")
            except Unmeasured as error:
                raise NotDone(
                    f"whether {named} was removed is not known: {error}", next_step=command
                ) from None
            if answer.status not in (200, 202, 404):
                raise NotDone(f"{named} was not removed: {said(answer)}", next_step=command)
            self.may_exist = False

    def apply(self, resource: str, name: str, body: Mapping[str, Any]) -> Answer:
        """The answer to an object's server-side apply in the namespace: 201 where it was made."""
        path = f"/api/v1/namespaces/{self.namespace}/{resource}/{name}"
        return self.fetch(
            "PATCH", path, _APPLIED, body=json.dumps(body).encode(), content_type=APPLY
        )

    def _permit(self, method: str, path: str, query: Mapping[str, str]) -> None:
        own = f"/api/v1/namespaces/{self.namespace}"
        if (method, path) in (("POST", "/api/v1/namespaces"), ("DELETE", own)):
            return
        if (
            method == "PATCH"
            and path.startswith((f"{own}/configmaps/", f"{own}/secrets/"))
            and ".." not in path
        ):
            return
        super()._permit(method, path, query)


def said(answer: Answer) -> str:
    """The status and reason of a refusal. Its message may quote what was sent, and is left out."""
    try:
        body = json.loads(answer.body)
        reason = str(body["reason"])
        causes = [
            str(cause.get("field", "")) for cause in (body.get("details") or {}).get("causes") or []
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"HTTP {answer.status}"
    fields = f" ({', '.join(filter(None, causes))})" if any(causes) else ""
    return f"{answer.status} {mask(reason)}{mask(fields)}"
