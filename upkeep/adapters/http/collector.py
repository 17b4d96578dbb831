"""Ask the collector's own HTTP, pod by pod: through the API server's pod proxy, or at the user's URL."""

import os
import re
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import urllib3
from msgspec.structs import replace
from urllib3 import exceptions as urllib3_errors

from upkeep import deadline
from upkeep.adapters.cluster.answers import Answer
from upkeep.adapters.cluster.kube import Kube
from upkeep.adapters.cluster.transport import MOST_BYTES
from upkeep.adapters.formats import exposition
from upkeep.adapters.wire.proxies import pool_through, proxy_of, shown
from upkeep.adapters.wire.reading import bounded, until
from upkeep.adapters.wire.unreached import PROXY_CREDENTIALS, is_late, proxy_credentials, step, why
from upkeep.clock import Clock
from upkeep.errors import (
    Ambiguous,
    BadInput,
    Malformed,
    TimedOut,
    Truncated,
    Unmeasured,
    Unreachable,
)
from upkeep.meter import Meter
from upkeep.model import utc, utc_after
from upkeep.records.counters import Snapshot
from upkeep.records.serving import proxy_path
from upkeep.records.workload import Pod
from upkeep.shell import shell

METRICS_PATH = "/metrics"
# Families of the collector alone. A histogram of Slack's channels is there from the start; those of alerts come with the first alert.
_OWN = re.compile(rb"^(?:#[ \t]+(?:TYPE|HELP)[ \t]+)?(cano_[a-zA-Z0-9_:]+)", re.MULTILINE)
_GO = re.compile(rb"^go_(?:info|goroutines|gc_duration_seconds)\b", re.MULTILINE)
# A proxy of plain HTTP gives these itself, and a judge would take them for the pod's.
PROXYS_OWN = frozenset({403, PROXY_CREDENTIALS, 502, 503, 504})
# A node's clock, and its boot time from which the process's start is computed, may be off by so much.
SAME_START = timedelta(minutes=5)


class CollectorHttp(Protocol):
    """Ask one pod. An answer of status 0 is a refused connection: a fact about the pod."""

    def get(self, pod: Pod, path: str) -> Answer:
        """Return the pod's own answer, never retried.

        :raises Unmeasured: something between here and the pod failed.
        """
        ...


