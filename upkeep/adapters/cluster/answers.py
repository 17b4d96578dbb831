"""An answer of the API server: whole, of the form that was asked for, and about what was asked.

Source: Kubernetes API concepts (lists, Status), https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

import msgspec

from upkeep.adapters.wire.decoding import decode, kind_of
from upkeep.adapters.wire.meta import List
from upkeep.adapters.wire.text import printable, printable_json
from upkeep.errors import Malformed, Truncated
from upkeep.shell import Command, shell

T = TypeVar("T")
_NAMESPACE = re.compile(r"/namespaces/([^/]+)/")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. ``seconds`` is the time from the request (the last, where it was asked again) to the end of its body.

    :ivar warnings: the headers ``Warning`` of admission, as they came (RFC 9111, 5.5).
    """

    status: int
    content_type: str
    body: bytes = field(repr=False)
    seconds: float
    warnings: tuple[str, ...] = ()


@overload
def document(answer: Answer, *, source: str, server: str) -> dict[str, Any]: ...


@overload
def document(answer: Answer, *, source: str, server: str, type: type[T]) -> T: ...


def document(answer: Answer, *, source: str, server: str, type: Any = None) -> Any:
    """Return the JSON object of an answer, as the declared type where there is one.

    :raises Malformed: another content type (another program than the API server), broken JSON, no object, or one that is not of the type.
    """
    if "json" not in answer.content_type:
        raise another_program(answer, source=source, server=server)
    if type is not None:
        with helped(source):
            return decode(answer.body, type, what=kind_of(type), source=source)
    try:
        body = msgspec.json.decode(answer.body)
    except (ValueError, RecursionError):
        # The text stays out of the message: it may hold values.
        raise Malformed(
            f"{source}: the answer is not JSON ({len(answer.body)} bytes)",
            source=source,
            next_step="run again",
        ) from None
    if not isinstance(body, dict):
        raise Malformed(
            f"{source}: the answer is no JSON object", source=source, next_step=again(source)
        )
    return body


# metrics-server before 0.5 selects by the pods' labels, and shows none (kubernetes-sigs/metrics-server#604).
UNLABELLED = "PodMetrics"


class Listing:
    """The objects of a list, page by page; nothing but what was asked for passes.

    :param path: where the list was asked for, which names the namespace.
    :param query: with its selectors; of a label selector the parts ``key=value`` are compared.
    :param type: what its items are; ``None`` leaves them as mappings.
    """

    def __init__(self, path: str, query: Mapping[str, str], type: Any, *, server: str) -> None:
        self.source = f"GET {path}"
        self._type = type
        self._server = server
        found = _NAMESPACE.search(path)
        self._namespace = found[1] if found else ""
        self._seen: set[tuple[str, str]] = set()
        self._version = ""
        chosen = query.get("labelSelector", "")
        parts = [] if "(" in chosen else [part.partition("=") for part in chosen.split(",")]
        # "a=b", and of "a==b" and "a!=b" neither.
        self._labels = {
            key: value
            for key, sign, value in parts
            if sign and not key.endswith("!") and not value.startswith("=")
        }

    def page(self, answer: Answer) -> List:
        """Return a page, its items not read yet.

        :raises Malformed: it is no list, or one of another kind.
        """
        page = document(answer, source=self.source, server=self._server, type=List)
        wanted = "" if self._type is None else kind_of(self._type)
        if not (page.kind == f"{wanted}List" if wanted else page.kind.endswith("List")):
            raise Malformed(
                f"{self.source}: the answer is no list {f'of {wanted}' if wanted else ''}".rstrip(),
                source=self.source,
            )
        return page

    def same_version(self, page: List) -> bool:
        """Return whether a page is of the list's version: all pages are of the first one's.

        Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
        """
        first, self._version = self._version, self._version or page.metadata.resourceVersion
        return page.metadata.resourceVersion in ("", first) or not first

    def items(self, page: List) -> Iterator[Any]:
        """Return the objects of a page.

        :raises Malformed: one is not as the API describes it, not what was asked for, or came before.
        """
        kind = page.kind.removesuffix("List")
        for raw in page.items or ():
            item = decode(bytes(raw), self._type or dict[str, Any], what=kind, source=self.source)
            said, name, namespace = _identity(item)
            if not name:
                raise Malformed(
                    f"{self.source}: the list's items are no objects", source=self.source
                )
            if said not in ("", kind):
                raise Malformed(
                    f"{self.source}: {said}/{name} came in a list of {kind}", source=self.source
                )
            if self._namespace and namespace != self._namespace:
                raise Malformed(
                    f"{self.source}: {kind}/{name} is of namespace {namespace or 'none'}",
                    source=self.source,
                )
            labels = _labels(item) if self._labels else {}
            unlabelled = kind == UNLABELLED and not labels
            if not unlabelled and not self._labels.items() <= labels.items():
                raise Malformed(
                    f"{self.source}: {kind}/{name} lacks the labels that were asked for",
                    source=self.source,
                )
            if (namespace, name) in self._seen:
                raise Malformed(
                    f"{self.source}: {kind}/{name} came twice",
                    source=self.source,
                    next_step="run again",
                )
            self._seen.add((namespace, name))
            yield item

    def require_end(self, page: List) -> None:
        """Of the last page.

        :raises Truncated: it says that more would follow.
        """
        if (page.metadata.remainingItemCount or 0) > 0:
            raise Truncated(
                f"{self.source}: the list ends, and says that {page.metadata.remainingItemCount} objects remain",
                source=self.source,
                next_step="run again",
            )


