"""The request log of the embedded cluster: what an API server's audit log says of each request.

Source: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ (``Event`` and ``ObjectReference``) and
https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
"""

import re
from dataclasses import dataclass

from upkeep.demo.server.responses import Request

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OBJECT = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/v[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<part>[a-z]+)(?:/.*)?)?)?"
)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What RBAC decides a request by. ``resource`` is ``plural/subresource`` where there is one.

    :ivar name: of the object; a proxied one keeps its port (``prometheus-operated:9090``).
    """

    verb: str
    group: str
    resource: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Event:
    """One request.

    :ivar subject: whose token it carried: ``self``, ``acting``, or none.
    :ivar attributes: what was authorised; nothing for a path that is no object of the API (``/apis``).
    :ivar source: which of ``SOURCES`` it reads; empty where no fault would meet it.
    :ivar uri: path and query, as they came.
    """

    subject: str
    method: str
    uri: str
    source: str
    attributes: tuple[Attributes, ...]


def attributes(request: Request) -> tuple[Attributes, ...]:
    """Return what RBAC decides the request by; nothing for a path that is no resource.

    A WebSocket to ``exec`` is a GET, authorised as get, and since Kubernetes 1.35 as create, too.
    Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/
    """
    found = _OBJECT.fullmatch(request.path.rstrip("/"))
    if found is None:
        return ()
    group, namespace, plural, name, part = (text or "" for text in found.groups())
    verb = _VERBS.get(request.method, "get" if name else "list")
    resource = f"{plural}/{part}" if part else plural
    verbs = dict.fromkeys((verb, "create")) if part == "exec" else (verb,)
    return tuple(Attributes(verb, group, resource, namespace, name) for verb in verbs)
