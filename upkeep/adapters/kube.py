"""The Kubernetes API as raw JSON, over the official client's connections.

The client does configuration, authentication, TLS and pooling; its typed models are not used: they cost 450 ms at first use and refuse objects
that are not complete. Every answer is either whole and of the form that was asked for, or an ``Unmeasured`` of the kind that says why not.
Source: Kubernetes API concepts (lists, paging, Status), https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote, urlencode

import urllib3
from urllib3 import exceptions as urllib3_errors

from upkeep.clock import Clock
from upkeep.errors import (
    Absent,
    Forbidden,
    Malformed,
    TimedOut,
    Truncated,
    Unauthenticated,
    Unavailable,
    Unmeasured,
    Unreachable,
)
from upkeep.masking import mask
from upkeep.meter import Meter
from upkeep.model import span

if TYPE_CHECKING:
    from kubernetes.client import Configuration

BLOCK_BYTES = 64 * 1024
PAGE_ITEMS = 500
MOST_BYTES = 64 * 1024 * 1024
# By so much the clocks of the API server and of this machine may differ; windows are hours.
MOST_APART = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
# What the collector takes its configuration from, with the names of their lists.
METADATA_ALONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST_ALONE = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
CONFIGURATION_KINDS = {"ConfigMap": "configmaps", "Secret": "secrets"}
# A connection that the API server refused to itself: to the program that takes it to the nodes.
TUNNEL = re.compile(r"dial tcp (127\.|\[::1\]|localhost)")
RETRIED = frozenset({429, 500, 502, 503, 504})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. ``seconds`` is the time from the request (the last, where it was asked again) to the end of its body."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    seconds: float


class _ListExpired(Exception):
    """410 Gone: the continue token of a list is too old."""


class Kube:
    """One identity at one API server.

    :param configuration: the client's, as ``kubeconfig.load`` gives it.
    :param meter: counts requests and notes sources.
    :param deadline_seconds: for each request, its retries included.
    :param namespace: the collector's, for which ``upkeep rbac`` would make the Role that ends a 403.
    """

    def __init__(self, configuration: "Configuration", *, clock: Clock, meter: Meter, deadline_seconds: float, namespace: str = "") -> None:
        from kubernetes.client import ApiClient  # 200 ms that --help and --collect-only need not pay

        configuration.connection_pool_maxsize = 64
        self.configuration = configuration
        self._pool: urllib3.PoolManager = ApiClient(configuration).rest_client.pool_manager
        self._clock = clock
        self._meter = meter
        self._deadline_seconds = deadline_seconds
        self._credentials_lock = threading.Lock()
        self.server = str(configuration.host).rstrip("/")
        self._namespace = namespace

    def get(self, path: str, query: Mapping[str, str] | None = None, *, accept: str = "application/json") -> dict[str, Any]:
        """The object at a path.

        :raises Unmeasured: of every kind but TooEarly and Ambiguous; Absent for a 404.
        """
        source = f"GET {path}"
        answer = self.fetch("GET", path, query, accept=accept)
        self._refuse(answer, source)
        return document(answer, source=source, server=self.server)

    def configuration_object(self, kind: str, name: str, *, namespace: str) -> dict[str, Any]:
        """A ConfigMap or Secret, with its values.

        :raises Unmeasured: as ``get``; Malformed where the answer is another object.
        """
        path = f"/api/v1/namespaces/{namespace}/{CONFIGURATION_KINDS[kind]}/{name}"
        raw = self.get(path)
        metadata = raw.get("metadata")
        if raw.get("kind") != kind or not isinstance(metadata, dict) or metadata.get("name") != name:
            raise Malformed(f"{kind}/{name}: the answer is no {kind} of this name", source=f"GET {path}")
        return raw

    def metadata(self, path: str) -> dict[str, Any]:
        """An object without its content (PartialObjectMetadata): what is not sent cannot leak.

        :raises Unmeasured: as ``get``; Malformed where something else came.
        """
        raw = self.get(path, accept=METADATA_ALONE)
        if raw.get("kind") != "PartialObjectMetadata" or not _is_object(raw):
            raise Malformed(
                f"GET {path}: the metadata alone were asked for, and {raw.get('kind') or 'something else'} came", source=f"GET {path}"
            )
        return raw

    def items(self, path: str, query: Mapping[str, str] | None = None, *, metadata_alone: bool = False) -> list[dict[str, Any]]:
        """All objects of a list, or their metadata alone.

        :raises Unmeasured: as ``get``.
        """
        return self.reduced(path, list, query, metadata_alone=metadata_alone)

    def reduced(
        self,
        path: str,
        reduce: Callable[[Iterator[dict[str, Any]]], T],
        query: Mapping[str, str] | None = None,
        *,
        metadata_alone: bool = False,
    ) -> T:
        """What ``reduce`` makes of the objects of a list. They come page by page, and only a page of them is held at a time.

        A token that expired on the way (410) starts the list anew, twice at most: ``reduce`` is then called again, and must begin with nothing.

        :raises Unmeasured: as ``get``.
        """
        for _ in range(3):
            try:
                return reduce(self._each_item(path, query or {}, METADATA_LIST_ALONE if metadata_alone else "application/json"))
            except _ListExpired:
                continue
        source = f"GET {path}"
        raise Unavailable(f"{source}: the list expired three times while it was read (410 Gone)", source=source, next_step="run again")

    def _each_item(self, path: str, query: Mapping[str, str], accept: str) -> Iterator[dict[str, Any]]:
        source, token = f"GET {path}", ""
        while True:
            page = {**query, "limit": str(PAGE_ITEMS)} | ({"continue": token} if token else {})
            answer = self.fetch("GET", path, page, accept=accept)
            if answer.status == 410:
                raise _ListExpired
            self._refuse(answer, source)
            body = document(answer, source=source, server=self.server)
            yield from _list_items(body, source)
            before, token = token, body["metadata"].get("continue") or ""
            if token and token == before:
                raise Malformed(
                    f"{source}: the list goes on where it went on before, so it has no end", source=source, next_step="run again"
                )
            if not token:
                _require_end(body["metadata"], source)
                return

    def review(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """An access review: the one POST that the measuring identity makes; it stores nothing."""
        source = f"POST {path}"
        answer = self.fetch("POST", path, body=json.dumps(body).encode())
        self._refuse(answer, source)
        return document(answer, source=source, server=self.server)

    def proxied(self, path: str, query: Mapping[str, str] | None = None, *, retry: frozenset[int] = frozenset({429})) -> Answer:
        """The answer of what lies behind a pod or Service proxy, whatever its status; faults of the API server are raised.

        A refused connection to the pod comes back as status 0: it is a fact about the pod. Never retried but for 429, which the API server
        gives before it proxies.

        :raises Unmeasured: the API server forbade, throttled or failed, or could not reach the pod for another reason.
        """
        source = f"GET {path}"
        answer = self.fetch("GET", path, query, accept="*/*", retry=retry)
        if answer.status == 429:
            self._refuse(answer, source)
        status = _status_object(answer)
        if status is None:
            return answer
        message = str(status.get("message", ""))
        if "error trying to reach service" in message:
            if "connection refused" in message and not TUNNEL.search(message):
                return Answer(0, answer.content_type, b"", answer.seconds)
            raise Unreachable(f"{source}: the API server could not reach it: {mask(message)[:200]}", source=source)
        if answer.status == 400 and ("address" in message or "host" in message or "pod" in message.lower()):
            return Answer(0, answer.content_type, b"", answer.seconds)
        self._refuse(answer, source)
        raise Malformed(f"{source}: a Status with code {answer.status}", source=source)

    @contextmanager
    def stream(self, path: str, query: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """The body of an answer in blocks, for logs of any size.

        :raises Unmeasured: before the body, as ``get``; from the iterator Truncated or TimedOut when it ends early.
        """
        source = f"GET {path}"
        ends = self._clock.monotonic() + self._deadline_seconds
        response, began = self._send("GET", path, query, accept="*/*", body=None, retry=RETRIED, ends=ends)
        try:
            if response.status != 200:
                self._refuse(self._whole(response, source, ends, began=began), source)
            kind = str(response.headers.get("Content-Type", ""))
            if "html" in kind or "json" in kind:
                raise Malformed(f"{source}: a log was asked for, {kind} came", source=source, next_step=_look(self.server))
            yield self._blocks(response, source, ends)
        finally:
            response.close()
            response.release_conn()

    def fetch(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
        body: bytes | None = None,
        content_type: str = "application/json",
        retry: frozenset[int] = RETRIED,
    ) -> Answer:
        """A whole answer, whatever its status.

        :raises Unmeasured: Unreachable, TimedOut, Truncated, or Malformed for one that is too large.
        """
        ends = self._clock.monotonic() + self._deadline_seconds
        response, began = self._send(method, path, query, accept=accept, body=body, content_type=content_type, retry=retry, ends=ends)
        return self._whole(response, f"{method} {path}", ends, began=began)

    def _whole(self, response: urllib3.BaseHTTPResponse, source: str, ends: float, *, began: float) -> Answer:
        blocks, size = [], 0
        try:
            for block in self._blocks(response, source, ends):
                blocks.append(block)
                size += len(block)
                if size > MOST_BYTES:
                    raise Malformed(f"{source}: an answer of more than {MOST_BYTES} bytes", source=source)
        except Unmeasured as error:
            response.close()
            if not (isinstance(error, TimedOut) and response.status in RETRIED):
                raise
            blocks = []  # it said in time that it is not available, which is the reason; more would not come
        response.release_conn()
        kind = str(response.headers.get("Content-Type", ""))
        return Answer(response.status, kind, b"".join(blocks), self._clock.monotonic() - began)

    def _blocks(self, response: urllib3.BaseHTTPResponse, source: str, ends: float) -> Iterator[bytes]:
        try:
            for block in response.stream(BLOCK_BYTES):
                yield block
                if self._clock.monotonic() > ends:
                    raise TimedOut(f"{source}: the answer had not ended after {self._deadline_seconds:g} s", source=source)
        except (urllib3_errors.ReadTimeoutError, TimeoutError) as error:
            raise TimedOut(f"{source}: the answer stood still in the middle", source=source) from error
        except (urllib3_errors.ProtocolError, urllib3_errors.DecodeError, OSError) as error:
            raise Truncated(f"{source}: the answer broke off in the middle", source=source, next_step="run again") from error

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        *,
        accept: str,
        body: bytes | None,
        content_type: str = "application/json",
        retry: frozenset[int],
        ends: float,
    ) -> tuple[urllib3.BaseHTTPResponse, float]:
        """The response, its body unread, and the instant at which the request that it answers was sent: what was refused before is not its time."""
        self._permit(method, path, query or {})
        source = f"{method} {path}"
        target = f"{self.server}{quote(path, safe='/:@')}" + (f"?{urlencode(query)}" if query else "")
        pause, refused = 0.25, 0
        while True:
            began, asked = self._clock.monotonic(), self._clock.now()
            headers = {"Accept": accept, "User-Agent": "cano-upkeep"}
            if body is not None:
                headers["Content-Type"] = content_type
            self._authenticate(headers)
            self._meter.count(source)
            try:
                response = self._pool.request(
                    method,
                    target,
                    headers=headers,
                    body=body,
                    preload_content=False,
                    redirect=False,
                    retries=False,
                    timeout=urllib3.Timeout(total=max(ends - began, 0.001)),
                )
            except urllib3_errors.NewConnectionError as error:  # it is a ConnectTimeoutError too, and it is none
                raise Unreachable(f"{self.server} cannot be reached: {_why(error)}", source=source, next_step=_look(self.server)) from error
            except (urllib3_errors.ConnectTimeoutError, urllib3_errors.ReadTimeoutError) as error:
                if refused:  # it did answer before, and not with what was asked for
                    raise self._unavailable(refused, f"HTTP {refused}", source) from error
                raise TimedOut(
                    f"{source}: no answer from {self.server} within {self._deadline_seconds:g} s",
                    source=source,
                    next_step=f"{_look(self.server)}, or --limit=request_deadline={self._deadline_seconds * 2:g}s",
                ) from error
            except urllib3_errors.HTTPError as error:
                raise Unreachable(f"{self.server} cannot be reached: {_why(error)}", source=source, next_step=_look(self.server)) from error
            self._require_one_time(response, source, asked=asked)
            if response.status not in retry:
                return response, began
            wait = _retry_after(response, otherwise=pause)
            if self._clock.monotonic() + wait >= ends:
                return response, began
            response.drain_conn()
            response.release_conn()
            self._clock.sleep(wait)
            pause, refused = pause * 2, response.status

    def _require_one_time(self, response: urllib3.BaseHTTPResponse, source: str, *, asked: datetime) -> None:
        """Every age is reckoned from this machine's now, and every time comes from the cluster: where the two clocks differ, all of them are wrong.

        :raises Malformed: the answer is dated before it was asked for, or after it came.
        """
        try:
            dated = parsedate_to_datetime(str(response.headers.get("Date", "")))
            apart = max(asked - dated, dated - self._clock.now())
        except (ValueError, TypeError, OverflowError):  # none that tells: an answer may do without
            return
        if apart > MOST_APART:
            response.close()
            way = "behind" if dated > asked else "ahead of"
            raise Malformed(
                f"this machine's clock is {span(round(apart / MINUTE) * MINUTE)} {way} that of {self.server}: no age and no window can be told",
                source=source,
                next_step="timedatectl; set the clock that is wrong, here or on the control plane",
            )

    def _permit(self, method: str, path: str, query: Mapping[str, str]) -> None:
        """The last line before the wire.

        :raises ValueError: a request that could change something.
        """
        if method != "GET" and not (method == "POST" and path.startswith("/apis/authorization.k8s.io/")):
            raise ValueError(f"{method} {path}: nothing is written to the cluster")

    def _authenticate(self, headers: dict[str, str]) -> None:
        with self._credentials_lock:  # an exec plugin refreshes its token inside; once is enough
            settings = cast("dict[str, dict[str, Any]]", self.configuration.auth_settings())
            for setting in settings.values():
                if setting["in"] == "header" and setting["value"]:
                    headers[setting["key"]] = setting["value"]

    def _refuse(self, answer: Answer, source: str) -> None:
        """Raises what a status other than success means."""
        if answer.status < 300:
            return
        status = _status_object(answer) or {}
        message = mask(str(status.get("message") or f"HTTP {answer.status}"))[:300]
        if answer.status == 401:
            raise Unauthenticated(
                f"{self.server} does not accept the credentials (401): the token has expired or was never valid",
                source=source,
                next_step="log in again (a new token for this context), then: kubectl auth whoami",
            )
        if answer.status == 403:
            raise Forbidden(message, source=source, next_step=self._right_step())
        if answer.status in (404, 410):
            raise Absent(message, source=source)
        if answer.status in RETRIED:
            raise self._unavailable(answer.status, message, source)
        raise Malformed(f"{source}: unexpected answer {answer.status}: {message}", source=source)

    def _right_step(self) -> str:
        """What gives this identity the right that it lacks."""
        return f"upkeep rbac{f' --namespace={self._namespace}' if self._namespace else ''} | kubectl apply -f -"

    def _unavailable(self, status: int, message: str, source: str) -> Unavailable:
        return Unavailable(
            f"{self.server} answered {status} until the deadline of {self._deadline_seconds:g} s: {message}",
            source=source,
            next_step=_look(self.server),
        )


def document(answer: Answer, *, source: str, server: str) -> dict[str, Any]:
    """The JSON object of an answer.

    :raises Malformed: another content type, broken JSON, or no object.
    """
    if "json" not in answer.content_type:
        raise Malformed(
            f"{source}: JSON was asked for, {answer.content_type or 'no content type'} came; is {server} really the API server?",
            source=source,
            next_step=_look(server),
        )
    try:
        body = json.loads(answer.body)
    except ValueError:
        # The text stays out of the message: it may hold values.
        raise Malformed(f"{source}: the answer is not JSON ({len(answer.body)} bytes)", source=source, next_step="run again") from None
    if not isinstance(body, dict):
        raise Malformed(f"{source}: the answer is no JSON object", source=source)
    return body


def _list_items(body: dict[str, Any], source: str) -> list[dict[str, Any]]:
    items = body.get("items")
    if not str(body.get("kind", "")).endswith("List") or not isinstance(body.get("metadata"), dict):
        raise Malformed(f"{source}: the answer is no list", source=source)
    if items is None:  # Go's nil slice, as real servers send it for some empty lists
        return []
    if not isinstance(items, list) or not all(map(_is_object, items)):
        raise Malformed(f"{source}: the list's items are no objects", source=source)
    return items


def _require_end(metadata: dict[str, Any], source: str) -> None:
    """:raises Truncated: the last page says that more would follow."""
    if metadata.get("remainingItemCount"):
        raise Truncated(
            f"{source}: the list ends, and says that {metadata['remainingItemCount']} objects remain", source=source, next_step="run again"
        )


def _is_object(item: Any) -> bool:
    """Whether it has a name, as every object does."""
    metadata = item.get("metadata") if isinstance(item, dict) else None
    return isinstance(metadata, dict) and isinstance(metadata.get("name"), str)


def _status_object(answer: Answer) -> dict[str, Any] | None:
    """The Status of an answer that the API server itself gave; ``None`` for anything else."""
    if answer.status < 400 or "json" not in answer.content_type:
        return None
    try:
        body = json.loads(answer.body)
    except ValueError:
        return None
    return body if isinstance(body, dict) and body.get("kind") == "Status" and body.get("apiVersion") == "v1" else None


def _retry_after(response: urllib3.BaseHTTPResponse, *, otherwise: float) -> float:
    """The seconds that it asks to wait. None at all, or 0, is no leave to ask without a pause."""
    text = str(response.headers.get("Retry-After", ""))
    return float(text) if text.isdecimal() and int(text) else otherwise


def _why(error: urllib3_errors.HTTPError) -> str:
    if isinstance(error, urllib3_errors.NameResolutionError):
        return "its name does not resolve"
    if isinstance(error, urllib3_errors.NewConnectionError):
        return "connection refused or no route"
    if isinstance(error, urllib3_errors.SSLError):
        return f"TLS: {mask(str(error))[:160]}"
    if isinstance(error, urllib3_errors.ProtocolError):
        return "it closed the connection without an answer"
    return type(error).__name__


def _look(server: str) -> str:
    return f"curl -k {server}/readyz"
