"""How the collector is reached, and how it answers."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServicePort:
    """``target`` is a number or the name of a container port; ``0`` is never used: an absent targetPort equals ``port``."""

    name: str
    port: int
    target: int | str
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class Service:
    """A Service; ``addresses`` are its cluster IPs, none where it is headless."""

    name: str
    namespace: str
    selector: Mapping[str, str]
    labels: Mapping[str, str]
    ports: tuple[ServicePort, ...]
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint of a slice; ``ready`` follows the API's rule that an absent condition means ready."""

    addresses: tuple[str, ...]
    ready: bool
    pod: str
    pod_uid: str = ""


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """``ports`` are (name, number); a number that did not resolve is ``None``."""

    name: str
    service: str
    endpoints: tuple[Endpoint, ...]
    ports: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True)
class HealthAnswer:
    """What a pod answered on a health path. ``status`` 0 means that the pod refused the connection; ``ok`` tells whether the body says ok;
    ``body`` is a masked excerpt."""

    pod: str
    path: str
    status: int
    ok: bool
    seconds: float
    body: str = ""
