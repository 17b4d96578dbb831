"""Requests to the Kubernetes API and its answers: JSON, and a Status whose wording, code and reason are those of a real kube-apiserver."""

import json
from dataclasses import dataclass, field

from upkeep.demo.state import RESOURCES, Object

USER = "demo"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the API server sees it; ``query`` keeps the last value of each parameter, ``pairs`` all of them; ``subject`` is whose token it
    carries, as access reviews name it: ``self``, ``acting``, or the user that is impersonated."""

    method: str
    path: str
    query: dict[str, str]
    accept: str = ""
    body: bytes = b""
    pairs: tuple[tuple[str, str], ...] = ()
    subject: str = "self"
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """``stream`` sends the body in chunks, as logs are sent, and stays open for ``open_seconds``; ``delay_seconds`` is how long the answer takes."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    stream: bool = False
    open_seconds: float = 0.0
    delay_seconds: float = 0.0


class Refused(Exception):
    """The API server answers with a Status of failure."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def as_json(data: object, code: int = 200) -> Response:
    return Response(code, json.dumps(data, separators=(",", ":")).encode() + b"\n")


def status(code: int, reason: str, message: str, /, **details: object) -> Response:
    """A Status of failure."""
    body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    body |= {"message": message} | ({"reason": reason} if reason else {})
    return as_json(body | ({"details": details} if details else {}) | {"code": code}, code)


def group_of(plural: str) -> str:
    if plural.endswith("accessreviews"):  # posted, never stored
        return "authorization.k8s.io"
    version = RESOURCES[plural][0]
    return version.rpartition("/")[0]


def qualified(plural: str) -> str:
    """The resource with its group, as messages name it: ``deployments.apps``, ``pods``."""
    return ".".join(filter(None, (plural, group_of(plural))))


def not_found(plural: str, name: str) -> Refused:
    details = (
        {"name": name}
        | ({"group": group_of(plural)} if group_of(plural) else {})
        | {"kind": plural}
    )
    return Refused(status(404, "NotFound", f'{qualified(plural)} "{name}" not found', **details))


def forbidden(verb: str, plural: str, name: str, namespace: str, subresource: str = "") -> Response:
    """The 403 of the RBAC authoriser."""
    group = group_of(plural)
    details = (
        ({"name": name} if name else {}) | ({"group": group} if group else {}) | {"kind": plural}
    )
    resource = "/".join(filter(None, (plural, subresource)))
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    subject = f'{qualified(plural)} "{name}"' if name else qualified(plural)
    message = f'{subject} is forbidden: User "{USER}" cannot {verb} resource "{resource}" in API group "{group}" {where}'
    return status(403, "Forbidden", message, **details)


def bad_request(message: str) -> Refused:
    return Refused(status(400, "BadRequest", message))


def partial(item: Object) -> Object:
    """The object's metadata alone, annotations included, as the real server sends it."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": item["metadata"],
    }


def wants(request: Request, kind: str) -> bool:
    """Whether the client would rather have another kind, or a list of it: a Table, or metadata alone."""
    return f";as={kind.removesuffix('List')}" in request.accept.split(",")[0]
