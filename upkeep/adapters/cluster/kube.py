"""The Kubernetes API as raw JSON.

The official client's typed models are not used: they cost 450 ms at first use and refuse objects
that are not complete. Every answer is either whole and of the form that was asked for, or an ``Unmeasured`` of the kind that says why not.
Source: Kubernetes API concepts (lists, paging, Status), https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, overload

from upkeep.adapters.cluster.answers import (
    Answer,
    Listing,
    document,
    helped,
    require_asked,
    status_object,
)
from upkeep.adapters.cluster.transport import Transport
from upkeep.adapters.wire.access import AccessReview
from upkeep.adapters.wire.content import ConfigMap, Secret
from upkeep.adapters.wire.meta import PartialObjectMetadata
from upkeep.errors import Malformed, Unavailable, Unreachable
from upkeep.masking import mask

METADATA_ALONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST_ALONE = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
PAGE_ITEMS = 500
# A list without a last page ends here: the largest clusters hold 150,000 pods.
# https://kubernetes.io/docs/setup/best-practices/cluster-large/
MOST_ITEMS = 300_000
MOST_PAGES = 2 * MOST_ITEMS // PAGE_ITEMS
# What the collector takes its configuration from, with the names of their lists.
CONFIGURATION_KINDS = {"ConfigMap": "configmaps", "Secret": "secrets"}
_CONTENT: dict[str, type[ConfigMap | Secret]] = {"ConfigMap": ConfigMap, "Secret": Secret}
# A connection that the API server refused to itself: to the program that takes it to the nodes.
TUNNEL = re.compile(r"dial tcp (127\.|\[::1\]|localhost)")
T = TypeVar("T")
Item = TypeVar("Item")


class _ListExpired(Exception):
    """410 Gone: the continue token of a list is too old."""


class Kube(Transport):
    """One identity at one API server; made as ``Transport`` is."""

    @overload
    def get(
        self, path: str, query: Mapping[str, str] | None = None, *, accept: str = ...
    ) -> dict[str, Any]: ...

    @overload
    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        accept: str = ...,
        type: type[Item],
    ) -> Item: ...

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
        type: Any = None,
    ) -> Any:
        """The document at a path, as the declared type where there is one.

        :raises Unmeasured: of every kind but TooEarly and Ambiguous; Absent for a 404.
        """
        source = f"GET {path}"
        answer = self.fetch("GET", path, query, accept=accept)
        self._refuse(answer, source)
        return document(answer, source=source, server=self.server, type=type)

    def object(self, path: str, type: type[Item], *, accept: str = "application/json") -> Item:
        """The object at a path: of the kind, the name and the namespace that the path asks for.

        :raises Unmeasured: as ``get``.
        """
        found = self.get(path, accept=accept, type=type)
        with helped(f"GET {path}"):
            require_asked(found, type, path)
        return found

    def configuration_object(self, kind: str, name: str, *, namespace: str) -> dict[str, Any]:
        """A ConfigMap or Secret, with its values.

        :raises Unmeasured: as ``get``; Malformed where the answer is another object.
        """
        path = f"/api/v1/namespaces/{namespace}/{CONFIGURATION_KINDS[kind]}/{name}"
        source, type = f"GET {path}", _CONTENT[kind]
        answer = self.fetch("GET", path)
        self._refuse(answer, source)
        require_asked(document(answer, source=source, server=self.server, type=type), type, path)
        # The values stay as they are: their digests are compared with those of backups.
        return document(answer, source=source, server=self.server)

    def metadata(self, path: str) -> PartialObjectMetadata:
        """An object without its content (PartialObjectMetadata): what is not sent cannot leak.

        :raises Unmeasured: as ``get``; Malformed where something else came.
        """
        return self.object(path, PartialObjectMetadata, accept=METADATA_ALONE)

    @overload
    def items(self, path: str, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]: ...

    @overload
    def items(
        self, path: str, query: Mapping[str, str] | None = None, *, type: type[Item]
    ) -> list[Item]: ...

    def items(
        self, path: str, query: Mapping[str, str] | None = None, *, type: Any = None
    ) -> list[Any]:
        """All objects of a list; of ``type=PartialObjectMetadata`` their metadata alone are requested.

        :raises Unmeasured: as ``get``.
        """
        return self.reduced(path, list, query, type=type)

    @overload
    def reduced(
        self,
        path: str,
        reduce: Callable[[Iterator[dict[str, Any]]], T],
        query: Mapping[str, str] | None = None,
    ) -> T: ...

    @overload
    def reduced(
        self,
        path: str,
        reduce: Callable[[Iterator[Item]], T],
        query: Mapping[str, str] | None = None,
        *,
        type: type[Item],
    ) -> T: ...

    def reduced(
        self,
        path: str,
        reduce: Callable[[Iterator[Any]], Any],
        query: Mapping[str, str] | None = None,
        *,
        type: Any = None,
    ) -> Any:
        """What ``reduce`` makes of the objects of a list. They come page by page, and only a page of them is held at a time.

        A token that expired on the way (410), and a page of another version, starts the list anew, twice at most:
        ``reduce`` is then called again, and must begin with nothing.

        :raises Unmeasured: as ``get``.
        """
        for _ in range(3):
            try:
                return reduce(self._each_item(path, query or {}, type))
            except _ListExpired:
                continue
        source = f"GET {path}"
        raise Unavailable(
            f"{source}: the list expired (410 Gone) or changed its version three times while it was read.",
            source=source,
            next_step="run again",
        )

    def _each_item(self, path: str, query: Mapping[str, str], type: Any) -> Iterator[Any]:
        accept = METADATA_LIST_ALONE if type is PartialObjectMetadata else "application/json"
        listing, token, count = Listing(path, query, type, server=self.server), "", 0
        for _ in range(MOST_PAGES):
            page = {**query, "limit": str(PAGE_ITEMS)} | ({"continue": token} if token else {})
            answer = self.fetch("GET", path, page, accept=accept)
            if answer.status == 410:
                raise _ListExpired
            self._refuse(answer, listing.source)
            with helped(listing.source):
                found = listing.page(answer)
            if not listing.same_version(found):
                raise _ListExpired
            count += len(found.items or ())
            if count > MOST_ITEMS:
                break
            with helped(listing.source):
                yield from listing.items(found)
            before, token = token, found.metadata.continue_
            if token and token == before:
                raise Malformed(
                    f"{listing.source}: the list goes on where it went on before, so it has no end",
                    source=listing.source,
                    next_step="run again",
                )
            if not token:
                listing.require_end(found)
                return
        raise Malformed(
            f"{listing.source}: the list has more than {MOST_ITEMS} objects, or no last page",
            source=listing.source,
            next_step="run again",
        )

    def review(self, path: str, body: Mapping[str, Any]) -> AccessReview:
        """An access review: the one POST that the measuring identity makes; it stores nothing."""
        source = f"POST {path}"
        answer = self.fetch("POST", path, body=json.dumps(body).encode())
        self._refuse(answer, source)
        return document(answer, source=source, server=self.server, type=AccessReview)

    def proxied(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        retry: frozenset[int] = frozenset({429}),
    ) -> Answer:
        """The answer of what lies behind a pod or Service proxy, whatever its status; faults of the API server are raised.

        A refused connection to the pod comes back as status 0: it is a fact about the pod. Never retried but for 429, which the API server
        gives before it proxies.

        :raises Unmeasured: the API server forbade, throttled or failed, or could not reach the pod for another reason.
        """
        source = f"GET {path}"
        answer = self.fetch("GET", path, query, accept="*/*", retry=retry)
        if answer.status == 429:
            self._refuse(answer, source)
        status = status_object(answer)
        if status is None:
            return answer
        message = str(status.get("message", ""))
        if "error trying to reach service" in message:
            if "connection refused" in message and not TUNNEL.search(message):
                return Answer(0, answer.content_type, b"", answer.seconds)
            raise Unreachable(
                f"{source}: the API server could not reach it: {mask(message)[:200]}", source=source
            )
        if answer.status == 400 and (
            "address" in message or "host" in message or "pod" in message.lower()
        ):
            return Answer(0, answer.content_type, b"", answer.seconds)
        self._refuse(answer, source)
        raise Malformed(f"{source}: a Status with code {answer.status}", source=source)
