"""Read what the collector itself answers on a health path.

A mesh's proxy, a gateway or a login page may answer in its place. The collector answers a health
path with a JSON object that has a status, or (an unknown path, a panic) as Go and Gin do. Every
other answer comes from a program on the way and says nothing about the collector.

Source: https://github.com/kubecano/cano-collector (health routes); https://github.com/gin-gonic/gin
(404 page not found; Recovery answers 500 without a body).
"""

import json
from typing import TYPE_CHECKING

from upkeep.adapters.cluster.answers import Answer
from upkeep.errors import Malformed, TimedOut, Unavailable, Unmeasured
from upkeep.masking import mask
from upkeep.records.serving import HealthAnswer, Unanswered
from upkeep.records.workload import Pod

if TYPE_CHECKING:
    from upkeep.adapters.http.collector import CollectorHttp

DIRECTLY = "--collector=URL, to reach the pod without the program that answers in its place"
# The API server's proxy adds no body of its own to these; Go's router writes this text.
NOT_FOUND = b"404 page not found"
# Only a gateway or a proxy sends these: the collector has no upstream to wait for.
GATEWAY = frozenset({502, 504})


def answer_of(http: "CollectorHttp", pod: Pod, path: str) -> HealthAnswer | Unanswered:
    """Return the pod's answer on a path, or why none of its own arrived."""
    try:
        return _own(http.get(pod, path), pod, path)
    except TimedOut as error:
        message = f"Pod/{pod.name} {path}: {error.message}; the pod hangs, or a hop before it"
        return _unanswered(TimedOut(message, source=error.source), pod, path, error.next_step)
    except Unmeasured as error:
        return _unanswered(error, pod, path, error.next_step)


def _unanswered(error: Unmeasured, pod: Pod, path: str, next_step: str) -> Unanswered:
    return Unanswered(pod.name, path, type(error).__name__, error.message, error.source, next_step)


def _own(answer: Answer, pod: Pod, path: str) -> HealthAnswer:
    """Return the collector's own answer.

    :raises Malformed: another program answered.
    :raises Unavailable: a gateway could not reach the collector.
    """
    status, where = answer.status, f"Pod/{pod.name} {path}"
    kind = answer.content_type.split(";")[0] or "no content type"
    if status in GATEWAY:
        raise Unavailable(
            f"{where}: a gateway on the way answered {status}",
            source=f"GET {path}",
            next_step=DIRECTLY,
        )
    says = _status_of(answer.body)
    if status and not _is_the_collectors(answer, says):
        raise Malformed(
            f"{where}: {status} with {len(answer.body)} bytes of {kind} is not the collector's "
            f"answer{_quoted(answer)}. A proxy or a login page answers in its place",
            source=f"GET {path}",
            next_step=DIRECTLY,
        )
    excerpt = mask(answer.body[:120].decode(errors="replace"))
    return HealthAnswer(pod.name, path, status, says == "ok", answer.seconds, excerpt)


def _is_the_collectors(answer: Answer, says: str | None) -> bool:
    """Return whether the body is one that the collector writes with this status."""
    if "html" in answer.content_type or 300 <= answer.status < 400:
        return False
    if answer.status in (401, 403, 407):  # the collector authenticates nobody
        return False
    if says is not None:
        return True
    if answer.status == 404:
        return answer.body.strip() == NOT_FOUND
    return answer.status == 500 and not answer.body.strip()


def _status_of(body: bytes) -> str | None:
    """Return the ``status`` of a JSON object, in lower case; ``None`` where there is none.

    The collector answers ``ok``, its health library ``OK``.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or "status" not in document:
        return None
    return str(document["status"]).lower()


def _quoted(answer: Answer) -> str:
    """Return the start of a plain text, which names the program that wrote it."""
    if "text/plain" not in answer.content_type or not answer.body.strip():
        return ""
    text = " ".join(mask(answer.body[:80].decode(errors="replace")).split())
    return f" ({text})"