def _labels(item: Any) -> Mapping[str, str]:
    """Return the labels of an object, in either form."""
    if isinstance(item, Mapping):
        return dict(item.get("metadata", {}).get("labels") or {})
    found: Mapping[str, str] = item.metadata.labels
    return found


def require_asked(item: Any, type: Any, path: str) -> None:
    """Of a single object: it is of the kind, the name and the namespace that the path asks for.

    :raises Malformed: it is another one.
    """
    said, name, namespace = _identity(item)
    found = _NAMESPACE.search(path)
    asked = (path.rpartition("/")[2], found[1] if found else "")
    if (said, name, namespace) != (kind_of(type), *asked):
        raise Malformed(
            f"GET {path}: {kind_of(type)}/{asked[0]} was asked for, and {said or 'something'}/{name or '?'} came",
            source=f"GET {path}",
        )


def _identity(item: Any) -> tuple[str, str, str]:
    """The kind (empty where it is left out, as in lists), name and namespace of an object."""
    if not isinstance(item, dict):
        metadata = item.metadata
        return item.kind, metadata.name, metadata.namespace
    metadata = item.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    parts = (item.get("kind", ""), metadata.get("name", ""), metadata.get("namespace", ""))
    return tuple(part if isinstance(part, str) else "" for part in parts)  # type: ignore[return-value]  # three of them


def status_object(answer: Answer) -> dict[str, Any] | None:
    """Return the Status of an answer that the API server itself gave; ``None`` for anything else."""
    if answer.status < 400 or "json" not in answer.content_type:
        return None
    try:
        body = msgspec.json.decode(printable_json(answer.body))
    except (ValueError, RecursionError):
        return None
    return (
        body
        if isinstance(body, dict)
        and body.get("kind") == "Status"
        and body.get("apiVersion") == "v1"
        else None
    )


def another_program(answer: Answer, *, source: str, server: str) -> Malformed:
    """Return that no API server gives such an answer: a web page, or a login before it.

    The path is the source's alone, so all controls that the answer blocks share one message and one step.
    """
    kind = printable(answer.content_type.partition(";")[0]) or "no content type"
    return Malformed(
        f"{server} answered {answer.status} with {kind}, not with an answer of the Kubernetes API. "
        "Is it really the API server?",
        source=source,
        next_step=look(server),
    )


@contextmanager
def helped(source: str) -> Iterator[None]:
    """Give an answer of another form the step that shows it, where it has none."""
    try:
        yield
    except Malformed as error:
        error.next_step = error.next_step or again(source)
        raise


def again(source: str) -> Command:
    """Return the command that shows the answer of a request; a Secret is not shown."""
    method, _, path = source.partition(" ")
    if method != "GET" or "/secrets" in path:
        return shell("run again")
    return shell("kubectl get --raw {}", path)


def look(server: str) -> Command:
    """Return the command that shows whether the API server is well."""
    return shell("curl -k {}/readyz", server)
