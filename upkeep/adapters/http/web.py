"""HTTP of monitoring programs, and of a chart repository: at a URL of their own (requests), or as a Service behind the API server's proxy.

Both give JSON documents or an ``Unmeasured``, so that Prometheus and Alertmanager need not know which way they are reached.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import unquote, urlsplit

from urllib3 import exceptions as urllib3_errors

from upkeep import deadline
from upkeep.adapters.cluster.failures import RETRIED
from upkeep.adapters.cluster.identity.users import bearer
from upkeep.adapters.cluster.kube import Kube
from upkeep.adapters.cluster.transport import MOST_BYTES
from upkeep.adapters.http.answers import WebAnswer, document, note_query, refuse, told
from upkeep.adapters.wire.proxies import proxy_of, shown
from upkeep.adapters.wire.reading import until
from upkeep.adapters.wire.unreached import (
    PROXY_CREDENTIALS,
    is_late,
    proxy_credentials,
    proxy_refusal,
    step,
    why,
    wrapped_in,
)
from upkeep.clock import Clock
from upkeep.errors import (
    BadInput,
    Malformed,
    TimedOut,
    Truncated,
    Unauthenticated,
    Unreachable,
)
from upkeep.files import read_bounded
from upkeep.masking import hide
from upkeep.meter import Meter
from upkeep.settings.access import HttpAccess
from upkeep.shell import shell

T = TypeVar("T")
MOST_TOKEN_BYTES = 64 * 1024
# Headers whose values are names, not credentials; any other value is hidden.
_TENANT = re.compile(
    r"tenant|org-?id|^accept|^content-|^user-agent$|^host$|^x-forwarded-", re.IGNORECASE
)


class WebApi(Protocol):
    """A JSON API. ``where`` names it in messages: never with credentials; ``namespace`` is that of its Service, empty at a URL."""

    where: str
    namespace: str

    def get(self, path: str, query: Mapping[str, str], type: type[T]) -> T:
        """The JSON document at a path, as the declared type.

        :raises Unmeasured: anything but a whole JSON document of the type with status 200.
        """
        ...


class ServiceApi:
    """A Service, through the API server's service proxy: with the identity's own rights, from anywhere."""

    def __init__(self, kube: Kube, *, namespace: str, service: str, port: int) -> None:
        self._kube = kube
        self._base = f"/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy"
        self.namespace = namespace
        self.where = f"Service {namespace}/{service}:{port}"

    def get(self, path: str, query: Mapping[str, str], type: type[T]) -> T:
        note_query(query)
        answer = self._kube.proxied(f"{self._base}{path}", query, retry=RETRIED)
        if answer.status == 0:
            raise Unreachable(
                f"{self.where}: nothing listens there (the API server's proxy was refused)",
                source=path,
            )
        return document(
            answer.status, answer.content_type, answer.body, type, where=self.where, path=path
        )


class UrlApi:
    """A URL of the user's, with bearer file, CA, client certificate and headers from the settings."""

    def __init__(
        self,
        access: HttpAccess,
        *,
        option: str,
        clock: Clock,
        meter: Meter,
        deadline_seconds: float,
    ) -> None:
        from upkeep.adapters.http.sessions import session_of

        self._access = access
        self._base = access.url.rstrip("/")
        self._clock = clock
        self._meter = meter
        self._deadline_seconds = deadline_seconds
        hide(*(value for name, value in access.headers.items() if not _TENANT.search(name)))
        parts = urlsplit(access.url)
        if parts.password:
            hide(parts.password, unquote(parts.password))
        self.namespace = ""
        # A path and a query may be secret: a redirection's signature, a repository's token.
        server = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        self.where, self._server = f"{option}={server}", server
        self.where, self._server = f"{option}={server}", server
        try:
            proxy = proxy_of(access.url, os.environ)
        except BadInput as error:
            raise Unreachable(f"{self.where} cannot be reached: {error}") from None
        self._proxy = shown(proxy)
        self._through = f" through the proxy {self._proxy}" if proxy else ""
        self._session = session_of(access, proxy=proxy)

    def get(self, path: str, query: Mapping[str, str], type: type[T]) -> T:
        note_query(query)
        answer = self._whole(path, query, accept="application/json")
        return document(
            answer.status, answer.content_type, answer.body, type, where=self.where, path=path,
            through=self._through,
        )  # fmt: skip

    def text(self, path: str) -> str:
        """The text at a path, whatever its content type: servers of files guess it. A page of HTML is none.

        :raises Unmeasured: anything but a whole text with status 200. Redirections are not followed: they would take the credentials along.
        """
        answer = self._whole(path, {}, accept="*/*")
        refuse(answer.status, where=self.where, path=path, through=self._through)
        if answer.status != 200 or "html" in answer.content_type:
            what = "a redirection" if answer.location else told(answer)
            raise Malformed(
                f"{self.where}{path}: a text was asked for, {what} came: give the address of the file itself",
                source=path,
            )
        try:
            return answer.body.decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed(
                f"{self.where}{path}: the answer is not UTF-8 ({len(answer.body)} bytes)",
                source=path,
            ) from None

    def file(self) -> WebAnswer:
        """Return the body at the URL, or its new address: then ``location`` is not empty. It is not followed here, with credentials.

        :raises Unmeasured: anything else.
        """
        answer = self._whole("", {}, accept="*/*")
        if answer.location:
            return answer
        refuse(answer.status, where=self.where, path="", through=self._through)
        if answer.status != 200 or "html" in answer.content_type:
            raise Malformed(
                f"{self.where}: a file was asked for, {told(answer)} came", source=self.where
            )
        return answer

    def _bearer(self, file: Path) -> str:
        """Return the header's value for the token in a file.

        :raises Unauthenticated: it cannot be read, or is no token.
        """
        step = "bearer_file in the settings"
        try:
            token = read_bounded(file, most_bytes=MOST_TOKEN_BYTES).decode().strip()
            return bearer(token, where=f"{self.where}: bearer_file {file}")
        except BadInput as error:
            raise Unauthenticated(str(error), source=str(file), next_step=step) from None
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise Unauthenticated(
                f"{self.where}: bearer_file {file} cannot be read: {why}",
                source=str(file),
                next_step=step,
            ) from None

    def _whole(self, path: str, query: Mapping[str, str], *, accept: str) -> WebAnswer:
        """The answer, asked again while the server says that it is not available."""
        ends = min(self._clock.monotonic() + self._deadline_seconds, deadline.ends())
        pause = 0.25
        while True:
            answer, wait = self._once(path, query, ends, accept=accept)
            pause, wait = pause * 2, wait if wait is not None else pause
            if answer.status not in RETRIED or self._clock.monotonic() + wait >= ends:
                return answer
            self._clock.sleep(wait)

    def _once(
        self, path: str, query: Mapping[str, str], ends: float, *, accept: str
    ) -> tuple[WebAnswer, float | None]:
        """The answer to one request, and the seconds of its Retry-After."""
        import requests

        headers = {"Accept": accept}
        if self._access.bearer_file is not None:
            # Rotated tokens are read anew.
            headers["Authorization"] = self._bearer(self._access.bearer_file)
        self._meter.count(f"GET {self.where}{path}")
        left = max(ends - self._clock.monotonic(), 0.001)
        try:
            with (
                until(left),
                self._session.get(
                    f"{self._base}{path}",
                    params=dict(query),
                    headers=headers,
                    timeout=left,
                    stream=True,
                    allow_redirects=False,
                ) as response,
            ):
                if response.status_code == PROXY_CREDENTIALS and self._proxy:
                    said = proxy_refusal(response.status_code, proxy=self._proxy)
                    raise Unreachable(
                        f"{self.where} cannot be reached: {said}",
                        source=path,
                        next_step=proxy_credentials(self._server, proxy=self._proxy),
                    )
                body = bytearray()
                for block in response.iter_content(64 * 1024):
                    body += block
                    if len(body) > MOST_BYTES:
                        raise Malformed(
                            f"{self.where}{path}: an answer of more than {MOST_BYTES} bytes",
                            source=path,
                        )
                    if self._clock.monotonic() > ends:
                        raise TimedOut(
                            f"{self.where}{path}: the answer had not ended after {self._deadline_seconds:g} s",
                            source=path,
                        )
                after = response.headers.get("Retry-After", "")
                location = (
                    response.headers.get("Location", "")
                    if 300 <= response.status_code < 400
                    else ""
                )
                answer = WebAnswer(
                    response.status_code,
                    response.headers.get("Content-Type", ""),
                    bytes(body),
                    location,
                )
                return answer, float(after) if after.isdecimal() and int(after) else None
        except requests.Timeout:
            raise TimedOut(
                f"{self.where}: no answer{self._through} within {self._deadline_seconds:g} s",
                source=path,
            ) from None
        except requests.exceptions.ChunkedEncodingError:
            raise Truncated(
                f"{self.where}{path}: the answer broke off in the middle",
                source=path,
                next_step="run again",
            ) from None
        except requests.exceptions.SSLError:
            raise Unreachable(
                f"{self.where}: TLS failed: its certificate is not trusted",
                source=path,
                next_step="ca_file in the settings",
            ) from None
        except (requests.exceptions.ContentDecodingError, requests.exceptions.StreamConsumedError):
            raise Malformed(
                f"{self.where}{path}: the answer is not packed as it says", source=path
            ) from None
        except ValueError:  # requests has errors of its own for some
            raise Malformed(
                f"{self.where}: its address, a header of the settings, or where it redirects to is none",
                source=path,
            ) from None
        except requests.RequestException as error:
            inner = wrapped_in(error)
            if isinstance(inner, urllib3_errors.ReadTimeoutError) or is_late(inner):
                raise TimedOut(
                    f"{self.where}{path}: the answer{self._through} had not ended after {self._deadline_seconds:g} s",
                    source=path,
                ) from None
            raise Unreachable(
                f"{self.where} cannot be reached: {why(inner, proxy=self._proxy)}",
                source=path,
                next_step=step(
                    inner,
                    self._server,
                    otherwise=shell("curl -v {}", self._server),
                    proxy=self._proxy,
                ),
            ) from None
