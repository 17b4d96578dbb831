"""Reviews of access and of identity, canned: allowed, unless the scenario denies the subject the resource.

kubectl posts them as protobuf, and nothing else; it reads JSON.
"""

import json
from collections.abc import Iterator

from upkeep.demo.server.discovery import OTHERS
from upkeep.demo.server.responses import USER, Request, Response, as_json, bad_request, status
from upkeep.demo.state import RESOURCES, Object, State

# Before every object in protobuf: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
MAGIC = b"k8s\x00"
# The fields of ResourceAttributes by their numbers: https://github.com/kubernetes/api/blob/v0.36.3/authorization/v1/generated.proto
ATTRIBUTES = {1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"}  # fmt: skip


def fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the fields of a protobuf message that have a length: (number, content).

    :raises IndexError: it ends within a field.
    """
    rest = iter(message)

    def number() -> int:
        value = shift = 0
        for byte in rest:
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise IndexError("the message ends within a number")

    for first in rest:
        if first & 7 == 2:  # each tag of these messages is one byte
            yield first >> 3, bytes(next(rest) for _ in range(number()))
        else:
            number()


def spec_of(request: Request, plural: str) -> Object:
    """Return the spec of a review, from JSON or protobuf."""
    try:
        if not request.body.startswith(MAGIC):
            body: Object = json.loads(request.body)
            return dict(body.get("spec", {}))
        # runtime.Unknown holds the review in its second field, and the review its spec.
        review = dict(fields(dict(fields(request.body.removeprefix(MAGIC)))[2]))
        spec = dict(fields(review.get(2, b"")))
        if plural == "selfsubjectrulesreviews":
            return {"namespace": spec.get(1, b"").decode()}
        asked = {ATTRIBUTES[key]: text.decode() for key, text in fields(spec.get(1, b"")) if key in ATTRIBUTES}  # fmt: skip
        return {"resourceAttributes": asked, "user": spec.get(3, b"").decode()}
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError) as error:
        raise bad_request(f"the body is not a review: {error}") from error


def rules(state: State, subject: str) -> list[Object]:
    """Return a rule for each resource that the scenario does not deny the subject."""
    known = {plural: version.rpartition("/")[0] for plural, (version, *_) in RESOURCES.items()}
    known |= {name: version.rpartition("/")[0] for version, name, *_ in OTHERS if "/" in name}
    denied = {resource for who, resource in state.denied if who == subject}
    return [
        {"verbs": ["*"], "apiGroups": [group], "resources": [name]}
        for name, group in known.items() if not denied & {name, "*"}
    ]  # fmt: skip


def review(state: State, request: Request, plural: str) -> Response:
    """Answer a review."""
    kinds = {name: (kind, version) for version, name, kind, _ in OTHERS}
    if request.method != "POST" or plural not in kinds:
        message = "the server does not allow this method on the requested resource"
        return status(405, "MethodNotAllowed", message)
    spec = spec_of(request, plural)
    kind, version = kinds[plural]
    if plural == "selfsubjectreviews":
        name = {"self": USER, "acting": f"{USER}-acting"}.get(request.subject, request.subject)
        answer: Object = {"userInfo": {"username": name, "groups": ["system:authenticated"]}}
    elif plural == "selfsubjectrulesreviews":
        found = rules(state, request.subject)
        answer = {"resourceRules": found, "nonResourceRules": [], "incomplete": False}
    else:
        subject = request.subject if plural.startswith("self") else str(spec.get("user", ""))
        asked = spec.get("resourceAttributes", {})
        resource = "/".join(filter(None, (asked.get("resource", ""), asked.get("subresource", ""))))
        # Where Helm keeps its releases: another source than the configuration that is read by name.
        if asked.get("verb") == "list" and resource in ("configmaps", "secrets"):
            resource = f"list {resource}"
        allowed = not {(subject, resource), (subject, "*")} & state.denied
        reason = 'RBAC: allowed by RoleBinding "demo"' if allowed else ""
        answer = {"allowed": allowed, "reason": reason}
    head = {"kind": kind, "apiVersion": version, "metadata": {}}
    return as_json(head | {"spec": spec, "status": answer}, 201)
