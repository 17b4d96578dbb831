"""Access reviews, canned: allowed, unless the scenario denies the subject the resource."""

import json

from upkeep.demo.server.responses import Request, Response, as_json, bad_request, status
from upkeep.demo.state import Object, State


def review(state: State, request: Request, kind: str) -> Response:
    """A canned access review: allowed, unless the scenario denies the subject the resource."""
    if request.method != "POST":
        return status(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    try:
        body: Object = json.loads(request.body)
        spec = body["spec"]
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"the body is not a review: {error}") from error
    if kind == "selfsubjectrulesreviews":
        rules = [{"verbs": ["get", "list", "watch"], "apiGroups": ["*"], "resources": ["*"]}]
        answer: Object = {"resourceRules": rules, "nonResourceRules": [], "incomplete": False}
    else:
        subject = (
            request.subject if kind == "selfsubjectaccessreviews" else str(spec.get("user", ""))
        )
        attributes = spec.get("resourceAttributes", {})
        resource = "/".join(
            filter(None, (attributes.get("resource", ""), attributes.get("subresource", "")))
        )
        if attributes.get("verb") == "list" and resource in ("configmaps", "secrets"):
            resource = f"list {resource}"  # where Helm keeps its releases: another source than the configuration that is read by name
        allowed = not {(subject, resource), (subject, "*")} & state.denied
        answer = {
            "allowed": allowed,
            "reason": 'RBAC: allowed by RoleBinding "demo"' if allowed else "",
        }
    return as_json(body | {"status": answer}, 201)
