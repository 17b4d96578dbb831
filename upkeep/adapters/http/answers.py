"""What a monitoring program or a repository answered, and what a refusal says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from upkeep.adapters.cluster.failures import RETRIED
from upkeep.adapters.wire.decoding import decode
from upkeep.errors import (
    Absent,
    Forbidden,
    Malformed,
    Unauthenticated,
    Unavailable,
)
from upkeep.meter import note

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """A whole answer; ``location`` is where a redirection leads, and empty where it is none."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    location: str = field(default="", repr=False)


def note_query(query: Mapping[str, str]) -> None:
    if "query" in query:
        note(query["query"])


def told(answer: WebAnswer) -> str:
    return f"{answer.content_type.split(';')[0] or 'no content type'} with status {answer.status}"


def refuse(status: int, *, where: str, path: str, through: str = "") -> None:
    """Raises what a status means that says that there is nothing to read.

    :param through: names the proxy on the way: it gives some statuses itself.
    """
    if status == 401:
        raise Unauthenticated(
            f"{where} does not accept the credentials (401)",
            source=path,
            next_step="bearer_file in the settings",
        )
    if status == 403:
        raise Forbidden(f"{where} forbids {path} (403)", source=path)
    if status in RETRIED:
        raise Unavailable(
            f"{where}{path} answered {status} until the deadline{through}", source=path
        )
    if status == 404:
        raise Absent(
            f"{where} has no {path or 'such file'} (404): is the URL, with its path prefix, right?",
            source=path,
        )


def document(
    status: int,
    content_type: str,
    body: bytes,
    type: type[T],
    *,
    where: str,
    path: str,
    through: str = "",
) -> T:
    """The JSON document of an answer with status 200 (or 400 and 422, in which Prometheus explains itself)."""
    refuse(status, where=where, path=path, through=through)
    if status not in (200, 400, 422) or "json" not in content_type:
        kind = content_type.split(";")[0] or "no content type"
        raise Malformed(
            f"{where}{path}: JSON was asked for, {kind} with status {status} came: a login page, or not the program's own address?",
            source=path,
            next_step="give the address of the program's API, for instance http://prometheus.monitoring:9090",
        )
    return decode(body, type, what=f"The answer of {where}{path}", source=path)
