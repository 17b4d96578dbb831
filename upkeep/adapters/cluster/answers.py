"""An answer of the API server: whole, and what its body says.

Source: Kubernetes API concepts (lists, Status), https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import json
from dataclasses import dataclass, field
from typing import Any

from upkeep.errors import Malformed, Truncated


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. ``seconds`` is the time from the request (the last, where it was asked again) to the end of its body."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    seconds: float


def document(answer: Answer, *, source: str, server: str) -> dict[str, Any]:
    """The JSON object of an answer.

    :raises Malformed: another content type, broken JSON, or no object.
    """
    if "json" not in answer.content_type:
        raise Malformed(
            f"{source}: JSON was asked for, {answer.content_type or 'no content type'} came; is {server} really the API server?",
            source=source,
            next_step=look(server),
        )
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        # The text stays out of the message: it may hold values.
        raise Malformed(
            f"{source}: the answer is not JSON ({len(answer.body)} bytes)",
            source=source,
            next_step="run again",
        ) from None
    if not isinstance(body, dict):
        raise Malformed(f"{source}: the answer is no JSON object", source=source)
    return body


def list_items(body: dict[str, Any], source: str) -> list[dict[str, Any]]:
    """The objects of a list.

    :raises Malformed: it is none, or something in it is no object.
    """
    items = body.get("items")
    if not str(body.get("kind", "")).endswith("List") or not isinstance(body.get("metadata"), dict):
        raise Malformed(f"{source}: the answer is no list", source=source)
    if items is None:  # Go's nil slice, as real servers send it for some empty lists
        return []
    if not isinstance(items, list) or not all(map(is_object, items)):
        raise Malformed(f"{source}: the list's items are no objects", source=source)
    return items


def require_end(metadata: dict[str, Any], source: str) -> None:
    """Of the last page of a list.

    :raises Truncated: it says that more would follow.
    """
    if metadata.get("remainingItemCount"):
        raise Truncated(
            f"{source}: the list ends, and says that {metadata['remainingItemCount']} objects remain",
            source=source,
            next_step="run again",
        )


def is_object(item: Any) -> bool:
    """Whether it has a name, as every object does."""
    metadata = item.get("metadata") if isinstance(item, dict) else None
    return isinstance(metadata, dict) and isinstance(metadata.get("name"), str)


def status_object(answer: Answer) -> dict[str, Any] | None:
    """The Status of an answer that the API server itself gave; ``None`` for anything else."""
    if answer.status < 400 or "json" not in answer.content_type:
        return None
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return (
        body
        if isinstance(body, dict)
        and body.get("kind") == "Status"
        and body.get("apiVersion") == "v1"
        else None
    )


def look(server: str) -> str:
    """How one looks whether the API server is well."""
    return f"curl -k {server}/readyz"
