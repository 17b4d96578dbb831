"""Requests to the API server over the official client's connections: sent, retried until the deadline, read to the end, and refused where they may
not be made.

The client does configuration, authentication, TLS and pooling. Whatever keeps an answer from coming whole is an ``Unmeasured`` of the kind that says why.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

import urllib3
from urllib3 import exceptions as urllib3_errors

from upkeep.adapters.cluster.answers import Answer, look, status_object
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
MOST_BYTES = 64 * 1024 * 1024
# By so much the clocks of the API server and of this machine may differ; windows are hours.
MOST_APART = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
RETRIED = frozenset({429, 500, 502, 503, 504})


class Transport:
    """The requests of one identity to one API server.

    :param configuration: the client's, as ``kubeconfig.load`` gives it.
    :param meter: counts requests and notes sources.
    :param deadline_seconds: for each request, its retries included.
    :param namespace: the collector's, for which ``upkeep rbac`` would make the Role that ends a 403.
    """

    def __init__(
        self,
        configuration: "Configuration",
        *,
        clock: Clock,
        meter: Meter,
        deadline_seconds: float,
        namespace: str = "",
    ) -> None:
        from kubernetes.client import (
            ApiClient,
        )  # 200 ms that --help and --collect-only need not pay

        configuration.connection_pool_maxsize = 64
        self.configuration = configuration
        self._pool: urllib3.PoolManager = ApiClient(configuration).rest_client.pool_manager
        self._clock = clock
        self._meter = meter
        self._deadline_seconds = deadline_seconds
        self._credentials_lock = threading.Lock()
        self.server = str(configuration.host).rstrip("/")
        self._namespace = namespace

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
        response, began = self._send(
            method,
            path,
            query,
            accept=accept,
            body=body,
            content_type=content_type,
            retry=retry,
            ends=ends,
        )
        return self._whole(response, f"{method} {path}", ends, began=began)

    @contextmanager
    def stream(self, path: str, query: Mapping[str, str]) -> Iterator[Iterator[bytes]]:
        """The body of an answer in blocks, for logs of any size.

        :raises Unmeasured: before the body, as ``get``; from the iterator Truncated or TimedOut when it ends early.
        """
        source = f"GET {path}"
        ends = self._clock.monotonic() + self._deadline_seconds
        response, began = self._send(
            "GET", path, query, accept="*/*", body=None, retry=RETRIED, ends=ends
        )
        try:
            if response.status != 200:
                self._refuse(self._whole(response, source, ends, began=began), source)
            kind = str(response.headers.get("Content-Type", ""))
            if "html" in kind or "json" in kind:
                raise Malformed(
                    f"{source}: a log was asked for, {kind} came",
                    source=source,
                    next_step=look(self.server),
                )
            yield self._blocks(response, source, ends)
        finally:
            response.close()
            response.release_conn()

    def _whole(
        self, response: urllib3.BaseHTTPResponse, source: str, ends: float, *, began: float
    ) -> Answer:
        blocks, size = [], 0
        try:
            for block in self._blocks(response, source, ends):
                blocks.append(block)
                size += len(block)
                if size > MOST_BYTES:
                    raise Malformed(
                        f"{source}: an answer of more than {MOST_BYTES} bytes", source=source
                    )
        except Unmeasured as error:
            response.close()
            if not (isinstance(error, TimedOut) and response.status in RETRIED):
                raise
            blocks = []  # it said in time that it is not available, which is the reason; more would not come
        response.release_conn()
        kind = str(response.headers.get("Content-Type", ""))
        return Answer(response.status, kind, b"".join(blocks), self._clock.monotonic() - began)

    def _blocks(
        self, response: urllib3.BaseHTTPResponse, source: str, ends: float
    ) -> Iterator[bytes]:
        try:
            for block in response.stream(BLOCK_BYTES):
                yield block
                if self._clock.monotonic() > ends:
                    raise TimedOut(
                        f"{source}: the answer had not ended after {self._deadline_seconds:g} s",
                        source=source,
                    )
        except (urllib3_errors.ReadTimeoutError, TimeoutError) as error:
            raise TimedOut(
                f"{source}: the answer stood still in the middle", source=source
            ) from error
        except (urllib3_errors.ProtocolError, urllib3_errors.DecodeError, OSError) as error:
            raise Truncated(
                f"{source}: the answer broke off in the middle",
                source=source,
                next_step="run again",
            ) from error

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
        target = f"{self.server}{quote(path, safe='/:@')}" + (
            f"?{urlencode(query)}" if query else ""
        )
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
            except (
                urllib3_errors.NewConnectionError
            ) as error:  # it is a ConnectTimeoutError too, and it is none
                raise Unreachable(
                    f"{self.server} cannot be reached: {_why(error)}",
                    source=source,
                    next_step=look(self.server),
                ) from error
            except (urllib3_errors.ConnectTimeoutError, urllib3_errors.ReadTimeoutError) as error:
                if refused:  # it did answer before, and not with what was asked for
                    raise self._unavailable(refused, f"HTTP {refused}", source) from error
                raise TimedOut(
                    f"{source}: no answer from {self.server} within {self._deadline_seconds:g} s",
                    source=source,
                    next_step=f"{look(self.server)}, or --limit=request_deadline={self._deadline_seconds * 2:g}s",
                ) from error
            except urllib3_errors.HTTPError as error:
                raise Unreachable(
                    f"{self.server} cannot be reached: {_why(error)}",
                    source=source,
                    next_step=look(self.server),
                ) from error
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

    def _require_one_time(
        self, response: urllib3.BaseHTTPResponse, source: str, *, asked: datetime
    ) -> None:
        """Every age is reckoned from this machine's now, and every time comes from the cluster: where the two clocks differ, all of them are wrong.

        A program that is asked through the API server dates its answers itself, and a cache on the way says how old the date is.

        :raises Malformed: the answer is dated before it was asked for, or after it came.
        """
        age = str(response.headers.get("Age", ""))
        try:
            dated = parsedate_to_datetime(str(response.headers.get("Date", "")))
            dated += timedelta(seconds=int(age) if age.isdecimal() else 0)
            apart = max(asked - dated, dated - self._clock.now())
        except (ValueError, TypeError, OverflowError):  # none that tells: an answer may do without
            return
        if apart > MOST_APART:
            response.close()
            way = "behind" if dated > asked else "ahead of"
            whose, where = (
                ("the program asked", "on the program's node")
                if "/proxy/" in source
                else (self.server, "on the control plane")
            )
            raise Malformed(
                f"this machine's clock is {span(round(apart / MINUTE) * MINUTE)} {way} that of {whose}: no age and no window can be told",
                source=source,
                next_step=f"timedatectl; set the clock that is wrong, here or {where}",
            )

    def _permit(self, method: str, path: str, query: Mapping[str, str]) -> None:
        """The last line before the wire.

        :raises ValueError: a request that could change something.
        """
        if method != "GET" and not (
            method == "POST" and path.startswith("/apis/authorization.k8s.io/")
        ):
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
        status = status_object(answer) or {}
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
            next_step=look(self.server),
        )


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
