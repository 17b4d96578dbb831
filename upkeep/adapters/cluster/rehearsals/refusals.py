"""The reason of a refused dry run, without any value that was sent."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from upkeep.adapters.cluster.answers import Answer
from upkeep.adapters.wire.text import printable_json
from upkeep.masking import MASK, mask, sensitive

# RBAC's own words: the review said yes, and the server says no. Everything else that answers 403 is admission, and a verdict.
RBAC = re.compile(r"\bcannot \w+ resource\b")
_QUOTED = re.compile(r"(?:Invalid|Unsupported|Duplicate) value: ")
# The API server's own warning: 299, an agent, the text in quotes.
_POD_SECURITY = re.compile(r'299 \S+ "(would violate PodSecurity .*)"', re.DOTALL)
_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*\"?|[^\"]")


def failure(answer: Answer) -> dict[str, Any]:
    """The Status of a refusal; empty where the answer is none."""
    if answer.status < 400 or "json" not in answer.content_type:
        return {}
    try:
        body = msgspec.json.decode(printable_json(answer.body))
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) and body.get("kind") == "Status" else {}


def pod_security(answer: Answer) -> tuple[str, ...]:
    """What Pod Security warns of, as text; every other warning is left out.

    Source: k8s.io/pod-security-admission, admission.go (ValidatePodController).
    """
    found = (_POD_SECURITY.fullmatch(one) for one in answer.warnings)
    return tuple(mask(re.sub(r"\\(.)", r"\1", one[1])) for one in found if one)


def without_message(answer: Answer, message: str) -> bytes:
    """The body that ``Kube`` may quote: RBAC's message names the right that is missing, any other could hold what was sent."""
    kept = message if RBAC.search(message) else f"HTTP {answer.status}"
    return json.dumps(
        {"kind": "Status", "apiVersion": "v1", "code": answer.status, "message": kept}
    ).encode()


def fields(status: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that a refusal is about."""
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, Mapping) else None
    named = (
        [str(cause.get("field") or "") for cause in causes if isinstance(cause, Mapping)]
        if isinstance(causes, list)
        else []
    )
    return tuple(dict.fromkeys(mask(field) for field in named if field))


def _unquoted(message: str) -> str:
    """A message without what the server quotes as invalid: a text in quotes, or an object up to where it ends (a whole pod template may stand there)."""
    parts, position = [], 0
    while found := _QUOTED.search(message, position):
        parts += [message[position : found.end()], MASK]
        position = _value_end(message, found.end())
    return "".join(parts) + message[position:]


def _value_end(message: str, start: int) -> int:
    """Where a quoted value ends: before the colon, comma or bracket that is not inside of it; with the message where it never closes."""
    depth, position = 0, start
    while token := _TOKEN.match(message, position):
        text = token[0]
        if depth == 0 and (
            text in ",])}" or (text == ":" and message[token.end() : token.end() + 1] in ("", " "))
        ):
            return position
        depth += (text in "[{(") - (text in "]})")
        position = token.end()
    return position


def without_values(message: str, body: Mapping[str, Any]) -> str:
    """A refusal's first line (a diff may follow it) without any value that was sent: neither what the server quotes as invalid, nor a text of the
    body's data, nor of a variable with a telling name.
    """
    text = _unquoted(message.partition("\n")[0])
    for value in sorted(set(_values(body)), key=len, reverse=True):
        text = text.replace(value, MASK)
    return mask(text)[:300]


def _values(body: Mapping[str, Any]) -> Iterator[str]:
    """The texts of the data, as sent, decoded, and line by line."""
    for part in ("data", "stringData", "binaryData"):
        entries = body.get(part)
        for value in entries.values() if isinstance(entries, Mapping) else ():
            for text in (str(value), _decoded(str(value))):
                yield from (
                    piece.strip() for piece in (text, *text.splitlines()) if len(piece.strip()) >= 4
                )
    yield from _variables(body)


def _variables(part: object) -> Iterator[str]:
    """The values of the variables whose names are telling, of every container."""
    if isinstance(part, Mapping):
        if (
            isinstance(part.get("value"), str)
            and len(part["value"]) >= 4
            and sensitive(str(part.get("name") or ""))
        ):
            yield part["value"]
        part = list(part.values())
    for entry in part if isinstance(part, list) else ():
        yield from _variables(entry)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:  # of base64, too: a letter beyond ASCII is one
        return ""
