"""What fields of Kubernetes objects have in common: times, owners, conditions, selectors, resources, quantities; and an object that is not as the API
describes it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from upkeep.errors import Malformed
from upkeep.model import parse_time
from upkeep.records.selectors import LabelSelector
from upkeep.records.workload import Condition, ContainerResources

Raw = Mapping[str, Any]
OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
# What Kubernetes makes of a greater quantity, where it does not keep it as it is written.
MOST = Decimal(2**63 - 1)


@contextmanager
def reading(kind: str, raw: Raw) -> Iterator[None]:
    """:raises Malformed: within the block a field was missing, or of another type."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        metadata = raw.get("metadata")
        name = metadata.get("name", "?") if isinstance(metadata, Mapping) else "?"
        what = (
            f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else type(error).__name__
        )
        raise Malformed(f"{kind}/{name} is not as the API describes it: {what}") from None


def text(value: Any) -> str:
    """:raises TypeError: it is none."""
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def labels_of(metadata: Raw) -> dict[str, str]:
    """:raises TypeError: one of them is no text."""
    return {text(name): text(value) for name, value in (metadata.get("labels") or {}).items()}


def instant(text: str | None) -> datetime | None:
    """A time that may be left out."""
    return parse_time(text) if text else None


def owner_uid(raw: Raw, kind: str) -> str:
    """The UID of the controller of that kind; empty where it has none."""
    for owner in raw["metadata"].get("ownerReferences", []):
        if owner.get("controller") and owner["kind"] == kind:
            return str(owner["uid"])
    return ""


def conditions_of(status: Raw) -> tuple[Condition, ...]:
    """The conditions of a status."""
    return tuple(
        Condition(
            entry["type"],
            entry["status"],
            entry.get("reason") or "",
            entry.get("message") or "",
            instant(entry.get("lastTransitionTime")),
            instant(entry.get("lastUpdateTime")),
        )
        for entry in status.get("conditions") or []
    )


def label_selector(raw: Raw) -> LabelSelector:
    """A LabelSelector; ``{}`` selects everything."""
    rules = tuple(
        (rule["key"], rule["operator"], tuple(rule.get("values") or ()))
        for rule in raw.get("matchExpressions") or []
    )
    for _, operator, _ in rules:
        if operator not in OPERATORS:
            raise ValueError(f"operator {operator}")
    return LabelSelector(dict(raw.get("matchLabels") or {}), rules)


def resources(raw: Raw) -> ContainerResources:
    """What a container may have, or a pod as a whole."""
    said = raw.get("resources") or {}
    requests, most = said.get("requests") or {}, said.get("limits") or {}
    return ContainerResources(
        name=text(raw["name"]),
        cpu_request_nanocores=nanocores(requests.get("cpu")),
        cpu_limit_nanocores=nanocores(most.get("cpu")),
        memory_request_bytes=bytes_of(requests.get("memory")),
        memory_limit_bytes=bytes_of(most.get("memory")),
    )


def nanocores(text: Any) -> int | None:
    """CPU in the smallest that Kubernetes counts; ``None`` where nothing is said."""
    return None if text is None else int(quantity(text) * 10**9)


def bytes_of(text: Any) -> int | None:
    """Memory; ``None`` where nothing is said."""
    return None if text is None else int(quantity(text))


def quantity(text: Any) -> Decimal:
    """A Kubernetes quantity, exactly, or the greatest that there is (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).

    :raises ValueError: it is none.
    """
    from kubernetes.utils.quantity import parse_quantity  # imported late: --help stays fast

    found: Decimal = parse_quantity(text)  # type: ignore[no-untyped-call]  # the client has no types
    if not found.is_finite() or found < 0:
        raise ValueError(f"not a quantity: {text}")
    return min(found, MOST)
