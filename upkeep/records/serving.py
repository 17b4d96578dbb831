"""Records of how clients reach the collector, and of its answers.

Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

CONTROL_PLANE = "endpointslice-controller.k8s.io"


class ServicePort(Struct, frozen=True):
    """A port of a Service; ``target`` is a number or the name of a container port.

    An absent targetPort equals ``port``, so ``target`` is never 0.
    """

    name: str
    port: int
    target: int | str
    protocol: str = "TCP"


class Service(Struct, frozen=True):
    """A Service.

    :ivar addresses: its cluster IPs; empty where it has none.
    :ivar deleted: set while a finalizer delays its deletion.
    :ivar headless: its name resolves to the pods, so no port is translated to its target.
    :ivar families: IPv4 and IPv6, as its ``ipFamilies`` lists them; empty where it lists none.
    :ivar local_only: ``internalTrafficPolicy: Local``, so nodes without an endpoint drop traffic.
    :ivar serves_unready: ``publishNotReadyAddresses``, so pods that are not ready get traffic.
    """

    name: str
    namespace: str
    selector: Mapping[str, str]
    labels: Mapping[str, str]
    ports: tuple[ServicePort, ...]
    addresses: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    local_only: bool = False
    serves_unready: bool = False
    headless: bool = False
    deleted: datetime | None = None

    def ports_to(self, number: int) -> tuple[int, ...]:
        """Return the ports by which clients reach a container's port.

        A target by name may be that of any container, and counts.
        """
        if self.headless:
            return (number,)
        return tuple(
            one.port
            for one in self.ports
            if one.protocol == "TCP" and (one.target == number or isinstance(one.target, str))
        )


class Endpoint(Struct, frozen=True):
    """An endpoint of a slice; an absent ready condition means ready (discovery.k8s.io/v1)."""

    addresses: tuple[str, ...]
    ready: bool
    pod: str
    pod_uid: str = ""


class EndpointSlice(Struct, frozen=True):
    """An EndpointSlice.

    :ivar ports: (name, number); the number is ``None`` where the target port did not resolve.
    :ivar family: its ``addressType``: IPv4, IPv6 or FQDN.
    :ivar manager: the label ``endpointslice.kubernetes.io/managed-by``; empty where it has none.
    """

    name: str
    service: str
    endpoints: tuple[Endpoint, ...]
    ports: tuple[tuple[str, int | None], ...]
    family: str = "IPv4"
    manager: str = CONTROL_PLANE

    @property
    def foreign(self) -> bool:
        """Return whether a program other than the control plane manages it."""
        return self.manager not in ("", CONTROL_PLANE)


class HealthAnswer(Struct, frozen=True, tag=True):
    """The answer of a pod on a health path.

    :ivar status: the HTTP status; 0 where the pod refused the connection.
    :ivar ok: the body reports the status ok.
    :ivar body: an excerpt, masked.
    """

    pod: str
    path: str
    status: int
    ok: bool
    seconds: float
    body: str = ""


class Unanswered(Struct, frozen=True, tag=True):
    """A health path on which no answer of the pod itself arrived.

    :ivar kind: the class of ``upkeep.errors`` that names the cause; ``message`` describes it.
    """

    pod: str
    path: str
    kind: str
    message: str
    source: str = ""
    next_step: str = ""


def proxy_path(namespace: str, pod: str, port: int, scheme: str) -> str:
    """Return the path of a pod's proxy; the prefix ``https:`` makes the API server use TLS."""
    prefix = "https:" if scheme == "HTTPS" else ""
    return f"/api/v1/namespaces/{namespace}/pods/{prefix}{pod}:{port}/proxy"