class ProxiedHttp:
    """Ask through ``pods/NAME:PORT/proxy``: it needs no route to the pod, only the right ``get pods/proxy``."""

    def __init__(self, kube: Kube, *, namespace: str, port: int, scheme: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._port = port
        self._scheme = scheme

    def get(self, pod: Pod, path: str) -> Answer:
        parts = urlsplit(path)  # a probe's path may have a query
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return self._kube.proxied(
            f"{proxy_path(self._namespace, pod.name, self._port, self._scheme)}{parts.path}", query
        )


class DirectHttp:
    """Ask at ``--collector=URL``; ``{pod_ip}`` in it stands for each pod's address. A URL without it reaches one unknown pod.

    Such a URL obeys the variables of proxies.
    """

    def __init__(
        self, url: str, *, pods: int, clock: Clock, meter: Meter, deadline_seconds: float
    ) -> None:
        if pods > 1 and "{pod_ip}" not in url:
            raise Ambiguous(
                f"--collector={url} leads to one pod, but there are {pods}. Every pod must be asked.",
                next_step="--collector=http://{pod_ip}:8080, or leave the option out",
            )
        self._url = url.rstrip("/")
        self._clock = clock
        self._meter = meter
        self._deadline_seconds = deadline_seconds
        try:
            # A proxy's own 503 would read as a pod's, so that addresses of pods have none.
            proxy = "" if "{pod_ip}" in url else proxy_of(url, os.environ)
        except BadInput as error:
            raise Unreachable(f"--collector={url} cannot be reached: {error}") from None
        self._proxy = shown(proxy)
        self._pool = bounded(pool_through(proxy))

    def get(self, pod: Pod, path: str) -> Answer:
        """Return the pod's answer, whole before the deadline of the request or of the sweep."""
        base = self._url.replace("{pod_ip}", f"[{pod.ip}]" if ":" in pod.ip else pod.ip)
        self._meter.count(f"GET {base}{path}")
        began = self._clock.monotonic()
        left = max(min(self._deadline_seconds, deadline.ends() - began), 0.001)
        body = bytearray()
        try:
            with (
                until(left),
                self._pool.request(
                    "GET",
                    f"{base}{path}",
                    redirect=False,
                    retries=False,
                    timeout=urllib3.Timeout(total=left),
                    preload_content=False,
                ) as response,
            ):
                for block in response.stream(64 * 1024):
                    body += block
                    if len(body) > MOST_BYTES:
                        raise Malformed(
                            f"{base}{path}: an answer of more than {MOST_BYTES} bytes.",
                            source=f"GET {base}{path}",
                        )
        except urllib3_errors.NewConnectionError as error:
            if isinstance(error.__cause__, ConnectionRefusedError):
                return Answer(0, "", b"", self._clock.monotonic() - began)
            raise self._lost(error, base, path) from None
        except urllib3_errors.ProtocolError:
            raise Truncated(
                f"{base}{path}: the connection ended before the answer did.",
                source=f"GET {base}{path}",
            ) from None
        except urllib3_errors.DecodeError:
            raise Malformed(
                f"{base}{path}: the answer is not packed as it says.", source=f"GET {base}{path}"
            ) from None
        except urllib3_errors.HTTPError as error:
            raise self._lost(error, base, path) from None
        if self._proxy and base.startswith("http:") and response.status in PROXYS_OWN:
            raise Unreachable(
                f"{base}{path} answered {response.status} through the proxy {self._proxy}, which may be the proxy's own answer.",
                source=f"GET {base}{path}",
                next_step=proxy_credentials(base, proxy=self._proxy)
                if response.status == PROXY_CREDENTIALS
                else shell("curl -v --proxy {} {}", self._proxy, f"{base}{path}"),
            )
        return Answer(
            response.status,
            str(response.headers.get("Content-Type", "")),
            bytes(body),
            self._clock.monotonic() - began,
        )

    def _lost(self, error: Exception, base: str, path: str) -> Unmeasured:
        """Return what kept an answer from beginning."""
        source = f"GET {base}{path}"
        if is_late(error):
            through = f" through the proxy {self._proxy}" if self._proxy else ""
            return TimedOut(
                f"{base}{path}: no answer{through} within {self._deadline_seconds:g} s.",
                source=source,
            )
        return Unreachable(
            f"{base} cannot be reached: {why(error, proxy=self._proxy)}.",
            source=source,
            next_step=step(error, base, otherwise=shell("curl -v {}", base), proxy=self._proxy),
        )


def way_to(
    kube: Kube,
    *,
    url: str | None,
    namespace: str,
    port: int,
    scheme: str,
    pods: int,
    clock: Clock,
    meter: Meter,
    deadline_seconds: float,
) -> CollectorHttp:
    """Return the way to the collector's own HTTP: the user's URL, else the pod proxy. No request is sent yet.

    :raises Ambiguous: the URL leads to one of several pods.
    """
    if url is None:
        return ProxiedHttp(kube, namespace=namespace, port=port, scheme=scheme)
    return DirectHttp(url, pods=pods, clock=clock, meter=meter, deadline_seconds=deadline_seconds)


def exposition_of(http: CollectorHttp, pod: Pod) -> bytes:
    """Return the body of a pod's /metrics, not parsed yet.

    :raises Unmeasured: the pod refuses connections, or the answer is no exposition.
    """
    answer = http.get(pod, METRICS_PATH)
    if answer.status == 0:
        raise Unreachable(
            f"Pod/{pod.name} refuses connections, so its metrics cannot be read.",
            source=f"Pod/{pod.name} {METRICS_PATH}",
            next_step="upkeep run -m \"control(id='health-ok')\"",
        )
    if answer.status != 200 or "html" in answer.content_type or "json" in answer.content_type:
        raise Malformed(
            f"Pod/{pod.name}{METRICS_PATH} answered {answer.status} with {answer.content_type or 'no content type'}, which is no exposition.",
            source=f"Pod/{pod.name} {METRICS_PATH}",
        )
    return answer.body


def counters_of(
    http: CollectorHttp, pod: Pod, *, container: str, clock: Clock
) -> tuple[Snapshot, bytes]:
    """Return a pod's counters with the exposition that they are from.

    :param container: the name of the collector's container.
    :raises Unmeasured: it cannot be read, is not whole, or nothing proves that it is the collector's.
    """
    body = exposition_of(http, pod)
    snapshot = exposition.parse(body, pod=pod.name, taken=clock.now())
    identity = identified(body, snapshot, pod, container=container)
    return replace(snapshot, identity=identity), body


def identified(body: bytes, snapshot: Snapshot, pod: Pod, *, container: str) -> str:
    """Return what proves that an exposition is the collector's: a family of its own, or a Go process as old as its container.

    Every Prometheus client exposes ``process_*``. Counters that are absent are zero only in the collector's own exposition; in that of another
    program they prove nothing.

    :raises Malformed: nothing proves it, or the process is older than the pod.
    """
    began = snapshot.process_start

    def foreign(why: str) -> Malformed:
        return Malformed(
            f"Pod/{pod.name}{METRICS_PATH} may be of another program: {why}.",
            source=f"Pod/{pod.name} {METRICS_PATH}",
            next_step="--collector=URL with the collector's own port; a proxy or sidecar may answer in its place",
        )

    if began < pod.created - SAME_START:
        raise foreign(
            f"its process started at {utc(began)}, before the pod was made at {utc(pod.created)}"
        )
    own = _OWN.search(body)
    if own is not None:
        return f"family {own[1].decode()}"
    started = _started(pod, container)
    if _GO.search(body) is None:
        raise foreign("it has no family of the collector (cano_…) and none of a Go process (go_…)")
    if started is None or abs(began - started) > SAME_START:
        when = utc_after(started) if started else "an unknown time"
        raise foreign(
            f"it has no family cano_…, and its process started at {utc(began)}, but the container at {when}"
        )
    return "process start of its container, no alert yet"


def _started(pod: Pod, container: str) -> datetime | None:
    """Return when the container started that runs now."""
    return next(
        (one.started for one in pod.containers if one.name == container and not one.init), None
    )
