"""Requests to the API server: sent, retried until the deadline, read to the end.

A request that could change something is refused here. Whatever keeps an answer from coming whole
is an ``Unmeasured`` of the kind that says why.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, urlencode

import urllib3
from urllib3 import exceptions as urllib3_errors

from upkeep import deadline
from upkeep.adapters.cluster.answers import Answer, again
from upkeep.adapters.cluster.failures import (
    RETRIED,
    Ends,
    measuring_right,
    refusal,
    retry_after,
    unanswered,
    user_of,
)
from upkeep.adapters.cluster.identity.connection import Configuration
from upkeep.adapters.cluster.server_time import require_one_time
from upkeep.adapters.wire.reading import until
from upkeep.clock import Clock
from upkeep.errors import (
    BadInput,
    Malformed,
    TimedOut,
    Truncated,
    Unauthenticated,
    Unmeasured,
)
from upkeep.meter import Meter
from upkeep.shell import Command

BLOCK_BYTES = 64 * 1024
MOST_BYTES = 64 * 1024 * 1024


class Transport:
    """The requests of one identity to one API server.

    :param configuration: as ``kubeconfig.load`` gives it.
    :param meter: counts requests and notes sources.
    :param deadline_seconds: for each request, its retries included.
    :param namespace: the collector's, for which ``upkeep rbac`` makes the Role that ends a 403.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        clock: Clock,
        meter: Meter,
        deadline_seconds: float,
        namespace: str = "",
    ) -> None:
        self.configuration = configuration
        self._pool = configuration.pool()
        self._clock = clock
        self._meter = meter
        self._deadline_seconds = deadline_seconds
        self.server = configuration.host.rstrip("/")
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
        """Return a whole answer, whatever its status.

        :raises Unmeasured: Unreachable, TimedOut, Truncated, or Malformed where it is too large.
        """
        ends = self._ends()
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
        """Give the body of an answer in blocks, for logs of any size.

        :raises Unmeasured: before the body, as ``fetch``; from the iterator Truncated or TimedOut.
        """
        source = f"GET {path}"
        ends = self._ends()
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
                    next_step=again(source),
                )
            yield self._blocks(response, source, ends)
        finally:
            response.close()
            response.release_conn()

    def _ends(self) -> Ends:
        """Return the request's own deadline, or the one of everything that runs here."""
        own, all_ = self._clock.monotonic() + self._deadline_seconds, deadline.ends()
        if own <= all_:
            seconds = self._deadline_seconds
            step = f"--limit=request_deadline={seconds * 2:g}s"
            return Ends(own, f"{seconds:g} s", step)
        words = "the deadline of all requests together"
        return Ends(all_, words, "--limit=sweep_deadline=5m")

    def _left(self, ends: Ends) -> float:
        return ends.at - self._clock.monotonic()

    def _whole(
        self, response: urllib3.BaseHTTPResponse, source: str, ends: Ends, *, began: float
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
            blocks = []  # Its status, which came in time, is the reason.
        response.release_conn()
        kind = str(response.headers.get("Content-Type", ""))
        warnings = tuple(response.headers.getlist("Warning"))
        seconds = self._clock.monotonic() - began
        return Answer(response.status, kind, b"".join(blocks), seconds, warnings)

    def _blocks(
        self, response: urllib3.BaseHTTPResponse, source: str, ends: Ends
    ) -> Iterator[bytes]:
        """Yield what comes, one read after another: a whole block may take its sender forever."""
        try:
            while True:
                with until(self._left(ends)):
                    block = response.read1(BLOCK_BYTES)
                if not block:
                    return
                yield block
                if self._left(ends) < 0:
                    raise TimedOut(
                        f"{source}: the answer had not ended after {ends.words}",
                        source=source,
                        next_step=ends.next_step,
                    )
        except (urllib3_errors.ReadTimeoutError, TimeoutError) as error:
            raise TimedOut(
                f"{source}: the answer had not ended after {ends.words}",
                source=source,
                next_step=ends.next_step,
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
        ends: Ends,
    ) -> tuple[urllib3.BaseHTTPResponse, float]:
        """Return the response, its body unread, and the instant of the request that it answers."""
        self._permit(method, path, query or {})
        source = f"{method} {path}"
        target = f"{self.server}{quote(path, safe='/:@')}" + (
            f"?{urlencode(query)}" if query else ""
        )
        pause, refused = 0.25, 0
        while True:
            began, asked = self._clock.monotonic(), self._clock.now()
            if ends.at <= began:
                raise TimedOut(
                    f"{source}: not sent, for {ends.words} has passed",
                    source=source,
                    next_step=ends.next_step,
                )
            headers = self._headers(source)
            headers["Accept"], headers["User-Agent"] = accept, "cano-upkeep"
            if body is not None:
                headers["Content-Type"] = content_type
            self._meter.count(source)
            try:
                with until(ends.at - began):
                    response = self._pool.request(
                        method,
                        target,
                        headers=headers,
                        body=body,
                        preload_content=False,
                        redirect=False,
                        retries=False,
                        timeout=urllib3.Timeout(total=max(ends.at - began, 0.001)),
                    )
            except urllib3_errors.HTTPError as error:
                raise unanswered(
                    error,
                    source,
                    ends,
                    refused=refused,
                    configuration=self.configuration,
                    deadline_seconds=self._deadline_seconds,
                ) from error
            try:
                require_one_time(
                    response.headers,
                    source=source,
                    server=self.server,
                    asked=asked,
                    came=self._clock.now(),
                )
            except Malformed:
                response.close()
                raise
            if response.status not in retry:
                return response, began
            wait = retry_after(response, otherwise=pause)
            if self._clock.monotonic() + wait >= ends.at:
                return response, began
            response.close()  # What else it says is not waited for: it may never end.
            self._clock.sleep(wait)
            pause, refused = pause * 2, response.status

    def _headers(self, source: str) -> urllib3.HTTPHeaderDict:
        """Return the headers that say who asks: a line for each group that is acted as."""
        headers = urllib3.HTTPHeaderDict()
        try:
            for name, value in self.configuration.headers():
                headers.add(name, value)
        except BadInput as error:  # A plugin or a token file that gave something before.
            raise Unauthenticated(
                str(error), source=source, next_step="log in again, then: kubectl auth whoami"
            ) from None
        return headers

    def _permit(self, method: str, path: str, query: Mapping[str, str]) -> None:
        """Refuse what could change something: the last line before the wire.

        :raises ValueError: a request that could.
        """
        if method != "GET" and not (
            method == "POST" and path.startswith("/apis/authorization.k8s.io/")
        ):
            raise ValueError(f"{method} {path}: nothing is written to the cluster")

    def _refuse(self, answer: Answer, source: str) -> None:
        """Raise what a status other than success means."""
        if answer.status >= 300:
            raise refusal(
                answer,
                source,
                configuration=self.configuration,
                right_step=self._right_step(source, user_of(answer)),
                deadline_seconds=self._deadline_seconds,
            )

    def _right_step(self, source: str, user: str) -> Command:
        """Return the command that gives this identity the right that a request lacks."""
        return measuring_right(source, self._namespace, user=user)
