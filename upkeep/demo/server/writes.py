"""The verdict on a write. Nothing can be changed: that on a dry run is canned, and any other write is forbidden."""

import base64
import json

from upkeep.demo.server.responses import (
    Request,
    Response,
    as_json,
    bad_request,
    group_of,
    not_found,
    partial,
    qualified,
    status,
    wants,
)  # fmt: skip
from upkeep.demo.state import Object, State


def _changes_data(item: Object, patch: Object) -> bool:
    """Whether a merge patch says another value of any key than the ConfigMap's or Secret's own."""
    said = {
        **patch.get("data", {}),
        **{
            key: base64.b64encode(str(text).encode()).decode()
            for key, text in patch.get("stringData", {}).items()
        },
    }
    return any(item.get("data", {}).get(key) != value for key, value in said.items())


def _other_selector(item: Object, patch: Object) -> Object:
    """The labels that a merge patch would select by instead; empty where it changes nothing of that."""
    own = item["spec"]["selector"]["matchLabels"]
    said = patch.get("spec", {}).get("selector", {}).get("matchLabels", {})
    merged = {key: value for key, value in {**own, **said}.items() if value is not None}
    return {} if merged == own else merged


def refused(plural: str, name: str, part: str = "") -> Response:
    """Return the refusal of a write, or of a subresource that is not served."""
    what = "/".join(filter(None, (qualified(plural), part))) + (f' "{name}"' if name else "")
    why = f"does not serve {part}" if part else "changes nothing"
    message = f"{what} is forbidden: the demo cluster {why}."
    return status(403, "Forbidden", message, name=name, kind=plural)


def scaled(item: Object, body: Object) -> Object:
    """Return the Scale of a Deployment after a dry run of its patch."""
    kept = {key: item["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion")}
    spec = {"replicas": item["spec"]["replicas"]}
    return {
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": kept,
        "spec": spec | body.get("spec", {}), "status": spec,
    }  # fmt: skip


def verdict(
    state: State, request: Request, plural: str, namespace: str, name: str | None, part: str = ""
) -> Response:
    """Return the verdict on a write: canned for a dry run, forbidden otherwise."""
    verbs = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    verb = verbs.get(request.method, "")
    if not verb or (name is None) != (verb == "create"):
        message = "the server does not allow this method on the requested resource"
        return status(405, "MethodNotAllowed", message)
    try:
        sent = json.loads(request.body or b"{}")
    except ValueError as error:
        if request.query.get("dryRun") != "All":
            return refused(plural, name or "")
        raise bad_request(f"couldn't decode the body: {error}") from error
    # A JSON patch is a list: what it would change is not looked at.
    body: Object = sent if isinstance(sent, dict) else {}
    if "All" not in (request.query.get("dryRun"), *(body.get("dryRun") or [])):
        return refused(plural, name or "")
    head = body.get("metadata", {})
    wanted = name or str(head.get("name", ""))
    details = {"name": wanted} | ({"group": group_of(plural)} if group_of(plural) else {})
    if plural in state.refusals:
        code, reason, message = state.refusals[plural]
        return status(code, reason, message, **details, kind=plural)
    account = body.get("spec", {}).get("serviceAccountName", "default")
    if plural == "pods" and state.find("serviceaccounts", account, namespace) is None:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        message = f'pods "{wanted}" is forbidden: {why}'
        return status(403, "Forbidden", message, **details, kind=plural)
    item = state.find(plural, wanted, namespace)
    if name is None and item is not None:
        message = f'{qualified(plural)} "{wanted}" already exists'
        return status(409, "AlreadyExists", message, **details, kind=plural)
    if item is None:
        if name is None or "apply-patch" in request.content_type:
            return as_json(body, 201)
        raise not_found(plural, name)
    if item.get("immutable") and _changes_data(item, body):
        message = f'{item["kind"]} "{name}" is invalid: data: Forbidden: field is immutable when `immutable` is set'
        return status(422, "Invalid", message, **details, kind=plural)
    if plural == "deployments" and (other := _other_selector(item, body)):
        refusal = f"Invalid value: {json.dumps({'matchLabels': other}, separators=(',', ':'))}: field is immutable"
        causes = [{"reason": "FieldValueInvalid", "message": refusal, "field": "spec.selector"}]
        message = f'Deployment.apps "{name}" is invalid: spec.selector: {refusal}'
        return status(422, "Invalid", message, **details, kind="Deployment", causes=causes)
    stored = item["metadata"]["resourceVersion"]
    if head.get("resourceVersion", stored) != stored:
        message = f'Operation cannot be fulfilled on {qualified(plural)} "{name}": the object has been modified; '
        message += "please apply your changes to the latest version and try again"
        return status(409, "Conflict", message, **details, kind=plural)
    if part == "scale":
        return as_json(scaled(item, body))
    return as_json(partial(item) if wants(request, "PartialObjectMetadata") else item)
