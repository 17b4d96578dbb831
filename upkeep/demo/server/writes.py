"""The verdict on a write. Nothing can be changed: with ``dryRun=All`` it is canned, and any other is forbidden."""

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
)
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
    """Return the refusal of every write."""
    what = f"{qualified(plural)}{'/' if part else ''}{part}" + (f' "{name}"' if name else "")
    fix = "" if part else " Add --dry-run=server to rehearse the change."
    message = f"{what} is forbidden: the demo cluster changes nothing.{fix}"
    return status(403, "Forbidden", message, name=name, kind=plural)


def verdict(
    state: State, request: Request, plural: str, namespace: str, name: str | None
) -> Response:
    """The verdict on a write: canned for a dry run, forbidden otherwise."""
    verb = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(
        request.method, ""
    )
    if not verb or (name is None) != (verb == "create"):
        return status(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    if request.query.get("dryRun") != "All":
        return refused(plural, name or "")
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise bad_request(f"couldn't decode the body: {error}") from error
    sent = body.get("metadata", {}) if isinstance(body, dict) else {}
    group = {"group": group_of(plural)} if group_of(plural) else {}
    if plural in state.refusals:
        code, reason, message = state.refusals[plural]
        return status(
            code, reason, message, name=name or str(sent.get("name", "")), **group, kind=plural
        )
    if name is None:
        wanted = str(sent.get("name", ""))
        if state.find(plural, wanted, namespace) is not None:
            return status(
                409,
                "AlreadyExists",
                f'{qualified(plural)} "{wanted}" already exists',
                name=wanted,
                **group,
                kind=plural,
            )
        return as_json(body, 201)
    item = state.find(plural, name, namespace)
    if item is None:
        raise not_found(plural, name)
    if item.get("immutable") and _changes_data(item, body):
        message = f'{item["kind"]} "{name}" is invalid: data: Forbidden: field is immutable when `immutable` is set'
        return status(422, "Invalid", message, name=name, **group, kind=plural)
    if plural == "deployments" and (other := _other_selector(item, body)):
        refusal = f"Invalid value: {json.dumps({'matchLabels': other}, separators=(',', ':'))}: field is immutable"
        causes = [{"reason": "FieldValueInvalid", "message": refusal, "field": "spec.selector"}]
        message = f'{qualified(plural)} "{name}" is invalid: spec.selector: {refusal}'.replace(
            "deployments", "Deployment", 1
        )
        return status(422, "Invalid", message, name=name, **group, kind="Deployment", causes=causes)
    if (
        sent.get("resourceVersion", item["metadata"]["resourceVersion"])
        != item["metadata"]["resourceVersion"]
    ):
        message = f'Operation cannot be fulfilled on {qualified(plural)} "{name}": the object has been modified; '
        message += "please apply your changes to the latest version and try again"
        return status(409, "Conflict", message, name=name, **group, kind=plural)
    return as_json(partial(item) if wants(request, "PartialObjectMetadata") else item)
