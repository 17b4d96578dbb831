"""The collector's own HTTP, pod by pod: through the API server's pod proxy, or at a URL of the user's."""

from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import urllib3
from urllib3 import exceptions as urllib3_errors

from upkeep.adapters.cluster.answers import Answer
from upkeep.adapters.cluster.kube import Kube
from upkeep.clock import Clock
from upkeep.errors import Ambiguous, Malformed, TimedOut, Truncated, Unreachable
from upkeep.meter import Meter
from upkeep.records.workload import Pod, proxy_path

METRICS_PATH = "/metrics"


class CollectorHttp(Protocol):
    """Asks one pod. An answer of status 0 is a refused connection: a fact about the pod."""

    def get(self, pod: Pod, path: str) -> Answer:
        """The pod's own answer, never retried.

        :raises Unmeasured: what lies between us and the pod failed.
        """
        ...


class ProxiedHttp:
    """Through ``pods/NAME:PORT/proxy``: needs no route to the pod, only the right ``get pods/proxy``."""

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
    """At ``--collector=URL``; ``{pod_ip}`` in it stands for each pod's address. A URL without it reaches one pod, and nobody knows which."""

    def __init__(
        self, url: str, *, pods: int, clock: Clock, meter: Meter, deadline_seconds: float
    ) -> None:
        if pods > 1 and "{pod_ip}" not in url:
            raise Ambiguous(
                f"--collector={url} leads to one pod, and there are {pods}: every one must be asked",
                next_step="--collector=http://{pod_ip}:8080, or leave the option out",
            )
        self._url = url.rstrip("/")
        self._clock = clock
        self._meter = meter
        self._deadline_seconds = deadline_seconds
        self._pool = urllib3.PoolManager()

    def get(self, pod: Pod, path: str) -> Answer:
        base = self._url.replace("{pod_ip}", f"[{pod.ip}]" if ":" in pod.ip else pod.ip)
        self._meter.count(f"GET {base}{path}")
        began = self._clock.monotonic()
        try:
            response = self._pool.request(
                "GET",
                f"{base}{path}",
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(total=self._deadline_seconds),
            )
        except urllib3_errors.NewConnectionError as error:
            if "refused" in str(error):
                return Answer(0, "", b"", self._clock.monotonic() - began)
            raise Unreachable(f"{base} cannot be reached", source=f"GET {base}{path}") from None
        except urllib3_errors.TimeoutError:
            raise TimedOut(
                f"{base}{path}: no answer within {self._deadline_seconds:g} s",
                source=f"GET {base}{path}",
            ) from None
        except urllib3_errors.ProtocolError:
            raise Truncated(
                f"{base}{path}: the answer broke off", source=f"GET {base}{path}"
            ) from None
        except urllib3_errors.HTTPError as error:
            raise Unreachable(
                f"{base} cannot be reached: {type(error).__name__}", source=f"GET {base}{path}"
            ) from None
        return Answer(
            response.status,
            str(response.headers.get("Content-Type", "")),
            response.data,
            self._clock.monotonic() - began,
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
    """How the collector's own HTTP is reached: at the user's URL, else through the pod proxy. No request yet.

    :raises Ambiguous: the URL leads to one of several pods.
    """
    if url is None:
        return ProxiedHttp(kube, namespace=namespace, port=port, scheme=scheme)
    return DirectHttp(url, pods=pods, clock=clock, meter=meter, deadline_seconds=deadline_seconds)


def exposition_of(http: CollectorHttp, pod: Pod) -> bytes:
    """The body of a pod's /metrics, not parsed yet.

    :raises Unmeasured: it refuses connections, or what answers is no exposition.
    """
    answer = http.get(pod, METRICS_PATH)
    if answer.status == 0:
        raise Unreachable(
            f"Pod/{pod.name} refuses connections: its metrics cannot be read",
            source=f"Pod/{pod.name} {METRICS_PATH}",
            next_step="pytest -m \"control(id='health-ok')\"",
        )
    if answer.status != 200 or "html" in answer.content_type or "json" in answer.content_type:
        raise Malformed(
            f"Pod/{pod.name}{METRICS_PATH} answered {answer.status} with {answer.content_type or 'no content type'}: no exposition",
            source=f"Pod/{pod.name} {METRICS_PATH}",
        )
    return answer.body
